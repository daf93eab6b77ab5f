"""The config of every stack of a fleet, as values: what ``fleet write`` puts into the files."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.fleet.declarations import Declared, Naming, accounts_in, ignored, merge, placeholders
from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import FLAT, SECTIONS, Account, AssumedRole
from crossaccount.fleet.shared import Shared, entry_of
from crossaccount.iam.arn import ACCOUNT_ID, parse_arn
from crossaccount.iam.durations import duration_text
from crossaccount.iam.entity_names import check_external_id, check_name, check_path
from crossaccount.iam.names import counted, resolve
from crossaccount.iam.problem import Problem
from crossaccount.settings.defaults import read_defaults, with_defaults
from crossaccount.settings.existing import KEY as EXISTING
from crossaccount.settings.models import Defaults
from crossaccount.settings.placeholders import TAGS, Placeholders, Report
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
    elif "<account." not in name:  # a placeholder without a value is reported already
        for refusal in filter(None, (check_path(parsed.path), check_name("role", parsed.name))):
            report(Problem(where, refusal.what, name, refusal.fix))
    return arn


@dataclass(frozen=True)
class StackProblem:
    """A problem of one account's stack."""

    account: str
    problem: Problem


def each_once(found: Iterable[StackProblem]) -> list[Problem]:
    """Each problem once, with the accounts that it is about. Those that differ only in the account's name are one."""
    groups: dict[tuple[str, ...], list[StackProblem]] = {}
    for each in found:
        own = re.compile(rf"(?<![A-Za-z0-9-]){re.escape(each.account)}(?![A-Za-z0-9-])")
        texts = (each.problem.where, each.problem.what, each.problem.fix)
        groups.setdefault(tuple(own.sub("<>", text) for text in texts), []).append(each)
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
    *(NAMESPACE + key for key in ("account", "accounts", "reads", "organization", EXISTING, *SECTIONS)),
)
"""The keys of a stack's config that are the fleet's, in the order in which they are written."""


@dataclass(frozen=True)
class StackConfig:
    """The fleet's config of one stack. ``config`` is by full key, in the order of the file."""

    account: str
    config: Mapping[str, Any]
    origins: Mapping[str, str]
    """By place in the stack: its place in ``fleet.yaml`` (``role_sets.audit.trusting…``)."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """The config without the parts in files that the account shares with others."""
    included: tuple[str, ...] = ()
    """The shared files, relative to the project's folder."""


@dataclass(frozen=True)
class StackConfigs:
    """What ``fleet.yaml`` becomes: the stacks by account, and the files that they share, by name."""

    stacks: Mapping[str, StackConfig]
    shared: Mapping[str, Mapping[str, Any]]


def stack_configs(fleet: Fleet, problems: list[Problem]) -> dict[str, StackConfig]:
    """The config of each account's stack, by name; errors are added to ``problems``."""
    return dict(all_configs(fleet, problems).stacks)


def all_configs(fleet: Fleet, problems: list[Problem]) -> StackConfigs:
    """Stacks and shared files; errors are added to ``problems``."""
    found: list[StackProblem] = []
    declared: dict[str, Declared] = {}
    for name in fleet.accounts:
        wrong: list[Problem] = []
        declared[name] = merge(fleet, name, wrong)
        found += (StackProblem(name, each) for each in wrong)
    naming = Naming(fleet, declared)
    shared = Shared.of(fleet, declared, naming)
    result = {}
    for name, each in declared.items():
        wrong = []
        result[name] = _Writer(fleet, name, naming, shared, wrong.append).config(each)
        found += (StackProblem(name, problem) for problem in wrong)
    problems += each_once(found)
    return StackConfigs(result, shared.files)


