"""Whether a ``Resource`` pattern can match any ARN that an action is ever asked about.

AWS publishes the ARNs of an action's resources as templates (``arn:${Partition}:s3:::${BucketName}``). A pattern that
overlaps none of them is accepted, and grants nothing: ``s3:ListBucket`` on ``arn:aws:s3:::bucket/*`` is the classic.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PATTERN = re.compile(r"\$\{[^}]*\}|.", re.DOTALL)
_EVERYTHING = re.compile(r"\A/?\*[*?:/]*\Z")
_EVERY_ONE_OF_A_KIND = re.compile(r"\A/?[a-z][\w-]*[:/]\*[*?:/]*\Z")
_EVERY_ONE_UNDER_A_PATH = re.compile(r"\A[a-z-]+/([^*?]+/)?\*\Z")
_NO_SLASH = frozenset({"${BucketName}"})


@dataclass(frozen=True)
class _Token:
    """One character, or any run of characters none of which is in ``excluded``."""

    character: str | None
    excluded: str = ""
    run: bool = False

    def overlaps(self, other: _Token) -> bool:
        if self.character is not None and other.character is not None:
            return self.character.lower() == other.character.lower()
        if self.character is not None:
            return self.character not in other.excluded
        return other.character is None or other.character not in self.excluded


def can_match(pattern: str, template: str) -> bool:
    """Whether some ARN fits both the policy's ``pattern`` and AWS's ``template``. True where that cannot be told."""
    ours, theirs = pattern.split(":", 5), template.split(":", 5)
    if len(ours) < 6 or len(theirs) < 6:
        return True
    return all(_can_match(one, other) for one, other in zip(ours, theirs, strict=True))


def is_collection(pattern: str, service: str) -> bool:
    """Whether a pattern covers every resource of a kind, or of the service: ``arn:aws:iam::*:role/*``.

    An action that takes no resource is asked about ``*``, says AWS; some services ask about the whole collection
    (``logs:DescribeLogGroups`` on ``arn:aws:logs:eu-central-1:111111111111:log-group::log-stream:``, ``iam:ListUsers``
    on ``…:user/`` or the path asked for, ``s3:ListAllMyBuckets`` on ``arn:aws:s3:::*``), and then such a pattern does
    match.
    """
    parts = pattern.split(":", 5)
    if len(parts) < 6 or not _can_match(parts[2], service.lower()):
        return False
    if service.lower() == "iam" and _EVERY_ONE_UNDER_A_PATH.match(parts[5]):
        return True
    of_a_kind = service.lower() != "s3" and _EVERY_ONE_OF_A_KIND.match(parts[5])  # a bucket is no kind
    return bool(of_a_kind or _EVERYTHING.match(parts[5]))


@lru_cache(maxsize=65_536)
def _can_match(one: str, other: str) -> bool:
    """The same for one part of an ARN; documents repeat all but the last over and over."""
    return _overlap(_ours(one), _theirs(other))


def _ours(text: str) -> tuple[_Token, ...]:
    """Tokens of a policy's pattern: ``*``, ``?`` and policy variables are wild."""
    return tuple(_our_token(part) for part in _PATTERN.findall(text))


def _our_token(part: str) -> _Token:
    if part == "*" or part.startswith("${"):
        return _Token(None, run=True)
    return _Token(None) if part == "?" else _Token(part)


def _theirs(text: str) -> tuple[_Token, ...]:
    """Tokens of AWS's template: each ``${Variable}`` is a run; a bucket's name has no slash."""
    return tuple(
        _Token(None, excluded="/" if part in _NO_SLASH else "", run=True) if part.startswith("${") else _Token(part)
        for part in _PATTERN.findall(text)
    )


def _overlap(ours: tuple[_Token, ...], theirs: tuple[_Token, ...]) -> bool:
    """Whether one text fits both: reachability over pairs of places, each run read as none or one more character."""
    seen = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        i, j = todo.pop()
        if i == len(ours) and j == len(theirs):
            return True
        for step in _steps(ours, theirs, i, j):
            if step not in seen:
                seen.add(step)
                todo.append(step)
    return False


def _steps(ours: tuple[_Token, ...], theirs: tuple[_Token, ...], i: int, j: int) -> list[tuple[int, int]]:
    one = ours[i] if i < len(ours) else None
    other = theirs[j] if j < len(theirs) else None
    steps = []
    if one is not None and one.run:
        steps.append((i + 1, j))
    if other is not None and other.run:
        steps.append((i, j + 1))
    if one is not None and other is not None and one.overlaps(other):
        steps.append((i if one.run else i + 1, j if other.run else j + 1))
    return steps
