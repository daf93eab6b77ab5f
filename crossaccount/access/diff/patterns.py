"""Whether everything that a pattern stands for is among what others stand for: the question behind every comparison.

Exact for wildcards (``iam.conditions.satisfiable``), within its bound; beyond it, and for policy variables, the answer
is no.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from crossaccount.iam.conditions.satisfiable import Glob, Step, may_fit
from crossaccount.iam.matching import Literal, Template, Variable, template, wildcard_match

_ANY = Step(run=True)
_WILD = re.compile(r"[*?]")
_MOST_TOGETHER = 12
"""Of more patterns only single ones are tried: a text that needs two of them is then not found to be within."""


def within(inner: Template, outer: Iterable[Template]) -> bool:
    """Whether every text that fits ``inner`` fits one of ``outer``."""
    others = tuple(outer)
    if any(other.text == "*" or other == inner for other in others):  # a variable is text in an older version
        return True
    start = _start(inner)
    near = [other for other in others if not other.variables() and _compatible(start, _start(other))]
    if _is_exact(inner):
        plain = (wildcard_match(other.text, inner.text) for other in near if other.plain)
        return any(plain) or any(_within(inner, (other,)) for other in near if not other.plain)
    if len(near) <= _MOST_TOGETHER:
        return _within(inner, tuple(near))
    return any(_within(inner, (other,)) for other in near)


def overlap(one: Template, other: Template) -> bool:
    """Whether a text may fit both."""
    for exact, pattern in ((one, other), (other, one)):
        if _is_exact(exact) and pattern.plain:
            return wildcard_match(pattern.text, exact.text)
    return _compatible(_start(one), _start(other)) and may_fit([[_glob(one)], [_glob(other)]], [])


def literal(text: str) -> Template:
    """A pattern without variables."""
    return template(text, variables=False)


def _is_exact(pattern: Template) -> bool:
    return pattern.plain and "*" not in pattern.text and "?" not in pattern.text


@lru_cache(maxsize=65_536)
def _start(pattern: Template) -> str:
    """The text that everything which fits a pattern starts with."""
    first = pattern.parts[0] if pattern.parts else None
    if isinstance(first, Literal):
        return _WILD.split(first.text, maxsplit=1)[0] if first.wildcards else first.text
    return ""


def _compatible(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


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
