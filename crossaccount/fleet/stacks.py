"""The config of every stack of a fleet, as values: what ``fleet write`` puts into the files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crossaccount.fleet.declarations import Declared, Naming, accounts_in, merge, placeholders
from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import Account, AssumedRole
from crossaccount.iam.arn import ACCOUNT_ID, parse_arn
from crossaccount.iam.durations import duration_text
from crossaccount.iam.entity_names import check_external_id, check_name, check_path
from crossaccount.iam.names import counted, resolve
from crossaccount.iam.problem import Problem
from crossaccount.settings.placeholders import Placeholders, Report
from crossaccount.settings.raw import ALLOWED_ACCOUNT_IDS, NAMESPACE
from crossaccount.settings.settings import partition_of

REGION, PROFILE, ASSUME_ROLES = "aws:region", "aws:profile", "aws:assumeRoles"
PROVIDER_KEYS = (REGION, PROFILE, ASSUME_ROLES, ALLOWED_ACCOUNT_IDS)
_SESSION_NAME = re.compile(r"\A[\w+=,.@-]{2,64}\Z", re.ASCII)


def provider_config(fleet: Fleet, account: Account, values: Placeholders, report: Report) -> dict[str, Any]:
    """The keys in the namespace ``aws`` of an account's stack.

    Their meaning: https://www.pulumi.com/registry/packages/aws/api-docs/provider/
    """
    result: dict[str, Any] = {}
    if region := fleet.region_of(account.name):
        result[REGION] = region
    if credentials := fleet.credentials_of(account.name):
        where = f"{FLEET_FILE}: {_origin_of_credentials(fleet, account.name)}credentials"
        if credentials.profile is not None:
            result[PROFILE] = values.fill(credentials.profile, f"{where}.profile", report)
        roles = [
            dict(_assumed(fleet, account, role, values, f"{where}.assume_roles[{index}]", report))
            for index, role in enumerate(credentials.assume_roles)
        ]
        if roles:
            result[ASSUME_ROLES] = roles
    return {**result, ALLOWED_ACCOUNT_IDS: [account.id]}


def _origin_of_credentials(fleet: Fleet, account: str) -> str:
    own = "credentials" in fleet.deviation(account).model_fields_set
    return f"exceptions.{account}." if own else ""


def _assumed(
    fleet: Fleet, account: Account, role: AssumedRole, values: Placeholders, where: str, report: Report
) -> Iterator[tuple[str, str]]:
    name = values.fill(role.role, f"{where}.role", report)
    yield "roleArn", _role_arn(name, fleet.ids, partition_of(fleet.region_of(account.name)), f"{where}.role", report)
    if role.external_id is not None:
        external_id = values.fill(role.external_id, f"{where}.external_id", report)
        if refusal := check_external_id(external_id):
            report(Problem(f"{where}.external_id", refusal.what, external_id, refusal.fix))
        yield "externalId", external_id
    if role.session_name is not None:
        session_name = values.fill(role.session_name, f"{where}.session_name", report)
        if not _SESSION_NAME.match(session_name):
            what = "the name of a session has 2 to 64 letters, digits and _=,.@+-"
            report(Problem(f"{where}.session_name", what, session_name, "choose another"))
        yield "sessionName", session_name
    if role.duration is not None:
        yield "duration", duration_text(role.duration)


def _role_arn(name: str, ids: Mapping[str, str], partition: str, where: str, report: Report) -> str:
    fix = "write <account.name>/role/deployer, or a full ARN"
    try:
        arn = resolve(name, ids, partition)
    except ValueError as error:
        report(Problem(where, str(error), name, fix))
        return name
    parsed = parse_arn(arn)
    if (parsed.service, parsed.kind) != ("iam", "role") or not ACCOUNT_ID.match(parsed.account):
        report(Problem(where, "not the name of a role", name, fix))
    elif "<account." not in name:  # what has no value is said already
        for refusal in filter(None, (check_path(parsed.path), check_name("role", parsed.name))):
            report(Problem(where, refusal.what, name, refusal.fix))
    return arn


@dataclass(frozen=True)
class StackProblem:
    """A problem of one account's stack."""

    account: str
    problem: Problem


