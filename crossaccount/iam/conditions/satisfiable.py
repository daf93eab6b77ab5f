"""Whether some value of a key meets several conditions at once: what tells contradictions and implications by meaning.

The answer "no" is proven: numbers, dates and addresses are tried at every boundary that the conditions draw, texts by
automata, whose wildcards run side by side. "Yes" may be wrong where that is too much work, where conditions of
different kinds meet on one key, and where a value has a policy variable in it. An ARN operator compares the six
components separately, so that its wildcards do not reach over a colon before the last.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
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
_MOST_EASY = 16
_ELSE = "\N{REPLACEMENT CHARACTER}"
"""Stands for every character that no pattern writes out."""


@dataclass(frozen=True)
class Step:
    """What a pattern takes next: one of ``characters`` (any where None, but for ``excluded``), or a run of them."""

    characters: frozenset[str] | None = None
    excluded: str = ""
    run: bool = False

    def takes(self, character: str) -> bool:
        """Whether it may stand for ``character``."""
        if self.characters is None:
            return character not in self.excluded
        return character in self.characters


Glob = tuple[Step, ...]


def may_fit(needed: Sequence[Sequence[Glob]], forbidden: Iterable[Glob]) -> bool:
    """Whether there may be a text that fits one of each group of ``needed`` and none of ``forbidden``."""
    out = tuple(map(_runs_once, forbidden))
    groups = [tuple(map(_runs_once, group)) for group in needed]
    globs = [glob for group in groups for glob in group] + list(out)
    longest = max(map(len, globs), default=0)
    weight = max(1, len(globs), sum(map(len, globs)) // _LONG * max(1, longest // _VERY_LONG))
    most = min(_MOST_STATES, 1 + _MOST_PLACES // weight)
    start = tuple(_closure(glob, {0}) for glob in globs)
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        if _accepts(state, globs, groups):
            return True
        for character in _distinguished(state, globs):
            after = tuple(
                _advance(glob, places, character) if places else places
                for glob, places in zip(globs, state, strict=True)
            )
            if after not in seen and _alive(after, groups):
                if len(seen) >= most:
                    return True
                seen.add(after)
                todo.append(after)
    return False


_State = tuple[frozenset[int], ...]


def _runs_once(glob: Glob) -> Glob:
    """The pattern with one run where equal runs follow each other."""
    return tuple(step for index, step in enumerate(glob) if not (step.run and index and glob[index - 1] == step))


def _distinguished(state: _State, globs: Sequence[Glob]) -> list[str]:
    """The characters that a pattern writes out where it stands; all others are the same to them, and tried first."""
    found: set[str] = set()
    for glob, places in zip(globs, state, strict=True):
        for place in places:
            if place < len(glob):
                found.update(glob[place].characters or glob[place].excluded)
    return [*sorted(found), _ELSE]


def _accepts(state: _State, globs: Sequence[Glob], groups: Sequence[Sequence[Glob]]) -> bool:
    ended = [len(glob) in places for glob, places in zip(globs, state, strict=True)]
    first = 0
    for group in groups:
        if not any(ended[first : first + len(group)]):
            return False
        first += len(group)
    return not any(ended[first:])


def _alive(state: _State, groups: Sequence[Sequence[Glob]]) -> bool:
    """Whether each needed group still has a pattern that may fit."""
    first = 0
    for group in groups:
        if not any(state[first : first + len(group)]):
            return False
        first += len(group)
    return True


def _advance(glob: Glob, places: frozenset[int], character: str) -> frozenset[int]:
    reached = set()
    for place in places:
        if place < len(glob) and glob[place].takes(character):
            reached.add(place if glob[place].run else place + 1)
    return _closure(glob, reached)


def _closure(glob: Glob, places: set[int]) -> frozenset[int]:
    """The places with those that are reached by an empty run."""
    found = set(places)
    for place in places:
        while place < len(glob) and glob[place].run:
            place += 1
            found.add(place)
    return frozenset(found)


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
    values = [value.text for condition, wanted in literals if condition.negated != wanted for value in condition.values]
    texts = [text.replace("*", _ELSE).replace("?", _ELSE) for text in values] or [_ELSE]
    return any(
        all(condition.accepts(text, _NOTHING) == wanted for condition, wanted in literals)
        for text in texts[:_MOST_EASY]
    )


def _some_text(literals: Sequence[Literal]) -> bool:
    if _easy_text(literals):
        return True
    needed, forbidden = [], []
    for condition, wanted in literals:
        if condition.negated != wanted:
            needed.append(globs_of(condition))
        else:
            forbidden += globs_of(condition)
    if any(all(_is_covered(glob, forbidden) for glob in group) for group in needed):
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
    places = _closure(glob, {0})
    for character in text:
        if not places:
            return False
        places = _advance(glob, places, character)
    return len(glob) in places


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
