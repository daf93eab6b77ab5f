"""Adds a member to a YAML file. Comments, order, quotes and line ends stay byte for byte.

``yaml.compose`` gives the position of a mapping; only lines are added. The new text is parsed again, and must be the
old value with the new member. Refuses files that it cannot extend in this way.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.yaml_text import parse_yaml
from crossaccount.settings.yaml_writing import flow_text, yaml_text

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
INDENT = 2


def with_member(text: str, file: str, path: Sequence[str], key: str, value: Any) -> str:
    """``text`` in which the mapping at ``path`` has ``key`` as its last member; mappings that are missing are made.

    Problems name the text by ``file``.

    Raises:
        SettingsError: the text is not YAML, has the key already, or is written in a way that this cannot extend.
    """
    whole = parse_yaml(text, file) if text.strip() else {}
    expected = _expected(whole, file, path, key, value)
    newline = "\r\n" if "\r\n" in text else "\n"
    written = _written(text if text.endswith("\n") or not text else text + newline, path, key, value, newline)
    if written is None or _read(written, file) != expected:
        fix = f"write `{key}:` there yourself"
        what = "is written in a way that cannot be extended without changing more"
        raise SettingsError([Problem(f"{file}: {'.'.join(path)}", what, NOT_GIVEN, fix)])
    return written


def _expected(whole: Any, file: str, path: Sequence[str], key: str, value: Any) -> Any:
    result = _copy({} if whole is None else whole)
    here, place = result, ""
    for part in (*path, None):
        if not isinstance(here, dict):
            raise SettingsError([Problem(f"{file}: {place}", "must be a mapping", here, "correct it first")])
        if part is None:
            break
        place = f"{place}.{part}" if place else part
        if here.get(part) is None:
            here[part] = {}
        here = here[part]
    if key in here:
        raise SettingsError([Problem(f"{file}: {place}.{key}", "exists already", NOT_GIVEN, "change it in the file")])
    here[key] = value
    return result


def _copy(value: Any) -> Any:
    """A copy in which each alias has its own value: a change of one must not look like a change of both."""
    if isinstance(value, Mapping):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value


def _read(text: str, file: str) -> Any:
    try:
        return parse_yaml(text, file)
    except SettingsError:
        return None


def _written(text: str, path: Sequence[str], key: str, value: Any, newline: str) -> str | None:
    """The text with the member, or None if there is no place for it."""
    root = yaml.compose(text, Loader=_Loader)
    if root is None:
        return text + _block(_nested([*path], key, value), 0, newline)
    node, above, depth = root, None, 0
    for part in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        found = next(((name, member) for name, member in node.value if name.value == part), None)
        if found is None:
            break
        above, node = found
        depth += 1
    missing = _nested(list(path[depth:]), key, value)
    if isinstance(node, yaml.MappingNode) and node.flow_style:
        return _in_braces(text, node, missing)
    if isinstance(node, yaml.MappingNode) and node.value:
        return _below(text, node, missing, newline)
    if above is None or not isinstance(node, yaml.ScalarNode) or node.value not in ("", "~", "null"):
        return None
    # A key without a value: its members are inserted below it, also if a comment follows on its line.
    line, column = above.start_mark.line, above.start_mark.column
    lines = text.splitlines(keepends=True)
    head = lines[line].rstrip("\r\n")
    begin = head.index(":", above.end_mark.column) + 1
    rest = head[begin:].strip()
    comment = rest[rest.index("#") :] if "#" in rest else ""
    lines[line] = head[:begin] + (f" {comment}" if comment else "") + newline
    lines.insert(line + 1, _block(missing, column + INDENT, newline))
    return "".join(lines)


def _nested(path: list[str], key: str, value: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {key: value}
    for part in reversed(path):
        found = {part: found}
    return found


def _block(value: Mapping[str, Any], indent: int, newline: str) -> str:
    return textwrap.indent(yaml_text(value), " " * indent).replace("\n", newline)


def _below(text: str, node: Any, member: Mapping[str, Any], newline: str) -> str:
    """After the last member of a mapping in block style, before blank lines and comments that follow it."""
    lines = text.splitlines(keepends=True)
    indent = node.value[0][0].start_mark.column
    end = node.end_mark.line  # a mapping ends where the next node begins
    if end < len(lines) and lines[end][: node.end_mark.column].strip():
        end += 1
    last = node.value[-1][0].start_mark.line
    while end > last + 1 and not _belongs(lines[end - 1], indent):
        end -= 1
    lines.insert(end, _block(member, indent, newline))
    return "".join(lines)


def _belongs(line: str, indent: int) -> bool:
    """Whether a line belongs to a member: no blank line, and no comment with less indentation than the content."""
    bare = line.lstrip(" ")
    return bool(bare.strip()) and not (bare.startswith("#") and len(line) - len(bare) < indent)


def _in_braces(text: str, node: Any, member: Mapping[str, Any]) -> str:
    """Before the closing brace."""
    close = node.end_mark.index - 1
    before = text[:close].rstrip(" ")
    inner = flow_text(member)[1:-1]
    comma = "" if not node.value or before.rstrip().endswith(",") else ", "
    return f"{before}{comma}{inner}{text[close:]}"
