"""What is wrong with the documents that settings make, with its place in the files, before anything runs.

The program says the same once it builds them (``documents``). Who reads a project says it earlier, and as bad input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from crossaccount.iam.names import resolve
from crossaccount.iam.problem import Problem
from crossaccount.settings.documents import build_documents
from crossaccount.settings.settings import Settings


def document_problems(settings: Settings) -> list[Problem]:
    """Documents over a quota, and options that contradict raw conditions. All ARNs are derived."""

    ids, partition = settings.account_ids, settings.partition

    def derived(name: str, where: str, *, derived: bool = False) -> str:
        del where, derived
        return name if name == "*" else resolve(name, ids, partition)

    _, problems = build_documents(settings, derived)
    places = {place.rpartition(": ")[2]: place for section in settings.places.values() for place in section.values()}
    return [_placed(problem, places) for problem in problems]


def _placed(problem: Problem, places: Mapping[str, str]) -> Problem:
    """The problem with the file of the entity that it is about before its place."""
    for bare, full in places.items():
        if problem.where == bare or problem.where.startswith((f"{bare}.", f"{bare}[")):
            return replace(problem, where=full + problem.where.removeprefix(bare))
    return problem
