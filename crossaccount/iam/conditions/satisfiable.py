"""Whether some value of a key meets several conditions at once: what tells contradictions and implications by meaning.

The answer "no" is proven: numbers, dates and addresses are tried at every boundary that the conditions draw, texts by
automata, whose wildcards run side by side. "Yes" may be wrong where that is too much work, where conditions of
different kinds meet on one key, and where a value has a policy variable in it. An ARN operator compares the six
components separately, so that its wildcards do not reach over a colon before the last.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from functools import lru_cache
from itertools import pairwise

from crossaccount.iam.conditions.condition import NEGATED, Condition, instant, number
from crossaccount.iam.conditions.context import RequestContext
from crossaccount.iam.matching import ARN_COMPONENTS

_MOST_STATES, _MOST_PLACES = 4_000, 20_000
"""How many states a search looks at, and how many all of its patterns may be in together."""
_LONG, _VERY_LONG = 64, 256
"""So many steps of a pattern count as one more pattern, and as one more of all: its states have many places."""
_MOST_TRIED = 4_000
"""So many states are looked at, each once for every way to get there."""
_MOST_COMPARED = 2_000
"""So many pairs of patterns are compared one by one, before all of them are searched together."""
_MOST_EASY = 16
_ELSE = "\N{REPLACEMENT CHARACTER}"
"""Stands for every character that no pattern writes out."""


@dataclass(frozen=True)
class Step:
    """What a pattern takes next: one of ``characters`` (any where None, but for ``excluded``), or a run of them."""

    characters: frozenset[str] | None = None
    excluded: str = ""
    run: bool = False


Glob = tuple[Step, ...]


def may_fit(needed: Sequence[Sequence[Glob]], forbidden: Iterable[Glob]) -> bool:
    """Whether there may be a text that fits one of each group of ``needed`` and none of ``forbidden``."""
    out = tuple(map(_runs_once, forbidden))
    groups = [tuple(map(_runs_once, group)) for group in needed]
    globs = [glob for group in groups for glob in group] + list(out)
    longest = max(map(len, globs), default=0)
    weight = max(1, len(globs), sum(map(len, globs)) // _LONG * max(1, longest // _VERY_LONG))
    most = min(_MOST_STATES, 1 + _MOST_PLACES // weight)
    patterns = _Patterns(groups, out)
    seen, todo = {patterns.start}, [patterns.start]
    tried = 0
    while todo:
        state = todo.pop()
        if patterns.accept(state):
            return True
        for after in patterns.after(state):
            tried += 1
            if after not in seen and patterns.alive(after):
                if len(seen) >= most:
                    return True
                seen.add(after)
                todo.append(after)
        if tried > _MOST_TRIED:
            return True
    return False


def _runs_once(glob: Glob) -> Glob:
    """The pattern with one run where equal runs follow each other."""
    return tuple(step for index, step in enumerate(glob) if not (step.run and index and glob[index - 1] == step))


class _Patterns:
    """Patterns side by side. A state is the places in which they all may be, a bit each, the end of each among them."""

    def __init__(self, needed: Sequence[Sequence[Glob]], forbidden: Sequence[Glob]) -> None:
        self._runs = self._anything = self.start = self._bits = 0
        self._written: dict[str, int] = {}
        self._excluded: dict[str, int] = {}
        self._groups = [self._added(group) for group in needed]
        self._forbidden = self._added(forbidden)[1]
        self.start = self._with_empty_runs(self.start)
        characters = sorted({*self._written, *self._excluded})
        self._characters = [
            (self._written.get(each, 0) | self._excluded.get(each, 0), self._takes(each)) for each in characters
        ]
        self._else = self._takes(_ELSE)

    def _added(self, globs: Iterable[Glob]) -> tuple[int, int]:
        """All places of some patterns, and their ends."""
        first, ends = self._bits, 0
        for glob in globs:
            self.start |= 1 << self._bits
            for step in glob:
                self._add(step, 1 << self._bits)
                self._bits += 1
            ends |= 1 << self._bits
            self._bits += 1
        return (1 << self._bits) - (1 << first), ends

    def _add(self, step: Step, place: int) -> None:
        if step.run:
            self._runs |= place
        if step.characters is None:
            self._anything |= place
        table = self._excluded if step.characters is None else self._written
        for character in step.excluded if step.characters is None else step.characters:
            table[character] = table.get(character, 0) | place

    def _takes(self, character: str) -> int:
        """The places that take a character."""
        return self._written.get(character, 0) | (self._anything & ~self._excluded.get(character, 0))

    def _with_empty_runs(self, state: int) -> int:
        """The places with those that are reached by an empty run."""
        while (more := state | (state & self._runs) << 1) != state:
            state = more
        return state

    def after(self, state: int) -> Iterator[int]:
        """The states after each character of the pattern at a position; last, after any other character."""
        for where, takes in self._characters:
            if state & where:
                yield self._advanced(state & takes)
        yield self._advanced(state & self._else)

    def _advanced(self, taking: int) -> int:
        runs = taking & self._runs
        return self._with_empty_runs(runs | (taking ^ runs) << 1)

    def fits(self, text: str) -> bool:
        """Whether a text fits."""
        state = self.start
        for character in text:
            state = self._advanced(state & self._takes(character))
            if not state:
                return False
        return self.accept(state)

    def accept(self, state: int) -> bool:
        """Whether the text so far fits."""
        return not state & self._forbidden and all(state & ends for _, ends in self._groups)

    def alive(self, state: int) -> bool:
        """Whether each needed group still has a pattern that may fit."""
        return all(state & places for places, _ in self._groups)


EXACT = ("stringequals", "stringnotequals", "binaryequals")
"""The operators that take one text each, letter case counted, and nothing else."""


def globs_of(condition: Condition) -> list[Glob]:
    """The patterns of a text condition, negation aside. Its values have to be plain."""
    base = NEGATED.get(condition.base, condition.base)
    texts = [value.text for value in condition.values]
    if base == "bool":
        texts = [text for text in texts if text.lower() in ("true", "false")]
    if base in ("stringequalsignorecase", "bool"):
        return [tuple(Step(frozenset({character.lower(), character.upper()})) for character in text) for text in texts]
    if base == "stringlike":
        return [_wildcards(text) for text in texts]
    if base in ("arnequals", "arnlike"):
        return [_arn(text) for text in texts]
    return [tuple(Step(frozenset({character})) for character in text) for text in texts]


def _wildcards(text: str, excluded: str = "") -> Glob:
    wild = {"*": Step(excluded=excluded, run=True), "?": Step(excluded=excluded)}
    return tuple(wild.get(character) or Step(frozenset({character})) for character in text)


def _arn(text: str) -> Glob:
    parts = text.split(":", ARN_COMPONENTS - 1)
    colon = Step(frozenset({":"}))
    glob: Glob = ()
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        reaches = last and (part == "*" or index == ARN_COMPONENTS - 1)
        glob += (*((colon,) if index else ()), *_wildcards(part, "" if reaches else ":"))
    return glob


Literal = tuple[Condition, bool]
"""A condition, and whether it has to hold or has to fail."""

_NOTHING = RequestContext()
_BOOLEAN_KEYS = frozenset(
    {"aws:multifactorauthpresent", "aws:securetransport", "aws:viaawsservice", "aws:principalisawsservice"}
)
"""Keys that AWS documents as true or false."""


def satisfiable(literals: Iterable[Literal]) -> bool:
    """False only where nothing that the one key of all ``literals`` may be meets them all."""
    plain = [literal for literal in literals if all(value.plain for value in literal[0].values)]
    if len(plain) == 1 and plain[0][0].base in EXACT and plain[0][0].values:
        return True  # one of the values, or none of them: most conditions are alone on their key
    return _satisfiable(frozenset(plain))


@lru_cache(maxsize=65_536)
def _satisfiable(literals: frozenset[Literal]) -> bool:
    kinds = {_kind(condition) for condition, _ in literals} - {"null"} or {"null"}
    return all(_kind_satisfiable([each for each in literals if _kind(each[0]) in (kind, "null")]) for kind in kinds)


def _kind(condition: Condition) -> str:
    base = NEGATED.get(condition.base, condition.base)
    for kind in ("numeric", "date", "ipaddress", "null"):
        if base.startswith(kind):
            return kind
    return "text"


def _kind_satisfiable(literals: Sequence[Literal]) -> bool:
    """Absent, with one value, or with several: a condition treats the three differently."""
    if _all_hold(literals, _NOTHING):
        return True
    empty = _one("", literals)
    if not _all_hold([literal for literal in literals if literal[0].base == "null"], empty):
        return False
    present = [literal for literal in literals if literal[0].base != "null"]
    if literals[0][0].key.lower() in _BOOLEAN_KEYS:
        return any(_all_hold(present, _one(value, literals)) for value in ("true", "false"))
    return _all_hold(present, empty) or _exists(present) or _several(present)


def _several(literals: Sequence[Literal]) -> bool:
    """Several values: each has to meet what all must, and each of what one must is met by one of them."""
    if any(condition.negated != wanted for condition, wanted in literals if not condition.quantifier):
        return False
    of_all = [each for each in literals if (each[0].quantifier == "forallvalues:") == each[1] and each[0].quantifier]
    of_one = [each for each in literals if each[0].quantifier and each not in of_all]
    return all(_exists([*of_all, each]) for each in of_one) and _exists(of_all)


def _exists(literals: Sequence[Literal]) -> bool:
    """Whether one value is accepted, or not accepted, by each condition as wanted."""
    if not literals:
        return True
    if (candidates := _candidates(literals)) is None:
        return _some_text(literals)
    return any(
        all(condition.accepts(value, _NOTHING) == wanted for condition, wanted in literals) for value in candidates
    )


def _candidates(literals: Sequence[Literal]) -> Iterable[str] | None:
    """Values enough to decide; None where there are no such."""
    kind = _kind(literals[0][0])
    if kind in _BOUNDARIES:
        return _BOUNDARIES[kind]({value.text for condition, _ in literals for value in condition.values})
    exact = (condition for condition, wanted in literals if condition.base in EXACT and condition.negated != wanted)
    found = next(exact, None)
    return None if found is None else [value.text for value in found.values]


def _easy_text(literals: Sequence[Literal]) -> bool:
    """Whether a text that some pattern suggests is accepted by all: most are, and then no search is needed."""
    needed = [condition.values for condition, wanted in literals if condition.negated != wanted and condition.values]
    texts = [value.text.replace("*", _ELSE).replace("?", _ELSE) for values in needed for value in values] or [_ELSE]
    if len(needed) > 1:  # what fits several patterns of the kind *x* has them one after the other
        texts.insert(0, _ELSE.join(["", *(_bare(values[0].text) for values in needed), ""]))
        texts.insert(1, _ELSE.join(["", *(_bare(values[-1].text) for values in reversed(needed)), ""]))
    return any(
        all(condition.accepts(text, _NOTHING) == wanted for condition, wanted in literals)
        for text in texts[:_MOST_EASY]
    )


def _bare(text: str) -> str:
    return text.strip("*").replace("*", _ELSE).replace("?", _ELSE)


def _some_text(literals: Sequence[Literal]) -> bool:
    if _easy_text(literals):
        return True
    needed, forbidden = [], []
    for condition, wanted in literals:
        if condition.negated != wanted:
            needed.append(globs_of(condition))
        else:
            forbidden += globs_of(condition)
    few = sum(map(len, needed)) * len(forbidden) <= _MOST_COMPARED
    if few and any(all(_is_covered(glob, forbidden) for glob in group) for group in needed):
        return False
    return (not needed and not any(_wild(glob) for glob in forbidden)) or may_fit(needed, forbidden)


def _is_covered(glob: Glob, others: Iterable[Glob]) -> bool:
    """Whether whatever fits a pattern fits one of the others as well. A text that fits it tells the few to look at."""
    text = "".join(_ELSE if step.characters is None else min(step.characters) for step in glob)
    return any(_fits(other, text) and _is_within(glob, other) for other in others)


@lru_cache(maxsize=65_536)
def _is_within(glob: Glob, other: Glob) -> bool:
    return not may_fit([[glob]], [other])


def _fits(glob: Glob, text: str) -> bool:
    return _of_one(glob).fits(text)


@lru_cache(maxsize=4_096)
def _of_one(glob: Glob) -> _Patterns:
    return _Patterns([(glob,)], ())


def _wild(glob: Glob) -> bool:
    return any(step.run for step in glob)


def _numbers(texts: Iterable[str], parse: Callable[[str], Decimal | None]) -> list[str]:
    """Each number, one between each two, one beyond either end, and no number at all."""
    found = sorted({value for text in texts if (value := parse(text)) is not None})
    if not found:
        return ["x"]
    with localcontext() as exact:
        exact.prec = 2 + max(len(format(value, "f")) for value in found)  # or the one between may be one of the two
        between = [(one + other) / 2 for one, other in pairwise(found)]
        texts = [format(value, "f") for value in (*found, *between, found[0] - 1, found[-1] + 1)]
    return [text if "." in text else f"{text}.0" for text in texts] + ["x"]  # four digits alone would be a year


def _addresses(texts: Iterable[str]) -> list[str]:
    """The first address of each range and the one after its last, and none: what fits has its first among them."""
    found = ["x"]
    for text in texts:
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        found.append(str(network.network_address))
        after = int(network.broadcast_address) + 1
        if after < 1 << network.max_prefixlen:
            found.append(str(type(network.network_address)(after)))
    return found


_BOUNDARIES: Mapping[str, Callable[[set[str]], list[str]]] = {
    "numeric": lambda texts: _numbers(texts, number),
    "date": lambda texts: _numbers(texts, instant),
    "ipaddress": _addresses,
}


def _one(value: str, literals: Sequence[Literal]) -> RequestContext:
    return RequestContext({literals[0][0].key.lower(): (value,)})


def _all_hold(literals: Sequence[Literal], context: RequestContext) -> bool:
    return all(condition.holds(context) == wanted for condition, wanted in literals)
