"""Scenarios on a local AWS of their own, each deployed once; what is handed out for them; and the tools that use it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from components.program import program
from crossaccount.engine.deployers import make_deployers
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.work import deploy
from crossaccount.handoff.entry import Entry, HandedOut
from crossaccount.handoff.select import Wanted, hand_out
from crossaccount.iam.arn import parse_arn
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.callers import AssumeRequest, KeyCaller
from crossaccount.rehearsal.given import buckets, make_bucket
from crossaccount.rehearsal.scenario import read_scenario
from crossaccount.sources import Sources, read_sources
from crossaccount.sources.names import Names
from tests.preloaded import aws_command, aws_folder
from tests.scenarios import FOLDERS

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REGION = "us-west-2"


@pytest.fixture(scope="session")
def sources() -> Callable[[str], Sources]:
    """A scenario's stacks as sources."""

    @cache
    def read(name: str) -> Sources:
        stacks = [f"stack:{stack.name}" for stack in read_scenario(FOLDERS[name]).stacks]
        return read_sources(stacks, lambda: program, directory=FOLDERS[name])

    return read


@pytest.fixture(scope="session")
def handed(sources: Callable[[str], Sources]) -> Callable[..., HandedOut]:
    """What is handed out of a scenario: ``principal`` and ``role`` by name."""

    def hand(name: str, principal: str | None = None, role: str | None = None, **more: str) -> HandedOut:
        found = sources(name)
        names = Names(found.accounts, found.estate())
        wanted = Wanted(names.principal(principal) if principal else None, names.role(role) if role else None, **more)
        return hand_out(found, wanted, names.shown, NOW)

    return hand


@dataclass
class Deployed:
    """A scenario on a local AWS."""

    endpoint: str
    local: LocalAws
    keys: dict[str, Credentials] = field(default_factory=dict)

    def credentials(self, principal: str) -> Credentials:
        """A user's key; for an application the session that its service would give it."""
        if principal not in self.keys:
            arn = parse_arn(principal)
            root = self.local.session(arn.account)
            self.keys[principal] = _key(root, arn.name) if arn.kind == "user" else _session(root, principal)
        return self.keys[principal]

    def environment(self, home: Path, principal: str | None = None) -> dict[str, str]:
        """The environment of a tool: nothing of the machine's own AWS, and loopback alone.

        A principal's credentials are in it as variables; without one it has none.
        """
        home.mkdir(exist_ok=True)
        plain = {key: value for key, value in os.environ.items() if key in ("PATH", "LANG", "LC_ALL", "TZ")}
        aws = aws_folder()
        path = f"{aws}:{plain['PATH']}" if aws else plain["PATH"]
        found = {
            **plain,
            "PATH": path,
            "HOME": str(home),
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_CONFIG_FILE": str(home / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "credentials"),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return found | (as_variables(self.credentials(principal)) if principal else {})

    def write_credentials(self, home: Path, profile: str, principal: str) -> None:
        """A credentials file in which a profile has the principal's."""
        home.mkdir(exist_ok=True)
        names = {key.lower(): value for key, value in as_variables(self.credentials(principal)).items()}
        lines = [f"[{profile}]", *(f"{key} = {value}" for key, value in names.items())]
        with (home / "credentials").open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")


def as_variables(credentials: Credentials) -> dict[str, str]:
    """Credentials as environment variables."""
    token = {"AWS_SESSION_TOKEN": credentials.session_token} if credentials.session_token else {}
    keys = {"AWS_ACCESS_KEY_ID": credentials.access_key_id, "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key}
    return {**keys, **token}


def _key(root: Aws, user: str) -> Credentials:
    made = root.iam.create_access_key(UserName=user)["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


def _session(root: Aws, role: str) -> Credentials:
    found = KeyCaller(root).assume(AssumeRequest(role, "service"))
    assert found is not None
    return found


@pytest.fixture(scope="session")
def deployed() -> Iterator[Callable[[str], Deployed]]:
    """A scenario deployed, by its name."""
    running: list[LocalAws] = []

    @cache
    def deployed_once(name: str) -> Deployed:
        local = LocalAws()
        local.__enter__()
        running.append(local)
        scenario = read_scenario(FOLDERS[name])
        engine = InProcessEngine(program, local.gateway, make_deployers(local, scenario.stacks))
        for stack in scenario.stacks:
            deploy(engine, stack)
        for account, names in buckets(scenario.tests).items():
            for bucket in names:
                make_bucket(local.session(account, region=REGION), bucket)
        return Deployed(local.endpoint, local)

    yield deployed_once
    for local in running:
        local.__exit__(None, None, None)


needs_aws = pytest.mark.skipif(aws_command() is None, reason="there is no AWS CLI: make setup")


def needs(tool: str) -> pytest.MarkDecorator:
    """Skip where the machine does not have a tool."""
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"there is no {tool} on the PATH")


def run(
    command: Sequence[str], environment: Mapping[str, str], stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a tool; its end is the caller's to judge."""
    return subprocess.run(
        list(command), env=dict(environment), input=stdin, capture_output=True, text=True, timeout=120
    )


def only(handed: HandedOut) -> Entry:
    """The one entry."""
    (entry,) = handed.entries
    return entry
