"""Access tests by selector: who is meant, what is said of a selector that means nobody."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access import Estate, parse_access_tests, run_judged
from crossaccount.access.access_tests import AccessTestsError, expanded

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCOUNTS = {"people": "111111111111", "prod-shop": "222222222222", "prod-bank": "333333333333", "dev": "444444444444"}


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _role(account: str, name: str, principal: str) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    arn = f"arn:aws:iam::{account}:role/{name}"
    return {"RoleName": name, "Path": "/", "Arn": arn, "AssumeRolePolicyDocument": _document(trust)}


@pytest.fixture
def estate() -> Estate:
    people = ACCOUNTS["people"]
    grant = _document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/ReadOnly"})
    users = [
        {"UserName": name, "Path": "/", "Arn": f"arn:aws:iam::{people}:user/{name}", "GroupList": groups}
        for name, groups in (("ann", ["Developers"]), ("bob", ["Developers", "Others"]), ("eve", ["Others"]))
    ]
    groups = [
        {"GroupName": "Developers", "Path": "/", "Arn": f"arn:aws:iam::{people}:group/Developers"}
        | {"GroupPolicyList": [{"PolicyName": "read", "PolicyDocument": grant}]},
        {"GroupName": "Others", "Path": "/", "Arn": f"arn:aws:iam::{people}:group/Others"},
    ]
    details = [{"UserDetailList": users, "GroupDetailList": groups}]
    for name in ("prod-shop", "prod-bank", "dev"):
        trusts = people if name != "dev" else ACCOUNTS["dev"]
        roles = [_role(ACCOUNTS[name], "ReadOnly", trusts), _role(ACCOUNTS[name], "Admin", ACCOUNTS[name])]
        details.append({"RoleDetailList": roles})
    return Estate.from_details(details)


def _tests(**test: Any) -> Any:
    return parse_access_tests({"tests": [test]}, ACCOUNTS, "access-tests.yaml")


def _names(estate: Estate, **test: Any) -> list[str]:
    return [each.name for each in expanded(_tests(expect="allowed", **test), estate).tests]


def test_every_user_of_a_group_with_every_role_of_a_name_is_a_row(estate: Estate) -> None:
    assert _names(estate, principal="any of group Developers", role="every ReadOnly", **{"in": ["prod-*"]}) == [
        "people/user/ann → prod-bank/role/ReadOnly",
        "people/user/ann → prod-shop/role/ReadOnly",
        "people/user/bob → prod-bank/role/ReadOnly",
        "people/user/bob → prod-shop/role/ReadOnly",
    ]


@pytest.mark.parametrize(
    ("test", "rows"),
    [
        ({"principal": "people/user/ann", "role": "every Admin"}, 3),
        ({"principal": "people/user/ann", "role": "every *", "in": "dev"}, 2),
        ({"principal": "any of group people/Others", "role": "dev/role/Admin"}, 2),
        ({"principal": "every ?nn", "role": "dev/role/Admin"}, 1),
        ({"principal": "every ReadOnly", "role": "dev/role/Admin", "in": ["prod-*"]}, 2),
    ],
)
def test_either_side_may_be_a_selector(estate: Estate, test: dict[str, Any], rows: int) -> None:
    assert len(_names(estate, **test)) == rows


def test_each_row_has_its_verdict_and_says_which_test_it_is_of(estate: Estate) -> None:
    tests = _tests(principal="any of group Developers", role="every ReadOnly", expect="allowed")
    results = run_judged(tests, estate, NOW)
    assert {each.test.role: each.ok for each in results} == {
        "dev/role/ReadOnly": False,
        "prod-bank/role/ReadOnly": True,
        "prod-shop/role/ReadOnly": True,
    }
    assert results[0].to_json()["selected"] == "any of group Developers → every ReadOnly"


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (
            {"principal": "any of group Developer", "role": "every ReadOnly"},
            'principal: means nobody, got "any of group Developer"; did you mean `Developers`?',
        ),
        (
            {"principal": "people/user/ann", "role": "every ReadOnyl"},
            'role: means nobody, got "every ReadOnyl"; did you mean `ReadOnly`?',
        ),
        (
            {"principal": "people/user/ann", "role": "every ReadOnly", "in": ["test-*"]},
            'in: no account of these has the role, got ["test-*"]; correct the accounts',
        ),
    ],
)
def test_a_selector_that_means_nobody_is_an_error(estate: Estate, test: dict[str, Any], said: str) -> None:
    with pytest.raises(AccessTestsError) as found:
        _names(estate, **test)
    assert str(found.value) == f"access-tests.yaml: tests[0].{said}"


@pytest.mark.parametrize(
    ("test", "said"),
    [
        ({"principal": "any of group", "role": "every R"}, 'principal: not a selector, got "any of group"; write'),
        ({"principal": "people/user/ann", "role": "every a/b"}, 'role: not a selector, got "every a/b"; write'),
        ({"principal": "people/user/ann", "role": "any of group D"}, "role: only users are in groups, got"),
        (
            {"principal": "people/user/ann", "role": "dev/role/Admin", "in": "dev"},
            'in: limits a selector, and the test has none, got "dev"; remove it',
        ),
        ({"principal": "every ann", "role": "every R", "in": [5]}, "in: must be names of accounts, with * and ?"),
    ],
)
def test_a_selector_that_is_none_is_refused(test: dict[str, Any], said: str) -> None:
    with pytest.raises(AccessTestsError) as found:
        _tests(expect="allowed", **test)
    assert str(found.value).startswith(f"access-tests.yaml: tests[0].{said}")
