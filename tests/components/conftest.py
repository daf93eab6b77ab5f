"""``deploy`` runs the program as a stack, ``declare`` any program; ``registered`` is what the engine was asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.mocks import MockMonitor

from components.program import program
from crossaccount.engine.deployment import Deployment, Stack
from crossaccount.engine.recording import record
from tests.components.registrations import Registration, Registrations

ACCOUNTS = {
    "auth": {"id": "111111111111", "stack": "auth"},
    "workload": {"id": "222222222222", "stack": "workload"},
    "partner": {"id": "333333333333"},
}

Deploy = Callable[..., Deployment]
Declare = Callable[..., Deployment]


def config_of(account: str, *, region: str = "us-west-2", **parts: Any) -> dict[str, Any]:
    """A stack's config: ``parts`` are the keys under ``crossaccount:``."""
    return {
        "aws:region": region,
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


@pytest.fixture
def declare(tmp_path: Path) -> Declare:
    """Run components without the program: ``declare(lambda: TrustedAccount("auth", {…}))``."""

    def run(declaration: Callable[[], object], *, preview: bool = False) -> Deployment:
        def declared(references: object = None, root: object = None) -> None:
            del references, root
            declaration()

        return record(Stack("crossaccount", "auth", config_of("auth"), tmp_path), declared, preview=preview)

    return run


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> Registrations:
    """Every resource that the program asks the engine for from here on, in the engine's own words."""
    seen = Registrations()
    register = MockMonitor.RegisterResource

    def watch(monitor: MockMonitor, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            seen.append(Registration.of(request))
        return register(monitor, request)

    monkeypatch.setattr(MockMonitor, "RegisterResource", watch)
    return seen


def only(deployment: Deployment, token: str, name: str | None = None) -> Mapping[str, Any]:
    """The inputs of the only resource of a type (with this AWS name)."""
    found = [each.inputs for each in deployment.of_type(token) if name is None or each.inputs.get("name") == name]
    assert len(found) == 1, f"{len(found)} resources of type {token} named {name}"
    return found[0]


def names(deployment: Deployment, token: str) -> set[str]:
    """The logical names of all resources of a type."""
    return {each.name for each in deployment.of_type(token)}
