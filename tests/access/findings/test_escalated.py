"""Who makes itself able to get to a role: steps that change something are marked, and kept apart from assuming."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crossaccount.access.chains import Chains
from crossaccount.access.estate import Estate
from crossaccount.access.findings.escalated import Escalated, escalated_to

A, B = "111111111111", "222222222222"
ADMIN = f"arn:aws:iam::{B}:role/Admin"


def _may(action: str | list[str], resource: str) -> dict[str, Any]:
    return {"inline": {"p": [{"Action": action, "Resource": resource}]}}


def _escalated(details_of: Callable[..., Any], accounts: Any, role: str = ADMIN) -> dict[str, Escalated]:
    details = details_of(accounts)
    found = escalated_to(details, Chains(Estate.from_details(details)), role)
    return {each.principal.rsplit("/", 1)[1]: each for each in found}


def _actions(found: Escalated) -> list[tuple[str, str]]:
    return [(each.action, each.target.rsplit("/", 1)[1]) for each in found.steps]


def test_a_trust_is_rewritten_and_a_plain_path_is_not_an_escalation(details_of: Callable[..., Any]) -> None:
    users = {
        "writer": _may("iam:UpdateAssumeRolePolicy", ADMIN),
        "friend": _may("sts:AssumeRole", ADMIN),
        "nobody": {},
    }
    trust = [{"Principal": {"AWS": f"arn:aws:iam::{B}:user/friend"}, "Action": "sts:AssumeRole"}]
    found = _escalated(details_of, {B: {"users": users, "roles": {"Admin": {"trust": trust}}}})
    assert {name: _actions(each) for name, each in found.items()} == {
        "writer": [("iam:UpdateAssumeRolePolicy", "Admin")]
    }
    (step,) = found["writer"].to_json()["steps"]
    assert (step["escalation"], step["alternatives"]) == (True, [[]])


def test_credentials_of_somebody_who_may_and_an_own_grant(details_of: Callable[..., Any]) -> None:
    users = {
        "keys": _may("iam:CreateAccessKey", f"arn:aws:iam::{A}:user/bo"),
        "bo": _may("sts:AssumeRole", ADMIN),
        "self": _may("iam:PutUserPolicy", f"arn:aws:iam::{A}:user/self"),
        "other": _may("iam:PutUserPolicy", f"arn:aws:iam::{A}:user/bo"),
    }
    trust = [{"Principal": {"AWS": A}, "Action": "sts:AssumeRole"}]
    found = _escalated(details_of, {A: {"users": users}, B: {"roles": {"Admin": {"trust": trust}}}})
    assert {name: _actions(each) for name, each in found.items()} == {
        "keys": [("iam:CreateAccessKey", "bo"), ("sts:AssumeRole", "Admin")],
        "self": [("iam:PutUserPolicy", "Admin")],
    }


def test_a_role_is_passed_to_what_runs_code_in_its_own_account_alone(details_of: Callable[..., Any]) -> None:
    passing = _may(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"], "*")
    trust = [{"Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    accounts = {A: {"users": {"far": passing}}, B: {"users": {"near": passing}, "roles": {"Admin": {"trust": trust}}}}
    assert {name: _actions(each) for name, each in _escalated(details_of, accounts).items()} == {
        "near": [("iam:PassRole", "Admin")]
    }


def test_who_assumes_a_role_that_can_is_reported_as_well(details_of: Callable[..., Any]) -> None:
    into = [{"Principal": {"AWS": f"arn:aws:iam::{B}:user/kim"}, "Action": "sts:AssumeRole"}]
    ops = {"trust": into, **_may("iam:UpdateAssumeRolePolicy", ADMIN)}
    found = _escalated(details_of, {B: {"users": {"kim": {}}, "roles": {"ops": ops, "Admin": {}}}})
    assert _actions(found["kim"]) == [("sts:AssumeRole", "ops"), ("iam:UpdateAssumeRolePolicy", "Admin")]
