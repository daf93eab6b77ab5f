"""What each account of a fleet declares: role sets merged, exceptions applied, placeholders and names filled in.

Every name is declared once; an exception is merged by RFC 7396. A placeholder is ``<account.id>``, in texts and in the
names of what is declared. The name of a role set stands for the accounts that it applies to: ``<audit>/role/Auditor``.
After it ``<target.name>`` is that account's name: ``<audit>/role/<target.name>-Auditor``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, OWN, Fleet
from crossaccount.fleet.models import FLAT, SECTIONS, Account, RoleSet
from crossaccount.iam.names import counted, has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.models.config import IN_PARTS
from crossaccount.settings.placeholders import TAGS, Placeholders, Report
from crossaccount.settings.settings import partition_of


@dataclass(frozen=True)
class Declared:
    """The sections of one account's stack, with names of accounts and texts as ``fleet.yaml`` has them."""

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    origins: dict[str, str] = field(default_factory=dict)
    """By place in the stack (``trusting.roles.Auditor``): its place in ``fleet.yaml`` (``role_sets.audit``)."""
    role_sets: dict[str, str] = field(default_factory=dict)
    """By place: the role set that declares it, even if an exception changes it."""

    def is_as_declared(self, role_set: str, places: Iterable[str]) -> bool:
        """Whether no exception changes or removes what a role set declares at these places."""
        return all(self.origins.get(place) == f"role_sets.{role_set}" for place in places)

    def names(self, section: str, kind: str) -> Mapping[str, Any]:
        """The entities under a section and a kind, such as ``trusting`` and ``roles``."""
        found = self.sections.get(section, {}).get(kind)
        return found if isinstance(found, Mapping) else {}


def merge(fleet: Fleet, account: str, problems: list[Problem]) -> Declared:
    """The declarations of ``account``; errors are added to ``problems``."""
    reads: dict[str, None] = {}
    result = Declared()
    for name in fleet.role_sets_of(account):
        role_set = fleet.role_sets[name]
        reads |= dict.fromkeys(role_set.reads)
        for section in SECTIONS:
            if section in role_set.model_fields_set:
                _add(result, section, getattr(role_set, section), name, problems)
    own = fleet.deviation(account)
    reads |= dict.fromkeys(own.reads)
    for section in SECTIONS:
        if section in own.model_fields_set:
            _patch(result, section, getattr(own, section), f"exceptions.{account}", problems)
    return Declared(result.sections, tuple(reads), result.origins, result.role_sets)


def places_of(role_set: RoleSet) -> Iterator[str]:
    """The places in a stack that a role set declares."""
    for section in SECTIONS:
        for path, _ in _leaves(section, getattr(role_set, section)):
            yield ".".join(map(str, (section, *path)))


def _add(result: Declared, section: str, members: Mapping[str, Any], role_set: str, problems: list[Problem]) -> None:
    origin = f"role_sets.{role_set}"
    merged_section = result.sections.setdefault(section, {})
    for path, value in _leaves(section, members):
        place = ".".join(map(str, (section, *path)))
        if place in result.origins:
            first = f"{result.origins[place]}.{place}"
            what = f"is already declared, by {first}"
            fix = f"{'keep' if section in IN_PARTS else 'rename'} one of the two, or exclude the accounts that get both"
            problems.append(Problem(f"{FLEET_FILE}: {origin}.{place}", what, NOT_GIVEN, fix))
            continue
        if (holder := _holder(merged_section, path)) is not None:
            result.origins[place] = origin
            result.role_sets[place] = role_set
            holder[path[-1]] = value
    for kind in members if section not in FLAT else ():
        merged_section.setdefault(kind, {})


def _holder(merged_section: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """The mapping that an entity is put into.

    None if another role set has no mapping there, which the settings refuse.
    """
    holder: Any = merged_section
    for key in path[:-1]:
        holder = holder.setdefault(key, {})
    return holder if isinstance(holder, dict) else None


def _leaves(section: str, members: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every entity with its path. A part that is not a mapping is given as it is, so that the settings refuse it."""
    for key, value in members.items():
        if section in FLAT or not isinstance(value, Mapping):
            yield (key,), value
        else:
            yield from (((key, name), entity) for name, entity in value.items())


def _patch(result: Declared, section: str, patch: Mapping[str, Any], origin: str, problems: list[Problem]) -> None:
    """Merge an exception into a section by RFC 7396."""
    merged_section = result.sections.setdefault(section, {})
    for path, value in _leaves(section, patch):
        place = ".".join(map(str, (section, *path)))
        if (holder := _holder(merged_section, path)) is None:
            continue
        if value is None and path[-1] not in holder:
            fix = did_you_mean(str(path[-1]), map(str, holder), "take the line out")
            problems.append(Problem(f"{FLEET_FILE}: {origin}.{place}", "there is nothing to remove", NOT_GIVEN, fix))
        elif value is None:
            gone = holder.pop(path[-1])
            if isinstance(gone, Mapping) and len(path) == 1 and section not in FLAT:
                _forget(result, f"{place}.")
            result.origins.pop(place, None)
        else:
            holder[path[-1]] = merged(holder.get(path[-1]), value)
            result.origins[place] = origin


def _forget(result: Declared, prefix: str) -> None:
    for place in [place for place in result.origins if place.startswith(prefix)]:
        del result.origins[place]


def merged(value: Any, patch: Any) -> Any:
    """``value`` with ``patch`` merged into it; neither is changed."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(value) if isinstance(value, Mapping) else {}
    for key, each in patch.items():
        if each is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), each)
    return result


