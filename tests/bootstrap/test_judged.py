"""The pipeline's own roles are among what an account has, whichever way it is read, and no stack makes them."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from typer.testing import CliRunner

from components.program import program
from crossaccount.bootstrap.resources import Bootstrap
from crossaccount.cli import app
from crossaccount.engine.deployment import Stack
from crossaccount.engine.recording import record
from crossaccount.settings import compiled_in_order, read_project
from crossaccount.sources import read_sources
from crossaccount.sources.stacks import SettingsReader
from tests.bootstrap.new_project import TRUSTED, TRUSTING

DEPLOY = f"arn:aws:iam::{TRUSTING}:role/access-infra-deploy"


def test_settings_and_the_recorded_program_show_the_same_pipeline(
    project: Path, bootstraps: tuple[Bootstrap, ...]
) -> None:
    read = read_project(project)
    for described in (None, SettingsReader(compiled_in_order(read)).describe):
        sources = read_sources(["stack:auth", "stack:workload"], lambda: program, directory=project, stacks=described)
        roles = {each["Arn"]: each for details in sources.details for each in details["RoleDetailList"]}
        for bootstrap in bootstraps:
            for wanted in bootstrap.details()["RoleDetailList"]:
                assert roles[wanted["Arn"]] == wanted


def test_a_pipeline_is_where_access_starts(project: Path) -> None:
    done = CliRunner().invoke(app, ["who-can", "workload/role/access-infra-deploy", "--dir", str(project), "--json"])
    [path] = json.loads(done.stdout)["paths"]
    assert path["role"] == DEPLOY
    assert path["principal"] == f"arn:aws:iam::{TRUSTING}:oidc-provider/token.actions.githubusercontent.com"


def test_no_stack_makes_or_exports_the_pipeline_as_its_own(project: Path) -> None:
    read, outputs = read_project(project), {}
    for stack, compiled in compiled_in_order(read).items():
        made = record(Stack.of(read, stack), program, references=outputs)
        outputs[compiled.settings.account] = made.outputs
        names = {str(each.values.get("name")) for each in made.resources}
        assert not names & {"access-infra-deploy", "access-infra-drift", "access-infra-preview"}
        assert "access-infra-deploy" not in made.outputs["roles"]
        assert made.outputs["existing"]["access-infra-deploy"].endswith(":role/access-infra-deploy")
        assert not any("OpenIdConnectProvider" in each.type for each in made.resources)


def test_stacks_are_rehearsed_through_the_deployer_with_its_own_permissions(tmp_path: Path) -> None:
    """A stack that its role may not deploy fails in the rehearsal, and not in AWS."""
    ids = ["--trusted-id", TRUSTED, "--trusting-id", TRUSTING, "--user", "ann", "--project", "infra"]
    assert CliRunner().invoke(app, ["init", str(tmp_path), *ids, "--github", "acme/infra"]).exit_code == 0
    for name, account in (("auth", TRUSTED), ("workload", TRUSTING)):
        file = tmp_path / f"Pulumi.{name}.yaml"
        through = {"aws:assumeRoles": [{"roleArn": f"arn:aws:iam::{account}:role/access-infra-deploy"}]}
        content = yaml.safe_load(file.read_text())["config"] | through
        file.write_text(yaml.safe_dump({"config": content}))
    rehearse = ["rehearse", str(tmp_path), "--engine", "in-process", "--json"]
    done = CliRunner().invoke(app, rehearse)
    assert (done.exit_code, json.loads(done.stdout).get("failed")) == (0, 0), done.output
    content["crossaccount:trusting"]["roles"]["ReadOnly"]["permissions_boundary"] = False
    file.write_text(yaml.safe_dump({"config": content}))
    refused = CliRunner().invoke(app, rehearse)
    assert refused.exit_code == 1
    assert "AccessDenied" in refused.output
