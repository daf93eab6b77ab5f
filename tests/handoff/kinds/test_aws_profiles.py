"""Profiles, read by the AWS CLI and boto3 on a local AWS."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
import yaml

from crossaccount.handoff.config_file import write_granted
from crossaccount.handoff.entry import HandedOut
from crossaccount.handoff.kinds.aws_profiles import GRANTED, PROFILES
from tests.handoff.conftest import Deployed, needs_aws, run
from tests.scenarios import OF_PEOPLE, WITHOUT_CODES

Handed = Callable[..., HandedOut]
DAVID, THERESA = "arn:aws:iam::111111111111:user/David", "arn:aws:iam::111111111111:user/Theresa"


def _home(deployed: Deployed, folder: Path, text: str, principal: str, profile: str = "default") -> dict[str, str]:
    environment = deployed.environment(folder)
    Path(environment["AWS_CONFIG_FILE"]).write_text(text, encoding="utf-8")
    deployed.write_credentials(folder, profile, principal)
    return environment


@needs_aws
def test_david_lists_the_bucket_with_his_profile_and_theresa_is_denied(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path
) -> None:
    tutorial = deployed("tutorial")
    text = PROFILES.text(handed("tutorial"))
    command = ["aws", "--profile", "production-UpdateApp", "s3", "ls", "s3://productionapp"]
    david = run(command, _home(tutorial, tmp_path / "david", text, DAVID))
    theresa = run(command, _home(tutorial, tmp_path / "theresa", text, THERESA))
    assert (david.returncode, david.stderr) == (0, "")
    assert theresa.returncode != 0
    assert "AccessDenied" in theresa.stderr


@needs_aws
@pytest.mark.parametrize("name", WITHOUT_CODES)
def test_every_user_s_profile_is_a_session_of_the_role(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path, name: str
) -> None:
    found = handed(name).able(PROFILES.able)
    users = [entry for entry in found.entries if not entry.services]
    there = deployed(name)
    for number, entry in enumerate(users):
        environment = _home(there, tmp_path / str(number), PROFILES.text(found), entry.principal, entry.source)
        ask = ["aws", "sts", "get-caller-identity", "--profile", entry.name, "--query", "Arn", "--output", "text"]
        done = run(ask, environment)
        assert done.returncode == 0, done.stderr
        session = f"{entry.role_arn.name}/{entry.parameters.session_name}"
        assert done.stdout.strip().partition(":assumed-role/")[2] == session
    assert users or name == "application"


def test_a_source_that_nobody_has_yet_is_reported_to_be_made(handed: Handed) -> None:
    """Where profiles are for several, each has a source of its own, which the person who gets it makes."""
    found = handed("deployer")
    everybody = {each.source for each in found.entries if not each.through and not each.services}
    assert len(everybody) > 1, "a scenario with several principals"
    text = PROFILES.text(found)
    for source in everybody:
        assert f"# {source} is a profile of your own, with the credentials of " in text
    [entry, *_] = [each for each in found.entries if each.source in everybody]
    for one in ({"principal": entry.principal}, {"source_profile": "mine"}):
        assert "is a profile of your own" not in PROFILES.text(handed("deployer", **one))


def test_boto3_reads_the_profile(
    handed: Handed, deployed: Callable[[str], Deployed], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = _home(deployed("tutorial"), tmp_path, PROFILES.text(handed("tutorial")), DAVID)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    session = boto3.session.Session(profile_name="production-UpdateApp")
    assert session.region_name == "us-west-2"
    session.client("s3").put_object(Bucket="productionapp", Key="hello.txt", Body=b"hello")
    with pytest.raises(Exception, match="AccessDenied"):
        session.client("iam").list_users()


@pytest.mark.parametrize("name", OF_PEOPLE)
def test_a_granted_registry_s_config_is_one_that_aws_tools_read(
    handed: Handed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    found = handed(name).able(GRANTED.able)
    write_granted(found, tmp_path, datetime.now(UTC))
    named = yaml.safe_load((tmp_path / "granted.yml").read_text(encoding="utf-8"))["awsConfig"]
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / named[0]))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    read = boto3.session.Session()._session.full_config["profiles"]
    assert {profile: values["role_arn"] for profile, values in read.items()} == {
        entry.name: entry.role for entry in found.entries
    }


def test_theresa_has_no_profile(handed: Handed) -> None:
    assert handed("tutorial", "development/user/Theresa").entries == ()
