"""YAML as the Pulumi CLI reads it: so that what is checked offline is what the program will get.

The CLI's parser is YAML 1.2 for booleans (``yes`` and ``on`` are texts), reads ``098765432109`` as a number, and
refuses a key that stands twice in one mapping. PyYAML does none of that by itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOOL = "tag:yaml.org,2002:bool"
_DECIMAL = "!leading-zero"


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


def _without_booleans(resolvers: dict[Any, Any]) -> dict[Any, Any]:
    return {first: [(tag, pattern) for tag, pattern in found if tag != _BOOL] for first, found in resolvers.items()}


_PulumiLoader.yaml_implicit_resolvers = _without_booleans(_Loader.yaml_implicit_resolvers)
_PulumiLoader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
_PulumiLoader.add_implicit_resolver(_DECIMAL, re.compile(r"^0[0-9]*[89][0-9]*$"), ["0"])
_PulumiLoader.add_constructor(_DECIMAL, lambda _, node: int(node.value))


def read_yaml(path: Path, shown_as: str) -> Any:
    """The content of a YAML file; ``shown_as`` names it in errors.

    Raises:
        SettingsError: the file cannot be read, is not YAML, or has a key twice in one mapping; with the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            [Problem(shown_as, f"cannot be read ({error.strerror})", NOT_GIVEN, "check the path")]
        ) from None
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
    except (yaml.YAMLError, ValueError) as error:
        what = f"not YAML: {str(error).splitlines()[0]}"
        raise SettingsError([Problem(shown_as, what, NOT_GIVEN, "correct the file")]) from None
    if loader.repeated:
        fix = "keep one of the two"
        what = "the key stands twice in one mapping"
        raise SettingsError([Problem(f"{shown_as}:{line}", what, key, fix) for line, key in loader.repeated])
    return value
