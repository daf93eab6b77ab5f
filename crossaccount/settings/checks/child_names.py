"""Names that Pulumi knows policies and members by: the owner's and the child's own, joined; each must be there once.

``a-inline-b`` with the policy ``c`` and ``a`` with ``b-inline-c`` would be one resource to the engine, which says so
only when the first of the two is registered already. ``components.permissions`` and ``components.trusted`` make the
names.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Draft, Placed
from crossaccount.settings.models import Entity

_SECTIONS = ("users", "groups", "applications", "roles")
_OF_AWS = re.compile(r"arn:[a-z-]+:iam::aws:")
"""AWS's own policies are called after their path: the slash in it is in no other name, so none is ever taken twice."""


def check_child_names(draft: Draft) -> Iterator[Problem]:
    """Two children of different entities that would be one resource."""
    members = _members(draft)
    for section in _SECTIONS:
        taken: dict[tuple[str, str], tuple[str, str]] = {}
        for owner, placed in getattr(draft, section).items():
            for kind, name, where in _children(placed, members.get(owner, ()) if section == "groups" else ()):
                first_owner, first = taken.setdefault((kind, f"{owner}-{kind}-{name}"), (owner, where))
                if first_owner != owner:
                    what = f"Pulumi would have to call it {owner}-{kind}-{name}, as it calls {first}"
                    yield Problem(where, what, NOT_GIVEN, f"rename one of the two, or one of {first_owner} and {owner}")


def _members(draft: Draft) -> dict[str, list[tuple[str, str]]]:
    """By group whose members are resources of their own: each member, and the place that says so."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for user, placed in draft.users.items():
        for group in dict.fromkeys(placed.value.groups):
            if group in draft.groups and not draft.groups[group].value.exclusive:
                found[group].append((user, f"{placed.where}.groups[{placed.value.groups.index(group)}]"))
    return found


def _children(placed: Placed[Entity], members: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    """The word between the two names, the child's own name, and its place."""
    entity = placed.value
    for policy in entity.inline:
        yield "inline", policy, f"{placed.where}.inline.{policy}"
    for index, policy in enumerate(entity.policies):
        if not _OF_AWS.match(policy):
            yield "policy", policy.rsplit("/", 1)[-1], f"{placed.where}.policies[{index}]"
    yield from (("member", user, where) for user, where in members)
