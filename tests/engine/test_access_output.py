"""Access in a plain preview, and the state as a source, under the real engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from components.program import program
from crossaccount.sources import Sources, read_sources
from crossaccount.sources.stacks import find_stack
from crossaccount.sources.state import describe_state
from tests.engine.conftest import Workspace

pytestmark = pytest.mark.engine


POWER_USER = "arn:aws:iam::aws:policy/PowerUserAccess"


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


def test_a_deny_that_goes_is_the_only_line_of_a_plain_preview_that_goes(workspace: Workspace) -> None:
    def add(config: dict[str, Any]) -> None:
        inline = {"a": {"deny": ["workload/role/AssumedRole"]}}
        config["crossaccount:trusted"]["users"]["bo"] = {"policies": [POWER_USER], "inline": inline}

    workspace.edit("auth", add)
    workspace.up("auth")
    workspace.edit("auth", lambda config: config["crossaccount:trusted"]["users"]["bo"].pop("inline"))
    printed = workspace.run("preview", "--stack", "auth", "--diff")
    outputs = printed.partition("--outputs:--")[2].partition("Resources:")[0]
    assert "access: broadening: permission-gained" in printed
    [line] = [each for each in outputs.splitlines() if each.strip().startswith("- ")]
    assert "may not sts:AssumeRole on arn:aws:iam::222222222222:role/AssumedRole" in line
    assert not any(each.strip().startswith("+ ") for each in outputs.splitlines())


def test_what_a_stack_reads_leaves_nothing_in_its_state(deployed: Workspace) -> None:
    deployed.edit("workload", require_mfa)
    deployed.up("workload")
    printed = deployed.run("preview", "--stack", "workload", "--diff", "--expect-no-changes")
    assert "MultiFactorAuthPresent" not in printed, "the change is made, and is not shown again"
    deployed.run("refresh", "--stack", "workload", "--yes", "--expect-no-changes")
    deployed.run("stack", "rename", "--stack", "auth", "identity")
    deployed.run("stack", "rename", "--stack", "workload", "work")
    project = deployed.folder / "Pulumi.yaml"
    text = project.read_text().replace("stack: auth", "stack: identity").replace("stack: workload", "stack: work")
    project.write_text(text)
    deployed.run("refresh", "--stack", "work", "--yes", "--expect-no-changes")
    deployed.run("preview", "--stack", "work", "--expect-no-changes")
    deployed.run("up", "--stack", "work", "--yes", "--skip-preview", "--refresh", "--expect-no-changes")
    deployed.run("destroy", "--stack", "work", "--yes", "--skip-preview", "--refresh")


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
    """Their details without the IDs, which only AWS gives, and without what only a program says of a first password.

    By ARN: a state lists resources in the order in which the engine was done with them.
    """
    return [
        {
            key: sorted((_without_ids(item) for item in items), key=lambda item: item["Arn"])
            for key, items in each.items()
        }
        for each in found.details
    ]


def _without_ids(item: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in item.items() if not name.endswith("Id")}
    if kept.get("LoginProfile"):
        kept["LoginProfile"] = {"UserName": kept["LoginProfile"]["UserName"]}
    return kept
