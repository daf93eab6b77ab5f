"""Sections of the config and of its included files, put together: each name once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crossaccount.iam.entity_names import check_name, same_but_for_case
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Entry
from crossaccount.settings.includes import Source

SIDES = {"trusted": ("users", "groups", "applications"), "trusting": ("roles",)}
KINDS = {"policies": "policy", "users": "user", "groups": "group", "applications": "role", "roles": "role"}


@dataclass(frozen=True)
class Sections:
    """Every declared entity by section and name, and the sides that are there at all."""

    entries: Mapping[str, dict[str, Entry]] = field(default_factory=lambda: {section: {} for section in KINDS})
    sides: set[str] = field(default_factory=set)
    incomplete: set[str] = field(default_factory=set)
    """Sections that could not all be read: a name that is missing there may exist."""


def collect(sources: Sequence[Source], problems: list[Problem]) -> Sections:
    """All sections of all sources; what is wrong with their names is added to ``problems``."""
    result = Sections()
    for source in sources:
        _add(result, "policies", source.values.get("policies", {}), f"{source.prefix}policies", problems)
        for side, sections in SIDES.items():
            if side not in source.values:
                continue
            result.sides.add(side)
            for section, members in source.values[side].items():
                where = f"{source.prefix}{side}.{section}"
                if section not in sections:
                    fix = did_you_mean(section, sections, f"the keys here are {', '.join(sections)}")
                    problems.append(Problem(where, "unknown key", NOT_GIVEN, fix))
                else:
                    _add(result, section, members, where, problems)
    _check_case(result, problems)
    return result


def _add(sections: Sections, section: str, members: Any, where: str, problems: list[Problem]) -> None:
    if not isinstance(members, Mapping):
        problems.append(Problem(where, "must be a mapping", members, "write {name: …}"))
        sections.incomplete.add(section)
        return
    kind = KINDS[section]
    known = sections.entries[section]
    for name, value in members.items():
        place = f"{where}.{name}"
        if name in known:
            what = f"the {kind} is declared twice, first at {known[name].where}"
            problems.append(Problem(place, what, NOT_GIVEN, "keep one of the two"))
            continue
        if refusal := check_name(kind, name):
            problems.append(Problem(place, refusal.what, name, refusal.fix))
        known[name] = Entry(name, value, place)


def _check_case(sections: Sections, problems: list[Problem]) -> None:
    """Users among users, roles among roles and applications: https://docs.aws.amazon.com/IAM/latest/UserGuide/\
reference_iam-quotas.html ("They are not distinguished by case")."""
    entries = sections.entries
    for name in entries["applications"].keys() & entries["roles"].keys():
        what = f"an application is a role, and this name is taken at {entries['applications'][name].where}"
        problems.append(Problem(entries["roles"][name].where, what, NOT_GIVEN, "rename one of the two"))
    for group in (("policies",), ("users",), ("groups",), ("applications", "roles")):
        places = {name: entry.where for section in group for name, entry in entries[section].items()}
        for first, later in same_but_for_case(places):
            what = f"differs only in case from {places[first]}, and IAM takes the two for one"
            problems.append(Problem(places[later], what, later, "rename one of the two"))
