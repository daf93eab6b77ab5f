"""The stand-in provider's configuration: what it takes, and what it refuses to work with."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pulumi_aws
import pytest

from crossaccount.local.clients import Aws
from crossaccount.local.handlers.errors import CheckFailed, ResourceError
from crossaccount.local.provider.config import REFUSED, TAKEN, WITHOUT_EFFECT, AssumeRole, ProviderConfig, parse_config

LOOPBACK = "http://127.0.0.1:4566"


def raw(**more: Any) -> dict[str, Any]:
    """A minimal configuration as the engine sends it: structured values are JSON text."""
    endpoints = json.dumps([{"iam": LOOPBACK, "sts": LOOPBACK}])
    return {"endpoints": endpoints, "accessKey": "111111111111", "secretKey": "x", **more}


def refused(given: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(CheckFailed) as caught:
        parse_config(given)
    return dict(caught.value.failures)


def test_every_key_of_pulumi_aws_is_known() -> None:
    args = pulumi_aws.ProviderArgs
    members = inspect.getmembers(args, lambda member: isinstance(member, property))
    keys = {member.fget._pulumi_name for _, member in members}
    assert keys == (TAKEN | REFUSED | WITHOUT_EFFECT) - {"version", "pluginDownloadURL"}
    assert not TAKEN & REFUSED
    assert not WITHOUT_EFFECT & (TAKEN | REFUSED)


def test_a_configuration_is_read() -> None:
    found = parse_config(
        raw(
            region="eu-west-1",
            token="t",
            allowedAccountIds='["111111111111"]',
            forbiddenAccountIds=["222222222222", 333333333333],
            defaultTags='{"tags": {"team": "a"}}',
            skipCredentialsValidation="true",
            maxRetries="3",
            version="7.51.1",
            __internal={},
        )
    )
    assert (found.endpoint, found.region) == (LOOPBACK, "eu-west-1")
    assert (found.allowed, found.forbidden) == (("111111111111",), ("222222222222", "333333333333"))
    assert found.default_tags == {"team": "a"}
    assert found.credentials.session_token == "t"


def test_no_secret_shows_in_the_repr() -> None:
    assert "hunter2" not in repr(parse_config(raw(secretKey="hunter2", token="hunter2")))


def test_without_a_region_it_is_in_us_east_1() -> None:
    assert parse_config(raw()).region == "us-east-1"


@pytest.mark.parametrize(
    "url", ["https://iam.amazonaws.com", "http://192.0.2.1:4566", "http://127.0.0.1.nip.io", "nonsense"]
)
def test_an_endpoint_that_is_not_loopback_is_refused(url: str) -> None:
    found = refused(raw(endpoints=json.dumps([{"iam": LOOPBACK, "sts": url}])))
    assert found == {"endpoints": f"must be loopback, got {url}: this provider is not for real AWS"}


@pytest.mark.parametrize("endpoints", [None, "", "[]", "[{}]", '[{"iam": ""}]', "{not json"])
def test_without_an_endpoint_it_does_not_work(endpoints: str | None) -> None:
    given = raw(endpoints=endpoints)
    assert "works with a local AWS only" in refused({k: v for k, v in given.items() if v is not None})["endpoints"]


def test_two_local_awses_are_one_too_many() -> None:
    found = refused(raw(endpoints=[{"iam": LOOPBACK, "sts": "http://127.0.0.1:4567"}]))
    assert "is at one address" in found["endpoints"]


def test_all_that_is_wrong_comes_at_once() -> None:
    found = refused(
        {
            "profile": "default",
            "regoin": "eu-west-1",
            "allowedAccountIds": "111111111111",
            "defaultTags": '{"keys": []}',
            "assumeRoles": '[{"duration": "soon", "role": "x"}]',
        }
    )
    assert set(found) == {
        "accessKey",
        "allowedAccountIds",
        "assumeRoles[0].duration",
        "assumeRoles[0].role",
        "assumeRoles[0].roleArn",
        "defaultTags",
        "endpoints",
        "profile",
        "regoin",
        "secretKey",
    }
    assert "takes no ambient credentials" in found["accessKey"]
    assert "cannot honour it" in found["profile"]
    assert "has no such key" in found["regoin"]


@pytest.mark.parametrize(("text", "seconds"), [("1h", 3600), ("1h30m", 5400), ("900s", 900), ("900", 900)])
def test_durations_are_gos(text: str, seconds: int) -> None:
    roles = parse_config(raw(assumeRoles=[{"roleArn": "arn:r", "duration": text}])).roles
    assert dict(roles[0].arguments)["DurationSeconds"] == seconds


def test_a_role_to_assume_has_sts_arguments() -> None:
    roles = parse_config(
        raw(
            assumeRoles=json.dumps(
                [
                    {
                        "roleArn": "arn:r",
                        "externalId": "e",
                        "sessionName": "s",
                        "sourceIdentity": "i",
                        "policyArns": ["arn:p"],
                        "tags": {"a": "1"},
                        "transitiveTagKeys": ["a"],
                    }
                ]
            )
        )
    ).roles
    assert dict(roles[0].arguments) == {
        "RoleArn": "arn:r",
        "ExternalId": "e",
        "RoleSessionName": "s",
        "SourceIdentity": "i",
        "PolicyArns": [{"arn": "arn:p"}],
        "Tags": [{"Key": "a", "Value": "1"}],
        "TransitiveTagKeys": ["a"],
    }
    assert "must be a list" in refused(raw(assumeRoles="{}"))["assumeRoles"]


def config(aws: Aws, **more: Any) -> ProviderConfig:
    return ProviderConfig(aws.endpoint, aws.credentials, **more)


def test_an_account_that_is_not_allowed_is_refused_in_pulumi_awss_words(root: Aws) -> None:
    mine = root.account_id()
    with config(root, allowed=(mine,), forbidden=("999999999999",)).connect() as aws:
        assert aws.account_id() == mine
    for more in ({"allowed": ("999999999999",)}, {"forbidden": (mine,)}):
        with pytest.raises(ResourceError) as caught:
            config(root, **more).connect()
        assert str(caught.value) == f"AWS account ID not allowed: {mine}"


def test_a_chain_of_roles_is_assumed(root: Aws, fresh_account: Any, role: Any) -> None:
    target = fresh_account()
    first = role(root, "First", root.account_id())
    root.iam.put_role_policy(RoleName="First", PolicyName="p", PolicyDocument=_assume_anything())
    second = role(target, "Second", first)
    caller = root.iam.create_user(UserName="Deployer")["User"]["UserName"]
    root.iam.put_user_policy(UserName=caller, PolicyName="p", PolicyDocument=_assume_anything())
    key = root.iam.create_access_key(UserName=caller)["AccessKey"]
    endpoints = [{"iam": root.endpoint, "sts": root.endpoint}]
    roles = [{"roleArn": first}, {"roleArn": second, "sessionName": "rehearsal", "duration": "15m"}]
    given = {"accessKey": key["AccessKeyId"], "secretKey": key["SecretAccessKey"], "endpoints": endpoints}
    given.update(assumeRoles=roles, allowedAccountIds=[target.account_id()])
    with parse_config(given).connect() as aws:
        assert aws.sts.get_caller_identity()["Arn"].endswith(":assumed-role/Second/rehearsal")


def test_a_role_that_lets_nobody_in_is_named(root: Aws, user: Any, role: Any) -> None:
    arn = role(root, "Closed", root.account_id())
    nobody = user(root, "Nobody")
    arguments = (("RoleArn", arn), ("RoleSessionName", "session"))
    with pytest.raises(ResourceError, match=f"^assuming {arn}: AssumeRole: AccessDenied"):
        config(nobody, roles=(AssumeRole(arn, arguments),)).connect()


def test_no_local_aws_there() -> None:
    with pytest.raises(ResourceError, match="finding the account of the credentials: Could not connect"):
        parse_config(raw(endpoints=[{"iam": "http://127.0.0.1:1", "sts": "http://127.0.0.1:1"}])).connect()


def _assume_anything() -> str:
    return '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}'
