"""``diff stack: stack:`` and the review give one verdict, whichever keys of the config an edit touches."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.program import program
from crossaccount.access.diff import diff
from crossaccount.settings import compiled_in_order, read_project
from crossaccount.sources import read_sources
from crossaccount.sources.stacks import SettingsReader
from tests.job.review.reviewing import Estate, write_project

TAGGED = {"StringEquals": {"aws:PrincipalTag/team": "ops"}}
GRANT = {"assume": ["workload/role/Ops"]}
BASE: dict[str, dict[str, Any]] = {
    "auth": {
        "policies": {"P": GRANT},
        "trusted": {
            "users": {"bo": {"policies": ["P"], "groups": ["G"]}, "kim": {"groups": ["G"]}},
            "groups": {"G": {}},
            "applications": {"App": {"services": ["lambda.amazonaws.com"], "inline": {"p": GRANT}}},
        },
    },
    "workload": {
        "trusting": {
            "roles": {
                "Ops": {"trust": [{"principals": ["auth"], "conditions": TAGGED}], "inline": {}},
                "Read": {"trust": [{"principals": ["auth"]}], "policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]},
            }
        }
    },
}
USER, APP, GROUP = ("auth", "trusted", "users", "bo"), ("auth", "trusted", "applications", "App"), ("auth", "trusted")
ROLE, OTHER = ("workload", "trusting", "roles", "Ops"), ("workload", "trusting", "roles", "Read")
DENY = {"document": {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}}
ADMIN = ["arn:aws:iam::aws:policy/AdministratorAccess"]
EDITS: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("auth", "aws:defaultTags"), {"tags": {"team": "ops"}}),
    (("auth", "aws:defaultTags"), '{"tags": {"team": "other"}}'),
    (("workload", "aws:defaultTags"), {"tags": {"team": "ops"}}),
    (("auth", "aws:region"), "eu-west-1"),
    (("auth", "policies", "P"), {"deny": ["*"]}),
    (("auth", "policies", "P"), {"assume": ["*"]}),
    ((*USER, "tags"), {"team": "ops"}),
    ((*USER, "groups"), []),
    ((*USER, "policies"), ADMIN),
    ((*USER, "inline"), {"d": {"deny": ["workload/role/Read"]}}),
    ((*USER, "permissions_boundary"), "P"),
    ((*USER, "path"), "/team/"),
    ((*GROUP, "groups", "G", "inline"), {"p": {"assume": ["workload/role/Read"]}}),
    ((*GROUP, "groups", "G", "policies"), ["P"]),
    ((*APP, "services"), ["ec2.amazonaws.com"]),
    ((*APP, "tags"), {"team": "ops"}),
    ((*APP, "inline"), {"p": {"assume": ["*"]}}),
    ((*APP, "max_session_duration"), 7200),
    ((*ROLE, "trust"), [{"principals": ["auth"]}]),
    ((*ROLE, "trust"), [{"principals": ["auth"], "mfa": True}]),
    ((*ROLE, "trust"), [{"principals": ["auth"], "external_id": ["a-long-one"]}]),
    ((*ROLE, "tags"), {"team": "ops"}),
    ((*ROLE, "inline"), {"d": DENY}),
    ((*ROLE, "policies"), ADMIN),
    ((*ROLE, "max_session_duration"), 43200),
    ((*OTHER, "policies"), []),
    ((*OTHER, "permissions_boundary"), "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ((*OTHER, "description"), "said anew"),
)


def _edited(edits: tuple[int, ...]) -> dict[str, dict[str, Any]]:
    stacks = copy.deepcopy(BASE)
    for path, value in (EDITS[index] for index in edits):
        holder: dict[str, Any] = stacks
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = value
    return stacks


def _by_sources(before: Path, after: Path, *, recorded: bool) -> str:
    estates = []
    for folder in (before, after):
        project = read_project(folder)
        described = None if recorded else SettingsReader(compiled_in_order(project)).describe
        texts = [f"stack:{name}" for name in project.stacks]
        estates.append(read_sources(texts, lambda: program, directory=folder, stacks=described).estate())
    return diff(*estates).verdict


def _verdicts(before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]) -> set[str]:
    with tempfile.TemporaryDirectory() as home:
        old, new = Path(home) / "old", Path(home) / "new"
        write_project(old, before)
        write_project(new, after)
        estate = Estate.deployed(Path(home) / "fleet", before)
        write_project(estate.folder, after)
        reviews = {estate.review(side).access.verdict for side in ("live", "state")}
        return {_by_sources(old, new, recorded=False), _by_sources(old, new, recorded=True), *reviews}


@pytest.mark.parametrize("index", range(len(EDITS)), ids=lambda index: ".".join(EDITS[index][0]))
def test_one_edit_has_one_verdict(index: int) -> None:
    assert len(_verdicts(BASE, _edited((index,)))) == 1


def test_default_tags_open_a_role_that_trusts_them() -> None:
    assert _verdicts(BASE, _edited((0,))) == {"broadening"}
    assert _verdicts(_edited((0,)), BASE) == {"narrowing"}


@settings(max_examples=10)
@given(*[st.lists(st.integers(0, len(EDITS) - 1), max_size=3).map(tuple) for _ in range(2)])
def test_edits_have_one_verdict(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    assert len(_verdicts(_edited(before), _edited(after))) == 1
