"""What a later version of a test file proves less; the cases are pairs of files."""

from __future__ import annotations

from typing import Any

import pytest

from crossaccount.access.access_tests import AccessTests, parse_access_tests
from crossaccount.access.access_tests.weakened import weakened_tests

ACCOUNTS = {"auth": "111111111111", "workload": "222222222222"}
PAIR = {"principal": "auth/user/bo", "role": "workload/role/R"}
DENIED = {**PAIR, "expect": "denied", "because": "no-trust"}
PUT = {"action": "s3:PutObject", "resource": "arn:aws:s3:::b/x", "expect": "allowed"}
NO_PUT = {**PUT, "expect": "denied"}
ALLOWED = {**PAIR, "expect": "allowed", "context": {"aws:MultiFactorAuthPresent": "true"}, "then": [PUT]}
STRANGER = {"auth": {"trusted": {"users": {"bo": {"inline": {"p": {"assume": ["*"]}}}}}}}


def read(tests: list[Any], given: Any, accounts: Any) -> AccessTests:
    return parse_access_tests({"tests": tests, "given": given}, accounts or ACCOUNTS, "t.yaml")


def found(before: list[Any], after: list[Any], *, given: tuple[Any, Any] = ({}, {}), accounts: Any = None) -> list[str]:
    old, new = read(before, given[0], None), read(after, given[1], accounts)
    return [f"{each.kind} {each.where}: {each.what}" for each in weakened_tests(old, new, "t.yaml")]


NAME = "t.yaml: auth/user/bo → workload/role/R"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([DENIED], [DENIED], []),
        ([DENIED], [{**DENIED, "name": "another name"}], []),
        ([DENIED], [ALLOWED, DENIED], []),
        ([DENIED, DENIED], [DENIED], []),
        ([{**DENIED, "because": None}], [DENIED], []),
        ([{**ALLOWED, "then": []}], [ALLOWED], []),
        ([DENIED], [], [f"test-removed {NAME}: the test is gone"]),
        ([DENIED, ALLOWED], [ALLOWED], [f"test-removed {NAME}: the test is gone"]),
        (
            [DENIED],
            [{**PAIR, "expect": "allowed"}],
            [f"test-changed {NAME}: expects allowed, before denied; because of anything, before no-trust"],
        ),
        ([DENIED], [{**PAIR, "expect": "denied"}], [f"test-changed {NAME}: because of anything, before no-trust"]),
        ([DENIED], [{**DENIED, "because": "scp"}], [f"test-changed {NAME}: because scp, before no-trust"]),
        ([DENIED], [{**DENIED, "context": {"aws:SourceIp": "1.2.3.4"}}], [f"test-changed {NAME}: another context"]),
        ([ALLOWED], [{**ALLOWED, "context": {}}], [f"test-changed {NAME}: another context"]),
        ([ALLOWED], [{**ALLOWED, "session": {"tags": {"a": "b"}}}], [f"test-changed {NAME}: another session"]),
        (
            [ALLOWED],
            [{**ALLOWED, "then": [{**PUT, "expect": "denied"}]}],
            [f"test-changed {NAME}: then no longer says that s3:PutObject on arn:aws:s3:::b/x is allowed"],
        ),
        ([{**ALLOWED, "then": [NO_PUT]}], [{**ALLOWED, "then": [{**NO_PUT, "because": "scp"}]}], []),
        (
            [{**ALLOWED, "then": [{**NO_PUT, "because": "scp"}]}],
            [{**ALLOWED, "then": [NO_PUT]}],
            [
                f"test-changed {NAME}: then no longer says that s3:PutObject on arn:aws:s3:::b/x is denied "
                "because of scp"
            ],
        ),
        (
            [{**DENIED, "name": "kept out"}],
            [{**DENIED, "name": "kept out", "role": "workload/role/Other"}],
            [
                "test-changed t.yaml: kept out: the role is arn:aws:iam::222222222222:role/Other, before "
                "arn:aws:iam::222222222222:role/R"
            ],
        ),
    ],
)
def test_what_is_proven_less(before: list[Any], after: list[Any], expected: list[str]) -> None:
    assert found(before, after) == expected


def test_an_account_s_name_for_another_account_tests_another_account() -> None:
    [line] = found([DENIED], [DENIED], accounts={**ACCOUNTS, "workload": "333333333333"})
    assert "the role is arn:aws:iam::333333333333:role/R" in line


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (STRANGER, []),
        ({**STRANGER, "workload": {"trusted": {"users": {"more": {}}}}}, []),
        ({}, ["given-changed t.yaml: given.auth.trusted.users.bo: is no longer given"]),
        (
            {"auth": {"trusted": {"users": {"bo": {}}}}},
            ["given-changed t.yaml: given.auth.trusted.users.bo: is given otherwise"],
        ),
    ],
)
def test_a_stranger_who_is_no_longer_given_is_kept_out_by_absence(after: Any, expected: list[str]) -> None:
    assert found([DENIED], [DENIED], given=(STRANGER, after)) == expected


def test_json_has_what_the_files_say() -> None:
    [each] = weakened_tests(read([DENIED], {}, None), read([ALLOWED], {}, None), "t.yaml")
    assert each.to_json() == {
        "kind": "test-changed",
        "where": NAME,
        "what": "expects allowed, before denied; because of anything, before no-trust; another context",
        "before": DENIED,
        "after": {**ALLOWED, "then": [PUT]},
    }
