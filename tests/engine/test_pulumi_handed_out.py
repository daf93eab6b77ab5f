"""The provider block that is handed out, in a program of the real engine: it deploys as the role."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.program import program
from crossaccount.engine.local_aws import InProcessEngine
from crossaccount.engine.pulumi_cli import private_environment
from crossaccount.engine.work import deploy
from crossaccount.handoff.kinds.code import PULUMI
from crossaccount.handoff.select import Wanted, hand_out
from crossaccount.local.provider import serve_provider
from crossaccount.local.server import LocalAws
from crossaccount.rehearsal.scenario import read_scenario
from crossaccount.sources import read_sources
from tests.scenarios import FOLDERS

pytestmark = pytest.mark.engine

DANA = "arn:aws:iam::111111111111:user/dana"
ROLE = "arn:aws:iam::222222222222:role/CrossAccountAccessRole"
POINTED = """import functools
import os
import pulumi_aws

# What a person's own environment says: whose credentials they are, and where AWS is.
services = {name: os.environ["LOCAL_AWS"] for name in ("iam", "sts", "secretsmanager")}
pulumi_aws.Provider = functools.partial(
    pulumi_aws.Provider, access_key=os.environ["KEY"], secret_key=os.environ["SECRET"], endpoints=[services]
)
"""
PROOF = """
import pulumi
aws.secretsmanager.Secret(
    "proof", name="made-by-dana", opts=pulumi.ResourceOptions(provider=development_CrossAccountAccessRole)
)
"""


def test_scenario_four_s_provider_deploys_into_development(tmp_path: Path) -> None:
    scenario = read_scenario(FOLDERS["environments"])
    sources = read_sources(
        [f"stack:{each.name}" for each in scenario.stacks], lambda: program, directory=scenario.directory
    )
    wanted = Wanted(principal=DANA, role=ROLE, session_name="MySession")
    block = PULUMI.text(hand_out(sources, wanted, str, datetime.now(UTC)))
    folder = tmp_path / "program"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text(
        f"name: proof\nruntime: {{name: python, options: {{toolchain: pip, virtualenv: {sys.prefix}}}}}\n"
    )
    (folder / "__main__.py").write_text(f"{POINTED}\n{block}\n{PROOF}", encoding="utf-8")
    with LocalAws(log_dir=tmp_path) as local, serve_provider() as port:
        engine = InProcessEngine(program, local.gateway)
        for stack in scenario.stacks:
            deploy(engine, stack)
        key = local.session("111111111111").iam.create_access_key(UserName="dana")["AccessKey"]
        environment = {
            **os.environ,
            **private_environment(tmp_path / "pulumi", port),
            "LOCAL_AWS": local.endpoint,
            "KEY": key["AccessKeyId"],
            "SECRET": key["SecretAccessKey"],
        }
        for command in (("stack", "init", "dev"), ("up", "--yes", "--skip-preview", "--stack", "dev")):
            done = subprocess.run(
                ["pulumi", *command, "--non-interactive"],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        made = local.session("222222222222", region="us-west-2").secretsmanager.list_secrets()["SecretList"]
        assert [each["Name"] for each in made] == ["made-by-dana"]
        own = local.session("111111111111", region="us-west-2").secretsmanager.list_secrets()["SecretList"]
        assert "made-by-dana" not in {each["Name"] for each in own}
