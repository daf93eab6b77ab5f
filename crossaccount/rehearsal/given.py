"""What only the proof needs: strangers, other applications, buckets. Made on the local AWS, never by ``up``.

``given`` has the schema of a stack, so it is run as one: its own config, the same program. No account in its address
book has a stack, because a proof may name any principal exactly without reading a stack's outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from crossaccount.access.access_tests import AccessTests
from crossaccount.engine.deployment import Stack
from crossaccount.local.clients import Aws

PARTS = ("policies", "trusted", "trusting")


def given_stacks(tests: AccessTests, project: str, directory: Path) -> dict[str, Stack]:
    """By account, a stack for every account of ``given`` that declares something in IAM."""
    result = {}
    accounts = {name: {"id": account_id} for name, account_id in tests.accounts.items()}
    for name, entry in tests.given.items():
        parts: dict[str, Any] = {f"crossaccount:{part}": entry[part] for part in PARTS if part in entry}
        if not parts:
            continue
        config: dict[str, Any] = {
            "crossaccount:accounts": {name: {"id": account_id(tests, name)}, **accounts},
            "crossaccount:account": name,
            "aws:allowedAccountIds": [account_id(tests, name)],
        }
        result[name] = Stack(project, f"given-{name}", {**config, **parts}, directory)
    return result


def buckets(tests: AccessTests) -> Mapping[str, list[str]]:
    """The names of given buckets by account ID."""
    return {account_id(tests, name): list(_names(entry)) for name, entry in tests.given.items() if "buckets" in entry}


def make_bucket(root: Aws, name: str) -> None:
    """Make an empty bucket in the account and region of ``root``."""
    location = {} if root.region == "us-east-1" else {"LocationConstraint": root.region}
    extra: Any = {"CreateBucketConfiguration": location} if location else {}
    root.s3.create_bucket(Bucket=name, **extra)


def account_id(tests: AccessTests, name: str) -> str:
    """The ID of an account of ``given``, by its name or its ID."""
    return tests.accounts.get(name, name)


def _names(entry: Mapping[str, Any]) -> Iterator[str]:
    yield from entry["buckets"]
