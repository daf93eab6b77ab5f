"""``github`` and ``esc``: what a pipeline gets, and only a pipeline; and the profile of a pod."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.handoff.kinds.pipelines import CONFIGURE
from crossaccount.start.workflow import ACTIONS

ROLES = {
    "Deploy": {"github": {"repository": "acme/app", "branch": "main", "owner_id": 1, "repository_id": 2}},
    "Esc": {"pulumi_cloud": {"organization": "acme", "environment": "platform/prod"}},
    "Pod": {"eks": {"service_account": "payments/api"}},
    "Person": {"principals": ["222222222222/user/bo"], "mode": "by-name"},
}
CONFIG: dict[str, Any] = {
    "aws:region": "eu-central-1",
    "aws:allowedAccountIds": ["222222222222"],
    "crossaccount:account": "w",
    "crossaccount:providers": {
        "github": {"oidc": "github"},
        "pulumi": {"oidc": "pulumi-cloud", "audiences": ["aws:acme"]},
        "cluster": {"oidc": "https://oidc.eks.eu-central-1.amazonaws.com/id/A0"},
    },
    "crossaccount:trusted": {"users": {"bo": {"inline": {"p": {"assume": ["*"]}}}}},
    "crossaccount:trusting": {
        "roles": {name: {"trust": [trust], "max_session_duration": "2h"} for name, trust in ROLES.items()}
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    book = {"crossaccount:accounts": {"value": {"w": {"id": "222222222222", "stack": "w"}}}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "p", "runtime": "python", "config": book}))
    (tmp_path / "Pulumi.w.yaml").write_text(yaml.safe_dump({"config": CONFIG}))
    return tmp_path


def _handed(project: Path, kind: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["handoff", kind, "--dir", str(project), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_workflow_gets_a_step_that_assumes_its_role(project: Path) -> None:
    found = _handed(project, "github")
    (step,) = yaml.safe_load(found["text"])
    assert step["uses"] == f"{CONFIGURE[0]}@{CONFIGURE[1]}"
    assert step["with"] == {
        "role-to-assume": "arn:aws:iam::222222222222:role/Deploy",
        "aws-region": "eu-central-1",
        "allowed-account-ids": "222222222222",
        "role-duration-seconds": 7200,
    }
    assert "repo:acme@1/app@2:ref:refs/heads/main" in found["text"]


def test_a_session_name_that_the_trust_requires_is_in_the_step(project: Path) -> None:
    file = project / "Pulumi.w.yaml"
    config = yaml.safe_load(file.read_text())
    config["config"]["crossaccount:trusting"]["roles"]["Deploy"]["trust"][0]["session_name"] = "deploy"
    file.write_text(yaml.safe_dump(config))
    (step,) = yaml.safe_load(_handed(project, "github")["text"])
    assert step["with"]["role-session-name"] == "deploy"


def test_the_action_is_the_one_of_the_workflow_that_init_writes() -> None:
    assert ACTIONS[CONFIGURE[0]] == CONFIGURE[1:]


def test_an_environment_of_pulumi_logs_in(project: Path) -> None:
    values = yaml.safe_load(_handed(project, "esc")["text"])["values"]
    login = values["aws"]["login"]["fn::open::aws-login"]["oidc"]
    assert (login["roleArn"], login["duration"]) == ("arn:aws:iam::222222222222:role/Esc", "2h")
    assert values["environmentVariables"]["AWS_SESSION_TOKEN"] == "${aws.login.sessionToken}"


def test_a_pod_gets_a_profile_with_the_file_of_its_token(project: Path) -> None:
    text = _handed(project, "profiles")["text"]
    assert "role_arn = arn:aws:iam::222222222222:role/Pod\nweb_identity_token_file = /var/run/secrets/" in text
    assert "role/Deploy\n" not in text


@pytest.mark.parametrize("kind", ["links", "extension", "granted", "env", "boto3", "terraform", "pulumi"])
def test_other_kinds_leave_out_whoever_has_a_token(project: Path, kind: str) -> None:
    role = ["--role", "w/role/Person"] if kind == "env" else []
    done = CliRunner().invoke(app, ["handoff", kind, *role, "--dir", str(project), "--json"])
    handed = {each["principal"] for each in json.loads(done.stdout)["entries"]}
    assert not [each for each in handed if "oidc-provider" in each]


def test_a_user_is_left_out_of_what_is_for_pipelines(project: Path) -> None:
    left = {each["role"].rsplit("/", 1)[-1]: each["why"] for each in _handed(project, "github")["left_out"]}
    assert left["Person"] == "its principal is not GitHub Actions"
    assert left["Esc"] == "its principal is not GitHub Actions"
