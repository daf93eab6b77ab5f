"""The programs of docs/guide/components.md run, and declare what the page says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

from crossaccount.engine.deployment import Deployment, Resource, Stack
from crossaccount.engine.own_program import own_program
from crossaccount.engine.recording import record_own
from crossaccount.settings import read_project
from tests.docs.commands.markdown import blocks

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "components.md"
PROGRAM = "\n".join(block.text for block in blocks(GUIDE) if block.info == "python")


TOOLS, WORKLOAD = "111111111111", "222222222222"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Deployment]:
    """What the page's blocks declare in each account, one block after the other as one program."""
    return {account: _declared(tmp_path_factory.mktemp("mine"), account) for account in (TOOLS, WORKLOAD)}


def _declared(folder: Path, account: str) -> Deployment:
    runtime = {"name": "python", "options": {"toolchain": "pip", "virtualenv": sys.prefix}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "mine", "runtime": runtime}))
    (folder / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": {"aws:allowedAccountIds": [account]}}))
    (folder / "__main__.py").write_text(PROGRAM)
    project = read_project(folder)
    own = own_program(project)
    assert own is not None
    return record_own(own, Stack.of(project, "dev"))


def _roles(deployed: Deployment) -> dict[str, Resource]:
    return {each.inputs["name"]: each for each in deployed.of_type("aws:iam/role:Role")}


def test_each_side_is_made_in_its_own_account(deployed: dict[str, Deployment]) -> None:
    assert _roles(deployed[TOOLS]).keys() == {"Deployer"}
    assert _roles(deployed[WORKLOAD]).keys() == {"Release", "Auditor"}
    for name, account in (("tools", TOOLS), ("workload", WORKLOAD)):
        assert {each.provider.split("::")[-2] for each in _roles(deployed[account]).values()} == {name}


def test_outputs_of_one_component_are_arguments_of_another(deployed: dict[str, Deployment]) -> None:
    there = deployed[WORKLOAD]
    [policy] = there.of_type("aws:iam/policy:Policy")
    [attachment] = there.of_type("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.inputs["policyArn"] == policy.outputs["arn"]
    assert there.outputs["release_role"] == f"arn:aws:iam::{WORKLOAD}:role/Release"
    trust = json.loads(_roles(there)["Release"].inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{TOOLS}:role/Deployer"}


def test_its_transform_reaches_the_roles_of_its_component_alone(deployed: dict[str, Deployment]) -> None:
    tags = {name: each.inputs.get("tags") for name, each in _roles(deployed[WORKLOAD]).items()}
    assert tags == {"Release": None, "Auditor": {"owner": "platform"}}
