"""The text operators as patterns that ``globs`` can compare: what each of a condition's values fits.

An ARN operator compares the six components separately, so that its wildcards do not reach over a colon before the last.
"""

from __future__ import annotations

from crossaccount.iam.conditions.condition import Condition
from crossaccount.iam.conditions.globs import Glob, Step
from crossaccount.iam.conditions.operators import NEGATED
from crossaccount.iam.matching import ARN_COMPONENTS

EXACT = ("stringequals", "stringnotequals", "binaryequals")
"""The operators that take one text each, letter case counted, and nothing else."""


def globs(condition: Condition) -> list[Glob]:
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
