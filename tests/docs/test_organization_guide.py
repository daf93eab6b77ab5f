"""The guide to organisations: its script makes a file that is read, and so is the file that it shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from crossaccount.sources.files import Files

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "organization.md"
ACCOUNT = {"Id": "111111111111", "Name": "auth", "Paths": ["o-abc/r-ab12/111111111111/"]}
FULL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
ANSWERS = {
    "describe-organization": {"Organization": {"Id": "o-abc", "MasterAccountId": "999999999999"}},
    "list-accounts": {"Accounts": [ACCOUNT]},
    "describe-policy p-1": {
        "Policy": {"PolicySummary": {"Id": "p-1", "Type": "SERVICE_CONTROL_POLICY"}, "Content": json.dumps(FULL)}
    },
    "list-targets-for-policy p-1": {"Targets": [{"TargetId": "r-ab12"}, {"TargetId": "111111111111"}]},
}
AWS = """#!/bin/sh
case "$*" in
  *"list-policies --filter SERVICE_CONTROL_POLICY"*) echo p-1 ;;
  *list-policies*) ;;
  *) cat "$ANSWERS/$2${4:+ $4}" ;;
esac
"""


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.mark.skipif(shutil.which("jq") is None, reason="the script of the guide needs jq")
def test_the_script_makes_a_file_that_is_read(tmp_path: Path) -> None:
    (tmp_path / "aws").write_text(AWS, encoding="utf-8")
    (tmp_path / "aws").chmod(0o755)
    for call, answer in ANSWERS.items():
        (tmp_path / call).write_text(json.dumps(answer), encoding="utf-8")
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "ANSWERS": str(tmp_path)}
    with (tmp_path / "organization.json").open("w", encoding="utf-8") as file:
        subprocess.run(["bash", "-e", "-c", _block("bash")], cwd=tmp_path, env=environment, check=True, stdout=file)
    (found,) = Files().read(tmp_path / "organization.json", "organization.json")
    assert found.organization is not None
    assert [[policy.unknown for policy in level] for level in found.organization.service_control["111111111111"]] == [
        [""],
        [""],
    ]


def test_the_file_that_it_shows_is_read(tmp_path: Path) -> None:
    (tmp_path / "organization.json").write_text(_block("json"), encoding="utf-8")
    (found,) = Files().read(tmp_path / "organization.json", "organization.json")
    assert found.organization is not None
    assert found.organization.members["111111111111"].path == "o-abc123defg/r-ab12/ou-ab12-people11/"
