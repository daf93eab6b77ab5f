"""Profiles that start with Identity Center or with a certificate: what botocore and the AWS CLI read of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import botocore.configloader
import botocore.session
import pytest
from typer.testing import CliRunner

from crossaccount.cli import app

PEOPLE, MACHINES, TARGET = "111111111111", "111111111111", "222222222222"
ADMIN = f"arn:aws:iam::{PEOPLE}:role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Admin_0123456789abcdef"
SCANNER = f"arn:aws:iam::{MACHINES}:role/Scanner"
ANCHOR = f"arn:aws:rolesanywhere:eu-central-1:{MACHINES}:trust-anchor/11111111-2222-3333-4444-555555555555"
PROFILE = f"arn:aws:rolesanywhere:eu-central-1:{MACHINES}:profile/11111111-2222-3333-4444-555555555555"
URL = "https://acme.awsapps.com/start"


def _document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}


def _role(arn: str, *trust: dict[str, Any], may: tuple[str, ...] = ()) -> dict[str, Any]:
    policy = {"PolicyName": "p", "PolicyDocument": _document({"Action": list(may), "Resource": "*"})}
    return {
        "RoleName": arn.rpartition("/")[2],
        "Arn": arn,
        "AssumeRolePolicyDocument": _document(*trust),
        "RolePolicyList": [policy] if may else [],
    }


ASSUMING = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
OF_PEOPLE = _role(
    ADMIN,
    {
        "Principal": {"Federated": f"arn:aws:iam::{PEOPLE}:saml-provider/AWSSSO_abc_DO_NOT_DELETE"},
        "Action": ["sts:AssumeRoleWithSAML", "sts:TagSession"],
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    },
    may=("sts:AssumeRole",),
)
BY_CERTIFICATE = {
    "Principal": {"Service": "rolesanywhere.amazonaws.com"},
    "Action": list(ASSUMING),
    "Condition": {"ArnEquals": {"aws:SourceArn": ANCHOR}},
}
OF_MACHINES = _role(SCANNER, BY_CERTIFICATE, may=ASSUMING)
DEPLOY = _role(f"arn:aws:iam::{TARGET}:role/Deploy", {"Principal": {"AWS": PEOPLE}, "Action": list(ASSUMING)})


@pytest.fixture
def account(tmp_path: Path) -> Path:
    """A permission set, a role of Roles Anywhere, and a role in another account that both may assume."""
    file = tmp_path / "accounts.json"
    _write(file, [OF_PEOPLE, OF_MACHINES])
    return file


def _write(file: Path, roles: list[dict[str, Any]]) -> None:
    empty: dict[str, list[Any]] = {"UserDetailList": [], "GroupDetailList": [], "Policies": []}
    file.write_text(json.dumps([{**empty, "RoleDetailList": roles}, {**empty, "RoleDetailList": [DEPLOY]}]))


def _run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["handoff", "profiles", *arguments])
    return done.exit_code, done.stdout, done.stderr


def _read(text: str, folder: Path) -> dict[str, Any]:
    """The config as botocore reads it."""
    file = folder / "config"
    file.write_text(text)
    found: dict[str, Any] = botocore.configloader.load_config(str(file))
    return found


def test_people_sign_in_and_chain_from_there(account: Path, tmp_path: Path) -> None:
    _, text, _ = _run(str(account), "--sso-start-url", URL)
    found = _read(text, tmp_path)
    assert found["sso_sessions"]["crossaccount"] == {
        "sso_start_url": URL,
        "sso_region": "eu-central-1",
        "sso_registration_scopes": "sso:account:access",
    }
    assert found["profiles"]["111111111111-Admin"] == {
        "sso_session": "crossaccount",
        "sso_account_id": PEOPLE,
        "sso_role_name": "Admin",
    }
    chained = found["profiles"]["222222222222-Deploy:111111111111-Admin"]
    assert chained["source_profile"] == "111111111111-Admin"
    assert chained["duration_seconds"] == "3600"


def test_a_session_of_the_config_is_used_by_its_name(account: Path, tmp_path: Path) -> None:
    _, text, _ = _run(str(account), "--for", ADMIN, "--sso-session", "work")
    found = _read(text, tmp_path)
    assert found["sso_sessions"] == {}
    assert found["profiles"]["111111111111-Admin"]["sso_session"] == "work"
    assert found["profiles"]["222222222222-Deploy"]["source_profile"] == "111111111111-Admin"


def test_a_profile_of_the_person_s_own_takes_its_place(account: Path, tmp_path: Path) -> None:
    _, text, _ = _run(str(account), "--for", ADMIN, "--source-profile", "mine")
    found = _read(text, tmp_path)
    assert list(found["profiles"]) == ["222222222222-Deploy"]
    assert found["profiles"]["222222222222-Deploy"]["source_profile"] == "mine"


def test_a_certificate_is_exchanged_by_the_signing_helper(
    account: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The config is run by botocore, with a helper that shows its arguments in place of AWS's."""
    options = ("--certificate", "/etc/my certs/c.pem", "--private-key", "/etc/k.pem", "--anywhere-profile", PROFILE)
    config = tmp_path / "merged"
    code, _, said = _run(str(account), "--for", SCANNER, *options, "--merge", str(config))
    assert code == 0, said
    helper = tmp_path / "aws_signing_helper"
    helper.write_text(
        f'#!/bin/sh\nfor each; do echo "$each"; done > {tmp_path}/asked\n'
        'echo \'{"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "s", "SessionToken": "t"}\'\n'
    )
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    credentials = botocore.session.Session(profile="111111111111-Scanner").get_credentials()
    assert credentials is not None
    assert credentials.access_key == "ASIA"
    assert (tmp_path / "asked").read_text().splitlines() == [
        *("credential-process", "--certificate", "/etc/my certs/c.pem", "--private-key", "/etc/k.pem"),
        *("--trust-anchor-arn", ANCHOR, "--profile-arn", PROFILE, "--role-arn", SCANNER),
    ]


