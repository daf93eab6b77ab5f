"""What each account of a fleet declares: role sets merged, exceptions applied, placeholders and names filled in.

Every name is declared once; an exception is merged by RFC 7396. A placeholder is ``<account.id>``. The name of a role
set stands for the accounts that it applies to: ``<audit>/role/Auditor``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import SECTIONS, Account
from crossaccount.iam.names import counted, has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.placeholders import TAGS, Placeholders, Report


@dataclass(frozen=True)
class Declared:
    """The sections of one account's stack, names of accounts and texts still as ``fleet.yaml`` has them."""

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    origins: dict[str, str] = field(default_factory=dict)
    """By place in the stack (``trusting.roles.Auditor``): what of ``fleet.yaml`` says it (``role_sets.audit``)."""

    def names(self, section: str, kind: str) -> Mapping[str, Any]:
        """What is declared under ``trusting`` and ``roles``, say."""
        found = self.sections.get(section, {}).get(kind)
        return found if isinstance(found, Mapping) else {}


def merge(fleet: Fleet, account: str, problems: list[Problem]) -> Declared:
    """The declarations of ``account``; what is wrong is added to ``problems``."""
    reads: dict[str, None] = {}
    result = Declared()
    for name in fleet.role_sets_of(account):
        role_set = fleet.role_sets[name]
        reads |= dict.fromkeys(role_set.reads)
        for section in SECTIONS:
            if section in role_set.model_fields_set:
                _add(result, section, getattr(role_set, section), f"role_sets.{name}", problems)
    own = fleet.deviation(account)
    reads |= dict.fromkeys(own.reads)
    for section in SECTIONS:
        if section in own.model_fields_set:
            _patch(result, section, getattr(own, section), f"exceptions.{account}", problems)
    return Declared(result.sections, tuple(reads), result.origins)


def _add(result: Declared, section: str, members: Mapping[str, Any], origin: str, problems: list[Problem]) -> None:
    merged_section = result.sections.setdefault(section, {})
    for path, value in _leaves(section, members):
        place = ".".join(map(str, (section, *path)))
        if place in result.origins:
            first = f"{result.origins[place]}.{place}"
            what = f"is already declared, by {first}"
            fix = "rename one of the two, or exclude the accounts that get both"
            problems.append(Problem(f"{FLEET_FILE}: {origin}.{place}", what, NOT_GIVEN, fix))
            continue
        if (holder := _holder(merged_section, path)) is not None:
            result.origins[place] = origin
            holder[path[-1]] = value
    for kind in members if section != "policies" else ():
        merged_section.setdefault(kind, {})


def _holder(merged_section: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """What an entity is put into; None where another role set has no mapping there, which the settings refuse."""
    holder: Any = merged_section
    for key in path[:-1]:
        holder = holder.setdefault(key, {})
    return holder if isinstance(holder, dict) else None


def _leaves(section: str, members: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every entity with the way to it; a part that is no mapping as it is, for the settings to refuse."""
    for key, value in members.items():
        if section == "policies" or not isinstance(value, Mapping):
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
            if isinstance(gone, Mapping) and len(path) == 1 and section != "policies":
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


def placeholders(account: Account, region: str | None) -> Placeholders:
    """The values of an account."""
    own = {"name": account.name, "id": account.id, "ou": account.ou, "region": region or ""}
    return Placeholders({**own, **{f"{TAGS}{key}": value for key, value in account.tags.items()}})


LISTS = ("principals", "assume", "deny")
_SET = re.compile(r"\A<(?!account\.)([^<>/]*)>(?:/(.*))?\Z", re.DOTALL)
_SECTIONS = {"role": (("trusting", "roles"), ("trusted", "applications")), "user": (("trusted", "users"),)}


class Naming:
    """Writes out what stands for accounts, for all accounts of a fleet; ``declared`` is what each declares."""

    def __init__(self, fleet: Fleet, declared: Mapping[str, Declared]) -> None:
        self._fleet = fleet
        self._declared = declared
        self._lists: dict[str, tuple[str, ...]] = {}
        self._plain: dict[int, bool] = {}

    def write_out(self, value: Any, values: Placeholders, where: str, report: Report, key: str = "") -> Any:
        """``value`` with its placeholders filled and its role sets replaced by their accounts."""
        if self._is_plain(value):
            return value
        if isinstance(value, str):
            return values.fill(value, where, report)
        if isinstance(value, Mapping):
            return {name: self.write_out(each, values, f"{where}.{name}", report, name) for name, each in value.items()}
        if isinstance(value, (list, tuple)):
            if key in LISTS:
                return list(self.names(value, values, where, report))
            return [self.write_out(each, values, f"{where}[{index}]", report) for index, each in enumerate(value)]
        return value

    def names(self, names: Any, values: Placeholders, where: str, report: Report) -> Iterator[Any]:
        """The names that a list of names means, each once."""
        seen: dict[Any, None] = {}
        for index, each in enumerate(names):
            place = f"{where}[{index}]"
            if not isinstance(each, str):
                yield each
            elif found := _SET.match(each):
                seen |= dict.fromkeys(self._accounts(found[1], found[2], each, place, report))
            else:
                seen[values.fill(each, place, report)] = None
        yield from seen

    def _accounts(self, role_set: str, rest: str | None, text: str, where: str, report: Report) -> tuple[str, ...]:
        if text not in self._lists:
            self._lists[text] = tuple(self._written(role_set, rest))
        if role_set not in self._fleet.role_sets:
            fix = did_you_mean(role_set, self._fleet.role_sets, "write the name of a role set, or of an account")
            report(Problem(where, "no such role set", text, fix))
        elif not self._lists[text]:
            what = "no account of the role set has that" if self._fleet.accounts_of(role_set) else "names nobody"
            report(Problem(where, what, text, f"correct it: {role_set} applies to {self._applies(role_set)}"))
        return self._lists[text]

    def _applies(self, role_set: str) -> str:
        return counted(len(self._fleet.accounts_of(role_set)), "account")

    def _written(self, role_set: str, rest: str | None) -> Iterator[str]:
        """One name an account; of an entity that an exception took out of an account, none."""
        if role_set not in self._fleet.role_sets:
            return
        for account in self._fleet.accounts_of(role_set):
            if rest is None:
                yield account
            elif self._has(account, rest):
                yield f"{account}/{rest}"

    def _has(self, account: str, resource: str) -> bool:
        kind, _, path = resource.partition("/")
        if kind not in _SECTIONS or has_wildcard(path):
            return True
        name = path.rsplit("/", 1)[-1]
        return any(name in self._declared[account].names(*section) for section in _SECTIONS[kind])

    def _is_plain(self, value: Any) -> bool:
        """Whether nothing in it stands for accounts. Role sets are shared by accounts, so it is asked once of each."""
        known = self._plain.get(id(value))
        if known is None:
            known = self._plain[id(value)] = self._found_plain(value)
        return known

    def _found_plain(self, value: Any) -> bool:
        if isinstance(value, str):
            return "<" not in value
        if isinstance(value, Mapping):
            return all(self._is_plain(each) for each in value.values())
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
