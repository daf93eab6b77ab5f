"""Every benchmark still runs: at its smallest size, or, where it needs the pulumi CLI or minutes, up to its help."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("module", "arguments", "shown"),
    [
        ("job.overhead", ["--stacks", "2"], "up --yes, all is new"),
        ("job.in_process", ["--stacks", "3"], "3 stacks: {'changed': 3}"),
        ("check", ["--roles", "5"], "growth"),
        ("fleet", ["--accounts", "3"], "write again"),
        ("access", ["--accounts", "3"], "paths / floor"),
        ("access.ratios", ["1", "3"], "report / paths"),
        ("job", ["--help"], "--stacks"),
        ("program", ["--help"], "--runs"),
    ],
)
def test_a_benchmark_runs(module: str, arguments: list[str], shown: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
