"""What an account declares: its role sets put together, each name once, and then how the account differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.models import SECTIONS
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem


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
    there = result.sections.setdefault(section, {})
    for path, value in _leaves(section, members):
        place = ".".join(map(str, (section, *path)))
        if place in result.origins:
            first = f"{result.origins[place]}.{place}"
            what = f"is there already, by {first}"
            fix = "rename one of the two, or exclude the accounts that get both"
            problems.append(Problem(f"{FLEET_FILE}: {origin}.{place}", what, NOT_GIVEN, fix))
            continue
        if (holder := _holder(there, path)) is not None:
            result.origins[place] = origin
            holder[path[-1]] = value
    for kind in members if section != "policies" else ():
        there.setdefault(kind, {})


def _holder(there: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any] | None:
    """What an entity is put into; None where another role set has no mapping there, which the settings refuse."""
    holder: Any = there
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
    there = result.sections.setdefault(section, {})
    for path, value in _leaves(section, patch):
        place = ".".join(map(str, (section, *path)))
        if (holder := _holder(there, path)) is None:
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
