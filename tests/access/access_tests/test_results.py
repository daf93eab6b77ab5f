"""Judged test files: the JSON that the commands print, what makes a test ok, and what is warned of."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from crossaccount.access import Estate, TestResult, parse_access_tests, results_json, run_judged

ROOT = "arn:aws:iam::111111111111:root"
TARGET = "arn:aws:iam::222222222222:role/target"
GRANT = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": TARGET, "Sid": "Cross"}
TRUST = {"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "sts:AssumeRole", "Sid": "LetIn"}
MAY_LIST = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::bucket"}
SESSION = "arn:aws:sts::111111111111:assumed-role/caller/build"
TEAM = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
TAGGED = {
    "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole", "sts:TagSession"]}],
    }
}
ESTATE = {"identity": [GRANT], "trust": [TRUST], "permissions": [MAY_LIST]}

Judge = Callable[..., TestResult]


@pytest.fixture
def judge(estate_of: Callable[..., Estate], now: datetime) -> Judge:
    """Judges one test against a case's estate."""

    def judged(test: dict[str, Any], **case: Any) -> TestResult:
        kind = case.get("caller", "user")
        asked = {"principal": f"auth/{kind}/caller", "role": "workload/role/target", "expect": "allowed"} | test
        file = {"tests": [asked], "given": case.get("given", {})}
        tests = parse_access_tests(file, {"auth": "111111111111", "workload": "222222222222"})
        (result,) = run_judged(tests, estate_of(ESTATE | case), now)
        return result

    return judged


