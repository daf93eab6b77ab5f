"""``cases/evaluation.json``: conditions, variables and session tags as AWS evaluates them, with real calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crossaccount.local.clients import Aws

CASES = json.loads((Path(__file__).parents[1] / "cases" / "evaluation.json").read_text())
TAGS = [{"Key": "end", "Value": "st"}, {"Key": "role", "Value": "ed"}]


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@pytest.mark.parametrize(
    ("side", "case"),
    [(side, case) for side in CASES for case in CASES[side]],
    ids=lambda value: value["name"] if isinstance(value, dict) else value,
)
def test_as_aws_evaluates(
    side: str,
    case: dict[str, Any],
    fresh_account: Callable[[], Aws],
    role: Callable[..., str],
    user: Callable[..., Aws],
    assume: Callable[..., Aws],
) -> None:
    auth, workload = fresh_account(), fresh_account()
    case = json.loads(
        json.dumps(case).replace("{auth}", auth.account_id()).replace("{workload}", workload.account_id())
    )
    ana = user(auth, "Ana", "sts:AssumeRole")
    auth.iam.tag_user(UserName="Ana", Tags=TAGS)
    caller = ana
    if case["caller"] == "session":
        assuming = role(auth, "Assuming", auth.account_id(), Path="/team/")
        everything = document(Action="sts:*", Resource="*")
        auth.iam.put_role_policy(RoleName="Assuming", PolicyName="p", PolicyDocument=everything)
        caller = assume(ana, assuming)

    condition = {"Condition": case["condition"]} if "condition" in case else {}
    principal = {"AWS": auth.account_id()}
    if side == "trust":
        trust = document(Action="sts:AssumeRole", Principal=principal, **condition)
    else:
        trust = document(Action=["sts:AssumeRole", "sts:TagSession"], Principal=principal)
        grant = document(Action=case.get("action", "sts:AssumeRole"), Resource=case.get("resource", "*"), **condition)
        auth.iam.put_user_policy(UserName="Ana", PolicyName="p", PolicyDocument=grant)
    assumed = workload.iam.create_role(RoleName="Assumed", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    more: dict[str, Any] = {"ExternalId": case["external_id"]} if "external_id" in case else {}
    if case.get("tags"):
        more["Tags"] = [{"Key": "k", "Value": "v"}]
    if case["expect"] == "allowed":
        assume(caller, assumed, **more)
    else:
        with pytest.raises(caller.sts.exceptions.ClientError, match="AccessDenied"):
            assume(caller, assumed, **more)


def test_a_variable_in_what_a_session_may_do(
    fresh_account: Callable[[], Aws], role: Callable[..., str], user: Callable[..., Aws], assume: Callable[..., Aws]
) -> None:
    auth, workload = fresh_account(), fresh_account()
    assumed = role(workload, "Assumed", auth.account_id())
    grant = document(Action="sqs:CreateQueue", Resource="arn:aws:sqs:*:*:${aws:PrincipalAccount}-*")
    workload.iam.put_role_policy(RoleName="Assumed", PolicyName="p", PolicyDocument=grant)
    session = assume(user(auth, "Ana", "sts:AssumeRole"), assumed)
    session.sqs.create_queue(QueueName=f"{workload.account_id()}-q")
    with pytest.raises(session.sqs.exceptions.ClientError, match="AccessDenied"):
        session.sqs.create_queue(QueueName="other-q")
