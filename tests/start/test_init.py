"""``init``: what it writes passes its own rehearsal at once, and nothing is ever written over."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from crossaccount.cli import app, starting
from crossaccount.settings.yaml_text import parse_yaml
from crossaccount.start.files import Account, Place, Plan, project_files

IDS = ["--trusted-id", "123456789012", "--trusting-id", "210987654321"]
WRITTEN = [
    ".github/workflows/access-mine.yaml",
    "Pulumi.auth.yaml",
    "Pulumi.workload.yaml",
    "Pulumi.yaml",
    "__main__.py",
    "access-tests.yaml",
    "crossaccount.schema.json",
    "requirements-locked.txt",
    "requirements.txt",
]
WRONG = "init --trusted-id 1 --trusting-id 1 --role r/x --policy Admin --region mars"
NAMES = st.text(string.ascii_letters + string.digits + "_+=,.@-", min_size=1, max_size=20)


def _init(folder: Path, *options: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["init", str(folder), *IDS, *options], input=stdin)


def _files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


@pytest.mark.parametrize("options", [["--mfa"], ["--no-mfa"], ["--policy", "arn:aws:iam::aws:policy/PowerUserAccess"]])
def test_what_it_wrote_is_rehearsed_and_checked_at_once(tmp_path: Path, options: list[str]) -> None:
    mine = tmp_path / "mine"
    assert _init(mine, "--user", "bo", "--user", "kim", *options).exit_code == 0
    assert _files(mine) == WRITTEN
    rehearsed = CliRunner().invoke(app, ["rehearse", str(mine), "--engine", "in-process", "--json"])
    assert (rehearsed.exit_code, json.loads(rehearsed.stdout)["failed"]) == (0, 0), rehearsed.output
    assert CliRunner().invoke(app, ["check", "--dir", str(mine)]).exit_code == 0


@pytest.mark.parametrize(("option", "there"), [("--mfa", True), ("--no-mfa", False)])
def test_people_may_register_the_second_factor_that_the_role_asks_for(tmp_path: Path, option: str, there: bool) -> None:
    _init(tmp_path / "mine", "--user", "bo", "--region", "us-gov-west-1", option)
    config = yaml.safe_load((tmp_path / "mine" / "Pulumi.auth.yaml").read_text(encoding="utf-8"))["config"]
    inline = config["crossaccount:trusted"]["groups"]["ReadOnly-users"]["inline"]
    assert ("register-own-mfa" in inline) == there
    if there:
        statements = inline["register-own-mfa"]["document"]["Statement"]
        assert statements[-1]["Resource"] == "arn:aws-us-gov:iam::123456789012:user/${aws:username}"
        assert not any("Deactivate" in str(each) or "Delete" in str(each) for each in statements)


def test_it_never_writes_over_anything_and_lists_all_that_is_in_the_way(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for name in ("Pulumi.yaml", "access-tests.yaml"):
        (mine / name).write_text("mine", encoding="utf-8")
    done = _init(mine, "--user", "bo")
    assert done.exit_code == 2
    assert done.stderr.splitlines() == [
        f"{mine / name}: exists already; choose another folder, or move it away"
        for name in ("Pulumi.yaml", "access-tests.yaml")
    ]
    assert _files(mine) == ["Pulumi.yaml", "access-tests.yaml"]
    assert (mine / "Pulumi.yaml").read_text(encoding="utf-8") == "mine"


def test_everything_that_is_wrong_is_reported_at_once(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        app,
        [*WRONG.split(), "--user", "b o", "--user", "bo", "--user", "Bo", "--trusted", "A b", str(tmp_path)],
    )
    assert done.exit_code == 2
    places = [line.partition(":")[0] for line in done.stderr.splitlines()]
    assert places == [
        *("--trusted-id", "--trusted", "--trusting-id", "--trusting-id"),
        *("--user", "--user", "--role", "--policy", "--region"),
    ]
    assert _files(tmp_path) == []


def test_where_nobody_can_be_asked_what_is_missing_is_an_error(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["init", str(tmp_path), "--trusted-id", "123456789012"])
    assert (done.exit_code, done.stderr.splitlines()) == (
        2,
        [
            "--trusting-id: is required, because there is no terminal to ask for it; add it",
            "--user: is required, because there is no terminal to ask for it; add it",
        ],
    )


def test_it_asks_a_person_for_what_is_not_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "anybody", lambda: True)
    done = _init(tmp_path / "mine", stdin="bo kim\n")
    assert "Users who may assume the role" in done.stderr
    assert "kim" in (tmp_path / "mine" / "Pulumi.auth.yaml").read_text(encoding="utf-8")


def test_a_project_within_a_checkout_runs_the_checkout_s_program() -> None:
    plan = Plan("mine", Account("auth", "123456789012"), Account("workload", "210987654321"), ("bo",), "R")
    files = project_files(plan, Place("../.."))
    project = yaml.safe_load(files["Pulumi.yaml"])
    assert (project["main"], project["runtime"]["options"]["virtualenv"]) == ("../..", "../../.venv")
    assert "__main__.py" not in files
    assert "requirements.txt" not in files


@pytest.mark.parametrize("name", ["098765432109", "012345678901", "12e4", "1_0e3"])
def test_a_name_that_looks_like_a_number_is_a_text_to_the_cli_too(name: str) -> None:
    plan = Plan(name, Account("null", "012345678901"), Account("true", "098765432109"), (name,), name)
    read = {file: parse_yaml(text, file) for file, text in project_files(plan, Place()).items() if "Pulumi" in file}
    assert read["Pulumi.yaml"]["name"] == name
    assert set(read["Pulumi.yaml"]["config"]["crossaccount:accounts"]["value"]) == {"null", "true"}
    assert list(read["Pulumi.null.yaml"]["config"]["crossaccount:trusted"]["users"]) == [name]
    assert list(read["Pulumi.true.yaml"]["config"]["crossaccount:trusting"]["roles"]) == [name]
    for stack in ("null", "true"):
        config = read[f"Pulumi.{stack}.yaml"]["config"]
        assert (config["aws:profile"], config["crossaccount:account"]) == (stack, stack)


@given(project=NAMES, users=st.lists(NAMES, min_size=1, max_size=3, unique_by=str.lower), role=NAMES)
def test_every_name_that_iam_takes_stays_what_it_is(project: str, users: list[str], role: str) -> None:
    plan = Plan(project, Account("auth", "123456789012"), Account("workload", "210987654321"), tuple(users), role)
    files = {name: text for name, text in project_files(plan, Place()).items() if name.endswith(".yaml")}
    read = {name: yaml.safe_load(text) for name, text in files.items()}
    assert {name: parse_yaml(text, name) for name, text in files.items()} == read, "the CLI reads the same"
    assert read["Pulumi.yaml"]["name"] == project
    assert set(read["Pulumi.auth.yaml"]["config"]["crossaccount:trusted"]["users"]) == set(users)
    assert set(read["Pulumi.workload.yaml"]["config"]["crossaccount:trusting"]["roles"]) == {role}
    assert {test["role"] for test in read["access-tests.yaml"]["tests"]} == {f"workload/role/{role}"}


def test_every_answer_is_checked_when_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "anybody", lambda: True)
    answers = "123\n123456789012\n123456789012\n210987654321\nb/o\nbo kim\n"
    done = CliRunner().invoke(app, ["init", str(tmp_path / "mine")], input=answers)
    assert done.exit_code == 0, done.output
    assert [f"no: {line.partition('no: ')[2]}" for line in done.stderr.splitlines() if "no: " in line] == [
        'no: an account ID is a text of 12 digits, this has 3, got "123"; '
        "write all 12 digits, leading zeros too, in quotes",
        "no: the trusted account (auth, who assumes) and the trusting one (workload, whose role is assumed) are the "
        'same, got "123456789012"; give another account\'s ID',
        'no: the name of a user has only letters A-Z, a-z, digits and _+=,.@-, got "b/o"; call it `b-o`',
    ]
    assert "kim" in (tmp_path / "mine" / "Pulumi.auth.yaml").read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--trusting-id", "12"], "--trusting-id: an account ID is a text of 12 digits"),
        (["--role", "a/b"], "--role: the name of a role has only letters"),
        ([], "Pulumi.yaml: exists already"),
    ],
)
def test_nothing_is_asked_if_it_is_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.setattr(starting, "anybody", lambda: True)
    monkeypatch.setattr(starting.typer, "prompt", lambda *_, **__: pytest.fail("it asked"))
    (tmp_path / "Pulumi.yaml").write_text("name: mine\n")
    done = CliRunner().invoke(app, ["init", str(tmp_path), *options])
    assert (done.exit_code, said in done.stderr) == (2, True), done.output


def test_editors_get_the_schema_of_this_version_and_doctor_says_when_it_is_another(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    _init(mine, "--user", "bo")
    assert (
        (mine / "Pulumi.auth.yaml").read_text().startswith("# yaml-language-server: $schema=crossaccount.schema.json\n")
    )
    schema = mine / "crossaccount.schema.json"
    current = schema.read_bytes()

    def said() -> list[str]:
        document = json.loads(CliRunner().invoke(app, ["doctor", "--dir", str(mine), "--json"]).stdout)
        return [each["found"] for each in document["checks"] if each["what"] == "schema for editors"]

    assert said() == ["of this version"]
    schema.write_text("{}")
    assert said() == ["crossaccount.schema.json is of another version"]
    assert CliRunner().invoke(app, ["add", "schema", "--dir", str(mine)]).exit_code == 0
    assert schema.read_bytes() == current


def test_what_other_machines_cannot_install_and_a_trust_by_names_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = "Version 0.9 must be on the package index.\nOr write another"
    monkeypatch.setattr(starting, "_place", lambda *_: Place("", "crossaccount==0.9", note))
    done = _init(tmp_path / "mine", "--user", "bo", "--github", "acme/infra")
    assert done.exit_code == 0
    assert "requirements.txt: Version 0.9 must be on the package index. Or write another\n" in done.stderr
    assert "without --github-ids the roles trust the repository by its names alone (XA119)" in done.stderr
    assert "pulumi install" not in done.stdout
