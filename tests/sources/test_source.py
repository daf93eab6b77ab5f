"""The words on a command line: kinds of sources, address books, and all that is wrong in one report."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from crossaccount.settings import project as projects
from tests.sources.conftest import Read, write_yaml

Problems = Callable[..., list[str]]


def account_file(folder: Path, account_id: str, **more: object) -> str:
    """A file with one user of an account."""
    file = folder / f"{account_id}{len(list(folder.iterdir()))}.json"
    user = {"UserName": "bo", "Arn": f"arn:aws:iam::{account_id}:user/bo"}
    file.write_text(json.dumps({"UserDetailList": [user], **more}), encoding="utf-8")
    return str(file)


def test_sources_of_several_kinds_make_one_estate(project: Path, read: Read) -> None:
    estate = read("stack:auth", "stack:workload", account_file(project, "333333333333")).estate()
    assert estate.accounts == {"111111111111", "222222222222", "333333333333"}


def test_every_source_s_problems_come_in_one_report(project: Path, problems: Problems) -> None:
    found = problems("stack:auht", "stak:auth", "none.json", "state:", accounts=project / "none.yaml")
    assert found == [
        f"{project}/none.yaml: cannot be read (No such file or directory); check the path and its permissions",
        'stack:auht: no such stack in the project, got "auht"; did you mean `auth`?',
        'stak:auth: no such kind of source and no such file, got "stak"; did you mean `stack`?',
        "none.json: there is no such file; name a file, or stack:NAME, state:NAME or live:PROFILE",
        'state:: names no stack, got ""; write state:NAME or state:DIR/NAME',
    ]


def test_what_is_wrong_with_a_shared_file_is_reported_once(project: Path, problems: Problems) -> None:
    file = project / "Pulumi.yaml"
    file.write_text(file.read_text().replace("stack: auth", "stak: auth"))
    both = [line.partition(": ")[2] for line in problems("stack:auth", "stack:workload")]
    assert both
    assert len(both) == len(set(both))
    assert problems("stack:auth", "state:workload")[0].startswith("stack:auth: Pulumi.yaml: accounts.auth.stak: ")


def test_two_projects_that_are_wrong_alike_are_both_named(project: Path, problems: Problems) -> None:
    for name in ("one", "two"):
        (project / name).mkdir()
        (project / name / "Pulumi.yaml").write_text("name: [\n")
    found = problems("stack:one/auth", "stack:two/auth")
    assert [line.partition(": ")[0] for line in found] == ["stack:one/auth", "stack:two/auth"]


def test_an_empty_word_is_no_source(problems: Problems) -> None:
    assert problems("") == ["SOURCE: is empty; name a file, or stack:NAME, state:NAME or live:PROFILE"]


def test_two_sources_of_one_account_are_one_too_many(project: Path, problems: Problems) -> None:
    file = account_file(project, "111111111111")
    assert problems("stack:auth", file) == [
        f'{file}: stack:auth describes the same account, got "111111111111"; name one of the two'
    ]


@pytest.mark.usefixtures("project")
def test_a_source_named_twice_is_read_once(read: Read) -> None:
    assert len(read("stack:auth", "stack:auth").details) == 1


def test_accounts_file_names_the_accounts_of_plain_files(tmp_path: Path, read: Read) -> None:
    accounts = write_yaml(tmp_path / "accounts.yaml", {"shared": {"id": "333333333333"}})
    assert read(account_file(tmp_path, "333333333333"), accounts=accounts).accounts == {"shared": "333333333333"}


def test_a_wrong_accounts_file_is_refused_entry_by_entry(tmp_path: Path, problems: Problems) -> None:
    file = account_file(tmp_path, "333333333333")
    accounts = write_yaml(tmp_path / "a.yaml", {"one": {"id": 1402433619}, "two": {"id": "333333333333", "colour": 1}})
    assert problems(file, accounts=accounts) == [
        f"{accounts}: one.id: an account ID is a text of 12 digits, and this is what YAML makes of an unquoted"
        ' 012345670123, read as octal, got 1402433619; write "012345670123" in quotes'
        ' (or "001402433619", if that is what stood there)',
        f"{accounts}: two.colour: unknown key; did you mean `color`?",
    ]
    accounts = write_yaml(tmp_path / "b.yaml", ["one"])
    [line] = problems(file, accounts=accounts)
    assert line.startswith(f"{accounts}: must be a mapping")


def test_one_name_for_two_accounts_is_refused_unless_the_accounts_file_settles_it(
    tmp_path: Path, read: Read, problems: Problems
) -> None:
    files = [account_file(tmp_path, f"{digit}" * 12, AccountAliases=["acme"]) for digit in (3, 4)]
    assert problems(*files) == [
        f'{files[1]}: acme: {files[0]} calls 333333333333 acme, got "444444444444"; decide with --accounts FILE'
    ]
    accounts = write_yaml(tmp_path / "accounts.yaml", {"acme": {"id": "444444444444"}})
    assert read(*files, accounts=accounts).accounts == {"acme": "444444444444"}


def test_files_alone_need_no_pulumi_and_no_boto3(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from crossaccount.sources import read_sources\n"
        f"read_sources([{account_file(tmp_path, '333333333333')!r}], lambda: None, directory=Path()).estate()\n"
        "print([name for name in ('pulumi', 'boto3', 'botocore') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_files_of_a_project_are_read_once_however_many_stacks_are_named(
    read: Read, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand stacks would else read a million files."""
    opened: list[str] = []
    really = projects.read_yaml

    def read_and_tell(path: Path, name: str, **options: Path) -> object:
        opened.append(name)
        return really(path, name, **options)

    monkeypatch.setattr(projects, "read_yaml", read_and_tell)
    read("stack:auth", "stack:workload")
    assert sorted(opened) == sorted(set(opened)) == sorted(file.name for file in project.glob("Pulumi*.yaml"))
