"""Sessions that exist are ended on a local AWS; later sessions work, and nothing is changed without --yes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.engine.deployers import local_config
from crossaccount.engine.deployment import Stack
from crossaccount.local.clients import Aws, Credentials
from crossaccount.local.server import LocalAws

AUTH, WORKLOAD = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{WORKLOAD}:role/ops/BreakGlass"


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


@pytest.fixture(scope="module")
def local_aws() -> Iterator[LocalAws]:
    """A role that a user of another account may assume."""
    with LocalAws() as running:
        with running.session(WORKLOAD) as root:
            trust = document(Action="sts:AssumeRole", Principal={"AWS": AUTH})
            root.iam.create_role(RoleName="BreakGlass", Path="/ops/", AssumeRolePolicyDocument=trust)
            everything = document(Action="*", Resource="*")
            root.iam.put_role_policy(RoleName="BreakGlass", PolicyName="all", PolicyDocument=everything)
        with running.session(AUTH) as root:
            root.iam.create_user(UserName="ann")
            grant = document(Action="sts:AssumeRole", Resource="*")
            root.iam.put_user_policy(UserName="ann", PolicyName="in", PolicyDocument=grant)
        yield running


@pytest.fixture
def project(local_aws: LocalAws, tmp_path: Path) -> Path:
    """The project whose stack ``workload`` is deployed there; ``auth`` has the credentials of the other account."""
    book = {"auth": {"id": AUTH, "stack": "auth"}, "workload": {"id": WORKLOAD, "stack": "workload"}}
    shared = {"name": "p", "runtime": "python", "config": {"crossaccount:accounts": {"value": book}}}
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump(shared))
    own = {"crossaccount:account": "workload", "aws:allowedAccountIds": [WORKLOAD], "aws:region": "us-east-1"}
    config = local_config(Stack("p", "workload", own, tmp_path), local_aws.gateway)
    (tmp_path / "Pulumi.workload.yaml").write_text(yaml.safe_dump({"config": config}))
    return tmp_path


def session(local_aws: LocalAws) -> Aws:
    with local_aws.session(AUTH) as root:
        key = root.iam.create_access_key(UserName="ann")["AccessKey"]
        with Aws(local_aws.endpoint, Credentials(key["AccessKeyId"], key["SecretAccessKey"])) as ann:
            keys = ann.sts.assume_role(RoleArn=ROLE, RoleSessionName="ann")["Credentials"]
        root.iam.delete_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"])
    return Aws(local_aws.endpoint, Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]))


def works(aws: Aws) -> bool:
    try:
        aws.iam.list_roles()
    except ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        return False
    return True


def test_an_old_session_is_denied_and_a_new_one_works(local_aws: LocalAws, project: Path) -> None:
    command = ["revoke", "workload/role/ops/BreakGlass", "--dir", str(project), "--json"]
    with session(local_aws) as old:
        time.sleep(1.1)  # IAM's times have whole seconds
        shown = CliRunner().invoke(app, command)
        assert (shown.exit_code, json.loads(shown.stdout)["revoked"]) == (0, False), shown.output
        assert works(old), "it was only shown"

        done = CliRunner().invoke(app, [*command, "--yes"])
        found = json.loads(done.stdout)
        assert (done.exit_code, found["revoked"], found["role"]) == (0, True, ROLE), done.output
        assert not works(old)
    with session(local_aws) as new:
        assert works(new)
    with local_aws.session(WORKLOAD) as root:
        policy = root.iam.get_role_policy(RoleName="BreakGlass", PolicyName="AWSRevokeOlderSessions")
        assert policy["PolicyDocument"] == json.loads(found["document"])


@pytest.mark.parametrize(
    ("role", "code", "message"),
    [
        (f"arn:aws:iam::{WORKLOAD}:role/Absent", 1, "AWS refuses PutRolePolicy"),
        ("workload", 2, "ROLE: is not one role"),
        ("workload/role/*", 2, "ROLE: is not one role"),
        ("workload/user/ann", 2, "ROLE: is not one role"),
        ("elsewhere/role/R", 2, "ROLE: unknown account 'elsewhere'"),
        (f"arn:aws:iam::{WORKLOAD}:role/aws-reserved/sso.amazonaws.com/R", 2, "nobody but AWS changes"),
    ],
)
def test_what_cannot_be_revoked(role: str, code: int, message: str, project: Path) -> None:
    done = CliRunner().invoke(app, ["revoke", role, "--yes", "--dir", str(project)])
    assert done.exit_code == code
    assert message in done.output


def test_credentials_of_another_account_change_nothing(
    local_aws: LocalAws, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = local_aws.gateway.root(AUTH)
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_aws.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", root.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", root.secret_access_key)
    (project / "Pulumi.workload.yaml").unlink()
    done = CliRunner().invoke(app, ["revoke", "222222222222/role/BreakGlass", "--yes", "--dir", str(project)])
    assert done.exit_code == 1
    assert "the credentials belong to account 111111111111, but the role is in 222222222222" in done.output
