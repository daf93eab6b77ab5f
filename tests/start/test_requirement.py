"""What a project outside a checkout installs the program from."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.settings import SettingsError
from crossaccount.start import requirement
from crossaccount.start.doctor import Ran
from crossaccount.start.requirement import own_requirement, requirement_of
from tests.scenarios import ROOT

GIT = "git+https://git.example.com/team/crossaccount@v1.2"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (GIT, f"crossaccount[local] @ {GIT}"),
        ("https://example.com/crossaccount.tar.gz", "crossaccount[local] @ https://example.com/crossaccount.tar.gz"),
        ("==1.2.3", "crossaccount[local]==1.2.3"),
        (str(ROOT), f"crossaccount[local] @ {ROOT.as_uri()}"),
    ],
)
def test_what_pip_can_install_from_is_taken(source: str, expected: str) -> None:
    assert requirement_of(source, Path.cwd()).text == expected


def test_a_folder_is_taken_from_where_one_stands() -> None:
    assert requirement_of(".", ROOT) == requirement_of(str(ROOT), Path("/"))


@pytest.mark.parametrize(
    "source", ["", "nowhere", "http://example.com/x.zip", f"{GIT}\n--index-url=x", "git+https://x y", "1.2", "=1"]
)
def test_anything_else_is_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--from: must be what pip can install crossaccount from"):
        requirement_of(source, tmp_path)


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def _git(remote: str, *, pushed: bool = True, changed: bool = False) -> requirement.Git:
    """The answers of git in a checkout."""
    answers = {"remote": remote, "rev-parse": COMMIT, "branch": "origin/main" if pushed else "", "diff": "+" * changed}
    return lambda command, _: Ran(0, answers[command[1]])


def _installed(monkeypatch: pytest.MonkeyPatch, noted: Any) -> None:
    text = None if noted is None else json.dumps(noted)
    there = SimpleNamespace(version="0.9", read_text=lambda _: text)
    monkeypatch.setattr(requirement, "distribution", lambda _: there)


CHECKOUT = {"url": "file:///here", "dir_info": {"editable": True}}
RELEASED = "crossaccount[local]==0.9"


@pytest.mark.parametrize(
    ("noted", "remote", "expected"),
    [
        (None, "", RELEASED),
        (CHECKOUT, "https://h/o/r.git", f"crossaccount[local] @ git+https://h/o/r.git@{COMMIT}"),
        (CHECKOUT, "https://me:token@h:8443/o/r", f"crossaccount[local] @ git+https://h:8443/o/r@{COMMIT}"),
        (CHECKOUT, "git@h:o/r.git", f"crossaccount[local] @ git+ssh://git@h/o/r.git@{COMMIT}"),
        (CHECKOUT, "ssh://git@h/o/r", f"crossaccount[local] @ git+ssh://git@h/o/r@{COMMIT}"),
        (CHECKOUT, "/srv/r.git", RELEASED),
        (CHECKOUT, "file:///srv/r.git", RELEASED),
        (CHECKOUT, "http://h/o/r", RELEASED),
        (CHECKOUT, "", RELEASED),
        ({"url": "file:///here/x.whl", "archive_info": {}}, "", RELEASED),
        ({"url": "https://h/x.whl", "archive_info": {}}, "", "crossaccount[local] @ https://h/x.whl"),
        (
            {"url": "https://me@h/o/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}},
            "",
            "crossaccount[local] @ git+https://h/o/r.git@abc",
        ),
        ({"url": "file:///here/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc"}}, "", RELEASED),
    ],
)
def test_without_a_word_it_is_what_runs_now_as_others_can_install_it(
    noted: Any, remote: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _installed(monkeypatch, noted)
    assert own_requirement(ROOT, _git(remote)).text == expected


def test_a_commit_that_the_remote_lacks_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(monkeypatch, CHECKOUT)
    text, note = own_requirement(ROOT, _git("https://h/o/r", pushed=False))
    assert text == RELEASED
    assert note.startswith("Version 0.9 must be on the package index that installations use.")


def test_changes_that_are_in_no_commit_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    _installed(monkeypatch, CHECKOUT)
    assert "not committed" in own_requirement(ROOT, _git("https://h/o/r", changed=True)).note


def test_a_program_that_was_never_installed_is_its_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> Any:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(requirement, "distribution", missing)
    assert own_requirement(ROOT, _git("https://h/o/r")).text == f"crossaccount[local] @ git+https://h/o/r@{COMMIT}"


def _requirements(folder: Path, *options: str) -> str:
    ids = ["--trusted-id", "123456789012", "--trusting-id", "210987654321", "--user", "bo"]
    assert CliRunner().invoke(app, ["init", str(folder), *ids, *options]).exit_code == 0
    return (folder / "requirements.txt").read_text(encoding="utf-8")


def test_init_writes_it_down(tmp_path: Path) -> None:
    assert _requirements(tmp_path / "a", "--from", GIT) == f"crossaccount[local] @ {GIT}\n"
    assert "A pipeline cannot reach it" in _requirements(tmp_path / "b", "--from", str(ROOT))


def test_init_never_writes_a_path_of_this_machine_by_itself(tmp_path: Path) -> None:
    own = _requirements(tmp_path / "mine")
    written = "".join(file.read_text() for file in (tmp_path / "mine").rglob("*") if file.is_file())
    assert own.splitlines()[-1].startswith("crossaccount[local]")
    assert not [path for path in ("file://", str(ROOT), str(tmp_path)) if path in written]
