"""A diff as a comment on a pull request."""

from __future__ import annotations

from crossaccount.access.alternatives import ALWAYS
from crossaccount.access.diff import AccessDiff, Change, markdown

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
    assert sum(line.startswith("+ ") for line in lines) == 100
    assert lines[-1] == "… and 50 more."
