"""Random estates in which roles assume roles, with the conditions that a session decides."""

from __future__ import annotations

from random import Random
from typing import Any

from crossaccount.access.estate import Estate

ACCOUNTS = ("111111111111", "222222222222", "333333333333")
Json = dict[str, Any]
Pool = list[Json]

CONDITIONS: tuple[Json, ...] = (
    {"StringEquals": {"sts:ExternalId": "x"}},
    {"StringNotEquals": {"sts:ExternalId": "x"}},
    {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"Bool": {"aws:MultiFactorAuthPresent": "false"}},
    {"StringEquals": {"aws:PrincipalTag/team": "red"}},
    {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
    {"StringNotEquals": {"aws:PrincipalTag/team": "red"}},
    {"Null": {"aws:PrincipalTag/team": "true"}},
    {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}},
    {"StringEquals": {"aws:RequestTag/team": "red"}},
    {"ForAllValues:StringEquals": {"aws:TagKeys": ["cost"]}},
    {"StringEquals": {"sts:SourceIdentity": "alice"}},
    {"StringLike": {"aws:SourceIdentity": "a*"}},
    {"StringEquals": {"aws:SourceIdentity": "eve"}},
    {"Null": {"aws:SourceIdentity": "true"}},
    {"StringLike": {"aws:userid": "*:bob"}},
    {"StringNotLike": {"aws:userid": "*:bob"}},
    {"StringEquals": {"sts:RoleSessionName": "sess"}},
    {"ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": "team"}},
    {"Null": {"sts:TransitiveTagKeys": "true"}},
)
ACTIONS: tuple[Any, ...] = (
    "sts:AssumeRole",
    "sts:AssumeRole",
    ["sts:AssumeRole", "sts:TagSession"],
    ["sts:AssumeRole", "sts:SetSourceIdentity"],
    "sts:*",
)


def random_estate(random: Random, roles: int) -> Estate:
    """An estate of so many roles, each of which is assumed by a few others or by a user."""
    pool = random.sample(CONDITIONS, 6)
    arns = [f"arn:aws:iam::{random.choice(ACCOUNTS)}:role/r{number}" for number in range(roles)]
    users = [f"arn:aws:iam::{account}:user/u" for account in ACCOUNTS[:2]]
    every = [*users, *arns]
    wanted = {arn: random.sample(arns, min(len(arns), random.choice((1, 1, 2)))) for arn in every}
    trusted: dict[str, list[str]] = {arn: [] for arn in arns}
    for caller, targets in wanted.items():
        for target in targets:
            trusted[target].append(caller)
    details = [
        {
            "UserDetailList": [_user(arn, random, pool, wanted[arn]) for arn in users if account in arn],
            "RoleDetailList": [_role(arn, random, pool, wanted[arn], trusted[arn]) for arn in arns if account in arn],
        }
        for account in ACCOUNTS
    ]
    return Estate.from_details(details)


def _user(arn: str, random: Random, pool: Pool, wanted: list[str]) -> Json:
    return {"UserName": "u", "UserId": "AIDAU", "Arn": arn, "Tags": _tags(random)} | _grants(
        "User", random, pool, wanted
    )


def _role(arn: str, random: Random, pool: Pool, wanted: list[str], trusted: list[str]) -> Json:
    name = arn.rsplit("/")[-1]
    statements = [
        _statement(random, pool, {"Principal": {"AWS": caller if random.random() < 0.7 else caller.split(":")[4]}})
        for caller in trusted
    ]
    if not statements:
        statements = [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    elif random.random() < 0.15:
        statements.append(_statement(random, pool, {"Principal": "*"}, "Deny"))
    return {
        "RoleName": name,
        "RoleId": f"AROA{name.upper()}",
        "Arn": arn,
        "Tags": _tags(random),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": statements},
    } | _grants("Role", random, pool, wanted)


def _grants(kind: str, random: Random, pool: Pool, wanted: list[str]) -> Json:
    statements = [_statement(random, pool, {"Resource": target}, calm=True) for target in wanted]
    return {
        f"{kind}PolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}]
    }


def _statement(random: Random, pool: Pool, about: Json, effect: str = "Allow", *, calm: bool = False) -> Json:
    often = 0.2 if calm else 0.5
    condition = random.choice(pool) if random.random() < often or effect == "Deny" else {}
    action = "sts:*" if calm and random.random() < 0.7 else random.choice(ACTIONS)
    return {"Effect": effect, "Action": action, **about} | ({"Condition": condition} if condition else {})


def _tags(random: Random) -> list[Json]:
    value = random.choice((None, None, "red", "blue"))
    return [{"Key": "team", "Value": value}] if value else []
