"""A run of a stack is one call of the CLI. If a release of Pulumi's SDK changes that, it shows here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi import automation
from semver import VersionInfo

from crossaccount.engine.pulumi_cli import bare_stack


class RecordingCommand(automation.PulumiCommand):
    """A CLI that does nothing, successfully."""

    def __init__(self) -> None:
        self.command, self.version = "pulumi", VersionInfo(3, 260)
        self.calls: list[list[str]] = []

    def run(
        self, args: list[str], cwd: str, additional_env: Mapping[str, str], on_output: Any = None, on_error: Any = None
    ) -> automation.CommandResult:
        del cwd, additional_env, on_output, on_error
        self.calls.append(args)
        return automation.CommandResult("", "", 0)


def _program() -> None:
    raise AssertionError("the CLI that does nothing asks for no program")


@pytest.mark.parametrize("verb", ["up", "refresh", "destroy"])
def test_one_call_for_one_run(verb: str, tmp_path: Path) -> None:
    command = RecordingCommand()
    stack = bare_stack("one", tmp_path, _program, {}, command)
    run: Callable[..., object] = getattr(stack, verb)
    run(on_event=print)
    [call] = command.calls
    assert call[0] == verb
    assert call[-2:] == ["--stack", "one"]
    assert list(tmp_path.iterdir()) == []


def test_a_new_stack_is_made_with_the_secrets_provider(tmp_path: Path) -> None:
    command = RecordingCommand()
    bare_stack("one", tmp_path, _program, {}, command, "awskms://alias/pulumi").workspace.create_stack("one")
    [call] = command.calls
    assert call[:3] == ["stack", "init", "one"]
    assert call[call.index("--secrets-provider") + 1] == "awskms://alias/pulumi"
