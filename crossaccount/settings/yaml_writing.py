"""YAML that the Pulumi CLI, PyYAML and a reviewer read alike: whatever one of them takes for no text is in quotes.

The one writer of every file that the CLI reads: PyYAML's own leaves ``012345678901`` plain, and there it is a number.
Block style with small things on one line, keys in the order of the value, one text for one value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from crossaccount.settings.yaml_text import CLI_RESOLVERS

LONGEST = 100
"""Characters of a mapping or a list on one line."""
_BREAKS_FLOW = re.compile(r"[:,\[\]{}#?]")
_Dumper: Any = yaml.SafeDumper


class _QuotingDumper(_Dumper):  # type: ignore[misc]
    """PyYAML's safe dumper, aware of what the CLI takes for a number, that writes no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 (PyYAML's own)
        return True


class _ReviewableDumper(_QuotingDumper):
    """Small things on one line."""

    def serialize(self, node: Any) -> None:
        node.flow_style = False
        for key, _ in node.value:  # quotes that only one line needs
            key.style = None
        super().serialize(node)

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        """List items are indented below their key, as people write them."""
        del indentless
        return super().increase_indent(flow, False)


_QuotingDumper.yaml_implicit_resolvers = {
    first: [*_Dumper.yaml_implicit_resolvers.get(first, []), *CLI_RESOLVERS.get(first, [])]
    for first in {*_Dumper.yaml_implicit_resolvers, *CLI_RESOLVERS}
}


def _represent(dumper: Any, value: Any) -> Any:
    if isinstance(value, Mapping):
        node = dumper.represent_mapping("tag:yaml.org,2002:map", value.items())
    else:
        node = dumper.represent_sequence("tag:yaml.org,2002:seq", value)
    node.flow_style = _fits(value)
    if node.flow_style:
        for text in _scalars(node):
            text.style = text.style or ('"' if _BREAKS_FLOW.search(text.value) else None)
    return node


def _scalars(node: Any) -> Iterator[Any]:
    """The texts of a mapping or sequence of scalars."""
    for each in node.value:
        yield from each if isinstance(each, tuple) else (each,)


def _represent_text(dumper: Any, value: str) -> Any:
    """Double quotes, as the guide writes them, where quotes are needed at all."""
    node = dumper.represent_scalar("tag:yaml.org,2002:str", value)
    if "\n" not in value and dumper.resolve(yaml.ScalarNode, value, (True, False)) != node.tag:
        node.style = '"'
    return node


_QuotingDumper.add_representer(str, _represent_text)
_ReviewableDumper.add_representer(str, _represent_text)
_ReviewableDumper.add_multi_representer(Mapping, _represent)
_ReviewableDumper.add_representer(dict, _represent)
_ReviewableDumper.add_representer(list, _represent)
_ReviewableDumper.add_representer(tuple, _represent)


def _fits(value: Any) -> bool:
    """Whether a value is small enough for one line: texts and numbers alone, not too many."""
    members = value.values() if isinstance(value, Mapping) else value
    if any(isinstance(each, (Mapping, list, tuple)) for each in members):
        return False
    texts = [*members, *(value if isinstance(value, Mapping) else ())]
    return sum(len(str(each)) + 2 for each in texts) <= LONGEST


def yaml_text(value: Mapping[str, Any]) -> str:
    """``value`` as a YAML text that ends with a line break, each of its own keys on a line."""
    text: str = yaml.dump(value, Dumper=_ReviewableDumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def block_text(value: Mapping[str, Any]) -> str:
    """``value`` as a YAML text with everything on a line of its own, as PyYAML lays it out."""
    text: str = yaml.dump(dict(value), Dumper=_QuotingDumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


class _FlowDumper(_QuotingDumper):
    """Everything on one line, in braces."""


def _represent_flow_text(dumper: Any, value: str) -> Any:
    node = _represent_text(dumper, value)
    node.style = node.style or ('"' if _BREAKS_FLOW.search(value) else None)
    return node


_FlowDumper.add_representer(str, _represent_flow_text)


def flow_text(value: Mapping[str, Any]) -> str:
    """``value`` as YAML on one line, in braces."""
    text: str = yaml.dump(
        dict(value), Dumper=_FlowDumper, sort_keys=False, allow_unicode=True, width=10**9, default_flow_style=True
    )
    return text.strip()
