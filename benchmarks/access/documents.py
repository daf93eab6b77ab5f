"""The policy documents of the benchmark's estate, with the conditions and denies that real ones have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

NAMES = ("app", "audit", "backup", "billing", "data", "deploy", "network", "ops", "read", "support")
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
_THIRD_PARTY = "999999999999"
_MFA = "aws:MultiFactorAuthPresent"

Json = dict[str, Any]


def role_arn(account: str, number: int) -> str:
    """The ARN of the role of this number."""
    return f"arn:aws:iam::{account}:role/{NAMES[number % len(NAMES)]}-{number}"


def grants(allowed: Iterable[tuple[str, int, bool]], random: Random) -> Json:
    """A group's grant on single roles and on roles by wildcard; some under a condition, some with denies."""
    resources = [
        f"arn:aws:iam::{account}:role/{NAMES[number % len(NAMES)]}-*" if by_name else role_arn(account, number)
        for account, number, by_name in allowed
    ]
    allow: Json = {"Sid": "Assume", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": resources}
    statements = [allow]
    if random.random() < 0.2:
        allow["Condition"] = {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]}}
    if random.random() < 0.3:
        deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/billing-*"}
        statements.append({"Sid": "NoBilling", **deny})
    if random.random() < 0.2:
        without = {"BoolIfExists": {_MFA: "false"}}
        statements.append({"Sid": "Mfa", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": without})
    return _document(*statements)


def own_grant() -> Json:
    """A grant that depends on its holder."""
    return _document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/${aws:username}"})


def boundary() -> Json:
    """A permissions boundary that allows sts:AssumeRole."""
    return _document({"Effect": "Allow", "Action": ["sts:*", "s3:*", "ec2:Describe*"], "Resource": "*"})


def use(arn: str) -> Json:
    """What a role is for."""
    bucket = f"arn:aws:s3:::{arn.rsplit('/', 1)[1]}"
    return _document(
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": [bucket, f"{bucket}/*"]}
    )


def chain(arn: str) -> Json:
    """A role's grant on another role."""
    return _document({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": arn})


def trusts(account: str, number: int, hubs: Sequence[str], random: Random) -> Json:
    """A role's trust in hubs, with conditions. A few roles also trust others, or only others."""
    statements = [_service()] if number == 0 or not hubs else []
    if hubs:
        statements.append(_of_accounts(hubs, account, number, random))
    if random.random() < 0.03:
        statements.append(_of_provider(account, random))
    if random.random() < 0.02:
        statements.append(_allow({"AWS": "*"}, {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}))
    if random.random() < 0.02:
        conditions = {"StringEquals": {"sts:ExternalId": f"{account}-{number}"}}
        statements.append(_allow({"AWS": f"arn:aws:iam::{_THIRD_PARTY}:root"}, conditions))
    if hubs and random.random() < 0.05:
        user = f"arn:aws:iam::{hubs[0]}:user/user-{random.randrange(10)}"
        statements.append({"Sid": "Not", "Effect": "Deny", "Principal": {"AWS": user}, "Action": "sts:AssumeRole"})
    return _document(*statements)


def _of_accounts(hubs: Sequence[str], account: str, number: int, random: Random) -> Json:
    conditions: list[Json] = [
        {},
        {"Bool": {_MFA: "true"}},
        {"Bool": {_MFA: "true"}, "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
        {"StringEquals": {"sts:ExternalId": f"{account}-{number}"}},
        {"StringNotEquals": {"aws:PrincipalTag/team": "audit"}},
    ]
    condition = random.choices(conditions, weights=(50, 20, 15, 10, 5))[0]
    return _allow({"AWS": [f"arn:aws:iam::{hub}:root" for hub in hubs]}, condition)


def _of_provider(account: str, random: Random) -> Json:
    host = "token.actions.githubusercontent.com"
    repository = f"repo:company/{random.choice(NAMES)}:*"
    conditions = {"StringEquals": {f"{host}:aud": "sts.amazonaws.com"}, "StringLike": {f"{host}:sub": repository}}
    statement = _allow({"Federated": f"arn:aws:iam::{account}:oidc-provider/{host}"}, conditions)
    return {**statement, "Action": "sts:AssumeRoleWithWebIdentity"}


def _service() -> Json:
    return _allow({"Service": "ec2.amazonaws.com"}, {})


def _allow(principal: Json, condition: Json) -> Json:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {**statement, "Condition": condition} if condition else statement


def _document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}
