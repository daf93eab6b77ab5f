"""What a project outside a checkout installs the program from."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from crossaccount.cli import app
from crossaccount.settings import SettingsError
from crossaccount.start import files
from crossaccount.start.files import is_of_this_machine, own_requirement, requirement_of
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
    assert requirement_of(source, Path.cwd()) == expected


def test_a_folder_is_taken_from_where_one_stands() -> None:
    assert requirement_of(".", ROOT) == requirement_of(str(ROOT), Path("/"))


@pytest.mark.parametrize(
    "source", ["", "nowhere", "http://example.com/x.zip", f"{GIT}\n--index-url=x", "git+https://x y", "1.2", "=1"]
)
def test_anything_else_is_refused(source: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--from: must be what pip can install crossaccount from"):
        requirement_of(source, tmp_path)


@pytest.mark.parametrize(
    ("noted", "expected"),
    [
        (None, "crossaccount[local]==0.9"),
        ({"url": "file:///here", "dir_info": {"editable": True}}, "crossaccount[local] @ file:///here"),
        (
            {"url": "https://h/o/r.git", "vcs_info": {"vcs": "git", "commit_id": "abc", "requested_revision": "main"}},
            "crossaccount[local] @ git+https://h/o/r.git@abc",
        ),
    ],
)
def test_without_a_word_it_is_what_this_program_was_installed_from(
    noted: Any, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = None if noted is None else json.dumps(noted)
    there = SimpleNamespace(version="0.9", read_text=lambda _: text)
    monkeypatch.setattr(files, "distribution", lambda _: there)
    assert own_requirement(ROOT) == expected


def test_a_program_that_was_never_installed_is_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> Any:
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(files, "distribution", missing)
    assert own_requirement(ROOT) == f"crossaccount[local] @ {ROOT.as_uri()}"


def _requirements(folder: Path, *options: str) -> str:
    ids = ["--trusted-id", "123456789012", "--trusting-id", "210987654321", "--user", "bo"]
    assert CliRunner().invoke(app, ["init", str(folder), *ids, *options]).exit_code == 0
    return (folder / "requirements.txt").read_text(encoding="utf-8")


def test_init_writes_it_down(tmp_path: Path) -> None:
    assert _requirements(tmp_path / "a", "--from", GIT) == f"crossaccount[local] @ {GIT}\n"
    own = _requirements(tmp_path / "b")
    assert is_of_this_machine(own) == ("A pipeline needs what it can reach" in own)


def test_pip_installs_what_init_wrote_and_it_runs(tmp_path: Path) -> None:
    """Without what it depends on, which is here already; from a copy, since a build leaves its traces."""
    checkout = tmp_path / "checkout"
    for folder in ("components", "crossaccount"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (*ROOT.glob("requirements*.txt"), ROOT / "pyproject.toml", ROOT / "README.md"):
        shutil.copy(file, checkout)
    _requirements(tmp_path / "mine", "--from", str(checkout))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "site")]
    subprocess.run([*pip, "-r", str(tmp_path / "mine" / "requirements.txt")], check=True, capture_output=True)
    check = [sys.executable, "-m", "crossaccount.cli", "check", "--dir", str(tmp_path / "mine")]
    done = subprocess.run(
        check, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path / "site")}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "crossaccount" / "components" / "declaration.py").is_file()
    assert sorted(each.name for each in (tmp_path / "site").iterdir() if each.suffix != ".dist-info") == [
        "bin",
        "crossaccount",
    ]
