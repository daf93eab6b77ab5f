"""``organization``, ``scps`` and ``rcps`` of ``fleet.yaml``: the organisation above the fleet, as a source.

They become a file in the shape of AWS's own answers. ``check`` and the commands that judge access read it by default.
The policies are not deployed: the organisation's administrators manage them. Every level has ``FullAWSAccess``, as AWS
attaches it. IDs of units that the fleet does not give are derived from their path, so they are stable.

Source: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import ControlPolicy
from crossaccount.iam.documents import as_list, to_json
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.iam.validation import check_identity_policy
from crossaccount.settings.document_files import FILE, kind_of, read_document
from crossaccount.settings.errors import SettingsError

ROOT = "/"
KINDS = {"scps": "SERVICE_CONTROL_POLICY", "rcps": "RESOURCE_CONTROL_POLICY"}
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def organization_content(fleet: Fleet, problems: list[Problem]) -> dict[str, Any] | None:
    """The organisation in AWS's shape; None if the fleet has none. Errors are added to ``problems``."""
    policies = [*(("scps", *each) for each in fleet.scps.items()), *(("rcps", *each) for each in fleet.rcps.items())]
    if fleet.organization is None:
        if policies:
            fix = "add organization: {id: o-…, root: r-…, management: …}"
            problems.append(Problem(f"{FLEET_FILE}: organization", "is required for control policies", NOT_GIVEN, fix))
        return None
    found = _Organization(fleet)
    written = [found.policy(kind, name, policy, problems) for kind, name, policy in policies]
    return found.content([each for each in written if each is not None])


class _Organization:
    def __init__(self, fleet: Fleet) -> None:
        assert fleet.organization is not None, "the caller checks that fleet.yaml has an organization"
        self._fleet = fleet
        self._above = fleet.organization
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
        whole = _written("p-FullAWSAccess", "FullAWSAccess", KINDS["scps"], _EVERYTHING, everywhere)
        organization = {"Id": self._above.id, "MasterAccountId": master}
        return {"Organization": organization, "Accounts": accounts, "Policies": [whole, *policies]}

    def policy(self, kind: str, name: str, policy: ControlPolicy, problems: list[Problem]) -> dict[str, Any] | None:
        """One policy with its targets."""
        where = f"{FLEET_FILE}: {kind}.{name}"
        before = len(problems)
        problems += self._wrong_targets(policy, where)
        document = self._document(policy, where, problems)
        if document is not None:
            problems += _wrong_document(kind, document, f"{where}.document")
        if document is None or len(problems) > before:
            return None
        targets = [self._above.root if unit == ROOT else self._id(unit) for unit in policy.units]
        targets += [self._fleet.accounts[account].id for account in policy.accounts]
        return _written(f"p-{_digest(f'{kind}/{name}')}", name, KINDS[kind], document, targets)

    def _wrong_targets(self, policy: ControlPolicy, where: str) -> Iterator[Problem]:
        if not policy.units and not policy.accounts:
            yield Problem(where, "is attached to nothing", NOT_GIVEN, 'write units: ["/"] for the root')
        for index, unit in enumerate(policy.units):
            if unit != ROOT and unit not in self._units:
                fix = did_you_mean(unit, self._units, 'correct it; "/" is the root')
                yield Problem(f"{where}.units[{index}]", "no account is in such a unit", unit, fix)
        for index, account in enumerate(policy.accounts):
            if account not in self._fleet.accounts:
                fix = did_you_mean(account, self._fleet.accounts, "name an account of the fleet")
                yield Problem(f"{where}.accounts[{index}]", "no such account in the fleet", account, fix)

    def _document(self, policy: ControlPolicy, where: str, problems: list[Problem]) -> Mapping[str, Any] | None:
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


def _wrong_document(kind: str, document: Mapping[str, Any], where: str) -> Iterator[Problem]:
    """Problems for which AWS refuses a document. A resource control policy has a ``Principal``, and may only deny."""
    if kind == "scps":
        yield from check_identity_policy(document, where)
        return
    statements = [dict(each) if isinstance(each, Mapping) else each for each in as_list(document.get("Statement", []))]
    for index, each in enumerate(statements):
        if isinstance(each, dict):
            place = f"{where}.Statement[{index}]"
            if (principal := each.pop("Principal", None)) != "*":
                got = NOT_GIVEN if principal is None else principal
                yield Problem(f"{place}.Principal", 'must be "*"', got, "narrow it by Condition")
            if each.get("Effect") == "Allow":
                yield Problem(f"{place}.Effect", "must be Deny", "Allow", "RCPs only deny; AWS adds RCPFullAWSAccess")
    yield from check_identity_policy({**document, "Statement": statements}, where)


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
