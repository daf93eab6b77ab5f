"""The commands that ask without naming a source: about all stacks of the project in the folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import BOTH, Run

ROLE = "production/role/UpdateApp"


@pytest.mark.usefixtures("tutorial")
@pytest.mark.parametrize(
    "arguments",
    [
        ("paths",),
        ("who-can", ROLE),
        ("what-can", "development/user/David"),
        ("test", "access-tests.yaml"),
        ("handoff", "links"),
        ("report", "--csv", "-"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_source_is_all_stacks_here(run: Run, arguments: tuple[str, ...]) -> None:
    command = arguments if arguments[0] == "report" else (*arguments, "--json")
    named, pattern, unnamed = run(*command, *BOTH), run(*command, "stack:*"), run(*command)
    assert (unnamed.code, unnamed.out) == (0, named.out)
    assert pattern.out == named.out
    assert "UpdateApp" in unnamed.out


def test_the_folder_is_that_of_dir(run: Run, tutorial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = run("paths", "--json").out
    monkeypatch.chdir(tutorial.parent)
    assert run("paths", "--dir", str(tutorial), "--json").out == expected
    refused = run("paths", "--dir", str(tutorial.parent))
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith(f"SOURCE: none is named, and there is no Pulumi.yaml in {tutorial.parent}; ")


@pytest.mark.parametrize("command", [("paths",), ("who-can", ROLE), ("diff",), ("verify",), ("report", "--csv", "-")])
def test_no_source_and_no_project_is_bad_input(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*command)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[0].startswith("SOURCE: none is named, and there is no Pulumi.yaml here; name sources")


@pytest.mark.usefixtures("tutorial")
def test_a_stack_without_its_kind_is_bad_input_with_the_fix(run: Run) -> None:
    done = run("who-can", ROLE, "production", "develpoment")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "production: there is no such file; did you mean `stack:production`?",
        "develpoment: there is no such file; did you mean `stack:development`?",
    ]


@pytest.mark.usefixtures("tutorial")
def test_tests_without_a_file_are_those_of_the_project(run: Run) -> None:
    assert run("test", "--json").out == run("test", "access-tests.yaml", *BOTH, "--json").out
    swapped = run("test", "stack:production")
    assert (swapped.code, swapped.err) == (
        2,
        'TESTS.yaml: must be a file of access tests, got "stack:production"; '
        "write the file first: crossaccount test access-tests.yaml stack:production\n",
    )


def test_a_diff_of_nothing_named_is_what_an_update_would_change(
    run: Run, tutorial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before is what the stacks last deployed; a stack that was never deployed counts as empty, and that is said."""
    (tutorial / "backend").mkdir()
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tutorial}/backend")
    never = run("diff", "--json")
    assert (never.code, "state:production: no such stack" in never.err) == (2, True)
    before = tutorial.parent / "before"
    shutil.copytree(tutorial, before)
    config = tutorial / "Pulumi.development.yaml"
    text = config.read_text()
    config.write_text(text.replace("deny-assume-S3-role-in-production: {deny:", "renamed: {assume:"))
    assert config.read_text() != text
    done = run("diff", "--before", f"stack:{before}/*", "--json", "--fail-on", "broadening")
    assert (done.code, done.json["verdict"]) == (3, "broadening")
    [change] = done.json["changes"]
    assert change["principal"].endswith("user/Theresa")


@pytest.mark.usefixtures("tutorial")
def test_a_diff_of_nothing_named_without_the_cli_says_once_what_to_name(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path))
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    done = run("diff")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "--before: the default, what the stacks last deployed, needs the pulumi CLI, which is not on the PATH; "
        "name a source, such as --before stack:OLD/auth (OLD: a folder with the old config), or install the CLI\n"
    )


@pytest.mark.usefixtures("tutorial")
def test_check_takes_patterns_of_stacks(run: Run) -> None:
    assert run("check", "prod*", "dev*", "--json").json == run("check", "--json").json
    refused = run("check", "x*")
    assert (refused.code, refused.err.startswith("x*: no such stack in the project;")) == (2, True)
