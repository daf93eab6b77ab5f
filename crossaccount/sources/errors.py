"""What is wrong with sources, for people: all of it in one report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from crossaccount.iam.problem import BadInput, Problem


class SourceError(BadInput):
    """Sources cannot be read. ``lines`` are problems, or messages of an engine or a program, one line each."""


def refusal(where: str, what: str, got: object, fix: str) -> SourceError:
    """A source that has one thing wrong with it."""
    return SourceError([Problem(where, what, got, fix)])


def within(where: str, problems: Iterable[Problem]) -> SourceError:
    """The problems of a source's own input, each with the source before its place."""
    return SourceError(replace(problem, where=f"{where}: {problem.where}") for problem in problems)
