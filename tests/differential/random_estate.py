"""Random policies for two accounts that trust each other at random: inside what the local AWS can express.

Left out are its named gaps: MFA other than a session's "none", source identity, organisations, and session tags under a
permissions boundary.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

OURS, THEIRS = "111111111111", "222222222222"
Document = dict[str, Any]

_CALLERS = (
    f"arn:aws:iam::{OURS}:user/u1",
    f"arn:aws:iam::{OURS}:user/*",
    f"arn:aws:iam::{OURS}:role/team/X",
    f"arn:aws:iam::{OURS}:role/*",
    f"arn:aws:iam::{OURS}:role/X",
    "*",
)
_TRUSTED: tuple[Any, ...] = (
    {"AWS": OURS},
    {"AWS": f"arn:aws:iam::{OURS}:root"},
    {"AWS": f"arn:aws:iam::{OURS}:user/u1"},
    {"AWS": f"arn:aws:iam::{OURS}:role/team/X"},
    {"AWS": "*"},
    {"AWS": [f"arn:aws:iam::{OURS}:user/u2", THEIRS]},
    {"Service": "lambda.amazonaws.com"},
)
_ACTIONS: tuple[Any, ...] = (
    "sts:AssumeRole",
    "sts:AssumeRole",
    "sts:AssumeRole",
    "sts:*",
    ["sts:AssumeRole", "sts:TagSession"],
    "STS:assumerole",
    "sts:TagSession",
)
_ROLES: tuple[Any, ...] = (
    "*",
    f"arn:aws:iam::{THEIRS}:role/*",
    f"arn:aws:iam::{THEIRS}:role/R?",
    f"arn:aws:iam::{THEIRS}:role/R${{aws:PrincipalTag/n}}",
    f"arn:aws:iam::{THEIRS}:role/r0",
    [f"arn:aws:iam::{THEIRS}:role/R0", f"arn:aws:iam::{OURS}:role/*"],
    f"arn:aws:iam::{OURS}:role/R1",
)
_STRING_KEYS = (
    "sts:ExternalId",
    "sts:RoleSessionName",
    "aws:PrincipalAccount",
    "aws:username",
    "aws:PrincipalTag/team",
    "aws:PrincipalArn",
    "aws:PrincipalType",
    "aws:RequestTag/k",
)
_STRINGS = ("qq", "sess", "*", "s*", OURS, "u1", "U1", "A", "a", "User", "v", "${aws:username}", "${aws:nope, 'sess'}")
_STRING_OPERATORS = ("StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase")
_ARN_OPERATORS = ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals")
_SUFFIXES = ("", "", "IfExists")


def trust(random: Random) -> Document:
    """A trust policy."""
    return _document(random, lambda: {"Principal": random.choice(_TRUSTED), "Action": random.choice(_ACTIONS)})


def identity(random: Random) -> Document:
    """An identity policy about assuming roles."""

    def what() -> Document:
        actions = {"Action": random.choice((*_ACTIONS, "*"))}
        other = {"NotAction": random.choice(("iam:*", "sts:*"))}
        resource = random.choice(("Resource",) * 9 + ("NotResource",))
        return {**random.choice((actions,) * 9 + (other,)), resource: random.choice(_ROLES)}

    return _document(random, what)


def _document(random: Random, what: Callable[[], Document]) -> Document:
    effects = ("Allow", "Allow", "Allow", "Deny")
    statements = [
        {"Effect": random.choice(effects), **what(), **_conditions(random)} for _ in range(random.randint(1, 2))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _conditions(random: Random) -> Document:
    block: dict[str, dict[str, Any]] = {}
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        operator, key, value = random.choice((_string, _arn, _flag, _absent, _number, _address))(random)
        block.setdefault(operator, {})[key] = value
    return {"Condition": block} if block else {}


def _string(random: Random) -> tuple[str, str, Any]:
    values = [random.choice((*_STRINGS, *_CALLERS)) for _ in range(random.randint(1, 2))]
    prefix = random.choice(("", "", "ForAnyValue:", "ForAllValues:"))
    return prefix + random.choice(_STRING_OPERATORS) + random.choice(_SUFFIXES), random.choice(_STRING_KEYS), values


def _arn(random: Random) -> tuple[str, str, Any]:
    return random.choice(_ARN_OPERATORS) + random.choice(_SUFFIXES), "aws:PrincipalArn", random.choice(_CALLERS)


def _flag(random: Random) -> tuple[str, str, Any]:
    keys = ("aws:MultiFactorAuthPresent", "aws:SecureTransport", "aws:ViaAWSService")
    return "Bool" + random.choice(_SUFFIXES), random.choice(keys), random.choice(("true", "false"))


def _absent(random: Random) -> tuple[str, str, Any]:
    keys = ("sts:ExternalId", "aws:MultiFactorAuthPresent", "aws:username", "aws:PrincipalTag/team", "aws:missing")
    return "Null", random.choice(keys), random.choice(("true", "false"))


def _number(random: Random) -> tuple[str, str, Any]:
    if random.random() < 0.5:
        return "NumericLessThan" + random.choice(_SUFFIXES), "aws:MultiFactorAuthAge", "3600"
    date = random.choice(("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"))
    return "DateGreaterThan" + random.choice(_SUFFIXES), "aws:CurrentTime", date


def _address(random: Random) -> tuple[str, str, Any]:
    block = random.choice(("127.0.0.1/32", "10.0.0.0/8", "0.0.0.0/0"))
    return random.choice(("IpAddress", "NotIpAddress")) + random.choice(_SUFFIXES), "aws:SourceIp", block
