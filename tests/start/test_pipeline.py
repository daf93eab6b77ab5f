"""The pipeline's own roles: the workflow needs no other, and each can do its work and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from components.program import program
from crossaccount.cli import app
from crossaccount.engine.deployment import Stack
from crossaccount.engine.recording import record
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.handlers import HANDLERS, create
from crossaccount.local.server import LocalAws
from crossaccount.settings import compiled_in_order, read_project
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.start.pipeline import DEPLOY, PREVIEW, PURPOSES, document, role_name
from tests.scenarios import FOLDERS

ACCOUNTS = ("111111111111", "222222222222")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("infra")
    ids = ["--trusted-id", ACCOUNTS[0], "--trusting-id", ACCOUNTS[1]]
    github = ["--github", "acme/infra", "--github-ids", "123456/456789"]
    done = CliRunner().invoke(app, ["init", str(folder), *ids, "--user", "ann", "--project", "my infra", *github])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="module")
def jobs(project: Path) -> dict[str, Any]:
    (file,) = (project / ".github/workflows").glob("*.yaml")
    found: dict[str, Any] = read_yaml(file, file.name)["jobs"]
    return found


def test_nothing_is_found_in_a_new_project(project: Path) -> None:
    done = CliRunner().invoke(app, ["check", "--dir", str(project), "--json"])
    assert (done.exit_code, json.loads(done.stdout)["findings"]) == (0, [])


def test_tokens_of_each_environment_are_tried(project: Path) -> None:
    done = CliRunner().invoke(app, ["rehearse", str(project), "--json", "--engine", "in-process"])
    assert done.exit_code == 0, done.output
    results = [each for each in json.loads(done.stdout)["results"] if "oidc-provider" in each["principal"]]
    assert [each["mode"] for each in results] == ["tried"] * 10
    assert [each["actual"] for each in results] == [*["allowed"] * 3, *["denied"] * 2] * 2


def test_each_job_takes_the_role_that_trusts_its_environment(project: Path, jobs: dict[str, Any]) -> None:
    purposes = {"preview": "preview", "drift": "drift", "up": "deploy"}
    compiled = compiled_in_order(read_project(project))
    trusts = {
        f"arn:aws:iam::{each.settings.account_id}:role/{name}": json.loads(text)["Statement"][0]["Condition"]
        for each in compiled.values()
        for name, text in each.documents.trust.items()
    }
    for job, purpose in purposes.items():
        steps = [
            each["with"]["role-to-assume"] for each in jobs[job]["steps"] if "role-to-assume" in each.get("with", {})
        ]
        assert steps == [f"arn:aws:iam::{account}:role/{role_name(purpose)}" for account in reversed(ACCOUNTS)]
        for role in steps:
            subjects = trusts[role]["StringEquals"]["token.actions.githubusercontent.com:sub"]
            assert f"repo:acme@123456/infra@456789:environment:{jobs[job]['environment']}" in subjects


def test_the_workflow_needs_no_role_made_by_hand(project: Path) -> None:
    (file,) = (project / ".github/workflows").glob("*.yaml")
    text = file.read_text()
    assert "_ROLE_" not in text
    assert "@" not in "".join(line for line in text.splitlines() if line.startswith("#"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--github", "infra"], '--github: not a repository, got "infra"; write OWNER/NAME'),
        (["--github", "acme/infra", "--github-ids", "1"], "--github-ids: not the IDs of an owner and a repository"),
        (["--github-ids", "1/2"], "--github-ids: are of a repository, got 1/2; add --github OWNER/REPO"),
    ],
)
def test_what_is_no_repository_is_refused(tmp_path: Path, options: list[str], message: str) -> None:
    ids = ["--trusted-id", ACCOUNTS[0], "--trusting-id", ACCOUNTS[1], "--user", "ann"]
    done = CliRunner().invoke(app, ["init", str(tmp_path / "p"), *ids, *options])
    assert (done.exit_code, message in done.output) == (2, True)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    with LocalAws() as running:
        yield running


def _as_role(local: LocalAws, account: str, purpose: str) -> Aws:
    """Somebody with the rights of a role of the pipeline."""
    root = local.session(account)
    name = f"{purpose}-{len(root.iam.list_users()['Users'])}"
    root.iam.create_user(UserName=name)
    text = json.dumps(document(purpose, account, "aws"))
    policy = root.iam.create_policy(PolicyName=name, PolicyDocument=text)["Policy"]["Arn"]
    root.iam.attach_user_policy(UserName=name, PolicyArn=policy)
    key = root.iam.create_access_key(UserName=name)["AccessKey"]
    return Aws(local.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"]))


@pytest.mark.parametrize("name", ["root", "iam-user", "application", "cli-eight-steps", "environments"])
def test_the_deployer_makes_and_deletes_all_that_a_scenario_declares(name: str) -> None:
    with LocalAws() as fresh:
        project, outputs = read_project(FOLDERS[name]), {}
        made: list[tuple[Aws, str, str, dict[str, Any]]] = []
        for stack, each in compiled_in_order(project).items():
            compiled = Stack.of(project, stack)
            recorded = record(compiled, program, references=outputs)
            outputs[each.settings.account] = recorded.outputs
            aws = _as_role(fresh, compiled.account_id, DEPLOY)
            ids: dict[str, str] = {}
            for resource in recorded.resources:
                if resource.type in HANDLERS:
                    # What only AWS knows is the resource's own name in a record.
                    inputs = {
                        key: ids.get(value, value) if isinstance(value, str) else value
                        for key, value in resource.inputs.items()
                    }
                    id_, state = create(resource.type, aws, inputs)
                    ids[resource.name] = id_
                    made.append((aws, resource.type, id_, state))
        assert made
        for aws, type_, id_, state in reversed(made):
            assert HANDLERS[type_].find(aws, id_, state) is not None
            HANDLERS[type_].delete(aws, id_, state)


@pytest.mark.parametrize("issuer", ["https://gitlab.com", "https://token.actions.githubusercontent.com"])
def test_the_deployer_makes_other_providers_than_its_own(local: LocalAws, issuer: str) -> None:
    aws = _as_role(local, ACCOUNTS[0], DEPLOY)
    if issuer == "https://gitlab.com":
        assert aws.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["x"])
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            aws.iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["x"])


def test_the_deployer_cannot_change_the_pipelines_own_way_in(local: LocalAws) -> None:
    account = ACCOUNTS[0]
    root, aws = local.session(account), _as_role(local, account, DEPLOY)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}],
    }
    for purpose in PURPOSES:
        root.iam.create_role(RoleName=role_name(purpose), AssumeRolePolicyDocument=json.dumps(trust))
        assert aws.iam.get_role(RoleName=role_name(purpose))["Role"]
        for call in (
            lambda name: aws.iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust)),
            lambda name: aws.iam.attach_role_policy(
                RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
            ),
            lambda name: aws.iam.delete_role(RoleName=name),
        ):
            with pytest.raises(ClientError, match="AccessDenied"):
                call(role_name(purpose))


def test_the_reviewer_changes_nothing_and_reads_no_secret(local: LocalAws) -> None:
    account = ACCOUNTS[1]
    root, aws = local.session(account), _as_role(local, account, PREVIEW)
    root.secretsmanager.create_secret(Name="crossaccount/user/ann/console", SecretString="x")
    assert aws.iam.get_account_authorization_details()
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.iam.create_user(UserName="x")
    with pytest.raises(ClientError, match="AccessDenied"):
        aws.secretsmanager.get_secret_value(SecretId="crossaccount/user/ann/console")
