"""``--run-program``: whose programs a command runs by itself, and whose it asks about first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Run

TRUST = '{"Version": "2012-10-17", "Statement": []}'
OWN = f"import pulumi_aws as aws\naws.iam.Role('r', name='Seen', assume_role_policy='{TRUST}')\n"
PACKAGED = "from crossaccount.components.program import main\n\nmain()\n"
ASKED = "the program of another project runs only if you allow it"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Writes a project of one stack, ``one``."""

    def write(name: str, source: str = OWN) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        book = {"crossaccount:accounts": {"value": {"one": {"id": "111111111111", "stack": "one"}}}}
        content = {"name": folder.name, "runtime": "python", "config": book}
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(content))
        config = {"aws:allowedAccountIds": ["111111111111"], "crossaccount:account": "one"}
        roles = {"Reader": {"trust": [{"principals": ["one"]}]}}
        config["crossaccount:trusting"] = {"roles": roles}
        (folder / "Pulumi.one.yaml").write_text(yaml.safe_dump({"config": config}))
        (folder / "__main__.py").write_text(source)
        (folder / "access-tests.yaml").write_text(
            "tests: [{principal: one/role/Reader, role: one/role/Seen, expect: denied}]\n"
        )
        return folder

    return write


def test_the_program_of_this_project_is_run(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(write("mine"))
    done = run("who-can", "one/role/Seen", "stack:one")
    assert done.code == 0, done.err


def test_within_this_project_too(run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    mine = write("mine", PACKAGED)
    write("mine/inner")
    monkeypatch.chdir(mine)
    assert run("who-can", "one/role/Seen", "stack:inner/one").code == 0


def test_the_folder_that_dir_names_is_this_project(run: Run, write: Callable[..., Path]) -> None:
    assert run("who-can", "one/role/Seen", "stack:one", "--dir", str(write("theirs"))).code == 0


@pytest.mark.parametrize("inside", [True, False], ids=["in a project", "in no project"])
def test_another_projects_program_asks_first(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, inside: bool
) -> None:
    theirs = write("theirs")
    monkeypatch.chdir(write("mine", PACKAGED) if inside else tmp_path)
    source = f"stack:{theirs}/one"
    done = run("paths", source)
    assert (done.code, done.out) == (2, "")
    assert ASKED in done.err
    assert "--run-program" in done.err
    assert run("paths", source, "--run-program").code == 0


@pytest.mark.parametrize("command", [["rehearse"], ["report"], ["handoff", "env"], ["diff", "--before"]])
def test_every_command_that_runs_programs_asks(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    theirs = write("theirs")
    monkeypatch.chdir(tmp_path)
    source = str(theirs) if command == ["rehearse"] else f"stack:{theirs}/one"
    more = ["--after", source] if "diff" in command else ["--markdown", "-"] if "report" in command else []
    done = run(*command, source, *more)
    assert done.code == 2
    assert ASKED in done.err


def test_a_program_that_is_the_packaged_one_asks_nothing(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    theirs = write("theirs", PACKAGED)
    monkeypatch.chdir(tmp_path)
    assert run("paths", f"stack:{theirs}/one").code == 0


def test_check_judges_what_the_program_declares(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    anybody = TRUST.replace("[]", '[{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}]')
    monkeypatch.chdir(write("mine", OWN.replace(TRUST, anybody)))
    done = run("check", "--json")
    assert "arn:aws:iam::111111111111:role/Seen" in done.out


def test_diff_shows_what_the_program_adds(
    run: Run, write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    grants = "import json\nfrom components.program import main\nmain()\nimport pulumi_aws as aws\n" + (
        "trust = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Principal': {'AWS': '222222222222'},"
        " 'Action': 'sts:AssumeRole'}]}\n"
        "aws.iam.Role('r', name='Seen', assume_role_policy=json.dumps(trust))\n"
    )
    before, after = write("before", PACKAGED), write("after", grants)
    monkeypatch.chdir(tmp_path)
    done = run("diff", "--before", f"stack:{before}/one", "--after", f"stack:{after}/one", "--run-program", "--json")
    assert done.code == 0, done.err
    assert "arn:aws:iam::111111111111:role/Seen" in done.out
