"""One CLI call per run of a stack: Pulumi's Automation API without the calls that a fleet does not need.

``automation.Stack.up`` runs ``pulumi up`` and then asks the CLI twice more for outputs and once for the history; making
a stack asks it to select one. All that an ``up`` did is in its events, so each of those costs 0.2 to 0.5 s for nothing.
Only here we lean on how the SDK is made inside: that after the command itself ``up``, ``refresh`` and ``destroy`` call
nothing but ``outputs()`` and ``info()``, and that selecting goes through ``Workspace.select_stack``. If a release
changes that, results stay right and runs become slower; ``tests/job/engine/test_bare_stack.py`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pulumi import automation
from pulumi.automation._stack import StackInitMode


class _Selected(automation.LocalWorkspace):
    """A workspace that takes a stack's existence for granted: the job asked for all stacks at once."""

    def select_stack(self, stack_name: str) -> None:
        del stack_name


class BareStack(automation.Stack):
    """A stack whose outputs and summary come from its events alone."""

    def outputs(self) -> Any:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:
        del show_secrets
        return automation.UpdateSummary("", datetime.now(UTC), "", {}, {}, "")


def bare_stack(
    name: str,
    directory: Path,
    program: Any,
    environment: Mapping[str, str],
    command: automation.PulumiCommand,
    secrets_provider: str = "",
) -> automation.Stack:
    """The existing stack ``name`` of the project in ``directory``; nothing is run, and no file is written.

    ``secrets_provider`` is for whoever creates it in the workspace after all.
    """
    workspace = _Selected(
        work_dir=str(directory),
        pulumi_home=environment.get("PULUMI_HOME"),
        program=program,
        env_vars=environment,
        secrets_provider=secrets_provider or None,
        pulumi_command=command,
    )
    return BareStack(name, workspace, StackInitMode.SELECT)
