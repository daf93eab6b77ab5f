"""Diffs case by case: two small estates, the verdict, every change in a line, and the same the other way round."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.diff import Change, diff
from crossaccount.access.diff.markdown import subject
from tests.access.diff.worlds import estate_of

REVERSED = {"broadening": "narrowing", "narrowing": "broadening", "mixed": "mixed", "neutral": "neutral"}
OPPOSITE = {
    "path-gained": "path-lost",
    "path-lost": "path-gained",
    "path-loosened": "path-tightened",
    "path-tightened": "path-loosened",
    "permission-gained": "permission-lost",
    "permission-lost": "permission-gained",
    "credential-gained": "credential-lost",
    "credential-lost": "credential-gained",
}


def cases() -> Iterator[Any]:
    for file in sorted((Path(__file__).parent / "cases").glob("*.json")):
        for case in json.loads(file.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{file.stem}: {case['name']}")


def short(arn: str) -> str:
    """A user's or role's name; everything else as it is."""
    return arn.rsplit("/", 1)[-1] if ":user/" in arn or ":role/" in arn else arn


def line(change: Change) -> str:
    return f"{change.kind} {subject(change, short)}"


@pytest.mark.parametrize("case", list(cases()))
def test_a_change_and_its_reverse(case: Any) -> None:
    before, after = estate_of(case["before"]), estate_of(case["after"])
    found, back = diff(before, after), diff(after, before)
    assert [line(change) for change in found.changes] == case["changes"]
    assert found.verdict == case["verdict"]
    assert back.verdict == REVERSED[case["verdict"]]
    undone = [(OPPOSITE[change.kind], change.principal, change.role, change.actions) for change in back.changes]
    assert sorted(undone, key=str) == sorted(
        [(change.kind, change.principal, change.role, change.actions) for change in found.changes], key=str
    )
    assert diff(before, estate_of(case["before"])).changes == ()


def test_json_has_every_key_and_the_conditions_of_both_times() -> None:
    [case] = [each.values[0] for each in cases() if each.id == "paths: a shorter MFA age"]
    found = diff(estate_of(case["before"]), estate_of(case["after"])).to_json()
    [change] = found["changes"]
    assert found["verdict"] == "narrowing"
    assert list(change) == [
        "kind",
        "principal",
        "role",
        "before",
        "after",
        "actions",
        "resources",
        "access_level",
        "why",
    ]
    ages = [
        [atom["values"] for atom in change[when][0] if atom["key"] == "aws:MultiFactorAuthAge"]
        for when in ("before", "after")
    ]
    assert ages == [[["3600"]], [["1800"]]]


PROVIDER = "arn:aws:iam::222222222222:oidc-provider/gitlab.com"
FEDERATED = {
    "Effect": "Allow",
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": PROVIDER},
    "Condition": {"StringEquals": {"gitlab.com:sub": "a"}},
}
DENY = {"Effect": "Deny", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": "*", "Sid": "No"}
SERVICE = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}


@pytest.mark.parametrize(
    ("trust", "why"),
    [
        ([SERVICE], "now: the trust policy does not let the principal in"),
        ([FEDERATED, DENY], "now: it is denied outright by trust policy[No]"),
    ],
)
def test_a_path_of_a_provider_is_lost_by_the_policy_that_decides(trust: list[Any], why: str) -> None:
    before, after = (estate_of({"users": {}, "roles": {"R": {"trust": each}}}) for each in ([FEDERATED], trust))
    [lost] = [change for change in diff(before, after).changes if change.kind == "path-lost"]
    assert (lost.principal, lost.why) == (PROVIDER, why)
