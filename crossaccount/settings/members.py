"""``members`` of a group: its users. Memberships are declared on users, so they are moved there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.draft import Placed, Section
from crossaccount.settings.models import Group, Membership, User


def with_members(
    users: Section[User],
    groups: Section[Group],
    declared: Mapping[str, str],
    *,
    complete: bool,
    problems: list[Problem],
) -> dict[str, Placed[User]]:
    """The users with the groups that name them as members.

    ``declared`` has the names of all users, also of those with errors. ``complete`` is false if a file could not be
    read.
    """
    result = dict(users)
    for group, placed in groups.items():
        members = placed.value.members
        if members is None:
            continue
        where = f"{placed.where}.members"
        if members.all == bool(members.names) or (members.excepted and not members.all):
            fix = "write a list of users, or {all: true, except: [mary]}"
            problems.append(Problem(where, "is either a list of users, or all with exceptions", NOT_GIVEN, fix))
            continue
        problems += _unknown([each.name for each in members.names], where, declared, complete)
        problems += _unknown(members.excepted, f"{where}.except", declared, complete)
        chosen: dict[str, Membership] = {}
        for index, each in enumerate(members.names):
            if chosen.setdefault(each.name, each) != each:
                what = "is listed twice, with other dates"
                problems.append(Problem(f"{where}[{index}]", what, each.name, "remove one of the two"))
        if members.all:
            chosen = {name: Membership(name=name) for name in declared if name not in members.excepted}
        for name, membership in chosen.items():
            if name in result:
                of_user = membership.model_copy(update={"name": group})
                result[name] = _with_group(result[name], of_user, where, problems)
    return result


def _with_group(placed: Placed[User], membership: Membership, where: str, problems: list[Problem]) -> Placed[User]:
    user, group = placed.value, membership.name
    if group in user.group_names:
        place = f"{placed.where}.groups[{user.group_names.index(group)}]"
        problems.append(Problem(place, f"the user is also named at {where}", group, "remove one of the two"))
        return placed
    return Placed(user.model_copy(update={"groups": (*user.groups, membership)}), placed.where)


def _unknown(names: Sequence[str], where: str, declared: Mapping[str, str], complete: bool) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name not in declared and complete:
            fix = did_you_mean(name, declared, f"declare it: trusted.users.{name}: {{}}")
            yield Problem(f"{where}[{index}]", "no such user under trusted.users", name, fix)
