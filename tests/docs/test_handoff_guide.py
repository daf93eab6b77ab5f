"""The hand-off guide: every command block is run, and prints what stands below it."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crossaccount.cli import app

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guide" / "handoff.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n\$ (.*)\n((?:.*\n)*?)^```$", GUIDE, re.MULTILINE)


@pytest.mark.parametrize(("command", "printed"), BLOCKS, ids=[command.split(" ")[2] for command, _ in BLOCKS])
def test_a_command_prints_what_stands_below_it(
    command: str, printed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    program, *arguments = shlex.split(command)
    done = CliRunner().invoke(app, arguments)
    assert (program, done.exit_code, done.stdout) == ("crossaccount", 0, printed)


def test_there_are_blocks_and_every_fence_is_one() -> None:
    assert len(BLOCKS) >= 6
    assert GUIDE.count("```") == 2 * len(BLOCKS)
