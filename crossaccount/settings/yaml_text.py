"""YAML as the Pulumi CLI reads it: so that what is checked offline is what the program will get.

The CLI's parser (go-yaml v3) is YAML 1.2 where it matters: ``yes`` and ``on`` are texts, ``1:30`` is no number,
``098765432109`` and ``12e4`` are numbers, and a key may not stand twice in one mapping. PyYAML does none of that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_DECIMAL = "!leading-zero"
_OURS = {
    f"{_TAG}bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    f"{_TAG}int": (r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", "-+0123456789"),
    _DECIMAL: (r"0[0-9_]*[89][0-9_]*", "0"),
    f"{_TAG}float": (
        r"[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9][0-9_]*)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
}


class _PulumiLoader(_Loader):  # type: ignore[misc]
    """PyYAML's safe loader with the CLI's scalars; keeps the keys that stand twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[tuple[int, str]] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value != "<<":
                if key_node.value in seen:
                    self.repeated.append((key_node.start_mark.line + 1, key_node.value))
                seen.add(key_node.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return mapping


_PulumiLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag not in _OURS]
    for first, found in _Loader.yaml_implicit_resolvers.items()
}
for _tag, (_pattern, _first) in _OURS.items():
    _PulumiLoader.add_implicit_resolver(_tag, re.compile(rf"\A(?:{_pattern})\Z"), list(_first))
CLI_RESOLVERS: Mapping[str, list[tuple[str, re.Pattern[str]]]] = _PulumiLoader.yaml_implicit_resolvers
"""What a plain scalar is to the CLI, by its first character."""
_PulumiLoader.add_constructor(_DECIMAL, lambda _, node: int(node.value.replace("_", "")))


def read_yaml(path: Path, shown_as: str) -> Any:
    """The content of a YAML file; ``shown_as`` names it in errors.

    Raises:
        SettingsError: the file cannot be read, is not YAML, or has a key twice in one mapping; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise SettingsError([Problem(shown_as, what, NOT_GIVEN, "check the path and its permissions")]) from None
    except UnicodeDecodeError:
        raise SettingsError([Problem(shown_as, "is not UTF-8 text", NOT_GIVEN, "save it as UTF-8")]) from None
    return parse_yaml(text, shown_as)


def parse_yaml(text: str, shown_as: str) -> Any:
    """The value of a YAML text; errors as in :func:`read_yaml`."""
    try:
        loader = _PulumiLoader(text)
        value = loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{shown_as}:{mark.line + 1}" if mark else shown_as
        raise SettingsError([Problem(place, f"not YAML: {error.problem}", NOT_GIVEN, "correct the line")]) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        what = f"not YAML: {str(error).splitlines()[0]}"
        raise SettingsError([Problem(shown_as, what, NOT_GIVEN, "correct the file")]) from None
    if loader.repeated:
        what, fix = "the key stands twice in one mapping", "keep one of the two"
        raise SettingsError([Problem(f"{shown_as}:{line}", what, key, fix) for line, key in loader.repeated])
    if _contains_itself(value, ()):
        fix = "write the part out where it is used"
        raise SettingsError([Problem(shown_as, "an alias (*) stands inside its own anchor (&)", NOT_GIVEN, fix)])
    return value


def _contains_itself(value: Any, around: tuple[int, ...]) -> bool:
    if not isinstance(value, (Mapping, list)):
        return False
    if id(value) in around:
        return True
    inner = value.values() if isinstance(value, Mapping) else value
    return any(_contains_itself(member, (*around, id(value))) for member in inner)
