"""A small project on the real engine, whose AWS fails as a test tells it: shared by the tests of faults.

``hub`` makes what ``spoke`` trusts; ``other`` stands alone. Every test declares roles of its own, so that all can share
one local AWS and one state.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from components.program import program
from crossaccount.engine.automation_engine import AutomationEngine
from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.engine.retries import Patience, RetryingEngine
from crossaccount.job.afterwards.recovery import recover
from crossaccount.job.events import Event
from crossaccount.job.running.workers import Threads
from crossaccount.job.sign_in.live_accounts import LiveAccounts
from crossaccount.job.stacks import Stacks
from crossaccount.job.states import CliBackend
from crossaccount.local.clients import Aws, Gateway
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from crossaccount.settings import read_project
from tests.engine.conftest import ROOT, SERVICES
from tests.faulty_aws import FaultyAws

HUB, SPOKE, OTHER = "111111111111", "222222222222", "333333333333"
ACCOUNTS = {"hub": HUB, "spoke": SPOKE, "other": OTHER}
LAMBDA = {"services": ["lambda.amazonaws.com"]}
WAIT_SECONDS = 60.0
SOON = Patience(attempts=3, first=0.05)

_E = TypeVar("_E", bound=Event)


@dataclass
class Told:
    """What a job told."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[_E]) -> list[_E]:
        """The events of one kind."""
        return [each for each in self.events if isinstance(each, kind)]


@dataclass
class Job:
    """A job in this process."""

    stacks: Stacks
    told: Told


@dataclass
class FaultyProject:
    """The project, its AWS and its state."""

    folder: Path
    environment: dict[str, str]
    local: LocalAws
    aws: FaultyAws

    def job(self, patience: Patience = SOON, environment: Mapping[str, str] | None = None) -> Job:
        """A job that runs in this process."""
        told, everything = Told(), {**self.environment, **(environment or {})}
        engine = AutomationEngine(program, everything, recover=recover)
        live = LiveAccounts(read_project(self.folder).stacks)
        backend = CliBackend(self.folder, engine.command, everything)
        repeated = RetryingEngine(engine, patience)
        stacks = Stacks(
            self.folder, repeated, backend, workers=Threads(2), on_event=told, live=live, sign_in=live.signed_in
        )
        return Job(stacks, told)

    @contextmanager
    def command(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """``crossaccount`` as a process, in a process group of its own."""
        process = subprocess.Popen(
            [sys.executable, "-m", "crossaccount.cli", *arguments, "--dir", str(self.folder)],
            env={**os.environ, **self.environment, "PYTHONPATH": str(ROOT), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.communicate()

    def account(self, stack: str) -> Aws:
        """The root of a stack's account, past the faults."""
        return self.local.session(ACCOUNTS[stack])

    def edit(self, stack: str, **changes: Any) -> None:
        """Change keys of a stack's config; None takes one away."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text())
        for key, value in changes.items():
            name = key.replace("__", ":")
            content["config"].pop(name, None)
            if value is not None:
                content["config"][name] = value
        file.write_text(yaml.safe_dump(content))

    def declare(self, stack: str, role: str) -> None:
        """One more role in a stack."""
        self._change_roles(stack, lambda roles: roles.update({role: LAMBDA}))

    def withdraw(self, stack: str, role: str) -> None:
        """One role fewer."""
        self._change_roles(stack, lambda roles: roles.pop(role))

    def roles(self, stack: str) -> set[str]:
        """The roles that AWS has."""
        return {role["RoleName"] for role in self.account(stack).iam.list_roles()["Roles"]}

    def recorded(self, stack: str) -> set[str]:
        """The roles that the state has."""
        resources = self.state(stack).get("resources") or ()
        return {each["id"] for each in resources if each["type"] == "aws:iam/role:Role"}

    def state(self, stack: str) -> Mapping[str, Any]:
        """The state of a stack."""
        file = self._state_folder / "stacks" / "faulty" / f"{stack}.json"
        latest: Mapping[str, Any] = json.loads(file.read_text())["checkpoint"]["latest"]
        return latest

    def locks(self) -> Sequence[Path]:
        """The locks that are held."""
        return [*(self._state_folder / "locks").rglob("*.json")]

    def _change_roles(self, stack: str, change: Callable[[dict[str, Any]], object]) -> None:
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text())
        change(content["config"]["crossaccount:trusted"]["applications"])
        file.write_text(yaml.safe_dump(content))

    @property
    def _state_folder(self) -> Path:
        return Path(self.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi"


def engines_of(process_id: int) -> list[int]:
    """The pulumi CLIs that a process started and that still run."""
    found = subprocess.run(["pgrep", "-P", str(process_id), "-x", "pulumi"], capture_output=True, text=True)
    return [int(each) for each in found.stdout.split()]


def kill_engines(process_id: int) -> None:
    """``kill -9`` the pulumi CLIs of a process."""
    for each in engines_of(process_id):
        os.kill(each, signal.SIGKILL)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What a process prints up to the line that has ``text``."""
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(f"never said {text!r}: {seen}")


def wait_until_gone(process_ids: Sequence[int]) -> None:
    """Wait until processes have ended by themselves."""
    until = time.monotonic() + WAIT_SECONDS
    while any(Path(f"/proc/{each}").exists() for each in process_ids):
        assert time.monotonic() < until, f"{process_ids} still run"
        time.sleep(0.05)


@contextmanager
def faulty_project(home: Path) -> Iterator[FaultyProject]:
    """The project, nothing deployed."""
    with LocalAws(log_dir=home) as local, FaultyAws(local.gateway) as aws, serve_provider() as port:
        folder = home / "project"
        folder.mkdir()
        book = {name: {"id": account, "stack": name} for name, account in ACCOUNTS.items()}
        project = {"name": "faulty", "runtime": "python", "config": {"crossaccount:accounts": {"value": book}}}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        for name in ACCOUNTS:
            config = _config(name, aws.gateway)
            (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
        yield FaultyProject(folder, private_environment(home / "pulumi", port), local, aws)


def _config(name: str, gateway: Gateway) -> dict[str, Any]:
    config: dict[str, Any] = {
        "aws:region": "us-east-1",
        "aws:allowedAccountIds": [ACCOUNTS[name]],
        "aws:accessKey": ACCOUNTS[name],
        "aws:secretKey": gateway.root(ACCOUNTS[name]).secret_access_key,
        "aws:endpoints": [dict.fromkeys(SERVICES, gateway.endpoint)],
        "crossaccount:account": name,
        "crossaccount:trusted": {"applications": {f"{name}-app": LAMBDA}},
    }
    if name == "spoke":
        config["crossaccount:reads"] = ["hub"]
        config["crossaccount:trusting"] = {"roles": {"Target": {"trust": [{"principals": ["hub/role/hub-app"]}]}}}
    return config
