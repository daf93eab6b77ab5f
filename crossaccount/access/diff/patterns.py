"""Whether everything that a pattern stands for is among what others stand for: the question behind every comparison.

Exact for wildcards (``iam.conditions.globs``), within its bound; beyond it, and for policy variables, the answer is no.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from crossaccount.iam.conditions.globs import Glob, Step, may_fit
from crossaccount.iam.variables import Template, Variable, template

_ANY = Step(run=True)


def within(inner: Template, outer: Iterable[Template]) -> bool:
    """Whether every text that fits ``inner`` fits one of ``outer``."""
    others = tuple(outer)
    texts = {other.text for other in others}
    if "*" in texts or inner.text in texts:
        return True
    return _within(inner, tuple(other for other in others if not other.variables()))


def overlap(one: Template, other: Template) -> bool:
    """Whether a text may fit both."""
    return may_fit([[_glob(one)], [_glob(other)]], [])


def literal(text: str) -> Template:
    """A pattern without variables."""
    return template(text, variables=False)


@lru_cache(maxsize=65_536)
def _within(inner: Template, outer: tuple[Template, ...]) -> bool:
    return bool(outer) and not may_fit([[_glob(inner)]], [_glob(each) for each in outer])


@lru_cache(maxsize=65_536)
def _glob(pattern: Template) -> Glob:
    """A variable may be anything: as ``inner`` that asks for more than is needed, and no ``outer`` has any."""
    steps: list[Step] = []
    for part in pattern.parts:
        if isinstance(part, Variable):
            steps.append(_ANY)
            continue
        steps += [_step(character, part.wildcards) for character in part.text]
    return tuple(steps)


def _step(character: str, wildcards: bool) -> Step:
    if wildcards and character == "*":
        return _ANY
    return Step() if wildcards and character == "?" else Step(frozenset(character))
