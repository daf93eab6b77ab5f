"""Access tests at a date: the verdict is that of the moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access.access_tests import parse_access_tests
from crossaccount.access.access_tests.parse import AccessTestsError
from crossaccount.access.access_tests.results import results_json, run_judged
from crossaccount.access.estate import Estate

NOW = datetime(2026, 12, 1, tzinfo=UTC)
ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}
ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
BETWEEN = {
    "DateGreaterThanEquals": {"aws:CurrentTime": "2027-01-11T00:00:00Z"},
    "DateLessThan": {"aws:CurrentTime": "2027-04-01T00:00:00Z"},
}
TRUST = {
    "Effect": "Allow",
    "Action": "sts:AssumeRole",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Condition": BETWEEN,
}
DETAILS: dict[str, Any] = {
    "UserDetailList": [
        {
            "UserName": "bo",
            "Arn": "arn:aws:iam::111111111111:user/bo",
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": ALLOW}}],
        }
    ],
    "RoleDetailList": [
        {
            "RoleName": "R",
            "Arn": "arn:aws:iam::222222222222:role/R",
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": TRUST},
        }
    ],
}


def _judged(**test: Any) -> dict[str, Any]:
    written = {"principal": "auth/user/bo", "role": "workload/role/R", **test}
    tests = parse_access_tests({"tests": [written]}, ACCOUNTS)
    found: dict[str, Any] = results_json(run_judged(tests, Estate.from_details([DETAILS]), NOW))["results"][0]
    return found


@pytest.mark.parametrize("key", ["expect", "reach"])
@pytest.mark.parametrize(
    ("at", "outcome"),
    [
        (None, "denied"),
        ("2027-01-10", "denied"),
        ("2027-01-11", "allowed"),
        ("2027-03-31", "allowed"),
        ("2027-03-31T23:59:59Z", "allowed"),
        ("2027-04-01", "denied"),
        ("2027-04-01T01:00:00+02:00", "allowed"),
    ],
)
def test_the_verdict_is_that_of_the_moment(key: str, at: str | None, outcome: str) -> None:
    if key == "reach" and at is None:
        outcome = "allowed"  # at some time
    result = _judged(**{key: outcome}, **({"at": at} if at else {}))
    assert (result["actual"], result["ok"], "at" in result) == (outcome, True, at is not None)


@pytest.mark.parametrize("at", ["soon", 20270331, "2027-02-30", ["2027-03-31"]])
def test_what_is_no_date_is_refused(at: object) -> None:
    with pytest.raises(AccessTestsError, match="at: must be a date"):
        _judged(at=at, expect="allowed")
