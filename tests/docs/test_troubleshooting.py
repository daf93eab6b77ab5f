"""The troubleshooting guide quotes what is really said."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from components.program import program
from crossaccount.engine.deployment import DeploymentError, Stack
from crossaccount.engine.recording import record
from crossaccount.settings import SettingsError, deployment_order, load_settings, read_project
from crossaccount.settings.yaml_text import read_yaml
from tests.settings.conftest import BASE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
GUIDE = (ROOT / "docs" / "guide" / "troubleshooting.md").read_text(encoding="utf-8")
WORKLOAD = {"crossaccount:account": "workload", "aws:allowedAccountIds": ["222222222222"]}
CASES: list[Any] = read_yaml(HERE / "troubleshooting.yaml", "troubleshooting.yaml")
AUTH = {"contract_version": 1, "account": {"id": "111111111111", "name": "auth"}, "roles": {}, "users": {}}


def quoted(message: str) -> bool:
    """Whether the guide has the message as a line of its own."""
    return f"\n{message}\n" in GUIDE


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["message"].split(": ")[1])
def test_settings_say_it(case: dict[str, Any], tmp_path: Path) -> None:
    config = {**BASE, **WORKLOAD, **case["config"]}
    with pytest.raises(SettingsError) as caught:
        load_settings(config, root=tmp_path, where="Pulumi.workload.yaml")
    assert case["message"] in str(caught.value).splitlines()
    assert quoted(case["message"])


@pytest.mark.parametrize("references", [None, {"auth": AUTH}], ids=["never deployed", "deployed without the role"])
def test_the_program_says_it(references: Any) -> None:
    config = read_project(ROOT).stacks["workload"]
    with pytest.raises(DeploymentError) as caught:
        record(Stack("crossaccount", "workload", config, ROOT), program, references=references)
    assert quoted(str(caught.value))


def test_two_stacks_that_read_each_other_are_named(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples" / "tutorial", tmp_path / "tutorial")
    file = tmp_path / "tutorial" / "Pulumi.production.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "  crossaccount:reads: [development]\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        deployment_order(read_project(tmp_path / "tutorial"))
    assert quoted(str(caught.value))


def test_a_trust_over_its_quota_is_measured(tmp_path: Path) -> None:
    principals = [f"arn:aws:iam::333333333333:role/some/long/path/deployer-{number:03}" for number in range(60)]
    config = {**BASE, **WORKLOAD, "crossaccount:trusting": {"roles": {"R": {"trust": [{"principals": principals}]}}}}
    with pytest.raises(DeploymentError) as caught:
        record(Stack("crossaccount", "workload", config, tmp_path), program)
    assert quoted(str(caught.value))
