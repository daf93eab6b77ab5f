"""Access in a plain preview, and the state as a source, under the real engine."""

from __future__ import annotations

from typing import Any

import pytest

from components.program import program
from crossaccount.sources import Sources, read_sources
from crossaccount.sources.stacks import find_stack
from crossaccount.sources.state import describe_state
from tests.engine.conftest import Workspace

pytestmark = pytest.mark.engine


def require_mfa(config: dict[str, Any]) -> None:
    config["crossaccount:trusting"]["roles"]["AssumedRoleForUsers"]["trust"][0]["mfa"] = True


def test_a_plain_preview_reads_as_access_and_says_what_it_does(deployed: Workspace) -> None:
    assert "access:" not in deployed.run("preview", "--stack", "workload")
    deployed.edit("workload", require_mfa)
    printed = deployed.run("preview", "--stack", "workload")
    assert "access: narrowing: path-tightened auth → workload/role/AssumedRoleForUsers" in printed
    assert "lets in arn:aws:iam::111111111111:root by sts:AssumeRole" in printed
    assert "access: narrowing" in deployed.up("workload")
    assert set(deployed.changes("workload", "--refresh")) == {"same"}


def sources(workspace: Workspace, *texts: str) -> Sources:
    return read_sources(texts, lambda: program, directory=workspace.folder)


def test_a_state_is_what_was_declared_from_files_and_through_the_cli(
    deployed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)
    declared = sources(deployed, "stack:auth", "stack:workload")
    from_files = sources(deployed, "state:auth", "state:workload")
    assert without_ids(from_files) == without_ids(declared)
    # No file:// in sight: the CLI is asked, which still finds its backend in PULUMI_HOME.
    backend = deployed.environment["PULUMI_BACKEND_URL"]
    deployed.run("login", backend)
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    by_cli = describe_state(find_stack("workload", deployed.folder, "state:workload"))
    assert by_cli.details == from_files.details[1]


def without_ids(found: Sources) -> list[Any]:
    """Their details without the IDs, which only AWS gives."""
    return [
        {
            key: [{name: value for name, value in item.items() if not name.endswith("Id")} for item in items]
            for key, items in each.items()
        }
        for each in found.details
    ]
