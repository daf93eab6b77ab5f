"""``organization``, ``scps`` and ``rcps`` of ``fleet.yaml``: the organisation above the fleet, as a source.

They become a file in the shape of AWS's own answers. ``check`` and the commands that judge access read it by default.
If the management account is one of the fleet's accounts, its stack deploys the policies of that file. Otherwise the
organisation's administrators manage them. Every level has ``FullAWSAccess``, as AWS attaches it, unless ``scps`` lists
its targets. IDs of units that the fleet does not give are derived from their path, so they are stable; policies are
attached only to units with given IDs.

Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import ControlPolicy
from crossaccount.iam.documents import to_json
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.organizations import (
    FULL_ACCESS,
    FULL_ACCESS_ID,
    RESOURCE_CONTROL,
    SERVICE_CONTROL,
    check_organization,
    check_policy,
)
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.document_files import FILE, kind_of, read_document
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.organization import KEY, too_many
from crossaccount.settings.project import ORGANIZATION_FILE
from crossaccount.settings.raw import NAMESPACE

ROOT = "/"
KINDS = {"scps": SERVICE_CONTROL, "rcps": RESOURCE_CONTROL}
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def organization_content(fleet: Fleet, problems: list[Problem]) -> dict[str, Any] | None:
    """The organisation in AWS's shape; None if the fleet has none. Errors are added to ``problems``."""
    policies = [*(("scps", *each) for each in fleet.scps.items()), *(("rcps", *each) for each in fleet.rcps.items())]
    if fleet.organization is None:
        if policies:
            fix = "add organization: {id: o-…, root: r-…, management: …}"
            problems.append(Problem(f"{FLEET_FILE}: organization", "is required for control policies", NOT_GIVEN, fix))
        return None
    before = len(problems)
    found = _Organization(fleet)
    written = [found.policy(kind, name, policy, problems) for kind, name, policy in policies]
    content = found.content([each for each in written if each is not None])
    if len(problems) == before:
        problems += too_many(content, FLEET_FILE)
        problems += (_nothing_allowed(each) for each in check_organization(content, FLEET_FILE))
    return content


def _nothing_allowed(problem: Problem) -> Problem:
    fix = "attach a policy that allows, or leave FullAWSAccess there"
    return Problem(f"{FLEET_FILE}: scps", problem.what, problem.got, fix)


def deploying_stack(fleet: Fleet) -> str | None:
    """The account whose stack deploys the control policies; None if they are only judged."""
    if fleet.organization is None or not (fleet.scps or fleet.rcps):
        return None
    return next((name for name, each in fleet.accounts.items() if each.id == fleet.organization.management), None)


def deploying_config(fleet: Fleet) -> dict[str, Any]:
    """The value of the key ``organization`` in the config of the management account's stack."""
    full = {"full_aws_access": True} if FULL_ACCESS in fleet.scps else {}
    return {f"{NAMESPACE}{KEY}": {"file": ORGANIZATION_FILE, **full}}


def idle_units(fleet: Fleet) -> Iterator[Problem]:
    """Warnings: units whose ID is given and that have no account."""
    if fleet.organization is None:
        return
    known = sorted({path for account in fleet.accounts.values() for path in _paths(account.ou)})
    for path in fleet.organization.units:
        if path not in known:
            where, fix = f"{FLEET_FILE}: organization.units.{path}", did_you_mean(path, known, "take it out")
            yield Problem(where, "no account is in this unit", path, fix, "warning")


