"""What keeps a hand-off from being made, for people: all of it in one report."""

from __future__ import annotations

from collections.abc import Iterable

from crossaccount.iam.problem import Problem


class HandoffError(Exception):
    """Nothing is handed out. ``problems`` say why, all at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
