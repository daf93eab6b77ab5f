"""A diff as a comment on a pull request."""

from __future__ import annotations

import re

import pytest

from crossaccount.access.diff import AccessDiff, Change, markdown
from crossaccount.access.diff.levels import highest_level
from crossaccount.access.diff.markdown import subject
from crossaccount.access.requirements import ALWAYS

THERESA, UPDATE_APP = "arn:aws:iam::111111111111:user/Theresa", "arn:aws:iam::222222222222:role/UpdateApp"
GAINED = Change("path-gained", THERESA, UPDATE_APP, None, ALWAYS, why="no longer denied by deny[0]")


def short(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def test_a_path_that_is_gained() -> None:
    assert markdown(AccessDiff.of([GAINED]), short) == (
        "### Access\n"
        "\n"
        "This change is **broadening**: somebody can do more than before.\n"
        "\n"
        "```diff\n"
        "+ Theresa → UpdateApp, broadening: no longer denied by deny[0]\n"
        "```\n"
    )


def test_nothing_changes() -> None:
    assert markdown(AccessDiff()) == "### Access\n\nThis change is **neutral**: nobody's access changes.\n"


def test_a_permission_has_its_level_and_few_actions() -> None:
    actions = tuple(f"s3:Get{number}" for number in range(7))
    change = Change(
        "permission-lost",
        None,
        UPDATE_APP,
        ALWAYS,
        None,
        actions,
        ("arn:aws:s3:::b",),
        "read",
        "no longer allowed by p[0]",
    )
    [line] = [each for each in markdown(AccessDiff.of([change]), short).splitlines() if each.startswith("- ")]
    assert line == (
        "- UpdateApp: s3:Get0, s3:Get1, s3:Get2, s3:Get3, s3:Get4 and 2 more on arn:aws:s3:::b (read),"
        " narrowing: no longer allowed by p[0]"
    )


def test_what_people_name_cannot_break_out_of_the_block() -> None:
    change = Change("path-gained", THERESA, UPDATE_APP, None, ALWAYS, why="by\n```\n# a heading")
    text = markdown(AccessDiff.of([change]), short)
    assert text.count("```") == 2
    assert "\n# a heading" not in text


def test_a_comment_stays_within_bounds() -> None:
    changes = [Change("path-gained", f"{THERESA}{number:03}", UPDATE_APP, None, ALWAYS) for number in range(150)]
    lines = markdown(AccessDiff.of(changes), short).splitlines()
    assert [line for line in lines if line.startswith("+ ")] == [
        "+ Theresa000 → UpdateApp (and 149 alike: Theresa001, Theresa002, Theresa003 …), broadening"
    ]
    assert lines[-1] == "```", "nothing that broadens is left out"


@pytest.mark.parametrize("number", [4, 5, 40])
def test_changes_that_differ_only_by_account_are_one_line_from_five_on(number: int) -> None:
    roles = [f"arn:aws:iam::{200000000000 + each}:role/UpdateApp" for each in range(number)]
    changes = [Change("path-gained", THERESA, role, None, ALWAYS, why="granted") for role in roles]
    lines = [line for line in markdown(AccessDiff.of(changes)).splitlines() if line.startswith("+ ")]
    assert len(lines) == (4 if number == 4 else 1)
    if number == 40:
        assert f" (and 39 alike: {roles[1]}, {roles[2]}, {roles[3]} …), broadening: granted" in lines[0]


def test_what_broadens_is_never_cut_however_much_it_is() -> None:
    """A thousand principals into a thousand roles: each is in one of the lines."""
    names = [f"{number:04}" for number in range(1000)]
    changes = [Change("path-gained", f"{THERESA}{each}", f"{UPDATE_APP}{each}", None, ALWAYS) for each in names]
    text = markdown(AccessDiff.of(changes))
    assert "+ " in text
    assert "(and 999 alike:" in text
    assert "more (" not in text
    assert len(text) < 65_536


def test_what_broadens_is_not_left_out_for_what_narrows() -> None:
    lost = [Change("path-lost", f"{THERESA}{number:03}", UPDATE_APP, ALWAYS, None) for number in range(150)]
    gained = Change("permission-gained", None, UPDATE_APP, None, ALWAYS, ("s3:PutObject",), ("*",), "write")
    lines = markdown(AccessDiff.of([*lost, gained]), short).splitlines()
    assert [line for line in lines if line.startswith("+ ")] == ["+ UpdateApp: s3:PutObject on * (write), broadening"]
    assert sum(line.startswith("- ") for line in lines) == 99
    assert lines[-1] == "… and 51 more (51 narrowing)."


def test_actions_of_several_levels_are_counted_by_level_and_the_most_powerful_come_first() -> None:
    actions = ("nosuch:Thing", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:PutBucketPolicy", "s3:PutObjectAcl")
    change = Change("permission-gained", None, UPDATE_APP, None, ALWAYS, actions, ("*",), "permissions-management")
    [line] = [each for each in markdown(AccessDiff.of([change]), short).splitlines() if each.startswith("+ ")]
    assert line == (
        "+ UpdateApp: s3:PutBucketPolicy, s3:PutObjectAcl, s3:PutObject, s3:GetObject, s3:ListBucket and 1 more on *"
        " (2 permissions-management, 1 write, 1 read, 1 list, 1 unknown), broadening"
    )


@pytest.mark.parametrize(
    ("actions", "level"),
    [
        (("s3:GetObject*",), " (read)"),
        (("*",), " (permissions-management)"),
        (("all but account:*, iam:*, organizations:*",), " (394 permissions-management, "),
        (("nosuch:*",), ""),
    ],
)
def test_a_label_is_true_of_all_actions(actions: tuple[str, ...], level: str) -> None:
    change = Change("permission-gained", None, UPDATE_APP, None, ALWAYS, actions, ("*",), highest_level(actions))
    said = subject(change, short).partition(" on *")[2]
    assert said.startswith(level) if level else said == ""


def test_a_line_is_bounded_and_shows_what_nobody_would_see() -> None:
    long = Change("path-gained", THERESA, UPDATE_APP, None, ALWAYS, why="x" * 2_000)
    turned = Change("path-gained", THERESA, f"{UPDATE_APP}\u202e", None, ALWAYS)
    lines = markdown(AccessDiff.of([long, turned]), short).splitlines()
    assert max(map(len, lines)) == 502
    assert "+ Theresa → UpdateApp\\u202e, broadening" in lines


def _many(accounts: int, roles: int) -> list[Change]:
    """A path and a permission of each of many roles, with actions of their own."""
    found = []
    for number in range(accounts * roles):
        account, role = divmod(number, roles)
        arn = f"arn:aws:iam::{300000000000 + account}:role/R{number}"
        user = f"arn:aws:iam::111111111111:user/u{number % 4}"
        found.append(Change("path-gained", user, arn, None, ALWAYS, why="the role is new"))
        actions = (f"s3:Get{role}", f"s3:Put{number}")
        why = "allowed by p[0]"
        found.append(Change("permission-gained", None, arn, None, ALWAYS, actions, ("*",), "write", why))
    return found


def test_each_kind_is_folded_no_further_than_is_needed() -> None:
    lines = [each for each in markdown(AccessDiff.of(_many(40, 6)), short).splitlines() if each.startswith("+ ")]
    paths = [each for each in lines if "→" in each]
    assert [each[:6] for each in paths] == ["+ u0 →", "+ u1 →", "+ u2 →", "+ u3 →"], "a line for each principal"
    assert all("(and 59 alike: " in each for each in paths)
    permissions = [each for each in lines if "→" not in each]
    assert len(permissions) == 40, "a line for each account"
    assert "(and 5 more of this kind: R1, R2, R3 …)" in permissions[0], "they are not alike: each has its own actions"
    assert len(lines) == 44


def test_no_broadening_is_cut_however_many_there_are() -> None:
    lines = [each for each in markdown(AccessDiff.of(_many(300, 2)), short).splitlines() if each.startswith("+ ")]
    counted = sum(int(found[1]) + 1 if (found := re.search(r"\(and (\d+) ", each)) else 1 for each in lines)
    assert (counted, len(lines) <= 100) == (1200, True)
