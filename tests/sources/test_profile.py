"""Live accounts, on a local AWS: nothing leaves this machine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from crossaccount.local.server import LocalAws
from crossaccount.sources.live import open_profile
from tests.sources.conftest import Read, write_yaml

Problems = Callable[..., list[str]]
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}}
    ],
}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(log_dir=tmp_path_factory.mktemp("local-aws")) as running:
        yield running


@pytest.fixture
def profiles(local: LocalAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home with the profiles ``auth`` and ``workload``, and an AWS that is this machine's."""
    (tmp_path / "config").write_text("[profile auth]\n[profile workload]\nregion = eu-west-1\n[profile nothing]\n")
    keys = "".join(
        f"[{name}]\naws_access_key_id = {digit * 12}\n"
        f"aws_secret_access_key = {local.gateway.root(digit * 12).secret_access_key}\n"
        for name, digit in (("auth", "1"), ("workload", "2"))
    )
    (tmp_path / "credentials").write_text(keys)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", local.endpoint)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def refusing(operation: str, code: str) -> Callable[[str], Callable[[str], Any]]:
    """Profiles whose every call of AWS's is refused."""

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": "not you"}}, operation)

    return lambda _: lambda _: Refusing()


@pytest.mark.usefixtures("profiles")
def test_an_account_is_read_with_what_else_aws_tells(local: LocalAws, read: Read) -> None:
    iam = local.session("111111111111").iam
    iam.create_role(RoleName="Long", MaxSessionDuration=7200, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.create_user(UserName="bo")
    iam.create_user(UserName="al")
    iam.create_login_profile(UserName="bo", Password="Correct-Horse-1")
    key = iam.create_access_key(UserName="al")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="al", AccessKeyId=key, Status="Inactive")
    iam.create_account_alias(AccountAlias="acme-auth")
    found = read("live:auth")
    [details] = found.details
    assert found.estate().roles["arn:aws:iam::111111111111:role/Long"].max_session_duration == 7200
    users = {user["UserName"]: user for user in details["UserDetailList"]}
    assert users["bo"]["LoginProfile"]["UserName"] == "bo"
    assert users["al"]["LoginProfile"] is None
    assert users["al"]["MFADevices"] == []
    assert users["bo"]["AccessKeyMetadata"] == []
    assert [(each["AccessKeyId"], each["Status"]) for each in users["al"]["AccessKeyMetadata"]] == [(key, "Inactive")]
    assert details["SummaryMap"]["Users"] == 2
    assert found.accounts == {"acme-auth": "111111111111"}


@pytest.mark.usefixtures("profiles")
def test_all_pages_are_read(local: LocalAws, read: Read) -> None:
    iam = local.session("222222222222").iam
    for number in range(120):
        iam.create_user(UserName=f"user-{number:03}")
    [details] = read("live:workload").details
    assert len(details["UserDetailList"]) == 120
    assert "LoginProfile" not in details["UserDetailList"][0], "three calls for each of many users cost too much"
    assert "AccessKeyMetadata" not in details["UserDetailList"][0]


@pytest.mark.usefixtures("profiles")
def test_a_profile_with_an_account_s_name_must_be_of_that_account(tmp_path: Path, problems: Problems) -> None:
    accounts = write_yaml(tmp_path / "accounts.yaml", {"auth": {"id": "222222222222"}})
    assert problems("live:auth", accounts=accounts) == [
        "live:auth: the address book has 222222222222 for auth, but the profile's credentials belong to another "
        'account, got "111111111111"; correct the profile, or the name'
    ]


@pytest.mark.usefixtures("profiles")
def test_profiles_that_cannot_be_used(problems: Problems) -> None:
    unknown, far, without, none = problems("live:auht", "live:q q q", "live:nothing", "live:")
    made = "create it with: aws configure --profile 'q q q'"
    assert far == f'live:q q q: there is no such profile, got "q q q"; {made}'
    assert unknown == 'live:auht: there is no such profile, got "auht"; did you mean `auth`?'
    assert without.startswith("live:nothing: Unable to locate credentials; sign in again, and try: aws sts")
    assert none == "live:: names no profile; write live:PROFILE"


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("AccessDenied", "allow iam:GetCallerIdentity (AWS's SecurityAudit policy does)"),
        ("Throttling", "wait a little: AWS still refused after all retries"),
        ("ExpiredToken", "try: aws sts get-caller-identity --profile auth"),
    ],
)
def test_what_aws_refuses_is_reported_with_a_way_out(problems: Problems, code: str, fix: str) -> None:
    found = problems("live:auth", profiles=refusing("GetCallerIdentity", code))
    assert found == [f'live:auth: AWS refuses GetCallerIdentity: not you, got "{code}"; {fix}']


def test_missing_credentials_are_no_traceback(problems: Problems) -> None:
    def no_credentials(_: str) -> Callable[[str], Any]:
        raise NoCredentialsError

    [line] = problems("live:auth", profiles=no_credentials)
    assert line.startswith("live:auth: Unable to locate credentials")


@pytest.mark.usefixtures("profiles")
def test_throttling_is_waited_out_by_standard_retries() -> None:
    config = open_profile("auth")("iam").meta.config
    assert config.retries["mode"] == "standard"
    assert config.retries["total_max_attempts"] == 10
    assert boto3.session.Session(profile_name="workload").region_name == "eu-west-1"
