"""States that earlier versions of the program left are updated by this one: nothing of an account is touched.

Each folder of ``upgrades/`` is a project with the states that a version left, made by ``upgrades/make.py``. What they
manage is made again on a fresh local AWS from the inputs in the state; what only AWS gives (IDs, ARNs with random
endings) is then written into the state in place of the former ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crossaccount.job.states import masked
from crossaccount.local.handlers import HANDLERS
from crossaccount.local.handlers.properties import SECRET, SIGNATURE
from crossaccount.settings import read_project
from tests.engine.conftest import Workspace, point_at
from tests.engine.upgrades.make import STATE, job_up, project_on_local_aws, stacks_of

pytestmark = pytest.mark.engine

UPGRADES = Path(__file__).parent / "upgrades"
PROJECTS = sorted(each.parent.name for each in UPGRADES.glob("*/Pulumi.yaml"))
GIVEN_BY_AWS = ("arn", "uniqueId", "versionId")

Resources = list[dict[str, Any]]


@dataclass
class Left:
    """A project as a version left it. ``states`` are its resources by stack, in the order of deployment."""

    workspace: Workspace
    states: dict[str, Resources] = field(default_factory=dict)

    def check(self) -> None:
        """Whether nothing of an account was touched, and the outputs are what they were."""
        for stack, before in self.states.items():
            after = _read(self.workspace, stack)
            assert _managed(after) == _managed(before)
            assert _outputs(after) == _as_written_now(_outputs(before))


@pytest.fixture
def left(request: pytest.FixtureRequest) -> Iterator[Left]:
    """The project that a test names, deployed as its states say."""
    source = UPGRADES / request.param
    with project_on_local_aws(source) as workspace:
        found = Left(workspace)
        for stack in stacks_of(source):
            state = json.loads((source / f"{stack}{STATE}").read_text())
            found.states[stack] = _put_back(workspace, stack, state)
        yield found


@pytest.mark.parametrize("left", [each for each in PROJECTS if each != "root-by-job"], indirect=True)
def test_an_update_by_hand_touches_nothing(left: Left) -> None:
    for stack in left.states:
        left.workspace.up(stack, "--refresh")
    left.check()


@pytest.mark.parametrize("left", ["root-by-hand", "root-by-job", "keys-by-job"], indirect=True)
def test_an_update_by_the_job_touches_nothing(left: Left) -> None:
    job_up(left.workspace)
    left.check()


def test_states_of_every_kind_of_resource_are_kept() -> None:
    states = [json.loads(file.read_text()) for file in UPGRADES.glob(f"*/*{STATE}")]
    kept = {each["type"] for state in states for each in state["deployment"]["resources"]}
    assert set(HANDLERS) <= kept
    assert "pulumi:pulumi:StackReference" in kept


def _managed(resources: Resources) -> dict[str, Any]:
    """What a state manages in an account. What is replaced has another time, what is updated other inputs."""
    ours = [each for each in resources if each["type"] in HANDLERS or each["type"].startswith("crossaccount:")]
    return {each["urn"]: (each.get("id"), each["created"], masked(each.get("inputs"))) for each in ours}


def _as_written_now(outputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Outputs as this version writes them: access was lists of lines once, and is maps by line."""
    access = {entity: dict.fromkeys(lines, True) for entity, lines in outputs["access"].items()}
    return {**outputs, "access": access}


def _outputs(resources: Resources) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(each for each in resources if each["type"] == "pulumi:pulumi:Stack")["outputs"]
    return found


def _put_back(workspace: Workspace, stack: str, state: dict[str, Any]) -> Resources:
    """Make what a state manages, and give the stack that state; its resources as they are now."""
    _write(workspace, stack, state)
    shown = state["deployment"]["resources"]
    if SIGNATURE in json.dumps(state):
        exported = workspace.run("stack", "export", "--stack", stack, "--show-secrets")
        shown = json.loads(exported)["deployment"]["resources"]
    provider = next(each for each in shown if each["type"] == "pulumi:providers:aws")["inputs"]
    account = json.loads(provider["allowedAccountIds"])[0]
    given: dict[str, str] = {}
    with workspace.local.session(account, region=provider["region"]) as aws:
        for resource in shown:
            if (handler := HANDLERS.get(resource["type"])) is None:
                continue
            inputs = {key: each for key, each in resource["inputs"].items() if not key.startswith("__")}
            id, outputs = handler.create(aws, _opened(_with(given, inputs)))
            before = {"id": resource["id"], **resource["outputs"]}
            after = {"id": id, **outputs}
            given |= {before[key]: after[key] for key in ("id", *GIVEN_BY_AWS) if before.get(key) != after.get(key)}
    state = _with(given, state)
    for each in state["deployment"]["resources"]:
        if each["type"] == "pulumi:providers:aws":
            _lead_here(workspace, account, each)
    _write(workspace, stack, state)
    return _read(workspace, stack)


def _lead_here(workspace: Workspace, account: str, provider: dict[str, Any]) -> None:
    """Lead what the state has of its provider to the local AWS of this test, with the test's credentials."""
    config: dict[str, Any] = {}
    point_at(workspace.local.gateway, account)(config)
    for key, value in config.items():
        text = value if isinstance(value, str) else json.dumps(value)
        for properties in (provider["inputs"], provider["outputs"]):
            properties[key.removeprefix("aws:")] = text


def _file(workspace: Workspace, stack: str) -> Path:
    """Where the backend keeps the state of a stack."""
    folder = Path(workspace.environment["PULUMI_BACKEND_URL"].removeprefix("file://")) / ".pulumi"
    return folder / "stacks" / read_project(workspace.folder).name / f"{stack}.json"


def _read(workspace: Workspace, stack: str) -> Resources:
    content = json.loads(_file(workspace, stack).read_text())
    found: Resources = content["checkpoint"]["latest"]["resources"]
    return found


def _write(workspace: Workspace, stack: str, state: Mapping[str, Any]) -> None:
    file = _file(workspace, stack)
    file.parent.mkdir(parents=True, exist_ok=True)
    (file.parents[2] / "meta.yaml").write_text("version: 1\n")
    full_name = f"organization/{file.parent.name}/{stack}"
    checkpoint = {"stack": full_name, "latest": state["deployment"]}
    file.write_text(json.dumps({"version": state["version"], "checkpoint": checkpoint}))


def _with(given: Mapping[str, str], value: Any) -> Any:
    """``value`` with what AWS gives this time in place of what it gave before."""
    text = json.dumps(value)
    for before, after in given.items():
        text = text.replace(before, after)
    return json.loads(text)


def _opened(value: Any) -> Any:
    """``value`` without the envelopes around secrets."""
    if isinstance(value, dict):
        is_secret = value.get(SIGNATURE) == SECRET
        return json.loads(value["plaintext"]) if is_secret else {key: _opened(each) for key, each in value.items()}
    return [_opened(each) for each in value] if isinstance(value, list) else value
