"""Test files: what is read from good ones, and every problem of bad ones (``cases/files/problems.json``)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access import AccessTest, AccessTestsError, Session, parse_access_tests

ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}
PROBLEMS = json.loads((Path(__file__).parents[1] / "cases" / "files" / "problems.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in PROBLEMS["cases"]])
def test_problems(case: dict[str, Any]) -> None:
    with pytest.raises(AccessTestsError) as raised:
        parse_access_tests(case["data"], ACCOUNTS, "access-tests.yaml")
    assert str(raised.value).splitlines() == case["problems"]


def test_a_test_reads_as_written() -> None:
    test = _only({"principal": "auth/user/team/Bo", "role": "222222222222/role/Deployer", "expect": "denied"})
    assert (test.principal, test.principal_arn) == ("auth/user/team/Bo", "arn:aws:iam::111111111111:user/team/Bo")
    assert (test.role, test.role_arn) == ("222222222222/role/Deployer", "arn:aws:iam::222222222222:role/Deployer")
    assert test.name == "auth/user/team/Bo → 222222222222/role/Deployer"
    assert (test.where, test.index, test.because, test.then) == ("access-tests.yaml: tests[0]", 0, None, ())


def test_full_arns_and_an_account_root_are_taken_as_principals() -> None:
    arn = "arn:aws:iam::111111111111:user/Bo"
    assert _only({"principal": arn, "role": "workload/role/x", "expect": "denied"}).principal_arn == arn
    root = _only({"principal": "auth", "role": "workload/role/x", "expect": "denied"})
    assert root.principal_arn == "arn:aws:iam::111111111111:root"


def test_yaml_scalars_become_what_iam_compares() -> None:
    context = {
        "aws:MultiFactorAuthPresent": True,
        "aws:MultiFactorAuthAge": 60,
        "aws:CurrentTime": datetime(2026, 11, 22, tzinfo=UTC),
        "aws:TokenIssueTime": datetime(2026, 11, 22),  # as YAML reads a time without a zone
        "x:day": date(2026, 11, 22),
        "aws:TagKeys": ["team", 7],
    }
    test = _only({"principal": "auth/user/x", "role": "workload/role/x", "expect": "allowed", "context": context})
    assert test.context == {
        "aws:MultiFactorAuthPresent": "true",
        "aws:MultiFactorAuthAge": "60",
        "aws:CurrentTime": "2026-11-22T00:00:00Z",
        "aws:TokenIssueTime": "2026-11-22T00:00:00Z",
        "x:day": "2026-11-22",
        "aws:TagKeys": ["team", "7"],
    }


def test_session_and_then() -> None:
    test = _only(
        {
            "name": "tagged",
            "principal": "auth/user/x",
            "role": "workload/role/x",
            "expect": "allowed",
            "session": {
                "tags": {"team": "red", "cost": 7},
                "transitive_tag_keys": ["Team"],
                "source_identity": "bo",
                "context": {"identitystore:UserId": "u-1"},
            },
            "then": [{"action": "s3:PutObject", "resource": "*", "expect": "denied", "context": {"s3:prefix": "a"}}],
        }
    )
    assert test.name == "tagged"
    assert test.then[0].because is None
    assert test.session == Session({"team": "red", "cost": "7"}, "bo", {"identitystore:UserId": "u-1"}, ("Team",))
    assert [(item.action, item.resource, item.expect, item.context) for item in test.then] == [
        ("s3:PutObject", "*", "denied", {"s3:prefix": "a"})
    ]


def test_a_call_of_the_session_may_have_a_reason_and_only_if_it_is_denied() -> None:
    call = {"action": "s3:PutObject", "resource": "*", "expect": "denied", "because": "scp"}
    test = {"principal": "auth/user/x", "role": "workload/role/x", "expect": "allowed"}
    assert _only({**test, "then": [call]}).then[0].because == "scp"
    with pytest.raises(AccessTestsError) as found:
        _only({**test, "then": [{**call, "expect": "allowed"}, {**call, "because": "spc"}]})
    first, second = str(found.value).splitlines()
    assert first.startswith("access-tests.yaml: tests[0].then[0].because: only a denial has a reason")
    assert second.startswith("access-tests.yaml: tests[0].then[1].because: ")


def test_given_extends_the_address_book_and_is_kept_as_written() -> None:
    given = {
        "stranger": {"id": "333333333333", "trusted": {"users": {"mallory": {}}}},
        "workload": {"buckets": ["data"]},
    }
    data = {
        "given": given,
        "tests": [{"principal": "stranger/user/mallory", "role": "workload/role/x", "expect": "denied"}],
    }
    read = parse_access_tests(data, ACCOUNTS)
    assert read.given == given
    assert read.accounts == ACCOUNTS | {"stranger": "333333333333"}
    assert read.tests[0].principal_arn == "arn:aws:iam::333333333333:user/mallory"


def test_no_tests_is_an_empty_answer() -> None:
    assert parse_access_tests({"tests": []}, ACCOUNTS).tests == ()


def _only(test: dict[str, Any]) -> AccessTest:
    (read,) = parse_access_tests({"tests": [test]}, ACCOUNTS, "access-tests.yaml").tests
    return read
