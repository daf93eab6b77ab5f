"""The real engine on a local AWS: the pulumi CLI through the Automation API, with the stand-in ``aws`` provider.

Everything of Pulumi's is private to a temporary folder: home, state, passphrase and the stacks' config files. A user's
login, state and files are never touched.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pulumi import automation

from crossaccount.engine.deployment import Deployment, DeploymentError, Program, Resource, Stack
from crossaccount.engine.local_config import local_config as local_config
from crossaccount.local.clients import Credentials
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.settings.yaml_writing import yaml_text

INSTALL = "install it: https://www.pulumi.com/docs/install/"

NOISE = ("update failed", "preview failed", "an unhandled error occurred", "running error")


def installed() -> bool:
    """Whether there is a pulumi CLI on the PATH."""
    return shutil.which("pulumi") is not None


def private_environment(home: Path, provider_port: int) -> dict[str, str]:
    """The environment in which a CLI uses nothing of the user's and the stand-in provider on ``provider_port``."""
    state = home / "state"
    state.mkdir(parents=True, exist_ok=True)
    return {
        "PULUMI_HOME": str(home / "home"),
        "PULUMI_BACKEND_URL": f"file://{state}",
        "PULUMI_CONFIG_PASSPHRASE": "rehearsal",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # A debug provider is attached: looking for the real plugin would only cost time.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_DEBUG_PROVIDERS": f"aws:{provider_port}",
    }


class PulumiEngine:
    """Deploys onto ``local`` with the CLI; a context manager, since provider and state live as long as it."""

    name = "pulumi"

    def __init__(self, local: LocalAws, program: Program, deployer: Credentials | None = None) -> None:
        self._local = local
        self._program = program
        self._deployer = deployer
        self._resources = ExitStack()

    def __enter__(self) -> Self:
        self._home = Path(self._resources.enter_context(tempfile.TemporaryDirectory(prefix="crossaccount-pulumi-")))
        port = self._resources.enter_context(serve_provider())
        self.environment = private_environment(self._home, port)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.close()

    def up(self, stack: Stack, on_resource: Callable[[str], None] | None = None) -> Deployment:
        """See :class:`~crossaccount.engine.deployment.Engine`."""
        events = _Events(on_resource)
        try:
            selected = self.select(stack)
            result = selected.up(on_event=events, log_flow=False)
        except automation.CommandError as error:
            raise DeploymentError(stack.name, events.failure() or str(error)) from error
        outputs = {name: output.value for name, output in result.outputs.items()}
        return Deployment(stack.name, tuple(events.resources), outputs, tuple(events.messages))

    def select(self, stack: Stack) -> automation.Stack:
        """The stack as the Automation API knows it, created if need be, for whatever else the CLI can do."""
        folder = self._home / "work" / stack.project / stack.name
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"Pulumi.{stack.name}.yaml"
        config = {"config": local_config(stack, self._local.endpoint, self._deployer)}
        if file.exists():
            config = {**read_yaml(file, file.name), **config}
        file.write_text(yaml_text(config), encoding="utf-8")
        return automation.create_or_select_stack(
            stack.name,
            project_name=stack.project,
            program=partial(self._program, root=stack.directory),
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(folder),
                pulumi_home=self.environment["PULUMI_HOME"],
                env_vars={**os.environ, **self.environment},
                project_settings=automation.ProjectSettings(name=stack.project, runtime="python"),
            ),
        )


class _Events:
    """Reads resources, warnings and errors out of the engine's events."""

    def __init__(self, on_resource: Callable[[str], None] | None) -> None:
        self._on_resource = on_resource
        self.resources: list[Resource] = []
        self.messages: list[str] = []
        self.errors: list[str] = []

    def __call__(self, event: automation.EngineEvent) -> None:
        if (made := event.res_outputs_event) is not None and made.metadata.new is not None:
            self._keep(made.metadata)
        if (said := event.diagnostic_event) is not None:
            text = said.message.strip()
            if said.severity == "error" and text not in self.errors and not text.startswith(NOISE):
                self.errors.append(text)
            elif said.severity in ("warning", "info"):
                self.messages.append(text)

    def _keep(self, metadata: automation.StepEventMetadata) -> None:
        new = metadata.new
        if new is None or not new.custom:
            return
        name = metadata.urn.split("::", 3)[-1]
        inputs: Mapping[str, Any] = new.inputs or {}
        self.resources.append(Resource(metadata.urn, metadata.type, name, inputs, new.outputs or {}, new.id or ""))
        if self._on_resource:
            self._on_resource(name)

    def failure(self) -> str:
        return "\n".join(self.errors)
