"""Whatever would make the real engine run something else than what is read is refused by name, by every verb."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.engine.conftest import AUTH, ROOT, Workspace

pytestmark = pytest.mark.engine

VERBS = (["preview"], ["up", "--yes"], ["refresh", "--yes"], ["drift"], ["destroy", "--yes"], ["status"], ["outputs"])
VARIABLES = {
    "PULUMI_OPTION_CONFIG_FILE": "other.yaml",
    "PULUMI_OPTION_TARGET": "urn:pulumi:auth::x::y::z",
    "PULUMI_OPTION_POLICY_PACK": "pack",
    "PULUMI_CONFIG": '{"crossaccount:account": "workload"}',
    "PULUMI_CONFIG_CROSSACCOUNT_TRUSTED": "{}",
    "PULUMI_DEBUG_LANGUAGES": "python:1",
    "PULUMI_DISABLE_REFRESH_BEFORE_UPDATE": "true",
    "PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES": "^https=http://127.0.0.1:1",
    "PULUMI_SKIP_CHECKPOINTS": "true",
    "PULUMI_PYTHON_CMD": "other",
    "TF_AWS_DEFAULT_TAGS_team": "ops",
}


def run(workspace: Workspace, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """``crossaccount`` for the workspace, with more variables."""
    command = [sys.executable, "-m", "crossaccount.cli", *arguments]
    environment = {**os.environ, **workspace.environment, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(command, cwd=workspace.folder, env=environment, capture_output=True, text=True, timeout=120)


def test_what_the_engine_would_take_instead_is_refused_by_every_verb(workspace: Workspace) -> None:
    folder = workspace.folder
    plugin = folder / "bin" / "pulumi-resource-aws"
    plugin.parent.mkdir()
    plugin.write_text(f"#!/bin/sh\ntouch {folder}/ran\n")
    plugin.chmod(0o755)
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    project["stackConfigDir"] = "cfg"
    project["plugins"] = {"providers": [{"name": "aws", "path": "./bin"}]}
    project["packages"] = {"own": "./bin"}
    project["config"]["aws:defaultTags.tags.team"] = {"value": "ops"}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "cfg").mkdir()
    shutil.copy(folder / "Pulumi.auth.yaml", folder / "cfg")
    (folder / "Pulumi.json").write_text('{"name": "crossaccount", "runtime": "python"}')
    stack = yaml.safe_load((folder / "Pulumi.auth.yaml").read_text())
    stack["environment"] = ["prod"]
    stack["config"]["aws:config:defaultTags"] = {"tags": {"team": "ops"}}
    (folder / "Pulumi.auth.yaml").write_text(yaml.safe_dump(stack))
    path = f"{plugin.parent}:{os.environ['PATH']}"
    named = [
        "PATH: ",
        "Pulumi.json",
        "Pulumi.yaml: stackConfigDir",
        "Pulumi.yaml: plugins",
        "Pulumi.yaml: packages.own",
        "Pulumi.yaml: aws:defaultTags.tags.team",
        "Pulumi.auth.yaml: environment",
        "Pulumi.auth.yaml: aws:config:defaultTags",
        *(f"{name}: " for name in VARIABLES),
    ]
    for verb in VERBS:
        done = run(workspace, *verb, PATH=path, **VARIABLES)
        assert done.returncode == 2, done.stdout + done.stderr
        lines = done.stderr.splitlines()
        assert [name for name in named if not any(line.startswith(name) for line in lines)] == [], done.stderr
        assert len(lines) == len(named), done.stderr
    assert not (folder / "ran").exists()
    assert workspace.account(AUTH).iam.list_users()["Users"] == []


def test_a_rehearsal_heeds_none_of_these_variables(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "crossaccount.cli", "up", "--local", "--yes", "auth", "--dir", str(ROOT)]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ, **VARIABLES}, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "up succeeded: 1 stack (1 changed)" in done.stdout