class _Organization:
    def __init__(self, fleet: Fleet) -> None:
        assert fleet.organization is not None, "the caller checks that fleet.yaml has an organization"
        self._fleet = fleet
        self._above = fleet.organization
        self._deployed = deploying_stack(fleet) is not None
        self._ids = {account.id for account in fleet.accounts.values()}
        self._units = sorted({path for account in fleet.accounts.values() for path in _paths(account.ou)})

    def content(self, policies: list[dict[str, Any]]) -> dict[str, Any]:
        """The organisation, with the policy that AWS attaches everywhere."""
        head, master = f"{self._above.id}/{self._above.root}/", self._above.management
        accounts = [
            {"Id": each.id, "Name": each.name, "Paths": [f"{head}{self._way(each.ou)}{each.id}/"]}
            for each in self._fleet.accounts.values()
        ]
        if master not in {each["Id"] for each in accounts}:
            accounts.append({"Id": master, "Name": "management", "Paths": [f"{head}{master}/"]})
        everywhere = [self._above.root, *map(self._id, self._units), *(str(each["Id"]) for each in accounts)]
        if (given := self._fleet.scps.get(FULL_ACCESS)) is not None:
            everywhere = [*self._targets(given), *([] if master in self._ids else [master])]
        whole = _written(FULL_ACCESS_ID, FULL_ACCESS, KINDS["scps"], _EVERYTHING, everywhere)
        organization = {"Id": self._above.id, "MasterAccountId": master}
        return {"Organization": organization, "Accounts": accounts, "Policies": [whole, *policies]}

    def policy(self, kind: str, name: str, policy: ControlPolicy, problems: list[Problem]) -> dict[str, Any] | None:
        """One policy with its targets."""
        where = f"{FLEET_FILE}: {kind}.{name}"
        before = len(problems)
        problems += self._wrong_targets(policy, where)
        if kind == "scps" and name == FULL_ACCESS:
            problems += _of_aws(policy, where)
            return None
        document = self._document(policy, where, problems)
        if document is not None:
            problems += check_policy(KINDS[kind], name, to_json(document), policy.description, where)
        if document is None or len(problems) > before:
            return None
        found = _written(f"p-{_digest(f'{kind}/{name}')}", name, KINDS[kind], document, self._targets(policy))
        if policy.description:
            found["PolicySummary"]["Description"] = policy.description
        if policy.import_id:
            found["PolicySummary"] |= {"Id": policy.import_id, "Arn": self._arn(kind, policy.import_id)}
        return found

    def _targets(self, policy: ControlPolicy) -> list[str]:
        targets = [self._above.root if unit == ROOT else self._id(unit) for unit in policy.units if self._is_one(unit)]
        known = self._fleet.accounts
        return [*targets, *(known[account].id for account in policy.accounts if account in known)]

    def _is_one(self, unit: str) -> bool:
        return unit == ROOT or unit in self._units

    def _arn(self, kind: str, policy_id: str) -> str:
        above = self._above
        return f"arn:aws:organizations::{above.management}:policy/{above.id}/{KINDS[kind].lower()}/{policy_id}"

    def _wrong_targets(self, policy: ControlPolicy, where: str) -> Iterator[Problem]:
        if not policy.units and not policy.accounts:
            yield Problem(where, "is attached to nothing", NOT_GIVEN, 'write units: ["/"] for the root')
        for index, unit in enumerate(policy.units):
            if unit != ROOT and unit not in self._units:
                fix = did_you_mean(unit, self._units, 'correct it; "/" is the root')
                yield Problem(f"{where}.units[{index}]", "no account is in this unit", unit, fix)
            elif unit != ROOT and self._deployed and unit not in self._above.units:
                what = "the policy is deployed, and the ID of the unit is not known"
                fix = f"add it to organization.units: {{{unit}: ou-…}}, as `aws organizations list-parents` shows it"
                yield Problem(f"{where}.units[{index}]", what, unit, fix)
        for index, account in enumerate(policy.accounts):
            if account not in self._fleet.accounts:
                fix = did_you_mean(account, self._fleet.accounts, "name an account of the fleet")
                yield Problem(f"{where}.accounts[{index}]", "no such account in the fleet", account, fix)

    def _document(self, policy: ControlPolicy, where: str, problems: list[Problem]) -> Mapping[str, Any] | None:
        if policy.document is None:
            fix = "write a policy document, or {file: policies/x.json}"
            problems.append(Problem(f"{where}.document", "is required", NOT_GIVEN, fix))
            return None
        if kind_of(policy.document) is None:
            return policy.document
        place = f"{where}.document.{FILE}"
        name = policy.document.get(FILE)
        if not isinstance(name, str) or len(policy.document) > 1:
            problems.append(Problem(place, "must name a file", dict(policy.document), "write {file: policies/x.json}"))
            return None
        try:
            found: Mapping[str, Any] = read_document(self._fleet.directory, name, place)[0]
        except SettingsError as error:
            problems += error.problems
            return None
        return found

    def _way(self, ou: str) -> str:
        return "".join(f"{self._id(path)}/" for path in _paths(ou))

    def _id(self, path: str) -> str:
        made_up = f"ou-{self._above.root.removeprefix('r-')}-{_digest(path)}"
        return self._above.units.get(path, made_up)


def _of_aws(policy: ControlPolicy, where: str) -> Iterator[Problem]:
    for key, value in (
        ("document", policy.document),
        ("description", policy.description),
        ("import", policy.import_id),
    ):
        if value:
            yield Problem(f"{where}.{key}", "AWS owns the policy: only its targets are yours", value, "remove the line")


def _paths(ou: str) -> list[str]:
    """A unit and those above it, from the root."""
    parts = ou.split("/") if ou else []
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _written(
    policy_id: str, name: str, kind: str, document: Mapping[str, Any], targets: Iterable[str]
) -> dict[str, Any]:
    summary = {"Id": policy_id, "Name": name, "Type": kind}
    return {"PolicySummary": summary, "Content": to_json(document), "Targets": [{"TargetId": each} for each in targets]}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