def each_once(found: Iterable[StackProblem]) -> list[Problem]:
    """Each problem once, with the accounts that it is about."""
    groups: dict[tuple[str, str, str], list[StackProblem]] = {}
    for each in found:
        groups.setdefault((each.problem.where, each.problem.what, each.problem.fix), []).append(each)
    return [_of_all(group) for group in groups.values()]


def _of_all(group: list[StackProblem]) -> Problem:
    first = group[0]
    others = len(group) - 1
    if not others:
        return replace(first.problem, what=f"{first.problem.what} (in {first.account})")
    more = counted(others, "other account")
    return replace(first.problem, what=f"{first.problem.what} (in {first.account} and {more})")


KEYS = (
    *PROVIDER_KEYS,
    *(NAMESPACE + key for key in ("account", "accounts", "reads", "policies", "trusted", "trusting")),
)
"""The keys of a stack's config that are the fleet's, in the order in which they are written."""


@dataclass(frozen=True)
class StackConfig:
    """The fleet's config of one stack. ``config`` is by full key, in the order of the file."""

    account: str
    config: Mapping[str, Any]
    origins: Mapping[str, str]
    """By place in the stack: what of ``fleet.yaml`` says it."""


def stack_configs(fleet: Fleet, problems: list[Problem]) -> dict[str, StackConfig]:
    """The config of each account's stack, by name; what is wrong is added to ``problems``."""
    found: list[StackProblem] = []
    declared: dict[str, Declared] = {}
    for name in fleet.accounts:
        wrong: list[Problem] = []
        declared[name] = merge(fleet, name, wrong)
        found += (StackProblem(name, each) for each in wrong)
    naming = Naming(fleet, declared)
    result = {}
    for name, each in declared.items():
        wrong = []
        result[name] = _Writer(fleet, name, naming, wrong.append).config(each)
        found += (StackProblem(name, problem) for problem in wrong)
    problems += each_once(found)
    return result


class _Writer:
    """Writes out what one account declares."""

    def __init__(self, fleet: Fleet, account: str, naming: Naming, report: Report) -> None:
        self._fleet = fleet
        self._account = fleet.accounts[account]
        self._naming = naming
        self._report = report
        self._values = placeholders(self._account, fleet.region_of(account))

    def config(self, declared: Declared) -> StackConfig:
        sections = {name: self._section(name, members, declared) for name, members in declared.sections.items()}
        name = self._account.name
        where = f"{FLEET_FILE}: {name}.reads"
        named = self._naming.names(declared.reads, self._values, where, self._report)
        reads = [each for each in named if each != name]
        own = {
            "account": name,
            "accounts": self._book({name, *reads, *self._named(sections)}),
            **({"reads": reads} if reads else {}),
            **sections,
        }
        config = {NAMESPACE + key: value for key, value in own.items()}
        config |= provider_config(self._fleet, self._account, self._values, self._report)
        return StackConfig(name, {key: config[key] for key in KEYS if key in config}, declared.origins)

    def _section(self, section: str, members: Mapping[str, Any], declared: Declared) -> dict[str, Any]:
        """Entity by entity, so that a problem is reported at its own place in ``fleet.yaml``."""

        def written(path: str, value: Any) -> Any:
            origin = declared.origins.get(path, "")
            return self._naming.write_out(value, self._values, f"{FLEET_FILE}: {origin}.{path}", self._report)

        result: dict[str, Any] = {}
        for key, value in members.items():
            if section == "policies" or not isinstance(value, Mapping):
                result[key] = written(f"{section}.{key}", value)
            else:
                result[key] = {name: written(f"{section}.{key}.{name}", each) for name, each in value.items()}
        return result

    def _named(self, sections: Mapping[str, Any]) -> Iterator[str]:
        return accounts_in(sections, self._fleet.ids)

    def _book(self, names: set[str]) -> dict[str, dict[str, str]]:
        """The entries of the accounts that the stack names, and no others."""
        return {name: self._entry(name) for name in sorted(names) if name in self._fleet.ids}

    def _entry(self, name: str) -> dict[str, str]:
        account = self._fleet.accounts.get(name)
        if account is None:
            return self._fleet.elsewhere[name].model_dump(exclude_unset=True, exclude_none=True)
        shown = {"display_name": account.display_name, "color": account.color}
        return {"id": account.id, "stack": name, **{key: value for key, value in shown.items() if value is not None}}
