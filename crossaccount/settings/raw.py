"""The config as it arrives: full keys, values as Python values or as the JSON text that Pulumi hands to a program.

Owns what is wrong before any schema: unknown keys, JSON that is not, values that YAML turned into something else,
encrypted values, and the size of it all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.iam.documents import value_text
from crossaccount.iam.json_text import parse_json
from crossaccount.iam.nearest import nearest
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.models.config import FREE, KEYS, LISTS, MAPPINGS, MAY_BE_EMPTY, OTHER_NAMES, SECTIONS, SIDES

NAMESPACE = "crossaccount:"
ALLOWED_ACCOUNT_IDS = "aws:allowedAccountIds"
KNOWN_KEYS = (*(NAMESPACE + key for key in KEYS), ALLOWED_ACCOUNT_IDS)
_LISTS = {**LISTS, ALLOWED_ACCOUNT_IDS: '["111111111111"]'}
_VERBATIM = ("document", "conditions")
SIZE_LIMIT = 100 * 1024


@dataclass(frozen=True)
class Raw:
    """A stack's own keys without their namespace, decoded, and what was wrong with them."""

    values: Mapping[str, Any]
    problems: tuple[Problem, ...]
    unreadable: frozenset[str] = frozenset()
    """Keys that could not be decoded. This has been reported."""


def decode(config: Mapping[str, object], where: Mapping[str, str]) -> Raw:
    """The keys of this program. ``where`` gives the place of a key (``Pulumi.auth.yaml: trusted``)."""
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    unreadable: set[str] = set()
    for full, value in config.items():
        key = full.removeprefix(NAMESPACE)
        if full.startswith(NAMESPACE + FREE):
            continue
        if full not in KNOWN_KEYS:
            problems += _unknown(full, where[full])
            continue
        found, wrong = _decoded(key, value, where[full])
        problems += wrong
        if wrong:
            unreadable.add(key)
        else:
            values[key] = cleaned(found, where[full], problems)
    return Raw(values, tuple(problems), frozenset(unreadable))


def _unknown(full: str, where: str) -> list[Problem]:
    """Keys of our namespace, and those of others that look like ours, misspelt. Other keys are not our business."""
    namespace, _, _ = full.partition(":")
    if full.startswith(NAMESPACE):
        near = nearest(full.removeprefix(NAMESPACE), KEYS)
        fix = f"did you mean `{NAMESPACE}{near}`?" if near else f"the keys are {', '.join(KEYS)}"
        return [Problem(where, "unknown key", NOT_GIVEN, fix)]
    ours = ALLOWED_ACCOUNT_IDS if namespace == "aws" else NAMESPACE + full[len(namespace) + 1 :]
    looks = full[4:].replace("_", "").lower() if namespace == "aws" else namespace.lower()
    meant = "allowedaccountids" if namespace == "aws" else NAMESPACE[:-1]
    if looks in (meant, meant[:-1]) or (namespace != "aws" and nearest(namespace, [meant], cutoff=0.85)):
        return [Problem(where, "unknown key", NOT_GIVEN, f"did you mean `{ours}`?")]
    return []


def _decoded(key: str, value: object, where: str) -> tuple[Any, list[Problem]]:
    structured = key in MAPPINGS or key in _LISTS
    expected, example = ("a mapping", "{name: …}") if key in MAPPINGS else ("a list", _LISTS.get(key, "[…]"))
    if is_encrypted(value):
        return None, [_encrypted(where)]
    if structured and isinstance(value, str):
        try:
            value = parse_json(value)
        except ValueError:
            return None, [Problem(where, f"must be {expected}", value, f"write {example}")]
    if value is None and key in MAPPINGS:
        value = {}
    if structured and not isinstance(value, Mapping if key in MAPPINGS else (list, tuple)):
        return None, [Problem(where, f"must be {expected}", value, f"write {example}")]
    return value, []


def is_encrypted(value: object) -> bool:
    """Whether a value of a config file is one that only the Pulumi engine can read."""
    return isinstance(value, Mapping) and list(value) == ["secure"]


def _encrypted(where: str) -> Problem:
    fix = "write it in plain: the config holds no secrets (to AWS an external ID is none)"
    return Problem(where, "is encrypted, so it cannot be checked before the engine runs", NOT_GIVEN, fix)


def cleaned(value: Any, where: str, problems: list[Problem], key: str = "") -> Any:
    """``value`` with texts as keys and without empty members; what had to go is added to ``problems``.

    Empty is fine where it can only mean "none": a section (``users:``) or an entity with nothing to say.
    """
    if isinstance(value, (list, tuple)):
        return _cleaned_list(value, where, problems)
    if not isinstance(value, Mapping):
        return value
    result: dict[str, Any] = {}
    for name, member in value.items():
        place = f"{where}.{value_text(name)}"
        if not isinstance(name, str):
            what = "must be a text, and without quotes YAML reads another kind of value"
            problems.append(Problem(place, what, name, "put the name in quotes"))
        elif is_encrypted(member):
            problems.append(_encrypted(place))
        elif name in _VERBATIM:
            result[name] = member
        elif member is None and (
            name in SIDES or name in SECTIONS or name in OTHER_NAMES or OTHER_NAMES.get(key, key) in MAY_BE_EMPTY
        ):
            result[name] = {}
        elif member is None:
            problems.append(Problem(place, "has no value", None, "give it one, or remove the line"))
        else:
            result[name] = cleaned(member, place, problems, name)
    return result


def _cleaned_list(values: Any, where: str, problems: list[Problem]) -> list[Any]:
    result = []
    for index, member in enumerate(values):
        place = f"{where}[{index}]"
        if member is None:
            problems.append(Problem(place, "has no value", None, "give it one, or remove the line"))
        elif is_encrypted(member):
            problems.append(_encrypted(place))
        else:
            result.append(cleaned(member, place, problems))
    return result


def check_size(config: Mapping[str, object], where: str) -> list[Problem]:
    """Pulumi hands all config to the program in one environment variable, which Linux limits to 128 KiB."""
    size = sum(len(key) + len(_text(value).encode()) for key, value in config.items())
    if size <= SIZE_LIMIT:
        return []
    what = f"the config has {size // 1024} KiB; beyond {SIZE_LIMIT // 1024} KiB Pulumi cannot hand it to the program"
    return [Problem(where, what, NOT_GIVEN, f"move users and roles to files under {NAMESPACE}include")]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, skipkeys=True)
