"""Tests of every way: denied means by no way, in one call or through other roles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access import AccessTestsError, parse_access_tests, run_judged
from crossaccount.access.access_tests.weakened import weakened_tests
from tests.access.diff.worlds import estate_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ACCOUNTS = {"tools": "111111111111", "production": "222222222222"}
ANY = {"p": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def _trust(*principals: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole", **more}


WORLD = {
    "users": {"kim": {"policies": ANY}, "bo": {"policies": ANY}, "eve": {}},
    "apps": {
        "tooling": {"policies": ANY, "trust": [_trust("arn:aws:iam::111111111111:user/kim")]},
        "lost": {
            "policies": ANY,
            "managed": ["arn:aws:iam::111111111111:policy/nowhere"],
            "trust": [_trust("arn:aws:iam::111111111111:user/eve", "333333333333")],
        },
    },
    "roles": {
        "admin": {
            "trust": [
                _trust("arn:aws:iam::111111111111:role/tooling"),
                _trust("arn:aws:iam::111111111111:user/bo", Condition=MFA),
            ]
        },
        "other": {"trust": [_trust("arn:aws:iam::111111111111:role/lost")]},
    },
}


def _judged(principal: str, role: str, reach: str, **more: Any) -> Mapping[str, Any]:
    test = {"principal": principal, "role": f"production/role/{role}", "reach": reach, **more}
    (result,) = run_judged(parse_access_tests({"tests": [test]}, ACCOUNTS), estate_of(WORLD), NOW)
    return result.to_json()


@pytest.mark.parametrize(
    ("principal", "role", "more", "actual", "via"),
    [
        ("tools/user/kim", "admin", {}, "allowed", ["arn:aws:iam::111111111111:role/tooling"]),
        ("tools/role/tooling", "admin", {}, "allowed", []),
        ("tools/user/bo", "admin", {}, "allowed", []),
        ("tools/user/bo", "admin", {"context": {"aws:MultiFactorAuthPresent": "false"}}, "denied", []),
        ("tools/user/eve", "admin", {}, "denied", []),
        ("tools/user/eve", "other", {}, "undetermined", ["arn:aws:iam::111111111111:role/lost"]),
        ("333333333333", "other", {}, "undetermined", ["arn:aws:iam::111111111111:role/lost"]),
        ("333333333333/user/x", "other", {}, "undetermined", ["arn:aws:iam::111111111111:role/lost"]),
        ("333333333333", "admin", {}, "denied", []),
        ("tools/user/nobody", "admin", {}, "undetermined", []),
        ("tools", "admin", {}, "denied", []),
    ],
)
def test_every_way_counts(principal: str, role: str, more: dict[str, Any], actual: str, via: list[str]) -> None:
    for expected in ("allowed", "denied"):
        said = _judged(principal, role, expected, **more)
        assert (said["actual"], said["via"], said["mode"]) == (actual, via, "judged")
        assert (said["expected"], said["ok"], said["reach"]) == (expected, actual == expected, True)


def test_what_is_of_one_call_is_refused() -> None:
    test = {"principal": "tools/user/kim", "role": "production/role/admin"}
    more = {"expect": "denied", "because": "no-grant", "then": [], "session": {}}
    with pytest.raises(AccessTestsError) as refused:
        parse_access_tests({"tests": [{**test, **more, "reach": "denied"}, {**test, "reach": "maybe"}, test]}, ACCOUNTS)
    places = [problem.where for problem in refused.value.problems]
    assert places == [
        *(f"tests[0].{key}" for key in ("reach", "because", "then", "session")),
        "tests[1].reach",
        "tests[2].expect",
    ]


def test_one_call_proves_less_than_every_way() -> None:
    test = {"principal": "tools/user/eve", "role": "production/role/admin"}
    every, one = (parse_access_tests({"tests": [{**test, key: "denied"}]}, ACCOUNTS) for key in ("reach", "expect"))
    (found,) = weakened_tests(every, one, "access-tests.yaml")
    assert found.what == "is about one call, before about every way"
    assert list(weakened_tests(every, every, "access-tests.yaml")) == []
