"""``doctor`` on machines that lack one thing or another."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.start.doctor import Checkup, checkups
from crossaccount.start.machine import Machine, Ran
from tests.scenarios import FOLDERS

TUTORIAL = FOLDERS["tutorial"]
PLUGINS = json.dumps([{"name": "aws", "kind": "resource", "version": version("pulumi-aws")}])
ANSWERS = {
    "version": Ran(0, "v3.272.0"),
    "plugin": Ran(0, PLUGINS),
    "whoami": Ran(0, "bo"),
    "--version": Ran(0, "aws-cli/2 x"),
}


def _run(command: Sequence[str], _: Path) -> Ran:
    return ANSWERS[command[1]]


def _accounts(*found: str) -> Callable[[str | None], str]:
    """The account of the credentials, asked stack by stack."""
    waiting = iter(found)
    return lambda _: next(waiting)


HEALTHY = Machine(
    which=lambda name: f"/usr/bin/{name}",
    run=_run,
    account_of=_accounts(),
    has_module=lambda _: True,
    environment={"PULUMI_BACKEND_URL": "file:///state"},
)


def _bad(machine: Machine, directory: Path = TUTORIAL) -> list[Checkup]:
    return [each for each in checkups(directory, machine) if not each.ok]


def _healthy() -> Machine:
    return replace(HEALTHY, account_of=_accounts("111111111111", "999999999999"))


def test_a_machine_with_everything_lacks_nothing() -> None:
    assert _bad(_healthy()) == []
    assert all(each.found for each in checkups(TUTORIAL, _healthy()))


@pytest.mark.parametrize(
    ("tool", "what", "needed", "fix"),
    [
        ("pulumi", "pulumi CLI", True, "https://www.pulumi.com/docs/install/"),
        ("pulumi-language-python", "pulumi's Python host", True, "same archive"),
        ("aws", "AWS CLI, for handed-out profiles and scripts", False, "getting-started-install"),
    ],
)
def test_a_program_that_is_missing_is_named_with_how_to_get_it(tool: str, what: str, needed: bool, fix: str) -> None:
    (bad,) = _bad(replace(_healthy(), which=lambda name: None if name == tool else f"/usr/bin/{name}"))
    assert (bad.what, bad.needed) == (what, needed)
    assert fix in bad.fix


def test_a_plugin_of_another_version_is_no_plugin() -> None:
    other = {**ANSWERS, "plugin": Ran(0, json.dumps([{"name": "aws", "version": "6.0.0"}]))}
    (bad,) = _bad(replace(_healthy(), run=lambda command, _: other[command[1]]))
    assert (bad.found, bad.fix) == ("6.0.0", f"pulumi plugin install resource aws {version('pulumi-aws')}")


def test_a_backend_that_cannot_be_reached_is_said_in_pulumi_s_words() -> None:
    other = {**ANSWERS, "whoami": Ran(255, "", "error: PULUMI_ACCESS_TOKEN must be set\nmore")}
    (bad,) = _bad(replace(_healthy(), run=lambda command, _: other[command[1]]))
    assert (bad.what, bad.found) == ("state backend", "error: PULUMI_ACCESS_TOKEN must be set")


def test_credentials_of_another_account_are_not_good_enough() -> None:
    (bad,) = _bad(replace(HEALTHY, account_of=_accounts("111111111111", "111111111111")))
    assert (bad.what, bad.found) == ("credentials of production", "they are of account 111111111111")
    assert "999999999999" in bad.fix


def test_credentials_that_do_not_work_are_said_in_aws_s_words() -> None:
    def none(_: str | None) -> str:
        raise OSError("Unable to locate credentials")

    bad = _bad(replace(HEALTHY, account_of=none))
    assert [each.what for each in bad] == ["credentials of development", "credentials of production"]
    assert {each.found for each in bad} == {"Unable to locate credentials"}


def test_a_rehearsal_needs_the_local_aws() -> None:
    (bad,) = _bad(replace(_healthy(), has_module=lambda _: False))
    assert (bad.what, bad.fix) == ("local AWS for rehearsals", "pip install 'crossaccount[local]'")


def test_a_config_that_is_wrong_is_said_place_by_place(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: x\nruntime: python\n", encoding="utf-8")
    (tmp_path / "Pulumi.a.yaml").write_text("config:\n  crossaccount:acount: a\n", encoding="utf-8")
    bad = _bad(_healthy(), tmp_path)
    assert {each.what for each in bad} == {"config of a"}
    assert any("acount" in each.found for each in bad)


def test_a_folder_without_a_project_is_sent_to_init(tmp_path: Path) -> None:
    (bad,) = _bad(_healthy(), tmp_path)
    assert bad.fix.endswith("crossaccount init")


def test_the_command_ends_with_1_where_something_is_missing(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["doctor", "--dir", str(tmp_path), "--json"])
    document = json.loads(done.stdout)
    assert done.exit_code == 1
    assert document["missing"] == sum(each["needed"] and not each["ok"] for each in document["checks"]) > 0
    assert "project" in {each["what"] for each in document["checks"]}