def test_the_json_of_an_allowed_test(judge: Judge) -> None:
    then = [{"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "allowed"}]
    result = judge({"name": "in", "context": {"aws:SourceIp": "203.0.113.1"}, "then": then})
    assert results_json([result]) == {
        "results": [
            {
                "name": "in",
                "principal": "auth/user/caller",
                "role": "workload/role/target",
                "principal_arn": "arn:aws:iam::111111111111:user/caller",
                "role_arn": TARGET,
                "context": {"aws:SourceIp": "203.0.113.1"},
                "expected": "allowed",
                "actual": "allowed",
                "ok": True,
                "reason": None,
                "decided_by": {"side": "trust", "policy": "trust policy", "statement": "LetIn"},
                "mode": "judged",
                "then": [
                    {
                        "action": "s3:ListBucket",
                        "resource": "arn:aws:s3:::bucket",
                        "expected": "allowed",
                        "actual": "allowed",
                        "ok": True,
                        "reason": None,
                        "mode": "judged",
                    }
                ],
            }
        ],
        "failed": 0,
    }


def test_the_json_of_a_denied_test(judge: Judge) -> None:
    result = judge({"expect": "denied"}, identity=[])
    document = result.to_json()
    assert document["name"] == "auth/user/caller → workload/role/target"
    assert (document["reason"], document["decided_by"], document["then"]) == ("no-grant", None, [])


_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def _by_name(operator: str, name: str, condition: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """A trust by name: in the account, under a condition on who calls."""
    who = {operator: {"aws:PrincipalArn": f"arn:aws:iam::111111111111:{name}"}}
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "111111111111"},
        "Condition": {**who, **condition},
    }


@pytest.mark.parametrize(
    ("test", "case", "ok"),
    [
        ({"expect": "allowed"}, {}, True),
        ({"expect": "denied"}, {}, False),
        ({"expect": "denied", "because": "no-grant"}, {"identity": []}, True),
        ({"expect": "denied", "because": "no-trust"}, {"identity": []}, False),
        *(
            ({"expect": "denied", "because": because}, {"trust": [_by_name(operator, name)]}, ok)
            for because, operator, name, ok in (
                ("no-trust", "ArnLike", "user/other", True),
                ("no-trust", "ArnEquals", "role/aws-reserved/*", True),
                ("condition", "ArnLike", "user/other", True),
                ("no-grant", "ArnLike", "user/other", False),
                ("no-trust", "ArnNotLike", "user/caller", False),
                ("condition", "ArnNotLike", "user/caller", True),
            )
        ),
        ({"expect": "denied", "because": "no-trust"}, {"trust": [_by_name("ArnLike", "user/*", _MFA)]}, False),
        ({"expect": "denied", "because": "no-trust"}, {"trust": [_by_name("ArnLike", "user/other", _MFA)]}, True),
        ({"expect": "allowed"}, {"caller_details": {"GroupList": ["ghosts"]}}, False),
        ({"expect": "denied"}, {"caller_details": {"GroupList": ["ghosts"]}}, False),
        ({"then": [{"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "allowed"}]}, {}, True),
        ({"then": [{"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "denied"}]}, {}, False),
    ],
)
def test_ok_covers_the_verdict_its_reason_and_what_follows(
    test: dict[str, Any], case: dict[str, Any], ok: bool, judge: Judge
) -> None:
    result = judge(test, **case)
    assert result.ok is ok
    assert results_json([result])["failed"] == (not ok)


@pytest.mark.parametrize(
    ("permissions", "because", "ok"),
    [
        ([], "no-grant", True),
        ([], "explicit-deny", False),
        ([MAY_LIST, MAY_LIST | {"Effect": "Deny"}], "explicit-deny", True),
        ([MAY_LIST, MAY_LIST | {"Effect": "Deny"}], "no-grant", False),
        ([MAY_LIST], "no-grant", False),
    ],
)
def test_a_denied_call_of_the_session_has_the_reason_that_is_required(
    permissions: list[Any], because: str, ok: bool, judge: Judge
) -> None:
    call = {"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "denied", "because": because}
    result = judge({"then": [call]}, permissions=permissions)
    assert (result.ok, result.then[0].ok) == (ok, ok)
    assert result.to_json()["then"][0]["reason"] == result.then[0].verdict.reason


def test_what_was_tried_takes_the_place_of_what_was_judged(judge: Judge) -> None:
    tried = replace(judge({}), actual="denied", mode="tried")
    assert (tried.ok, tried.to_json()["actual"], tried.to_json()["mode"]) == (False, "denied", "tried")


def test_a_session_acts_at_the_time_and_place_of_its_assumption(judge: Judge) -> None:
    office = {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}
    then = [{"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "allowed"}]
    inside = {"context": {"aws:SourceIp": "203.0.113.1"}, "then": then}
    assert judge(inside, permissions=[MAY_LIST | {"Condition": office}]).ok
    elsewhere = [then[0] | {"context": {"aws:SourceIp": "198.51.100.1"}}]
    assert not judge(inside | {"then": elsewhere}, permissions=[MAY_LIST | {"Condition": office}]).ok


def test_a_session_does_not_have_the_mfa_of_its_assumption(judge: Judge) -> None:
    mfa = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    then = [{"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "denied"}]
    asked = {"context": {"aws:MultiFactorAuthPresent": "true", "aws:MultiFactorAuthAge": "10"}, "then": then}
    assert judge(asked, trust=[TRUST | {"Condition": mfa}], permissions=[MAY_LIST | {"Condition": mfa}]).ok
    recent = {"NumericLessThan": {"aws:MultiFactorAuthAge": "60"}}
    assert judge(asked, trust=[TRUST | {"Condition": mfa}], permissions=[MAY_LIST | {"Condition": recent}]).ok


def test_a_session_is_not_its_caller(judge: Judge) -> None:
    condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    then = [{"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "denied"}]
    claimed = {"context": {"aws:PrincipalTag/team": "red"}, "then": then}
    assert judge(claimed, permissions=[MAY_LIST | {"Condition": condition}]).ok


def test_session_tags_follow_into_the_session(judge: Judge) -> None:
    both = ["sts:AssumeRole", "sts:TagSession"]
    condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
    then = [{"action": "s3:ListBucket", "resource": "arn:aws:s3:::bucket", "expect": "allowed"}]
    result = judge(
        {"session": {"tags": {"team": "red"}}, "then": then},
        identity=[GRANT | {"Action": both}],
        trust=[TRUST | {"Action": both}],
        permissions=[MAY_LIST | {"Condition": condition}],
    )
    assert result.ok


@pytest.mark.parametrize(
    ("test", "case", "warned"),
    [
        ({}, {}, []),
        (
            {"principal": "auth", "expect": "denied"},
            {},
            ["root user, which cannot assume a role; of its principals 1 get in"],
        ),
        ({"principal": "auth", "expect": "denied"}, {"identity": []}, []),
        ({"context": {"aws:MultiFactorAuthPresent": "true"}}, {}, []),
        ({"context": {"aws:MultiFactorAuthPresent": "true"}}, {"caller": "role"}, ["a role cannot present MFA"]),
        ({"context": {"aws:MultiFactorAuthPresent": "false"}}, {"caller": "role"}, []),
        ({}, {"trust": [TRUST | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}, ["aws:sourceip"]),
        ({}, {"trust": [TRUST | {"Condition": {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}, ["aws:sourceip"]),
        (
            {"context": {"aws:SourceIp": "10.1.1.1"}},
            {"trust": [TRUST | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]},
            [],
        ),
        # Denied whatever the address: nothing hangs on it.
        ({}, {"identity": [], "trust": [TRUST | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}]}, []),
        # The external ID is the caller's to give: leaving it out is what the test is about.
        ({}, {"trust": [TRUST | {"Condition": {"StringEquals": {"sts:ExternalId": "x"}}}]}, []),
        # A tag that the role does not have is in no request.
        ({}, {"identity": [GRANT | {"Condition": {"StringEquals": {"aws:ResourceTag/a": "b"}}}]}, []),
        # A user's long-term key carries no MFA key; a role's session always does.
        ({}, {"trust": [TRUST | {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}}]}, []),
        (
            {},
            {
                "caller": "role",
                "trust": [TRUST | {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}}],
            },
            ["aws:multifactorauthpresent"],
        ),
        # What a role that takes no session tags does not have is in no request.
        ({}, {"caller": "role", "trust": [TRUST | {"Condition": TEAM}]}, []),
        (
            {},
            {"caller": "role", "trust": [TRUST | {"Condition": TEAM}], "caller_details": TAGGED},
            ["aws:principaltag/"],
        ),
        ({"context": {"aws:PrincipalTag/Team": "red"}}, {"trust": [TRUST | {"Condition": TEAM}]}, []),
        # The role's account is known.
        ({}, {"identity": [GRANT | {"Condition": {"StringEquals": {"aws:ResourceAccount": "222222222222"}}}]}, []),
        # Which session of the caller comes decides, and the test does not say.
        ({}, {"caller": "role", "trust": [TRUST | {"Principal": {"AWS": SESSION}}]}, ["aws:userid"]),
        ({}, {"caller": "role", "trust": [TRUST | {"Effect": "Deny", "Principal": {"AWS": SESSION}}]}, []),
        ({}, {"caller": "role", "trust": [TRUST | {"Principal": {"AWS": [SESSION, "111111111111"]}}]}, []),
        (
            {"context": {"aws:userid": "AROACALLER0000000:build"}},
            {"caller": "role", "trust": [TRUST | {"Principal": {"AWS": SESSION}}]},
            [],
        ),
    ],
)
def test_warnings(test: dict[str, Any], case: dict[str, Any], warned: list[str], judge: Judge) -> None:
    warnings = judge(test, **case).warnings
    assert len(warnings) == len(warned)
    assert all(text in str(warning) for text, warning in zip(warned, warnings, strict=True))
    assert all(warning.severity == "warning" for warning in warnings)


JUDGED = json.loads((Path(__file__).parents[1] / "cases" / "judged" / "requests.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", JUDGED["cases"], ids=lambda case: str(case["name"]))
def test_what_a_request_carries(case: dict[str, Any], judge: Judge) -> None:
    result = judge({key: case[key] for key in ("context", "principal", "then") if key in case}, **case)
    assert (result.actual, result.verdict.reason) == (case["actual"], case.get("reason"))
    assert [each.actual for each in result.then] == case.get("then_actual", [])
    for text in case.get("warns", []):
        assert any(text in str(warning) for warning in result.warnings)


@pytest.mark.parametrize(("transitive", "then"), [([], "allowed"), (["team"], "denied")])
def test_a_transitive_tag_sticks_to_what_the_session_assumes_next(
    judge: Judge, transitive: list[str], then: str
) -> None:
    """The next role's trust would have to allow sts:TagSession as well."""
    both = ["sts:AssumeRole", "sts:TagSession"]
    next_trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": TARGET}}
    result = judge(
        {
            "session": {"tags": {"team": "red"}, "transitive_tag_keys": transitive},
            "then": [{"action": "sts:AssumeRole", "resource": f"{ROOT[:-4]}role/caller", "expect": then}],
        },
        caller="role",
        identity=[{**GRANT, "Action": both}],
        trust=[{**TRUST, "Action": both}],
        permissions=[{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}],
        caller_details={"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [next_trust]}},
    )
    assert (result.actual, [each.actual for each in result.then]) == ("allowed", [then])
