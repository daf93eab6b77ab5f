"""What waits for what: the steps of a job as a graph, each after those whose outcome it needs."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.settings import SettingsError

Waits = Mapping[str, frozenset[str]]
"""By stack: the stacks that it waits for."""


@dataclass(frozen=True)
class Step:
    """One run of one stack. A stack has more than one step only where a removal has to wait for others."""

    stack: str
    after: frozenset[str] = frozenset()
    """The keys of the steps whose success this one needs."""
    label: str = ""
    exclude: tuple[str, ...] = field(default=())
    """URNs that this step leaves alone."""

    @property
    def key(self) -> str:
        """What other steps know it by."""
        return f"{self.stack}:{self.label}" if self.label else self.stack


def selected(patterns: Collection[str], stacks: Collection[str]) -> list[str]:
    """The stacks that ``patterns`` (names, or wildcards as of a shell) mean, in the order of ``stacks``; none: all.

    Raises:
        SettingsError: a pattern means no stack.
    """
    problems = [
        Problem("STACK", "no such stack in the project", pattern, did_you_mean(pattern, stacks, "see Pulumi.*.yaml"))
        for pattern in patterns
        if not fnmatch.filter(stacks, pattern)
    ]
    if problems:
        raise SettingsError(problems)
    return [name for name in stacks if not patterns or any(fnmatch.fnmatchcase(name, each) for each in patterns)]


def forward(stacks: Iterable[str], reads: Waits) -> list[Step]:
    """Each stack after those it reads, as far as they take part."""
    taking_part = list(stacks)
    return [Step(name, reads[name].intersection(taking_part)) for name in taking_part]


def backward(stacks: Iterable[str], reads: Waits) -> list[Step]:
    """Each stack after those that read it: the order of a removal."""
    taking_part = list(stacks)
    readers = {name: frozenset(each for each in taking_part if name in reads[each]) for name in taking_part}
    return [Step(name, readers[name]) for name in reversed(taking_part)]


def all_at_once(stacks: Iterable[str]) -> list[Step]:
    """No stack waits: for what only looks."""
    return [Step(name) for name in stacks]
