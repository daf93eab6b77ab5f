"""Sources as the commands take them, and the program that a ``stack:`` source runs."""

from __future__ import annotations

import gc
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from crossaccount.cli.options import HERE
from crossaccount.cli.printing import say

if TYPE_CHECKING:
    from crossaccount.access.estate import Estate
    from crossaccount.engine.deployment import Program
    from crossaccount.iam.problem import Problem
    from crossaccount.sources import Sources
    from crossaccount.sources.files import Files
    from crossaccount.sources.names import Names


def read(
    texts: Sequence[str] | None,
    directory: Path,
    accounts: Path | None,
    files: Files | None = None,
    *,
    run_program: bool = False,
    now: datetime | None = None,
) -> Sources:
    """Read the sources, all stacks of the project where none is named; what readers should know goes to stderr.

    ``now`` is the time of the run; default: the present.

    Raises:
        SourceError: everything wrong with them.
    """
    from crossaccount.sources import read_sources
    from crossaccount.sources.patterns import all_stacks, project_organization

    # The process ends with the command: looking for cycles in a large estate over and over only takes time.
    gc.disable()
    may_run = partial(may_run_program, directory, run_program)
    texts = texts or [*all_stacks(directory), *project_organization(directory)]
    found = read_sources(
        texts, load_program, directory=directory, accounts=accounts, files=files, may_run=may_run, now=now
    )
    for warning in found.warnings:
        say(f"warning: {warning}", err=True)
    return found


@dataclass(frozen=True)
class Named:
    """Sources, the estate that they make, and the names of those in it."""

    sources: Sources
    estate: Estate
    names: Names


def read_named(
    texts: Sequence[str] | None, directory: Path, accounts: Path | None, *, run_program: bool = False
) -> Named:
    """Read the sources, for a command that takes or shows names.

    Raises:
        SourceError: everything wrong with them.
    """
    from crossaccount.sources.names import Names

    found = read(texts, directory, accounts, run_program=run_program)
    estate = found.estate()
    return Named(found, estate, Names(found.accounts, estate))


def read_both(
    before: Sequence[str] | None,
    after: Sequence[str] | None,
    directory: Path,
    accounts: Path | None,
    *,
    run_program: bool = False,
) -> tuple[Sources, Sources]:
    """Two estates to compare.

    Raises:
        SourceError: everything wrong with either, in one report.
    """
    from crossaccount.settings.moment import present
    from crossaccount.sources import SourceError
    from crossaccount.sources.files import Files

    files, now = Files(), present()
    found: list[Sources] = []
    lines: list[Problem | str] = []
    for texts in (before, after):
        try:
            found.append(read(texts, directory, accounts, files, run_program=run_program, now=now))
        except SourceError as error:
            lines += error.lines
    if lines:
        raise SourceError(dict.fromkeys(lines))
    return found[0], found[1]


def is_source(text: str) -> bool:
    """Whether a word where names of stacks may stand is a source: ``KIND:…``, a file, or a folder of iam-collect."""
    from crossaccount.sources.collected import is_collected

    return ":" in text or "/" in text or text.endswith(".json") or Path(text).is_file() or is_collected(Path(text))


def as_sources(texts: Sequence[str], stacks: Collection[str]) -> list[str]:
    """The arguments as sources, if at least one is a source: a stack's name becomes ``stack:NAME``."""
    return [text if is_source(text) or text not in stacks else f"stack:{text}" for text in texts]


def may_run_program(directory: Path, run_program: bool, folder: Path) -> bool:
    """Whether the program in ``folder`` may be run: this project's, that of ``--dir``, or any with ``--run-program``.

    The folder in which the command runs is no project's by itself: below it may be anybody's.
    """
    from crossaccount.engine.own_program import enclosing_project, is_of

    here = enclosing_project(Path.cwd())
    ours = [*([here] if here else []), *([directory] if directory != HERE else [])]
    return run_program or any(is_of(folder, each) for each in ours)


def load_program() -> Program:
    """The Pulumi program; importing it takes half a second, so it waits for the source that needs it."""
    from crossaccount.components.program import program

    return program
