"""``run`` runs a command in this process; ``tutorial`` is the tutorial's two stacks, to be changed at will."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from crossaccount.cli import app

ROOT = Path(__file__).parents[2]
BOTH = ("stack:development", "stack:production")


@dataclass(frozen=True)
class Done:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run() -> Run:
    """Run a command; its arguments as on a command line."""

    def run(*arguments: str) -> Done:
        result = CliRunner().invoke(app, list(arguments))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def tutorial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tutorial's stacks, in the current folder."""
    for file in (ROOT / "examples" / "tutorial").glob("*.yaml"):
        shutil.copy(file, tmp_path)
    # The program is the root's: `main` says where it is, seen from the example.
    project = tmp_path / "Pulumi.yaml"
    project.write_text(project.read_text(encoding="utf-8").replace("main: ../../\n", ""), encoding="utf-8")
    shutil.copy(ROOT / "__main__.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def edit(folder: Path, stack: str, change: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of the project in a folder beside it, with one stack's config changed."""
    other = folder / "changed"
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("changed"))
    file = other / f"Pulumi.{stack}.yaml"
    content = yaml.safe_load(file.read_text())
    change(content["config"])
    file.write_text(yaml.safe_dump(content))
    return other


def without_the_deny(config: dict[str, Any]) -> None:
    """The tutorial's testers are no longer denied."""
    del config["crossaccount:trusted"]["groups"]["Testers"]["inline"]


def with_mfa(config: dict[str, Any]) -> None:
    """The tutorial's role asks for MFA of the last hour."""
    config["crossaccount:trusting"]["roles"]["UpdateApp"]["trust"][0]["mfa"] = {"max_age": "1h"}
