"""Whether other patterns match everything that a pattern matches: the question behind every comparison.

Whether two patterns overlap is decided in linear time. Whether one is within others is usually decided by one or two
sample texts; the rest is searched (``iam.conditions.satisfiable``), exactly up to a bound. Beyond the bound, and for
policy variables, the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from crossaccount.iam.conditions.satisfiable import Glob, Step, may_fit
from crossaccount.iam.matching import Literal, Template, Variable, template, wildcard_match

_ANY = Step(run=True)
_SOME = Step(frozenset({"\N{REPLACEMENT CHARACTER}"}))
"""A character that no pattern contains."""
_WILD = re.compile(r"[*?]")
_MOST_TRIED = 200_000
"""The most steps for one text: far more than any valid policy needs."""
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


@lru_cache(maxsize=65_536)
def overlap(one: Template, other: Template) -> bool:
    """Whether a text may fit both."""
    for exact, pattern in ((one, other), (other, one)):
        if _is_exact(exact) and pattern.plain:
            return wildcard_match(pattern.text, exact.text)
    return _compatible(_start(one), _start(other)) and _meet(_glob(one), _glob(other))


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
    if not outer:
        return False
    glob, others = _glob(inner), [_glob(each) for each in outer]
    if any(_aligned(other, glob, _takes_all) for other in others):
        return True
    # Two texts that fit: with a character for each run, and with none.
    long = [_SOME if step.characters is None else step for step in glob]
    short = [text for text, step in zip(long, glob, strict=True) if not step.run]
    if not all(any(_aligned(other, text, _agree) is not False for other in others) for text in (long, short)):
        return False
    return not may_fit([[glob]], others)


def _meet(one: Glob, other: Glob) -> bool:
    """Whether a text fits both. Where both have runs, whatever lies between their first and last fits into a run."""
    runs = [[index for index, step in enumerate(glob) if step.run] for glob in (one, other)]
    if all(runs):
        starts = zip(one[: runs[0][0]], other[: runs[1][0]], strict=False)
        ends = zip(one[: runs[0][-1] : -1], other[: runs[1][-1] : -1], strict=False)
        return all(_agree(*pair) for pairs in (starts, ends) for pair in pairs)
    found = _aligned(one, other, _agree) if runs[0] else _aligned(other, one, _agree)
    return found is not False


def _aligned(glob: Glob, steps: Sequence[Step], takes: Callable[[Step, Step], bool]) -> bool | None:
    """Whether a pattern takes ``steps`` one by one; a run takes as few as will do. None beyond its bound."""
    place = index = 0
    run: tuple[int, int] | None = None
    for _ in range(_MOST_TRIED):
        if index == len(steps):
            return all(step.run for step in glob[place:])
        if place < len(glob) and glob[place].run:
            place, run = place + 1, (place + 1, index)
        elif place < len(glob) and takes(glob[place], steps[index]):
            place, index = place + 1, index + 1
        elif run is not None:
            run = run[0], run[1] + 1
            place, index = run
        else:
            return False
    return None


def _agree(one: Step, other: Step) -> bool:
    """Whether a character is one of both steps."""
    return one.characters is None or other.characters is None or not one.characters.isdisjoint(other.characters)


def _takes_all(one: Step, other: Step) -> bool:
    """Whether the first step covers every character of the other. The length of a run is unknown."""
    return not other.run and (one.characters is None or one.characters == other.characters)


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
