"""How a person gets a secret that AWS shows once: through Secrets Manager, or encrypted to their PGP key.

A secret is never a stack output. An output only has its location, or its ciphertext.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from crossaccount.iam.entity_names import check_secret_name
from crossaccount.iam.problem import NOT_GIVEN, Problem

from .options import refused


class HandoverArgs(TypedDict):
    """Where a secret goes. Exactly one way: ``pgp_key``, or Secrets Manager under ``secret_name``."""

    secret_name: NotRequired[pulumi.Input[str]]
    """Name of the Secrets Manager secret."""
    recovery_days: NotRequired[pulumi.Input[int]]
    """Days in which a deleted secret can be restored (0, or 7 to 30). Its name stays taken that long."""
    pgp_key: NotRequired[pulumi.Input[str]]
    """Base64 of a binary OpenPGP public key, or ``keybase:NAME``."""


def handover_problems(where: str, args: HandoverArgs) -> Iterator[Problem]:
    """What is wrong with the way of a secret."""
    given = [way for way in ("secret_name", "pgp_key") if way in args]
    if len(given) != 1:
        fix = "keep one of them" if given else "add one of them"
        yield Problem(where, "needs exactly one of secret_name and pgp_key", given or NOT_GIVEN, fix)
    elif "pgp_key" in args and "recovery_days" in args:
        what = "is about a secret of Secrets Manager, and pgp_key makes none"
        yield Problem(f"{where}.recovery_days", what, NOT_GIVEN, "remove it")
    if isinstance(name := args.get("secret_name"), str):
        yield from refused(f"{where}.secret_name", name, check_secret_name(name))
    days = args.get("recovery_days")
    if isinstance(days, int) and days != 0 and not 7 <= days <= 30:
        yield Problem(f"{where}.recovery_days", "must be 0 or 7 to 30 days", days, "choose a number of those")


def store(
    logical_name: str, owner: pulumi.Resource, content: Mapping[str, Any], args: HandoverArgs
) -> dict[str, pulumi.Input[str]]:
    """Put ``content`` (which holds secret outputs) into Secrets Manager as a JSON object, and say where it lies."""
    opts = pulumi.ResourceOptions(parent=owner)
    secret = aws.secretsmanager.Secret(
        logical_name,
        name=args["secret_name"],
        recovery_window_in_days=args.get("recovery_days", 30),
        opts=opts,
    )
    text = pulumi.Output.all(**content).apply(lambda known: json.dumps(known, sort_keys=True))
    aws.secretsmanager.SecretVersion(f"{logical_name}-version", secret_id=secret.id, secret_string=text, opts=opts)
    return {"secret": args["secret_name"]}
