"""No document is larger than IAM takes it: exactly at its quota it passes, and beyond it is refused with how much."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossaccount.iam import quotas
from crossaccount.iam.documents import size
from tests.settings.built import ROOT, build


def _granting(characters: int, blanks: int = 0) -> dict[str, Any]:
    """An identity policy of as many characters, white space aside, and of as many blanks."""
    document = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:GetObject", "Resource": ""}}
    resource = "arn:aws:s3:::b/"
    missing = characters - size(document) - len(resource)
    document["Statement"] = {**_statement(document), "Resource": f"{resource}x{' ' * blanks}{'x' * (missing - 1)}"}
    assert size(document) == characters
    return {"document": document}


def _statement(document: dict[str, Any]) -> dict[str, Any]:
    statement: dict[str, Any] = document["Statement"]
    return statement


def _trusting(characters: int) -> list[dict[str, Any]]:
    """The trust of one role as long as this, by a condition on user names."""
    empty = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole"}
    conditioned = {**empty, "Condition": {"StringEquals": {"aws:username": ""}}}
    missing = characters - size({"Version": "2012-10-17", "Statement": [conditioned]})
    conditions = {"StringEquals": {"aws:username": "x" * missing}}
    return [{"principals": ["workload"], "conditions": conditions}]


def _managed(characters: int) -> dict[str, Any]:
    return {"policies": {"P": _granting(characters)}}


def _trust(characters: int) -> dict[str, Any]:
    return {"trusting": {"roles": {"R": {"trust": _trusting(characters)}}}}


def _application_trust(characters: int) -> dict[str, Any]:
    grown = _trusting(characters - size('{"Service":"lambda.amazonaws.com"}') + size(f'{{"AWS":"{ROOT}"}}'))
    application = {"services": ["lambda.amazonaws.com"], "conditions": grown[0]["conditions"]}
    return {"trusted": {"applications": {"A": application}}}


def _halves(characters: int) -> dict[str, Any]:
    """Two inline policies; the quota is on both together."""
    return {"one": _granting(characters // 2), "two": _granting(characters - characters // 2)}


def _user(characters: int) -> dict[str, Any]:
    return {"trusted": {"users": {"bo": {"inline": _halves(characters)}}}}


def _group(characters: int) -> dict[str, Any]:
    return {"trusted": {"groups": {"G": {"inline": _halves(characters)}}}}


def _application(characters: int) -> dict[str, Any]:
    application = {"services": ["lambda.amazonaws.com"], "inline": _halves(characters)}
    return {"trusted": {"applications": {"A": application}}}


def _role(characters: int) -> dict[str, Any]:
    return {"trusting": {"roles": {"R": {"trust": [{"principals": ["workload"]}], "inline": _halves(characters)}}}}


SIZES = pytest.mark.parametrize(
    ("config", "quota", "where"),
    [
        (_managed, quotas.MANAGED_POLICY, "policies.P"),
        (_trust, quotas.TRUST_POLICY, "trusting.roles.R.trust"),
        (_application_trust, quotas.TRUST_POLICY, "trusted.applications.A.trust"),
        (_user, quotas.USER_INLINE, "trusted.users.bo.inline"),
        (_group, quotas.GROUP_INLINE, "trusted.groups.G.inline"),
        (_application, quotas.ROLE_INLINE, "trusted.applications.A.inline"),
        (_role, quotas.ROLE_INLINE, "trusting.roles.R.inline"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or getattr(value, "code", value),
)

Config = Callable[[int], dict[str, Any]]


@SIZES
def test_a_document_may_be_as_large_as_its_quota(config: Config, quota: quotas.Quota, where: str) -> None:
    del where
    _, problems = build(**config(quota.limit))
    assert problems == []


@SIZES
@pytest.mark.parametrize("over", [1, 250])
def test_a_document_over_its_quota_is_refused_with_how_much(
    config: Config, quota: quotas.Quota, where: str, over: int
) -> None:
    _, (problem,) = build(**config(quota.limit + over))
    assert (problem.where, problem.got) == (where, quota.limit + over)
    assert problem.what == (f"{quota.name} may hold {quota.limit} characters without white space, this is {over} over")


def test_white_space_is_not_counted() -> None:
    _, problems = build(policies={"P": _granting(quotas.MANAGED_POLICY.limit, blanks=100)})
    assert problems == []


def test_every_document_over_its_quota_is_in_the_report() -> None:
    config = {**_managed(9000), **_role(11000)}
    config["trusting"]["roles"]["R"]["trust"] = _trusting(3000)
    _, problems = build(**config)
    assert [problem.where for problem in problems] == [
        "policies.P",
        "trusting.roles.R.inline",
        "trusting.roles.R.trust",
    ]
