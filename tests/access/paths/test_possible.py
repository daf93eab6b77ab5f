"""What hangs on principals that no stack declares: cases are data, in ``cases/possible``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossaccount.access.estate import Estate, Organization
from crossaccount.access.estate.entities import Membership
from crossaccount.access.evaluation.evaluate import judge_assume
from crossaccount.access.explanation.explain import why
from crossaccount.access.paths import paths
from crossaccount.access.paths.possible import may_exist, possible, possible_for
from tests.case_files import read_cases

CASES = read_cases(Path(__file__).parents[1] / "cases" / "possible" / "trusts.yaml")
AUTH, WORKLOAD = "111111111111", "222222222222"
TARGET = f"arn:aws:iam::{WORKLOAD}:role/target"
GRANT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}]}
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CASES_BY_NAME = [pytest.param(case, id=case["name"]) for case in CASES]


def _estate(case: dict[str, Any], **more: Any) -> Estate:
    trust = [{"Effect": "Allow", "Action": "sts:AssumeRole", **each} for each in case["trust"]]
    ec2 = [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    users = [
        {
            "UserName": name,
            "Arn": f"arn:aws:iam::{AUTH}:user/{name}",
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": GRANT}] if name == "ann" else [],
        }
        for name in ("ann", "bob")
    ]
    details = [{"UserDetailList": users, "RoleDetailList": [_role(AUTH, "ci", ec2)]}]
    details.append({"RoleDetailList": [_role(WORKLOAD, "target", trust)]})
    return Estate.from_details(details, declared=case.get("declared", [AUTH]), since=NOW, **more)


def _role(account: str, name: str, trust: list[dict[str, Any]]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": trust}
    return {"RoleName": name, "Arn": f"arn:aws:iam::{account}:role/{name}", "AssumeRolePolicyDocument": document}


@pytest.mark.parametrize("case", CASES_BY_NAME)
def test_what_depends_on_principals_that_no_stack_declares(case: dict[str, Any]):
    found = [each.to_json() for each in possible(_estate(case), (TARGET,))]
    assert {each["principal"]: each["assumes"] for each in found} == case["possible"]
    assert {each["role"] for each in found} <= {TARGET}


@pytest.mark.parametrize("case", CASES_BY_NAME)
def test_paths_are_the_same_whether_an_account_is_whole_or_declared(case: dict[str, Any]):
    estate = _estate(case)
    assert list(paths(estate)) == list(paths(replace(estate, declared=frozenset())))


@pytest.mark.parametrize("case", CASES_BY_NAME)
def test_one_whom_a_trust_names_is_possible_by_itself_and_a_test_of_it_is_undetermined(case: dict[str, Any]):
    estate = _estate(case)
    for principal in case["possible"]:
        if "*" in principal or principal.endswith(":root"):
            continue
        assert [each.role for each in possible_for(estate, principal)] == [TARGET]
        assert may_exist(estate, principal)
        assert judge_assume(estate, principal, TARGET, {}, now=NOW).outcome == "undetermined"
        assert why(estate, principal, TARGET).outcome == "undetermined"


def test_one_whom_a_pattern_fits_may_exist_and_one_of_a_whole_account_is_likely_a_slip():
    named, whole = (_estate(next(each for each in CASES if text in each["name"])) for text in ("Identity", "root"))
    person = f"arn:aws:iam::{AUTH}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_Admin_0123456789abcdef"
    assert may_exist(named, person)
    assert not may_exist(named, f"arn:aws:iam::{AUTH}:user/bbo")
    assert not may_exist(whole, f"arn:aws:iam::{AUTH}:user/bbo")
    assert not may_exist(named, f"arn:aws:iam::{AUTH}:user/bob")


def test_a_principal_that_is_described_after_all_is_judged():
    case = next(each for each in CASES if each["name"] == "one by name whom the stack does not declare")
    later = {**_role(AUTH, "later", []), "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": GRANT}]}
    estate = _estate(case)
    more = Estate.from_details([{"RoleDetailList": [later]}])
    joined = replace(estate, roles={**estate.roles, **more.roles})
    assert judge_assume(joined, later["Arn"], TARGET, {}, now=NOW).outcome == "allowed"
    assert list(possible(joined)) == []


@pytest.mark.parametrize(("declared", "expected"), [([AUTH], ["o-abc"]), ([], [])])
def test_an_organisation_of_which_all_accounts_are_described_may_have_more_in_those_that_are_declared(
    declared: list[str], expected: list[str]
):
    members = {each: Membership("o-abc", f"o-abc/r-1/{each}/") for each in (AUTH, WORKLOAD)}
    trust = [{"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}}]
    estate = _estate({"trust": trust, "declared": declared}, organizations=[Organization("o-abc", members)])
    assert [each.principal for each in possible(estate)] == expected
