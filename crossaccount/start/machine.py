"""What ``doctor`` asks the machine, passed in: a test has a machine of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Ran:
    """How a program ended, and what it said on stdout and stderr."""

    code: int
    out: str = ""
    error: str = ""


def run(command: Sequence[str], folder: Path) -> Ran:
    """Run a program that only looks; one that hangs has failed."""
    try:
        done = subprocess.run(list(command), cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired:
        return Ran(-1, error=f"no answer in {TIMEOUT_SECONDS} s")
    except OSError as error:
        return Ran(-1, error=str(error.strerror))
    return Ran(done.returncode, done.stdout.strip(), done.stderr.strip())


@dataclass(frozen=True)
class Machine:
    """This machine. ``account_of`` is asked with a stack's config; it raises OSError with one line."""

    account_of: Callable[[Mapping[str, object]], str]
    which: Callable[[str], str | None] = shutil.which
    run: Callable[[Sequence[str], Path], Ran] = run
    has_module: Callable[[str], bool] = lambda name: find_spec(name) is not None
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


def aws_cli(folder: Path, machine: Machine) -> str:
    """Which AWS CLI there is, as it says itself (``aws-cli/2.31.0``); empty where there is none."""
    if machine.which("aws") is None:
        return ""
    return machine.run(["aws", "--version"], folder).out.partition(" ")[0]