def test_what_no_source_knows_is_a_placeholder_that_is_named(account: Path) -> None:
    _, text, _ = _run(str(account))
    assert "# Fill in: sso_start_url, the URL of your AWS access portal; or pass --sso-start-url" in text
    assert "# Fill in: certificate, private-key, profile-arn\n" in text
    assert "--profile-arn arn:aws:rolesanywhere:REGION:111111111111:profile/PROFILE-ID" in text


def test_a_placeholder_is_not_merged(account: Path, tmp_path: Path) -> None:
    """The next merge would overwrite what somebody filled in."""
    _write(account, [OF_PEOPLE, _role(SCANNER, {**BY_CERTIFICATE, "Condition": {}}, may=ASSUMING)])
    code, _, said = _run(str(account), "--merge", str(tmp_path / "merged"))
    named = [line.partition(":")[0] for line in said.splitlines()]
    assert (code, named) == (
        2,
        ["--sso-start-url", "--trust-anchor", "--anywhere-profile", "--certificate", "--private-key"],
    )
    assert not (tmp_path / "merged").exists()


def test_a_merge_keeps_a_session_of_the_person_and_is_the_same_again(account: Path, tmp_path: Path) -> None:
    config = tmp_path / "merged"
    mine = "[sso-session crossaccount]\nsso_start_url = https://mine\nsso_region = eu-west-1\n"
    config.write_text(mine)
    merge = (str(account), "--for", ADMIN, "--merge", str(config))
    code, _, said = _run(*merge, "--sso-start-url", URL)
    assert (code, config.read_text()) == (2, mine)
    assert said.strip() == (
        f"{config}: [sso-session crossaccount]: the file has an sso-session of this name that crossaccount did not "
        'write, got "sso-session crossaccount"; leave out --sso-start-url and pass --sso-session crossaccount to use it'
    )
    assert _run(*merge, "--sso-session", "crossaccount")[0] == 0
    merged = config.read_text()
    assert merged.startswith(mine)
    assert _run(*merge, "--sso-session", "crossaccount")[0] == 0
    assert config.read_text() == merged


def test_a_session_that_we_wrote_gets_a_new_url(account: Path, tmp_path: Path) -> None:
    config = tmp_path / "merged"
    for url in ("https://old.awsapps.com/start", URL):
        assert _run(str(account), "--for", ADMIN, "--merge", str(config), "--sso-start-url", url)[0] == 0
    found: dict[str, Any] = botocore.configloader.load_config(str(config))
    assert found["sso_sessions"]["crossaccount"]["sso_start_url"] == URL
    assert "old.awsapps" not in config.read_text()


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--sso-start-url", "http://acme.awsapps.com/start"),
        ("--sso-start-url", "https://acme.awsapps.com/start\nregion = x"),
        ("--sso-session", "a b"),
        ("--sso-region", "mars"),
        ("--trust-anchor", PROFILE),
        ("--anywhere-profile", ANCHOR),
        ("--certificate", 'c"; rm -rf /; "'),
        ("--private-key", "$(id)"),
    ],
)
def test_a_value_that_no_config_should_have_is_refused(account: Path, option: str, value: str) -> None:
    code, text, said = _run(str(account), option, value)
    assert (code, text, said.startswith(f"{option}: ")) == (2, "", True), said


def test_people_of_another_saml_provider_have_no_profile(tmp_path: Path) -> None:
    trust = {
        "Principal": {"Federated": f"arn:aws:iam::{PEOPLE}:saml-provider/okta"},
        "Action": "sts:AssumeRoleWithSAML",
        "Condition": {"StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}},
    }
    _write(tmp_path / "accounts.json", [_role(f"arn:aws:iam::{PEOPLE}:role/Staff", trust)])
    assert "people of a SAML provider sign in at the provider's own page" in _run(str(tmp_path / "accounts.json"))[1]
