"""Edits that change the form and not the access: neutral both ways, with requests of today or of any day."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from crossaccount.access.diff import diff
from crossaccount.access.estate import Estate, Organization
from crossaccount.access.estate.entities import Membership

AUTH, WORKLOAD, THIRD = "111111111111", "222222222222", "333333333333"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
ANYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
PEOPLE = f"arn:aws:iam::{AUTH}:user/*"
BEFORE_2030 = "2030-01-01T00:00:00Z"
MFA, YOUNG = {"aws:MultiFactorAuthPresent": "true"}, {"aws:MultiFactorAuthAge": "3600"}
TEAM = {"aws:RequestTag/team": "red"}
IN_ORGANISATION = {"StringEquals": {"aws:PrincipalOrgID": "o-abc"}}


def _estate(
    condition: Any = None, identity: Any = None, principal: Any = None, above: Any = None, since: Any = NOW
) -> Estate:
    trust = {"Effect": "Allow", "Principal": principal or {"AWS": AUTH}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    trust |= {"Condition": condition} if condition else {}
    user = {
        "UserName": "u",
        "UserId": "AIDAUSER",
        "Arn": f"arn:aws:iam::{AUTH}:user/u",
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": _document(identity or ANYTHING)}],
    }
    role = {"RoleName": "R", "Arn": f"arn:aws:iam::{WORKLOAD}:role/R", "AssumeRolePolicyDocument": _document([trust])}
    details = [{"UserDetailList": [user]}, {"RoleDetailList": [role]}]
    return Estate.from_details(details, since=since, organizations=[above] if above else ())


def _document(statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


FORMS = {
    "IfExists: secure transport": (
        {"Bool": {"aws:SecureTransport": "true"}},
        {"BoolIfExists": {"aws:SecureTransport": "true"}},
    ),
    "IfExists: the time": (
        {"DateLessThan": {"aws:CurrentTime": BEFORE_2030}},
        {"DateLessThanIfExists": {"aws:CurrentTime": BEFORE_2030}},
    ),
    "IfExists: the principal": (
        {"ArnLike": {"aws:PrincipalArn": PEOPLE}},
        {"ArnLikeIfExists": {"aws:PrincipalArn": PEOPLE}},
    ),
    "IfExists: its account": (
        {"StringEquals": {"aws:PrincipalAccount": AUTH}},
        {"StringEqualsIfExists": {"aws:PrincipalAccount": AUTH}},
    ),
    "IfExists: the role's account": (
        {"StringEquals": {"aws:ResourceAccount": WORKLOAD}},
        {"StringEqualsIfExists": {"aws:ResourceAccount": WORKLOAD}},
    ),
    "IfExists: the session's name": (
        {"StringLike": {"sts:RoleSessionName": "a*"}},
        {"StringLikeIfExists": {"sts:RoleSessionName": "a*"}},
    ),
    "ArnEquals is ArnLike": ({"ArnEquals": {"aws:PrincipalArn": PEOPLE}}, {"ArnLike": {"aws:PrincipalArn": PEOPLE}}),
    "ArnNotEquals is ArnNotLike": (
        {"ArnNotEquals": {"aws:PrincipalArn": PEOPLE}},
        {"ArnNotLike": {"aws:PrincipalArn": PEOPLE}},
    ),
    "the age of an MFA says that there is one": ({"NumericLessThan": YOUNG}, {"NumericLessThan": YOUNG, "Bool": MFA}),
    "one time by two names": (
        {"DateLessThan": {"aws:CurrentTime": BEFORE_2030}},
        {"NumericLessThan": {"aws:EpochTime": "1893456000"}},
    ),
    "one time in two forms": (
        {"DateLessThan": {"aws:CurrentTime": BEFORE_2030}},
        {"DateLessThan": {"aws:CurrentTime": "2030-01-01"}},
    ),
    "a tag is among the keys of tags": (
        {"StringEquals": TEAM},
        {"StringEquals": TEAM, "ForAnyValue:StringEquals": {"aws:TagKeys": ["team", "x"]}},
    ),
    "with a tag there are keys": ({"StringEquals": TEAM}, {"StringEquals": TEAM, "Null": {"aws:TagKeys": "false"}}),
    "a tag that is compared is there": (
        {"StringEquals": TEAM},
        {"StringEquals": TEAM, "Null": {"aws:RequestTag/team": "false"}},
    ),
}
OTHERS = {
    "AWS says nowhere that MFA always has an age": ({"Null": {"aws:MultiFactorAuthAge": "false"}}, {"Bool": MFA}),
    "an older MFA": ({"NumericLessThan": YOUNG}, {"NumericLessThan": {"aws:MultiFactorAuthAge": "7200"}, "Bool": MFA}),
    "IfExists: the age alone": ({"NumericLessThan": YOUNG}, {"NumericLessThanIfExists": YOUNG}),
    "IfExists: MFA": ({"Bool": MFA}, {"BoolIfExists": MFA}),
    "IfExists: an external ID": (
        {"StringEquals": {"sts:ExternalId": "x1"}},
        {"StringEqualsIfExists": {"sts:ExternalId": "x1"}},
    ),
    "another time": (
        {"DateLessThan": {"aws:CurrentTime": BEFORE_2030}},
        {"NumericLessThan": {"aws:EpochTime": "1893456001"}},
    ),
    "the keys of tags alone": ({"StringEquals": TEAM}, {"ForAnyValue:StringEquals": {"aws:TagKeys": ["team"]}}),
}


@pytest.mark.parametrize("since", [NOW, None])
@pytest.mark.parametrize("name", FORMS)
def test_another_form_is_no_change(name: str, since: datetime | None):
    one, other = (_estate(each, since=since) for each in FORMS[name])
    assert (diff(one, other).verdict, diff(other, one).verdict) == ("neutral", "neutral")


@pytest.mark.parametrize("since", [NOW, None])
@pytest.mark.parametrize("name", OTHERS)
def test_what_only_looks_like_it_is_one(name: str, since: datetime | None):
    one, other = (_estate(each, since=since) for each in OTHERS[name])
    assert (diff(one, other).verdict, diff(other, one).verdict) == ("broadening", "narrowing")


PASSED, TO_COME = "2025-01-01T00:00:00Z", "2030-01-01T00:00:00Z"
DENY = {**ANYTHING[0], "Effect": "Deny"}
OVER = {
    "a date since which it works": ({"DateGreaterThan": {"aws:CurrentTime": PASSED}}, None),
    "one of two dates": (
        {"DateGreaterThan": {"aws:CurrentTime": PASSED}, "DateLessThan": {"aws:EpochTime": TO_COME}},
        {"DateLessThan": {"aws:EpochTime": TO_COME}},
    ),
    "in seconds": ({"NumericGreaterThan": {"aws:EpochTime": "1700000000"}}, None),
}


@pytest.mark.parametrize("name", OVER)
def test_a_date_that_has_passed_changes_nothing(name: str):
    for of in ("trust", "identity"):
        one, other = (
            _estate(each)
            if of == "trust"
            else _estate(identity=[{**ANYTHING[0], **({"Condition": each} if each else {})}])
            for each in OVER[name]
        )
        assert (diff(one, other).verdict, diff(other, one).verdict) == ("neutral", "neutral"), of


@pytest.mark.parametrize(
    "over",
    [
        {**DENY, "Condition": {"DateLessThan": {"aws:CurrentTime": PASSED}}},
        {**DENY, "Condition": {"DateLessThan": {"aws:TokenIssueTime": PASSED}}},
        {**ANYTHING[0], "Condition": {"DateLessThan": {"aws:CurrentTime": PASSED}}},
    ],
)
def test_a_statement_whose_time_is_over_changes_nothing(over: dict[str, Any]):
    reading = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    one, other = _estate(identity=[*reading, over]), _estate(identity=reading)
    assert (diff(one, other).verdict, diff(other, one).verdict) == ("neutral", "neutral")
    undated = [_estate(identity=each, since=None) for each in ([*reading, over], reading)]
    assert diff(*undated).verdict != "neutral"


def test_a_date_that_lets_nobody_in_any_more_is_a_change_where_it_goes():
    one, other = _estate({"DateLessThan": {"aws:CurrentTime": PASSED}}), _estate()
    assert (diff(one, other).verdict, diff(other, one).verdict) == ("broadening", "narrowing")


@pytest.mark.parametrize("spared", [["iam:*"], ["iam:*", "sts:*"], ["s3:Get*"], ["iam:*", "organizations:*"]])
def test_an_allow_of_everything_that_is_split_by_what_it_spares_is_the_same(spared: list[str]):
    split = [{**ANYTHING[0], "NotAction": spared}, {**ANYTHING[0], "Action": spared}]
    del split[0]["Action"]
    one, other = _estate(identity=ANYTHING), _estate(identity=split)
    assert (diff(one, other).verdict, diff(other, one).verdict) == ("neutral", "neutral")
    assert diff(one, _estate(identity=split[:1])).verdict == "narrowing"


@pytest.mark.parametrize("accounts", [[AUTH, WORKLOAD], [AUTH, WORKLOAD, THIRD]])
@pytest.mark.parametrize("principal", [{"AWS": AUTH}, "*"])
def test_an_organisation_that_is_only_named_changes_nothing(principal: Any, accounts: list[str]):
    above = Organization("o-abc", {each: Membership("o-abc", f"o-abc/r-1/{each}/") for each in accounts})
    one = _estate(IN_ORGANISATION, principal=principal)
    other = _estate(IN_ORGANISATION, principal=principal, above=above)
    assert (diff(one, other).verdict, diff(other, one).verdict) == ("neutral", "neutral")


def test_what_an_organisation_forbids_is_a_change():
    deny = {AUTH: [{"Stop": _document([{"Effect": "Deny", "Action": "sts:*", "Resource": "*"}])}]}
    under = Estate.from_details((), service_control=deny).service_control
    above = Organization("o-abc", {each: Membership("o-abc", f"o-abc/r-1/{each}/") for each in (AUTH, WORKLOAD)})
    one, other = _estate(IN_ORGANISATION), _estate(IN_ORGANISATION, above=replace(above, service_control=under))
    assert (diff(one, other).verdict, diff(other, one).verdict) == ("narrowing", "broadening")
