"""YAML as the Pulumi CLI reads it: so that what is checked offline is what the program will get.

The CLI's parser (go-yaml v3) is YAML 1.2 where it matters: ``yes`` and ``on`` are texts, ``1:30`` is no number,
``098765432109``, ``0XFF``, ``+_1`` and ``12e4`` are numbers, ``2012-1-2`` is a date, ``"<<"`` merges in quotes too, and
a key may not stand twice in one mapping. PyYAML does none of that.

Source: ``resolve.go`` and ``decode.go`` of https://github.com/go-yaml/yaml, tag v3.0.1
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from crossaccount.iam.json_text import MAX_DEPTH, TOO_DEEP
from crossaccount.iam.problem import NOT_GIVEN, Problem, shown
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MAX_YAML, read_text

MOST_VALUES = 1_000_000
MOST_BY_ALIAS = 100_000
"""Values in one text, and those of them that come by aliases."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_DECIMAL = "!leading-zero"
_WITHOUT_JSON = {f"{_TAG}{name}" for name in ("binary", "set", "omap", "pairs")}
"""Types that a value of a config cannot have: Pulumi hands config to a program as JSON."""
_EXPONENT = r"(?:[eE]_*[-+]?_*[0-9][0-9_]*)?"
_TWO = "[0-9][0-9]?"
_TIME = rf"{_TWO}:{_TWO}:{_TWO}(?:[.,][0-9]+)?"
_OURS = {
    f"{_TAG}bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    f"{_TAG}int": (
        r"(?:[-+]_*)?(?:0_*[bB]_*[01][01_]*|0_*(?:[oO]_*)?[0-7][0-7_]*|0_*[xX]_*[0-9a-fA-F][0-9a-fA-F_]*|0_*|[1-9][0-9_]*)",
        "-+0123456789",
    ),
    _DECIMAL: (r"(?:[-+]_*)?0[0-9_]*[89][0-9_]*", "-+0"),
    f"{_TAG}float": (
        rf"(?:[-+]_*)?[0-9][0-9_]*(?:\.[0-9_]*)?{_EXPONENT}|[-+]_*\._*[0-9][0-9_]*{_EXPONENT}"
        rf"|\.[0-9][0-9_]*{_EXPONENT}|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    f"{_TAG}timestamp": (rf"[0-9]{{4}}-{_TWO}-{_TWO}(?:[Tt]{_TIME}(?:Z|[-+]..:..)| {_TIME})?", "0123456789"),
}
_NOT_THE_CLIS = f"{_TAG}value"
"""A type of YAML 1.1, ``=``, which is a text to the CLI."""
_MERGE, _STR = f"{_TAG}merge", f"{_TAG}str"


class _PulumiLoader(_Loader):  # type: ignore[misc]
    """PyYAML's safe loader with the CLI's scalars; keeps the keys that stand twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[tuple[int, str]] = []
        self._flat: set[int] = set()

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Put what is merged into a mapping. Each is looked at once, before the keys of others are among its own."""
        if id(node) in self._flat:
            return
        self._flat.add(id(node))
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    self.repeated.append((key.start_mark.line + 1, key.value))
                seen.add(key.value)
        node.value = [(_as_key(key), value) for key, value in node.value]
        super().flatten_mapping(node)


def _as_key(key: yaml.Node) -> yaml.Node:
    """A key as the CLI reads it: only ``<<`` merges."""
    if not isinstance(key, yaml.ScalarNode) or key.tag not in (_MERGE, _STR):
        return key
    return yaml.ScalarNode(_MERGE if key.value == "<<" else _STR, key.value, key.start_mark, key.end_mark)


_PulumiLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in (*_OURS, _NOT_THE_CLIS)]
    for first, found in _Loader.yaml_implicit_resolvers.items()
}
for _tag, (_pattern, _first) in _OURS.items():
    _PulumiLoader.add_implicit_resolver(_tag, re.compile(rf"\A(?:{_pattern})\Z"), list(_first))
CLI_RESOLVERS: Mapping[str, list[tuple[str, re.Pattern[str]]]] = _PulumiLoader.yaml_implicit_resolvers
"""What a plain scalar is to the CLI, by its first character."""


def _int(loader: Any, node: yaml.ScalarNode) -> int | float | str:  # noqa: ARG001 (PyYAML's own)
    """A whole number; beyond 64 bits it is a float to the CLI's parser, or a text where it has another base."""
    digits = node.value.replace("_", "").lower()
    plain = digits.lstrip("-+").isdigit()
    octal = node.tag != _DECIMAL and re.fullmatch(r"[-+]?0[0-9]+", digits)
    found = int(digits, 8 if octal else 10 if plain else 0)
    if -(2**63) <= found < 2**64:
        return found
    return float(digits) if plain else str(node.value)


def _float(loader: Any, node: yaml.ScalarNode) -> float | str:
    """A number; one without end that is written in digits is a text to the CLI's parser."""
    found: float = loader.construct_yaml_float(node)
    return node.value if math.isinf(found) and "inf" not in node.value.lower() else found


def _at_its_line(kind: str, construct: Callable[[Any, yaml.ScalarNode], Any]) -> Callable[[Any, yaml.ScalarNode], Any]:
    """A constructor whose errors (a date that does not exist, a number without end) name the line."""

    def constructed(loader: Any, node: yaml.ScalarNode) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, f"expected a {kind}", node.start_mark)
        try:
            return construct(loader, node)
        except (ValueError, OverflowError, LookupError, AttributeError):
            what = f"{shown(node.value, limit=40)} is not a valid {kind}"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark) from None

    return constructed


