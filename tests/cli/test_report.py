"""``report``: which files it writes, what it says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from crossaccount.cli import app
from tests.cli.conftest import Run
from tests.report.estate import write_estate


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    return write_estate(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["report", *arguments])


def test_it_writes_every_file_that_is_requested(sources: list[str], tmp_path: Path) -> None:
    files = {option: tmp_path / f"report{option}" for option in ("--html", "--markdown", "--csv", "--mermaid")}
    done = run(*sources, *(str(each) for pair in files.items() for each in pair))
    assert done.exit_code == 0
    assert done.stdout.startswith(
        "3 accounts, 4 principals, 7 roles, 5 paths, 1 way through other roles, 1 error, 9 warnings, 3 dangling "
        "grants or trusts: "
    )
    starts = {
        "--html": "<!doctype html>",
        "--markdown": "# Access report",
        "--csv": "principal_account,",
        "--mermaid": "flowchart LR",
    }
    assert all(files[option].read_text(encoding="utf-8").startswith(start) for option, start in starts.items())


def test_stdout_holds_one_document_and_nothing_else(sources: list[str]) -> None:
    done = run(*sources, "--mermaid", "-")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, "flowchart LR")
    assert "accounts" not in done.stdout


def test_json_says_the_numbers_and_the_files(sources: list[str], tmp_path: Path) -> None:
    file = str(tmp_path / "report.csv")
    done = run(*sources, "--csv", file, "--json")
    assert json.loads(done.stdout) == {
        "summary": {
            "accounts": 3,
            "principals": 4,
            "roles": 7,
            "paths": 5,
            "ways": 1,
            "errors": 1,
            "warnings": 9,
            "dangling": 3,
        },
        "files": [file],
    }


def test_since_says_what_changed(sources: list[str]) -> None:
    done = run(*sources, "--since", sources[0], "--markdown", "-")
    assert "## What changed" in done.stdout
    assert "+ development/user/David → production/role/UpdateApp" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--csv", "-", "--markdown", "-"], "report: stdout holds one document, got several; name files"),
        (["--csv", "-", "--json"], "report: stdout holds one document, got several; name files"),
        (
            ["--html", "/no/such/folder/x"],
            '--html: cannot be written (No such file or directory), got "/no/such/folder/x"',
        ),
    ],
)
def test_what_cannot_be_written_ends_with_2(sources: list[str], arguments: list[str], said: str) -> None:
    done = run(*sources, *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_without_a_format_it_is_markdown_on_stdout(sources: list[str]) -> None:
    done, named = run(*sources), run(*sources, "--markdown", "-")
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, named.stdout.splitlines()[0])
    assert done.stdout.startswith("# ")
    assert "--html report.html writes a page" in done.stderr
    assert "--html" not in named.stderr
    numbers = run(*sources, "--json")
    assert (numbers.exit_code, json.loads(numbers.stdout)["files"]) == (0, [])


def test_what_is_wrong_with_both_estates_comes_in_one_report(tmp_path: Path) -> None:
    done = run(str(tmp_path / "one.json"), "--since", str(tmp_path / "two.json"), "--csv", "-")
    assert done.exit_code == 2
    assert "one.json" in done.stderr
    assert "two.json" in done.stderr


def test_an_account_to_which_the_address_book_gives_a_stack_is_ours(tmp_path: Path) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "999988887777"}, "Action": "sts:AssumeRole"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    role = {"RoleName": "R", "Arn": "arn:aws:iam::111122223333:role/R", "AssumeRolePolicyDocument": document}
    (tmp_path / "a.json").write_text(
        json.dumps({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [role]})
    )
    book = tmp_path / "accounts.yaml"
    for entry, ours in (('{id: "999988887777"}', False), ('{id: "999988887777", stack: management}', True)):
        book.write_text(f"management: {entry}\n")
        done = run(str(tmp_path / "a.json"), "--accounts", str(book), "--markdown", "-")
        assert done.exit_code == 0
        assert ("XA107" not in done.stdout) == ours
        assert ours or "if the account is yours, name a source that describes it, or set stack: in the" in done.stdout


def test_decisions_are_held_against_the_paths(run: Run, tutorial: Path) -> None:
    sources = ("stack:development", "stack:production")
    assert run("report", *sources, "--csv", "paths.csv").code == 0
    table = (tutorial / "paths.csv").read_text()
    (tutorial / "decided.csv").write_text(table.replace(",,,\n", ",Shop,keep,\n"))
    found = run("report", *sources, "--decisions", "decided.csv", "--csv", "next.csv", "--json")
    assert found.json["decisions"] == {"decided": 1, "open": 0, "changed": 0, "gone": 0}
    assert ",Shop,keep,\n" in (tutorial / "next.csv").read_text()
    assert run("report", *sources, "--decisions", "nowhere.csv", "--csv", "-").code == 2
