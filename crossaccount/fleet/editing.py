"""A stack's file with the fleet's keys in it, and everything else in it byte for byte as it was.

The Pulumi CLI keeps comments and order when it writes a stack's file, and so does this module. It takes the
positions of keys from the YAML parser, and replaces only the lines of keys that change. It refuses a file that it
cannot edit safely.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.yaml_text import parse_yaml
from crossaccount.settings.yaml_writing import yaml_text

MARK = "# From fleet.yaml by `crossaccount fleet write`"
HEADER = f"{MARK}: change it there. Keys that are not the fleet's stay as they are."
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
INDENT = 2


@dataclass(frozen=True)
class StackFile:
    """A stack's file as it is; ``text`` is empty where there is none."""

    name: str
    text: str
    content: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, text: str) -> StackFile:
        """Parse the text.

        Raises:
            SettingsError: it is not YAML, or no mapping.
        """
        content = parse_yaml(text, name) if text.strip() else {}
        content = {} if content is None else content
        config = content.get("config") if isinstance(content, Mapping) else None
        if not isinstance(content, Mapping) or not isinstance(config, (Mapping, type(None))):
            raise SettingsError([Problem(name, "is not the file of a stack", NOT_GIVEN, "correct it, or move it away")])
        return cls(name, text, content)

    @property
    def is_fleets(self) -> bool:
        """Whether the fleet wrote it before."""
        return any(line.startswith(MARK) for line in self.text.splitlines())

    @property
    def config(self) -> Mapping[str, Any]:
        """The stack's own config by full key."""
        return self.content.get("config") or {}


def with_config(file: StackFile, config: Mapping[str, Any], keys: Sequence[str]) -> str:
    """The text of ``file`` with the values that ``config`` gives to ``keys``. A key without a value there is removed.

    Raises:
        SettingsError: the file is written in a way that cannot be edited.
    """
    text = _edited(file, config, keys) if file.text.strip() else f"{HEADER}\nconfig:\n{_block(config, INDENT)}"
    _must_be(file, text, config, keys)
    return text


def _edited(file: StackFile, config: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Head, the lines of each key, tail; a comment stays with the key below it."""
    newline = "\r\n" if "\r\n" in file.text else "\n"
    lines = file.text.splitlines(keepends=True)
    lines[-1] = lines[-1] if lines[-1].endswith("\n") else lines[-1] + newline
    place = _place(file, lines, newline)
    parts = _parts(place, lines)
    for key in [key for key in keys if key in parts and key not in config]:
        parts[key].body = []
    for position, key in enumerate(keys):
        if key not in config or (key in parts and file.config.get(key) == config[key]):
            continue
        body = [line + newline for line in _block({key: config[key]}, place.indent).splitlines()]
        if key in parts:
            parts[key].body = body
        else:
            parts = _inserted(parts, key, body, keys[:position])
    head = lines[: place.start]
    if not file.is_fleets:
        head = [*head[:-1], HEADER + newline, head[-1]]
    middle = [line for part in parts.values() for line in (*part.above, *part.body)]
    return "".join([*head, *middle, *lines[place.end :]])


@dataclass
class _Part:
    """The comments above a key, and its own lines."""

    above: list[str]
    body: list[str]


@dataclass(frozen=True)
class _Place:
    """Where the members of ``config`` stand: lines from ``start`` to ``end``, the key of each and its line."""

    start: int
    end: int
    indent: int
    members: Sequence[tuple[str, int]]


def _place(file: StackFile, lines: list[str], newline: str) -> _Place:
    """Where ``config`` is. Where there is none, an empty one is put before the first key."""
    root = yaml.compose(file.text, Loader=_Loader)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    starts = [key.start_mark.line for key, _ in pairs] + [len(lines)]
    found = next((index for index, (key, _) in enumerate(pairs) if key.value == "config"), None)
    if isinstance(root, yaml.MappingNode) and root.flow_style:
        raise _cannot(file, "is written as one value")
    if found is None:
        lines.insert(starts[0], f"config:{newline}")
        return _Place(starts[0] + 1, starts[0] + 1, INDENT, ())
    node, start = pairs[found][1], starts[found]
    if not isinstance(node, yaml.MappingNode) or not node.value:
        lines[start] = f"config:{newline}"
        return _Place(start + 1, start + 1, INDENT, ())
    if node.flow_style:
        raise _cannot(file, "has its config in braces")
    members = [(str(key.value), key.start_mark.line) for key, _ in node.value]
    indent = node.value[0][0].start_mark.column
    return _Place(start + 1, _end(lines, members[-1][1], starts[found + 1], indent), indent, members)


def _cannot(file: StackFile, what: str) -> SettingsError:
    fix = "write `config:` and a line for each key below it"
    return SettingsError([Problem(file.name, f"{what}, and so cannot be edited", NOT_GIVEN, fix)])


def _end(lines: Sequence[str], start: int, after: int, indent: int) -> int:
    """Where the part that begins at ``start`` ends: before the comments above the next part."""
    end = after
    while end > start + 1 and _is_between(lines[end - 1], indent):
        end -= 1
    return end


def _is_between(line: str, indent: int) -> bool:
    bare = line.lstrip(" ")
    return not bare.strip() or (bare.startswith("#") and len(line) - len(bare) <= indent)


def _parts(place: _Place, lines: Sequence[str]) -> dict[str, _Part]:
    result: dict[str, _Part] = {}
    begin = place.start
    for index, (key, line) in enumerate(place.members):
        after = place.members[index + 1][1] if index + 1 < len(place.members) else place.end
        end = _end(lines, line, after, place.indent)
        result[key] = _Part(list(lines[begin:line]), list(lines[line:end]))
        begin = end
    return result


def _inserted(parts: dict[str, _Part], key: str, body: list[str], before: Sequence[str]) -> dict[str, _Part]:
    """The parts with ``key`` after the last present key of ``before``, or first if none is present."""
    order = list(parts)
    at = max((order.index(each) + 1 for each in before if each in parts), default=0)
    order.insert(at, key)
    return {each: parts.get(each) or _Part([], body) for each in order}


def _block(config: Mapping[str, Any], indent: int) -> str:
    return "".join(textwrap.indent(_entry(key, value), " " * indent) for key, value in config.items())


def _entry(key: str, value: Any) -> str:
    try:
        as_json = json.dumps({key: value})
    except TypeError:  # JSON has no dates, such as those of access that ends
        return yaml_text({key: value})
    return _lines(as_json)


@lru_cache(maxsize=4096)
def _lines(value: str) -> str:
    """The YAML of a value that is given as JSON: most accounts of a fleet have much in common."""
    return yaml_text(json.loads(value))


def _must_be(file: StackFile, text: str, config: Mapping[str, Any], keys: Sequence[str]) -> None:
    """Parses the new text again, so that a mistake of this module does not reach a file."""
    written = StackFile.of(file.name, text)
    rest = {key: value for key, value in file.config.items() if key not in keys}
    others = {key: value for key, value in file.content.items() if key != "config"}
    same = dict(written.config) == {**rest, **config}
    if not same or {key: value for key, value in written.content.items() if key != "config"} != others:
        raise _cannot(file, "uses YAML that the fleet's keys do not fit into")