TARGET = "target"
"""The first word of the placeholders of an account that a role set's name means."""


def placeholders(account: Account, region: str | None, word: str = OWN) -> Placeholders:
    """The values of an account, for placeholders that begin with ``word``."""
    own = {"name": account.name, "id": account.id, "ou": account.ou, "region": region or ""}
    return Placeholders({**own, **{f"{TAGS}{key}": value for key, value in account.tags.items()}}, word=word)


def report_target(text: str, where: str, report: Report) -> None:
    """Refuse a target placeholder without a role set that selects the account."""
    if f"<{TARGET}." in text:
        what = f"<{TARGET}.…> is known only after a role set"
        report(Problem(where, what, text, f"write <role set>/role/<name>, or <{OWN}.…> for this account"))


def ignored(problem: Problem) -> None:
    """Errors of a name are reported where it is declared."""
    del problem


LISTS = ("principals", "assume", "deny")
_SET = re.compile(r"\A<(?!(?:account|target)\.)([^<>/]*)>(?:/(.*))?\Z", re.DOTALL)
_SECTIONS = {
    "role": (("trusting", "roles"), ("trusted", "applications"), ("trusted", "service_roles")),
    "user": (("trusted", "users"),),
}


class AsWritten(Placeholders):
    """Leaves placeholders as they are, for files that several accounts share: their stacks fill them."""

    def fill(self, text: str, where: str, report: Report) -> str:
        """``text`` itself."""
        del where, report
        return text


ASSUME = "assume"
FEWEST = 3
"""The fewest accounts for which a pattern is written in the place of a list."""
ORGANIZATION = "organization"
"""The keyword of a grant that limits it to roles of one organisation."""
RESOURCE_ORG = "aws:ResourceOrgID"


def _is_free(policy: Mapping[str, Any]) -> bool:
    """Whether a condition on the organisation of the role can be added."""
    conditions = policy.get("conditions") or {}
    if ORGANIZATION in policy or not isinstance(conditions, Mapping):
        return False
    own = conditions.get("StringEquals", {})
    return isinstance(own, Mapping) and RESOURCE_ORG.lower() not in {str(key).lower() for key in own}


