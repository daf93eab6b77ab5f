"""``crossaccount.components`` gives the same in a checkout as in an installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import components
import crossaccount.components
from components import program
from crossaccount.components import program as installed

ROOT = Path(__file__).parents[2]


def test_every_public_name_is_the_same_object() -> None:
    assert crossaccount.components.__all__ == components.__all__
    for name in components.__all__:
        assert getattr(crossaccount.components, name) is getattr(components, name)
    assert (installed.main, installed.program) == (program.main, program.program)


def test_somebody_elses_components_stay_theirs(tmp_path: Path) -> None:
    """From a checkout that is not on the path, with a package of that name that is."""
    theirs = tmp_path / "components"
    theirs.mkdir()
    (theirs / "__init__.py").write_text("raise SystemExit('theirs was imported')")
    (tmp_path / "crossaccount").symlink_to(ROOT / "crossaccount")
    done = subprocess.run(
        [sys.executable, "-c", "from crossaccount.components import TrustedAccount as T; print(T.__module__)"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (done.stdout.strip(), done.returncode) == ("components.trusted", 0), done.stderr
