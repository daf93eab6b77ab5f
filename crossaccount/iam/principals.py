"""The ``Principal`` element of a trust policy, as IAM accepts it.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from crossaccount.iam.account_ids import check_account_id
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.documents import as_list
from crossaccount.iam.names import has_wildcard
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem

PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
SERVICE = re.compile(r"\A[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com(\.cn)?\Z")
_UNIQUE_ID = re.compile(r"\A(AROA|AIDA)[A-Z0-9]{12,124}\Z")
_KINDS = ("user", "role", "root", "assumed-role", "federated-user")


def is_unique_id(text: str) -> bool:
    """Whether a text is the unique ID of a user or a role, which stands in a trust where its bearer is gone."""
    return _UNIQUE_ID.match(text) is not None


def check_principal(principal: object, where: str) -> list[Problem]:
    """Everything wrong with a ``Principal``: ``"*"``, or a mapping of type to one or many principals."""
    if principal == "*":
        return []
    if not isinstance(principal, Mapping) or not principal:
        return [Problem(where, "must be a mapping of type to principals", principal, "write {AWS: …} or {Service: …}")]
    problems: list[Problem] = []
    for kind, values in principal.items():
        place = f"{where}.{kind}"
        if kind not in PRINCIPAL_TYPES:
            fix = did_you_mean(str(kind), PRINCIPAL_TYPES, f"use one of {', '.join(PRINCIPAL_TYPES)}")
            problems.append(Problem(place, "not a principal type", kind, fix))
        elif not as_list(values):
            problems.append(Problem(place, "names nobody", values, "name a principal, or leave the line out"))
        else:
            for index, value in enumerate(as_list(values)):
                problems += _check_one(kind, value, f"{place}[{index}]" if isinstance(values, list) else place)
    return problems


def _check_one(kind: str, value: object, where: str) -> list[Problem]:
    if isinstance(value, int) and not isinstance(value, bool) and (refusal := check_account_id(value)):
        return [Problem(where, refusal.what, value, refusal.fix)]
    if not isinstance(value, str) or not value:
        return [Problem(where, "must be a text", value, "name one principal in each item")]
    if kind == "AWS":
        return _check_aws(value, where)
    if kind == "Service" and not SERVICE.match(value):
        return [Problem(where, "not a service principal", value, "write it as <service>.amazonaws.com")]
    return []


def _check_aws(value: str, where: str) -> list[Problem]:
    if value == "*" or ACCOUNT_ID.match(value) or is_unique_id(value):
        return []
    if not is_arn(value):
        return [Problem(where, "not an AWS principal", value, "write an ARN or a 12-digit account ID")]
    if has_wildcard(value):
        fix = "name the account, with a Condition ArnLike on aws:PrincipalArn"
        return [Problem(where, "IAM takes no wildcard inside a principal's ARN", value, fix)]
    try:
        arn = parse_arn(value)
    except ValueError:
        return [Problem(where, "not an ARN", value, "write arn:aws:iam::<account>:role/<name>")]
    if arn.service not in ("iam", "sts") or arn.kind not in _KINDS:
        return [Problem(where, "only users, roles and accounts can be principals", value, "name a user or a role")]
    if not ACCOUNT_ID.match(arn.account):
        return [Problem(where, "the account of an ARN is 12 digits", value, "write the account's 12-digit ID")]
    return []
