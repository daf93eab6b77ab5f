"""``deploy`` runs the program as a stack and gives back what it declared; see charter rule 7."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.deployment import Deployment, Stack
from crossaccount.engine.recording import record

ACCOUNTS = {
    "auth": {"id": "111111111111", "stack": "auth"},
    "workload": {"id": "222222222222", "stack": "workload"},
    "partner": {"id": "333333333333"},
}

Deploy = Callable[..., Deployment]


def config_of(account: str, **parts: Any) -> dict[str, Any]:
    """A stack's config: ``parts`` are the keys under ``crossaccount:``."""
    return {
        "aws:region": "us-west-2",
        "aws:allowedAccountIds": [ACCOUNTS[account]["id"]],
        "crossaccount:accounts": ACCOUNTS,
        "crossaccount:account": account,
        **{f"crossaccount:{key}": value for key, value in parts.items()},
    }


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """Run the program for ``account``; keyword arguments are its config, ``references`` its upstreams' outputs."""

    def run(
        account: str,
        *,
        references: Mapping[str, Mapping[str, Any]] | None = None,
        deployed: Mapping[str, Mapping[str, Any]] | None = None,
        preview: bool = False,
        **parts: Any,
    ) -> Deployment:
        stack = Stack("crossaccount", account, config_of(account, **parts), tmp_path)
        return record(stack, program, references=references, deployed=deployed, preview=preview)

    return run


def only(deployment: Deployment, token: str, name: str | None = None) -> Mapping[str, Any]:
    """The inputs of the only resource of a type (with this AWS name)."""
    found = [each.inputs for each in deployment.of_type(token) if name is None or each.inputs.get("name") == name]
    assert len(found) == 1, f"{len(found)} resources of type {token} named {name}"
    return found[0]
