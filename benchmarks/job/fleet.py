"""A fleet to run: one stack that all others read, and any number of members, each trusting two of its roles.

All IDs and names follow from the number of stacks, so that every side of a comparison deploys the same.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from crossaccount.local.clients import Gateway
from crossaccount.sources.details import LISTS

ROOT = Path(__file__).parents[2]
HUB = "hub"
SERVICES = ("iam", "sts", "secretsmanager")


def members(stacks: int) -> list[str]:
    """The names of the other stacks of a fleet of ``stacks``."""
    return [f"member-{number:04}" for number in range(1, stacks)]


def account_id(stack: str) -> str:
    """A stack's account."""
    return "100000000000" if stack == HUB else f"2{int(stack.rpartition('-')[2]):011}"


def write_project(folder: Path, stacks: int, gateway: Gateway | None = None, *, by_cli: bool = False) -> None:
    """The fleet's project in ``folder``, which may be there already; ``gateway`` is the local AWS.

    ``by_cli`` adds the program, for a CLI that starts it itself.
    """
    folder.mkdir(parents=True, exist_ok=True)
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "fleet", "runtime": runtime}))
    if by_cli:
        shutil.copy(ROOT / "__main__.py", folder)
        for package in ("components", "crossaccount"):
            shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for stack in (HUB, *members(stacks)):
        write_stack(folder, stack, gateway)


def write_stack(folder: Path, stack: str, gateway: Gateway | None = None, *, edited: bool = False) -> None:
    """One stack's config. ``edited`` is the same with one statement more, as somebody's pull request would have it."""
    config = _hub() if stack == HUB else _member(edited)
    accounts = {HUB: {"id": account_id(HUB), "stack": HUB}, stack: {"id": account_id(stack), "stack": stack}}
    config |= {
        "crossaccount:account": stack,
        "crossaccount:accounts": accounts,
        "aws:region": "us-east-1",
        "aws:allowedAccountIds": [account_id(stack)],
    }
    if gateway:
        root = gateway.root(account_id(stack))
        config |= {"aws:accessKey": root.access_key_id, "aws:secretKey": root.secret_access_key}
        config |= {"aws:endpoints": [dict.fromkeys(SERVICES, gateway.endpoint)]}
    file = folder / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text()) if file.exists() else {}
    file.write_text(yaml.safe_dump({**content, "config": config}))


def _hub() -> dict[str, Any]:
    grant = {"assume": ["arn:aws:iam::*:role/deploy", "arn:aws:iam::*:role/audit"]}
    application = {"services": ["lambda.amazonaws.com"], "inline": {"reach": grant}}
    return {"crossaccount:trusted": {"applications": {"deployer": application, "auditor": application}}}


def _member(edited: bool) -> dict[str, Any]:
    audit: dict[str, Any] = {"trust": [{"principals": ["hub/role/auditor"]}]}
    audit["policies"] = ["arn:aws:iam::aws:policy/SecurityAudit"]
    if edited:
        audit["description"] = "reads, and changes nothing"
    actions = ["s3:*", "cloudformation:*", "sqs:*"]
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    deploy = {"trust": [{"principals": ["hub/role/deployer"]}], "inline": {"deploy": {"document": document}}}
    return {"crossaccount:reads": [HUB], "crossaccount:trusting": {"roles": {"deploy": deploy, "audit": audit}}}


def empty_account(stack: str, account_id: str) -> Mapping[str, Any]:
    """An account that has nothing."""
    del stack, account_id
    return {name: [] for name in LISTS}