class Naming:
    """Replaces placeholders and role sets by accounts, for a whole fleet.

    ``declared`` has each account's declarations.
    """

    def __init__(self, fleet: Fleet, declared: Mapping[str, Declared]) -> None:
        self._fleet = fleet
        self._declared = declared
        self._lists: dict[str, tuple[tuple[str, ...], tuple[Problem, ...]]] = {}
        self._plain: dict[int, bool] = {}
        self._names: dict[tuple[str, str], frozenset[str]] = {}

    def write_out(self, value: Any, values: Placeholders, where: str, report: Report, key: str = "") -> Any:
        """``value`` with its placeholders filled and its role sets replaced by their accounts."""
        if self._is_plain(value):
            return value
        if isinstance(value, str):
            report_target(value, where, report)
            return values.fill(value, where, report)
        if isinstance(value, Mapping):
            written = {
                values.fill(str(name), where, report): self.write_out(
                    each, values, f"{where}.{name}", report, str(name)
                )
                for name, each in value.items()
            }
            return self._by_pattern(written) if ASSUME in value else written
        if isinstance(value, (list, tuple)):
            if key in LISTS:
                return list(self.names(value, values, where, report))
            return [self.write_out(each, values, f"{where}[{index}]", report) for index, each in enumerate(value)]
        return value

    def _by_pattern(self, policy: dict[str, Any]) -> dict[str, Any]:
        """A grant of a role of one name in every account of the organisation, as one pattern under its ID.

        The pattern matches no other role: every account of the fleet has the role and is granted, the management
        account is one of them, and no account is managed elsewhere. Other grants stay lists, which are compacted where
        they are too long.

        Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
        (aws:ResourceOrgID: "included in the request context only if the account that owns the resource is a member of
        an organization"; STS is not among the services that do not support it).
        """
        above, accounts = self._fleet.organization, self._fleet.accounts
        names = policy[ASSUME] if isinstance(policy[ASSUME], list) else []
        if above is None or self._fleet.elsewhere or len(accounts) < FEWEST or len(names) < len(accounts):
            return policy
        if above.management not in {each.id for each in accounts.values()}:
            return policy
        found = [str(each).partition("/")[::2] for each in names]
        resources = {resource for _, resource in found}
        if len(resources) > 1 or {account for account, _ in found} != set(accounts) or not _is_free(policy):
            return policy
        (resource,) = resources
        if not resource.startswith("role/") or has_wildcard(resource):
            return policy
        regions = {self._fleet.region_of(each) for each in accounts}
        partitions = {partition_of(each) for each in regions}
        if len(partitions) > 1:
            return policy
        pattern = f"arn:{partitions.pop()}:iam::*:{resource}"
        return {**policy, ASSUME: [pattern], ORGANIZATION: above.id}

    def names(self, names: Any, values: Placeholders, where: str, report: Report) -> Iterator[Any]:
        """A list of names with role sets replaced by their accounts; each name once."""
        seen: dict[Any, None] = {}
        for index, each in enumerate(names):
            place = f"{where}[{index}]"
            if not isinstance(each, str):
                yield each
                continue
            text = values.fill(each, place, report)
            if found := _SET.match(text):
                seen |= dict.fromkeys(self._accounts(found[1], found[2], text, place, report))
            else:
                report_target(text, place, report)
                seen[text] = None
        yield from seen

    def _accounts(self, role_set: str, rest: str | None, text: str, where: str, report: Report) -> tuple[str, ...]:
        if text not in self._lists:
            wrong: list[Problem] = []
            # Most errors are the same for all targets, so only the first is reported.
            self._lists[text] = tuple(self._written(role_set, rest, where, wrong.append)), tuple(wrong[:1])
        names, problems = self._lists[text]
        for problem in problems:
            report(replace(problem, where=where, got=text))
        if role_set not in self._fleet.role_sets:
            fix = did_you_mean(role_set, self._fleet.role_sets, "write the name of a role set, or of an account")
            report(Problem(where, "no such role set", text, fix))
        elif not names:
            what = "no account of the role set has that" if self._fleet.accounts_of(role_set) else "names nobody"
            report(Problem(where, what, text, f"correct it: {role_set} applies to {self._applies(role_set)}"))
        return names

    def _applies(self, role_set: str) -> str:
        return counted(len(self._fleet.accounts_of(role_set)), "account")

    def _written(self, role_set: str, rest: str | None, where: str, report: Report) -> Iterator[str]:
        """One name for each account, except accounts from which an exception removed the entity."""
        if role_set not in self._fleet.role_sets:
            return
        for account in self._fleet.accounts_of(role_set):
            if rest is None:
                yield account
                continue
            missing: list[Problem] = []
            resource = self._of_target(account).fill(rest, where, missing.append)
            for problem in missing:
                report(replace(problem, what=problem.what.replace("the account has", f"{account} has")))
            if self._has(account, resource):
                yield f"{account}/{resource}"

    def _of_target(self, account: str) -> Placeholders:
        return placeholders(self._fleet.accounts[account], self._fleet.region_of(account), TARGET)

    def _has(self, account: str, resource: str) -> bool:
        kind, _, path = resource.partition("/")
        if kind not in _SECTIONS or has_wildcard(path) or "<" in path:
            return True
        return path.rsplit("/", 1)[-1] in self._named(account, kind)

    def _named(self, account: str, kind: str) -> frozenset[str]:
        """The roles or users that an account declares, with their placeholders filled."""
        if (account, kind) not in self._names:
            own = placeholders(self._fleet.accounts[account], self._fleet.region_of(account))
            names = (name for section in _SECTIONS[kind] for name in self._declared[account].names(*section))
            self._names[account, kind] = frozenset(own.fill(str(name), "", ignored) for name in names)
        return self._names[account, kind]

    def _is_plain(self, value: Any) -> bool:
        """Whether a value has neither placeholders nor role sets. Accounts share values, so each is checked once."""
        known = self._plain.get(id(value))
        if known is None:
            known = self._plain[id(value)] = self._found_plain(value)
        return known

    def _found_plain(self, value: Any) -> bool:
        if isinstance(value, str):
            return "<" not in value
        if isinstance(value, Mapping):
            return all("<" not in str(key) and self._is_plain(each) for key, each in value.items())
        if isinstance(value, (list, tuple)):
            return all(self._is_plain(each) for each in value)
        return True


def accounts_in(value: Any, known: Mapping[str, str], key: str = "") -> Iterator[str]:
    """The accounts that names in ``value`` begin with, of those that are ``known``."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from accounts_in(each, known, name)
    elif isinstance(value, (list, tuple)):
        for each in value:
            if key in LISTS and isinstance(each, str):
                account = each.partition("/")[0]
                if account in known:
                    yield account
            else:
                yield from accounts_in(each, known)
