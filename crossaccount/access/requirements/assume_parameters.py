"""The parameters of an AssumeRole call that meet the conditions of a path, and the conditions that they cannot meet.

The parameters are session name, external ID, source identity, session tags and duration. All other conditions (MFA,
addresses, times) depend on the person, and stay in ``remaining``. STS accepts each chosen value, and by the evaluator
it meets the atoms. Nothing is guessed: if no value in the policies fits, the atoms remain.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (patterns of the parameters)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crossaccount.access.requirements.requirement import UNKNOWN, Atom, Requirements
from crossaccount.access.requirements.words import in_words
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.entity_names import check_external_id, check_tag

SESSION_NAME, EXTERNAL_ID, SOURCE_IDENTITY = "sts:rolesessionname", "sts:externalid", "sts:sourceidentity"
DURATION, TAG, TAG_KEYS = "sts:durationseconds", "aws:requesttag/", "aws:tagkeys"
_MFA = {"aws:multifactorauthpresent": "true", "aws:multifactorauthage": "0"}
_SESSION_NAME = re.compile(r"\A[\w+=,.@-]{2,64}\Z", re.ASCII)


@dataclass(frozen=True)
class AssumeParameters:
    """The parameters of one AssumeRole call. ``remaining`` are the atoms that the person has to meet, including MFA.

    ``duration`` is the session's length in seconds; None for the default of STS.
    """

    session_name: str
    external_id: str = ""
    source_identity: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    duration: int | None = None
    mfa: bool = False
    remaining: tuple[Atom, ...] = ()

    @property
    def unknown(self) -> bool:
        """Whether it depends on an unknown policy, so that it may not work."""
        return any(atom.operator == UNKNOWN for atom in self.remaining)

    @property
    def remaining_but_mfa(self) -> tuple[Atom, ...]:
        """The remaining atoms without MFA."""
        return tuple(atom for atom in self.remaining if atom.key.lower() not in _MFA)

    @property
    def in_words(self) -> str:
        """The remaining atoms as one line; empty if there are none."""
        return in_words((self.remaining,)) if self.remaining else ""


def is_session_name(text: str) -> bool:
    """Whether STS accepts it as a session name or a source identity."""
    return _SESSION_NAME.match(text) is not None


def parameters_meeting(
    alternatives: Requirements, default_name: str, duration: int | None, session_name: str | None = None
) -> list[AssumeParameters]:
    """The parameters for each alternative that can be met, the easiest first.

    A given ``session_name`` is kept, so alternatives that it does not meet are left out. ``duration`` is the longest
    duration that the role allows.
    """
    found = [_parameters(each, default_name, duration, session_name) for each in alternatives]
    return sorted((each for each in found if each is not None), key=_ease)


def _parameters(
    atoms: Sequence[Atom], default: str, duration: int | None, given: str | None
) -> AssumeParameters | None:
    by_key: dict[str, list[Atom]] = {}
    for atom in atoms:
        by_key.setdefault(atom.key.lower() if atom.is_condition else "", []).append(atom)
    names = [given] if given is not None else [default, *_values(by_key.get(SESSION_NAME, ()), default)]
    name = _chosen(SESSION_NAME, by_key, filter(is_session_name, names))
    if name is None and given is not None:
        return None
    external_id = _optional(EXTERNAL_ID, by_key, lambda value: check_external_id(value) is None, default)
    identity = _optional(SOURCE_IDENTITY, by_key, is_session_name, default)
    tags = {}
    for key in [key for key in by_key if key.startswith(TAG)]:
        tag = by_key[key][0].key[len(TAG) :]
        if value := _optional(key, by_key, lambda value, tag=tag: check_tag(tag, value) is None, default):  # type: ignore[misc]
            tags[tag] = value
    _settle(by_key, TAG_KEYS, tuple(tags))
    mfa = any(_needs_mfa(atom) for key in _MFA for atom in by_key.get(key, ()))
    length = _length(by_key, duration)
    remaining = tuple(atom for left in by_key.values() for atom in left)
    return AssumeParameters(name or default, external_id or "", identity or "", tags, length, mfa, remaining)


def _ease(parameters: AssumeParameters) -> tuple[object, ...]:
    needs = (parameters.mfa, bool(parameters.tags), bool(parameters.source_identity), bool(parameters.external_id))
    return parameters.unknown, len(parameters.remaining_but_mfa), *needs


def _optional(key: str, by_key: dict[str, list[Atom]], allowed: Callable[[str], bool], default: str) -> str | None:
    """The value of an optional parameter; None if it is not needed, or if no value fits."""
    if key not in by_key or _settle(by_key, key, ()):
        return None
    return _chosen(key, by_key, filter(allowed, [*_values(by_key[key], default), default]))


def _chosen(key: str, by_key: dict[str, list[Atom]], values: Iterable[str]) -> str | None:
    """The first value that meets all atoms on the key. These atoms are then removed."""
    return next((value for value in values if _settle(by_key, key, (value,))), None)


def _settle(by_key: dict[str, list[Atom]], key: str, values: tuple[str, ...]) -> bool:
    """Whether these values of the key meet all atoms on it. If so, the atoms are removed."""
    context = RequestContext({key: values} if values else {})
    met = all(atom.holds(context) for atom in by_key.get(key, ()))
    if met:
        by_key.pop(key, None)
    return met


def _values(atoms: Iterable[Atom], default: str) -> list[str]:
    """The values in the policies. In a pattern the default, or nothing, replaces the wildcards."""
    texts = [value for atom in atoms for value in atom.values if "${" not in value]
    return [*texts, *(re.sub(r"[*?]+", put, text) for put in (default, "") for text in texts)]


def _needs_mfa(atom: Atom) -> bool:
    present = RequestContext({atom.key.lower(): (_MFA[atom.key.lower()],)})
    return bool(atom.holds(present)) and not atom.holds(RequestContext())


def _length(by_key: dict[str, list[Atom]], longest: int | None) -> int | None:
    """The longest session that the atoms and the role allow."""
    if DURATION not in by_key:
        return longest
    limit = longest or 3600
    named = [
        int(value) + step for atom in by_key[DURATION] for value in atom.values if value.isdecimal() for step in (0, -1)
    ]
    lengths = sorted({each for each in (limit, *named) if 900 <= each <= limit}, reverse=True)
    chosen = _chosen(DURATION, by_key, map(str, lengths))
    return int(chosen) if chosen else longest
