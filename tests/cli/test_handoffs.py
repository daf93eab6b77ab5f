"""``handoff``: what it prints and writes, and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.handoff.kinds import Kind
from tests.scenarios import FOLDERS

TUTORIAL = ["stack:development", "stack:production", "--dir", str(FOLDERS["tutorial"])]
DEPLOYER = ["stack:a", "stack:b", "--dir", str(FOLDERS["deployer"])]


def _handoff(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["handoff", *arguments])


OF_PEOPLE = [kind for kind in Kind if kind not in (Kind.github, Kind.esc)]
"""The kinds for users and roles; the others are for users of identity providers."""


@pytest.mark.parametrize("kind", OF_PEOPLE)
def test_every_kind_is_printed_and_nothing_else(kind: Kind) -> None:
    done = _handoff(kind.value, *TUTORIAL)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "UpdateApp" in done.stdout
    assert done.stdout.endswith("\n")


@pytest.mark.parametrize("kind", OF_PEOPLE)
def test_json_has_the_entries_and_the_text(kind: Kind) -> None:
    document = json.loads(_handoff(kind.value, *TUTORIAL, "--json").stdout)
    assert list(document) == ["kind", "entries", "left_out", "text"]
    assert document["kind"] == kind
    assert [each["name"] for each in document["entries"]] == ["production-UpdateApp"]
    assert document["text"] == _handoff(kind.value, *TUTORIAL).stdout


def test_after_two_dashes_is_the_command_of_a_script() -> None:
    arguments = [*DEPLOYER, "--for", "a/user/ci", "--session-name", "AWSCLI-Session"]
    done = _handoff("env", *arguments, "--", "npm", "run", "deploy", "--", "--region", "a b")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "npm run deploy -- --region 'a b'"
    assert "--role-session-name AWSCLI-Session" in done.stdout


def test_options_reach_what_is_written() -> None:
    options = ["--session-name", "David-ProdUpdate", "--region", "eu-west-1", "--source-profile", "dev"]
    text = _handoff("profiles", *TUTORIAL, *options).stdout
    for line in ("role_session_name = David-ProdUpdate", "region = eu-west-1", "source_profile = dev"):
        assert line in text.splitlines()


def test_accounts_may_be_named_by_a_file(tmp_path: Path) -> None:
    accounts = tmp_path / "accounts.yaml"
    accounts.write_text('prod: {id: "999999999999", display_name: LIVE, color: "00FF00"}\n', encoding="utf-8")
    text = _handoff("links", *TUTORIAL, "--accounts", str(accounts)).stdout
    assert "displayName=LIVE&color=00FF00" in text


@pytest.mark.parametrize("kind", ["profiles", "env"])
def test_who_is_kept_out_gets_nothing(kind: str) -> None:
    done = _handoff(kind, *TUTORIAL, "--for", "development/user/Theresa")
    assert (done.exit_code, done.stdout) == (1 if kind == "env" else 0, "")
    assert done.stderr == (
        "nothing is handed off: no path works; to see why: crossaccount who-can ROLE --why PRINCIPAL\n"
    )


def test_profiles_are_merged_into_a_file(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("[default]\nregion = x\n", encoding="utf-8")
    done = _handoff("profiles", *TUTORIAL, "--merge", str(config))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith(f"{config} has 1 profile of crossaccount; the old file is {config}.")
    assert config.read_text(encoding="utf-8").startswith("[default]\nregion = x\n\n[profile production-UpdateApp]\n")


def test_a_registry_is_written_into_a_folder(tmp_path: Path) -> None:
    assert _handoff("granted", *TUTORIAL, "--output", str(tmp_path / "r")).exit_code == 0
    assert sorted(os.listdir(tmp_path / "r")) == ["config", "granted.yml"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["links", *TUTORIAL, "--merge", "x"], "--merge: works only with profiles, got links; leave it out"),
        (["links", *TUTORIAL, "--", "x"], "-- COMMAND: works only with env, got links; leave it out"),
        (["boto3", *TUTORIAL, "--shell", "fish"], "--shell: works only with env, got boto3; leave it out"),
        (["env", *DEPLOYER], "env: an environment holds one session, here are several: "),
        (["profiles", *TUTORIAL, "--for", "development/user/Davdi"], "--for: no such user or role in the sources"),
        (["profiles", *TUTORIAL, "--role", "production/role/Update"], "--role: no such role in the sources"),
        (["profiles", *TUTORIAL, "--session-name", "a b"], "--session-name: a session name has 2 to 64"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(arguments: list[str], line: str) -> None:
    done = _handoff(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_an_external_id_leaves_no_link_and_says_why() -> None:
    done = _handoff("links", *DEPLOYER)
    assert done.exit_code == 0
    assert done.stdout.count("the console cannot pass an external ID, which the role requires") == 2