class _Writer:
    """Writes out what one account declares."""

    def __init__(self, fleet: Fleet, account: str, naming: Naming, shared: Shared, report: Report) -> None:
        self._fleet = fleet
        self._account = fleet.accounts[account]
        self._naming = naming
        self._shared = shared
        self._report = report
        self._values = placeholders(self._account, fleet.region_of(account))
        self._defaults: dict[str, tuple[Defaults, ...]] = {}
        self._origins: dict[str, str] = {}

    def config(self, declared: Declared) -> StackConfig:
        sections = {name: self._section(name, members, declared) for name, members in declared.sections.items()}
        name = self._account.name
        where = f"{FLEET_FILE}: {name}.reads"
        named = self._naming.names(declared.reads, self._values, where, self._report)
        reads = [each for each in named if each != name]
        apart = self._shared.role_sets(name)
        applied = self._fleet.role_sets_of(name)
        existing = self._existing(applied)
        whole = self._stack(reads, {**existing, **sections}, self._shared.of_templates(sections))
        remaining = {key: part for key in sections if (part := self._without(key, sections[key], declared, apart))}
        existing = self._existing(each for each in applied if each not in apart)
        own = self._stack(reads, {**existing, **remaining}, self._shared.facts(name, sections))
        return StackConfig(name, whole, self._origins, own, self._shared.included(name))

    def _stack(self, reads: list[str], sections: Mapping[str, Any], facts: Iterable[str]) -> dict[str, Any]:
        name = self._account.name
        book = self._book({name, *reads, *accounts_in(sections, self._fleet.ids)})
        book[name] |= self._facts(facts)
        keys = {"account": name, "accounts": book, **({"reads": reads} if reads else {}), **sections}
        config = {NAMESPACE + key: value for key, value in keys.items()}
        config |= provider_config(self._fleet, self._account, self._values, self._report)
        return {key: config[key] for key in KEYS if key in config}

    def _existing(self, role_sets: Iterable[str]) -> dict[str, Any]:
        """The existing policies and roles of all these role sets."""
        found: dict[str, list[Any]] = {}
        for name in role_sets:
            where = f"{FLEET_FILE}: role_sets.{name}.{EXISTING}"
            given = self._fleet.role_sets[name].existing.model_dump(mode="json", exclude_defaults=True)
            for key, value in self._values.fill_all(given, where, self._report).items():
                found[key] = [*found.get(key, []), *(each for each in value if each not in found.get(key, []))]
        return {EXISTING: found} if found else {}

    def _section(self, section: str, members: Mapping[str, Any], declared: Declared) -> dict[str, Any]:
        """Entity by entity, so that a problem is reported at its own place in ``fleet.yaml``."""
        result: dict[str, Any] = {}
        for key, value in members.items():
            if section in FLAT or not isinstance(value, Mapping):
                self._entity(result, f"{section}.", section, key, value, declared)
            else:
                result[key] = {}
                for name, each in value.items():
                    self._entity(result[key], f"{section}.{key}.", key, name, each, declared)
        return result

    def _entity(
        self, into: dict[str, Any], prefix: str, section: str, name: Any, value: Any, declared: Declared
    ) -> None:
        place = f"{prefix}{name}"
        where = f"{FLEET_FILE}: {declared.origins.get(place, '')}.{place}"
        filled = self._values.fill(name, where, self._report) if isinstance(name, str) else name
        if filled in into:
            what = f"is already declared, as {filled}"
            self._report(Problem(where, what, name, "rename one of the two"))
            return
        self._origins[f"{prefix}{filled}"] = f"{declared.origins.get(place, '')}.{place}"
        written = self._naming.write_out(value, self._values, where, self._report)
        into[filled] = with_defaults(section, written, self._defaults_of(declared.role_sets.get(place, "")))

    def _defaults_of(self, role_set: str) -> tuple[Defaults, ...]:
        """The defaults of what a role set declares, its own before the fleet's; the fleet's where none declares it."""
        if role_set not in self._defaults:
            places = [("defaults", self._fleet.defaults)]
            if role_set:
                places.insert(0, (f"role_sets.{role_set}.defaults", self._fleet.role_sets[role_set].defaults))
            self._defaults[role_set] = tuple(self._read_defaults(where, value) for where, value in places if value)
        return self._defaults[role_set]

    def _read_defaults(self, place: str, value: Mapping[str, Any]) -> Defaults:
        where = f"{FLEET_FILE}: {place}"
        wrong: list[Problem] = []
        found = read_defaults(self._values.fill_all(value, where, self._report), where, wrong)
        for problem in wrong:
            self._report(problem)
        return found

    def _without(
        self, section: str, members: Mapping[str, Any], declared: Declared, apart: Collection[str]
    ) -> dict[str, Any]:
        """A section without the parts in shared files."""
        if not apart:
            return dict(members)
        there = {self._filled(place) for place, role_set in declared.role_sets.items() if role_set in apart}
        if section in FLAT:
            return {name: each for name, each in members.items() if f"{section}.{name}" not in there}
        result = {}
        for key, value in members.items():
            left = value
            if isinstance(value, Mapping):
                left = {name: each for name, each in value.items() if f"{section}.{key}.{name}" not in there}
            if left:
                result[key] = left
        return result

    def _filled(self, place: str) -> str:
        return self._values.fill(place, "", ignored)

    def _book(self, names: set[str]) -> dict[str, dict[str, Any]]:
        """The entries of the accounts that the stack names, and no others."""
        return {name: entry_of(self._fleet, name) for name in sorted(names) if name in self._fleet.ids}

    def _facts(self, keys: Iterable[str]) -> dict[str, Any]:
        """The facts of the stack's own account in the address book, for placeholders that the stack fills."""
        wanted = set(keys)
        ou = {"ou": self._account.ou} if "ou" in wanted and self._account.ou else {}
        tags = {key: value for key, value in self._account.tags.items() if f"{TAGS}{key}" in wanted}
        return {**ou, **({"tags": tags} if tags else {})}
