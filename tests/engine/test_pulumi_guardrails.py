"""The policy pack on the real engine: ``pulumi preview --policy-pack``, in the pack's own environment."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.engine.conftest import ROOT, WORKLOAD, Workspace

PACK = ROOT / "guardrails"
pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not list(PACK.glob(".venv/lib/python*/site-packages/pulumi_policy")),
        reason="guardrails/.venv is not there: make guardrails",
    ),
]
PROGRAM = """
import json
import pulumi_aws as aws

def trust(principal):
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

theirs = aws.iam.Role("theirs", name="Theirs", assume_role_policy=trust({"AWS": "arn:aws:iam::444444444444:root"}))
aws.iam.RolePolicy("all", role=theirs.name, name="all", policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
"""


def test_a_program_of_any_kind_is_judged_by_the_findings_of_check(workspace: Workspace) -> None:
    (workspace.folder / "__main__.py").write_text(PROGRAM)
    printed = workspace.run("preview", "--stack", "workload", "--policy-pack", str(PACK))
    assert "XA107" in printed
    assert f"arn:aws:iam::{WORKLOAD}:role/Theirs" in printed
    assert "XA306" in printed
    assert "XA301" not in printed, "what a provider tells of a role is no policy of its own"


def test_a_level_of_the_config_stops_the_update_and_an_exception_lets_it_pass(workspace: Workspace) -> None:
    (workspace.folder / "__main__.py").write_text(PROGRAM)
    config = workspace.folder / "policies.json"
    run: Callable[..., str] = workspace.run
    arguments = ("preview", "--stack", "workload", "--policy-pack", str(PACK), "--policy-pack-config", str(config))
    config.write_text(json.dumps({"XA107": "mandatory"}))
    assert "XA107" in run(*arguments, fails=True)
    config.write_text(json.dumps({"XA107": {"enforcementLevel": "mandatory", "except": ["theirs"]}}))
    assert "XA107" not in run(*arguments)
