"""What the provider does with tags: it adds the default ones, and leaves those alone that it is to ignore.

Tags decide access wherever a condition names ``aws:PrincipalTag`` or ``aws:ResourceTag``. What cannot be read here as
the provider reads it is refused: encrypted values, and values that are no texts.

Source: https://www.pulumi.com/registry/packages/aws/api-docs/provider/ (``defaultTags``, ``ignoreTags``)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.raw import is_encrypted

DEFAULT_TAGS = "aws:defaultTags"
IGNORE_TAGS = "aws:ignoreTags"
TAG_KEYS = (DEFAULT_TAGS, IGNORE_TAGS)
_FORM = {
    DEFAULT_TAGS: "write {tags: {KEY: VALUE}}",
    IGNORE_TAGS: "write {keys: [KEY], keyPrefixes: [PREFIX]}",
}


@dataclass(frozen=True)
class IgnoredTags:
    """The tags that the provider neither changes nor removes, whatever their origin."""

    keys: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def __contains__(self, key: str) -> bool:
        return key in self.keys or key.startswith(self.prefixes)


def default_tags(config: Mapping[str, object]) -> dict[str, str]:
    """The tags that the provider adds to everything it makes."""
    value, _ = _read(config, DEFAULT_TAGS)
    return {str(key): each for key, each in (value.get("tags") or {}).items()}


def ignored_tags(config: Mapping[str, object]) -> IgnoredTags:
    """The tags that the provider ignores."""
    value, _ = _read(config, IGNORE_TAGS)
    return IgnoredTags(frozenset(value.get("keys") or ()), tuple(value.get("keyPrefixes") or ()))


def tag_problems(
    config: Mapping[str, object], places: Mapping[str, str], tagged: Iterable[tuple[str, Mapping[str, str]]]
) -> Iterator[Problem]:
    """Everything wrong with the provider's tags in the config. ``tagged`` are the entities' places and tags."""
    for key in (each for each in TAG_KEYS if each in config):
        if wrong := _read(config, key)[1]:
            what, got = wrong
            yield Problem(places[key], what, got, f"{_FORM[key]} in plain, with texts")
    ignored = ignored_tags(config)
    defaults = default_tags(config)
    for where, tags in ((places.get(DEFAULT_TAGS, DEFAULT_TAGS), defaults), *tagged):
        for tag in (each for each in tags if each in ignored):
            what, fix = "aws:ignoreTags ignores this tag", "remove the tag here, or from aws:ignoreTags"
            yield Problem(f"{where}.tags.{tag}", what, NOT_GIVEN, fix)


def _read(config: Mapping[str, object], key: str) -> tuple[Mapping[str, Any], tuple[str, object] | None]:
    """The value of a key, and what is wrong with it; empty where it is."""
    value: Any = config.get(key)
    if isinstance(value, str) and value:
        try:
            value = parse_json(value)
        except JsonError:
            return {}, ("must be a mapping", value)
    if not value:
        return {}, None
    if not isinstance(value, Mapping):
        return {}, ("must be a mapping", value)
    if _has_encrypted(value):
        return {}, (
            "is encrypted, so it cannot be judged before the engine runs; tags are no secrets to AWS",
            NOT_GIVEN,
        )
    wrong = _default_tags(value) if key == DEFAULT_TAGS else _ignored(value)
    return ({}, wrong) if wrong else (value, None)


def _default_tags(value: Mapping[str, Any]) -> tuple[str, object] | None:
    if unknown := set(value) - {"tags"}:
        return "unknown key", min(map(str, unknown))
    tags = value.get("tags") or {}
    if not isinstance(tags, Mapping):
        return "tags must be a mapping", tags
    wrong = [each for key, each in tags.items() if not isinstance(each, str) or not isinstance(key, str)]
    return ("a tag and its value must be texts", wrong[0]) if wrong else None


def _ignored(value: Mapping[str, Any]) -> tuple[str, object] | None:
    if unknown := set(value) - {"keys", "keyPrefixes"}:
        return "unknown key", min(map(str, unknown))
    for each in (value.get("keys") or (), value.get("keyPrefixes") or ()):
        if not isinstance(each, (list, tuple)) or not all(isinstance(tag, str) and tag for tag in each):
            return "must be lists of texts", each
    return None


def _has_encrypted(value: Any) -> bool:
    if isinstance(value, Mapping):
        return is_encrypted(value) or any(map(_has_encrypted, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_encrypted, value))
