"""Grants too long for one policy: what they are called as managed policies, and where that cannot be.

A grant of ``policies`` keeps its name and gets the parts' after it (``Engineers-0``); an inline one that has to leave
its entity is called after both (``group-engineers-deploy``). The names hang on nothing else, so they stay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crossaccount.iam import quotas
from crossaccount.iam.arn import is_arn
from crossaccount.iam.entity_names import check_name
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.sections import KINDS
from crossaccount.settings.settings import Settings

_QUOTAS = {"users": quotas.POLICIES_PER_USER, "groups": quotas.POLICIES_PER_GROUP}


@dataclass(frozen=True)
class Origin:
    """What a managed policy is of: a policy of ``policies``, or an inline policy of an entity of another section."""

    section: str
    name: str
    inline: str = ""


def moved_name(origin: Origin) -> str:
    """The managed policy that an inline grant becomes."""
    return f"{KINDS[origin.section]}-{origin.name}-{origin.inline}"


def check_long_grants(settings: Settings, origins: Mapping[str, Origin]) -> Iterator[Problem]:
    """What is wrong with the managed policies that grants became."""
    made: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, origin in origins.items():
        made[origin.section, origin.name].append(name)
    for name, origin in origins.items():
        if origin.inline and name in settings.policies:
            what = f"the grant is too long to be inline, and its name as a managed policy, {name}, is taken"
            yield Problem(_where(origin, settings), what, NOT_GIVEN, f"rename policies.{name}")
        if refusal := check_name("policy", name):
            what = f"is too long for one policy, and {refusal.what}"
            yield Problem(_where(origin, settings), what, name, refusal.fix)
    for section, name, entity in settings.entities():
        where = settings.places[section][name]
        if section == "policies":
            if len(parts := made["policies", name]) > 1 and entity.import_id:
                what = f"is too long for one policy, so there is none to adopt: it becomes {len(parts)}"
                yield Problem(f"{where}.import", what, entity.import_id, "remove the line")
            continue
        boundary = getattr(entity, "permissions_boundary", None)
        if len(made.get(("policies", boundary or ""), ())) > 1:
            what = "a permissions boundary is one policy, and this is too long for one"
            yield Problem(f"{where}.permissions_boundary", what, boundary, "shorten it with wildcards")
        moved = made.get((section, name), ())
        attached = [p for each in entity.policies for p in ((each,) if is_arn(each) else made["policies", each])]
        quota = _QUOTAS.get(section, quotas.POLICIES_PER_ROLE)
        most = settings.quotas.get(quota.summary, quota.maximum)
        if len(attached) > len(entity.policies) or moved:
            yield from _too_many(where, len(attached) + len(moved), most, quota)


def _too_many(where: str, number: int, most: int, quota: quotas.Quota) -> Iterator[Problem]:
    if number > most:
        what = f"{quota.name} has at most {most} managed policies, and its long grants need more"
        yield Problem(where, what, number, "shorten them with wildcards")


def _where(origin: Origin, settings: Settings) -> str:
    place = settings.places[origin.section][origin.name]
    return f"{place}.inline.{origin.inline}" if origin.inline else place