_PulumiLoader.yaml_constructors = {
    tag: found for tag, found in _Loader.yaml_constructors.items() if tag not in _WITHOUT_JSON
}
for _tag, _kind, _construct in (
    (_DECIMAL, "number", _int),
    (f"{_TAG}int", "number", _int),
    (f"{_TAG}float", "number", _float),
    (f"{_TAG}bool", "boolean", _Loader.construct_yaml_bool),
    (f"{_TAG}timestamp", "date", _Loader.construct_yaml_timestamp),
):
    _PulumiLoader.add_constructor(_tag, _at_its_line(_kind, _construct))


def read_yaml(path: Path, shown_as: str, *, within: Path | None = None) -> Any:
    """The content of a YAML file; ``shown_as`` names it in errors. ``within``: as for :func:`read_bytes`.

    Raises:
        SettingsError: the file cannot be read, is not YAML, or has a key twice in one mapping; with the line.
    """
    return parse_yaml(read_text(path, shown_as, MAX_YAML, within=within), shown_as)


def parse_yaml(text: str, shown_as: str) -> Any:
    """The value of a YAML text; errors as in :func:`read_yaml`."""
    return _parsed(text, shown_as, _PulumiLoader)


def _not_yaml(error: yaml.MarkedYAMLError, text: str, shown_as: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Problem(shown_as, f"not YAML: {error.problem}", NOT_GIVEN, "correct the file")
    place = f"{shown_as}:{mark.line + 1}"
    if error.problem == "found character that cannot start any token":
        character = text.removeprefix("\ufeff")[mark.index :][:1]
        fix = "indent with blanks" if character == "\t" else "write the text in quotes"
        return Problem(place, "not YAML: nothing can begin with this character", character, fix)
    return Problem(place, f"not YAML: {error.problem}", NOT_GIVEN, "correct the line")


def _parsed(text: str, shown_as: str, reader: type[_PulumiLoader]) -> Any:
    try:
        _check_limits(text, shown_as)
        loader = reader(text)
        value = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        raise SettingsError([_not_yaml(error, text, shown_as)]) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        what = f"not YAML: {str(error).splitlines()[0]}"
        raise SettingsError([Problem(shown_as, what, NOT_GIVEN, "correct the file")]) from None
    if loader.repeated:
        what, fix = "the key occurs twice in one mapping", "keep one of the two"
        raise SettingsError([Problem(f"{shown_as}:{line}", what, key, fix) for line, key in loader.repeated])
    return value


def _check_limits(text: str, shown_as: str) -> None:
    """Refuse what would take for ever, or more stack than there is, before any value is made of the text.

    An alias counts as many values as its anchor has: nine levels of nine aliases each are 387 million.

    Raises:
        SettingsError: too deep, too many values, or an alias within its own anchor.
    """
    values = by_alias = 0
    sizes: dict[str, int] = {}
    around: list[tuple[str | None, int]] = []
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in around):
                what, fix = "an alias (*) is inside its own anchor (&)", "write the part out where it is used"
                raise SettingsError([Problem(shown_as, what, NOT_GIVEN, fix)])
            size = sizes.get(event.anchor or "", 0)
            values, by_alias = values + size, by_alias + size
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = around.pop()
            if anchor is not None:
                sizes[anchor] = values - before
        elif isinstance(event, yaml.NodeEvent):
            if isinstance(event, yaml.CollectionStartEvent):
                around.append((event.anchor, values))
            elif event.anchor is not None:
                sizes[event.anchor] = 1
            values += 1
        if found := _beyond(len(around), values, by_alias):
            what, fix = found
            place = f"{shown_as}:{event.start_mark.line + 1}" if event.start_mark else shown_as
            raise SettingsError([Problem(place, what, NOT_GIVEN, fix)])


def _beyond(depth: int, values: int, by_alias: int) -> tuple[str, str] | None:
    """The limit that is passed, and what to do."""
    if depth > MAX_DEPTH:
        return f"the YAML {TOO_DEEP}", "write it flatter"
    if by_alias > MOST_BY_ALIAS:
        return f"aliases (*) stand for more than {MOST_BY_ALIAS} values", "write out what differs, and alias less"
    if values > MOST_VALUES:
        return f"the YAML has more than {MOST_VALUES} values", "divide it into several files"
    return None


class _TemplateLoader(_PulumiLoader):
    """YAML with tags of a tool's own. Dates stay texts: a policy's Version is one."""


_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in (f"{_TAG}timestamp", _NOT_THE_CLIS)]
    for first, found in _Loader.yaml_implicit_resolvers.items()
}
_TemplateLoader.yaml_constructors = {
    tag: found for tag, found in _Loader.yaml_constructors.items() if tag not in _WITHOUT_JSON
}


def parse_tagged_yaml(text: str, shown_as: str, tagged: Callable[[str, Any], Any]) -> Any:
    """The value of a YAML text; each tag ``!Name`` becomes ``tagged("Name", value)``. Errors: see :func:`read_yaml`."""

    class Loader(_TemplateLoader):
        pass

    def construct(loader: Any, suffix: str, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return tagged(suffix, loader.construct_scalar(node))
        if isinstance(node, yaml.SequenceNode):
            return tagged(suffix, loader.construct_sequence(node, deep=True))
        return tagged(suffix, loader.construct_mapping(node, deep=True))

    Loader.add_multi_constructor("!", construct)
    return _parsed(text, shown_as, Loader)
