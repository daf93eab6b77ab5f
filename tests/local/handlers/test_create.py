"""The in-process way in: check and create in one call, with what Pulumi's mocks hand over."""

from __future__ import annotations

import json
import logging

import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers import HANDLERS, CheckFailed, UnknownType, create
from crossaccount.local.handlers.properties import secret

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def test_a_role_is_made_from_what_a_mock_gets(root: Aws) -> None:
    inputs = {"name": "R", "assumeRolePolicy": secret(json.dumps(TRUST)), "maxSessionDuration": 7200.0, "tags": None}
    id, state = create("aws:iam/role:Role", root, inputs)
    assert id == "R"
    assert state["arn"] == f"arn:aws:iam::{root.account_id()}:role/R"
    assert state["maxSessionDuration"] == 7200
    assert root.iam.get_role(RoleName="R")["Role"]["AssumeRolePolicyDocument"] == TRUST


def test_the_whole_state_has_every_output_that_aws_tells(root: Aws) -> None:
    handler = HANDLERS["aws:iam/role:Role"]
    _, state = create(handler.type, root, {"name": "R", "assumeRolePolicy": json.dumps(TRUST)})
    assert handler.outputs <= set(state)


def test_unknown_types_and_inputs_are_refused_before_aws_is_asked(root: Aws) -> None:
    with pytest.raises(UnknownType, match="aws:s3/bucket:Bucket"):
        create("aws:s3/bucket:Bucket", root, {})
    with pytest.raises(CheckFailed, match="aws:iam/user:User: nme: aws:iam/user:User has no such input"):
        create("aws:iam/user:User", root, {"name": "U", "nme": "U"})


def test_passwords_stay_out_of_debug_logs(root: Aws, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    create("aws:iam/user:User", root, {"name": "U"})
    password = create("aws:iam/userLoginProfile:UserLoginProfile", root, {"user": "U"})[1]["password"]
    key = create("aws:iam/accessKey:AccessKey", root, {"user": "U"})[1]["secret"]
    holder, _ = create("aws:secretsmanager/secret:Secret", root, {"name": "s"})
    version = {"secretId": holder, "secretString": secret("hunter2")}
    create("aws:secretsmanager/secretVersion:SecretVersion", root, version)
    assert caplog.records  # botocore does log at debug level: only the bodies are left out
    assert not [word for word in (password, key, "hunter2") if word in caplog.text]
