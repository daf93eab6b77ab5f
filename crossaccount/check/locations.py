"""The file and line of a finding, from its place in a config or from its ARN in a source's file."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from crossaccount.access.findings.finding import Finding, account_of_owner
from crossaccount.check.placing import Placer
from crossaccount.settings.project import stack_file
from crossaccount.sources.words import LIVE, STACK, STATE, parse

_PART = re.compile(r"\[\d+\]\Z| \(\w+\)\Z")
"""What follows the name of a source of several accounts."""
_INDEX = re.compile(r"\[(\d+)\]")
_PREFIX = "crossaccount:"
_WRAPPERS = ("config", "value")
"""Keys between the top of a file and what places name: of a stack's file, and of a project's config."""
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Location:
    """A place in a file. ``line`` and ``column`` count from 1."""

    file: Path
    line: int = 1
    column: int = 1


class Locations:
    """Finds the location of findings. ``files`` has the path of each account, by ID; ``directory`` is the project's.

    ``placers`` find a place in the config of an account's stack, for findings that are placed in AWS's terms. Each file
    is read once.
    """

    def __init__(self, files: Mapping[str, Path], directory: Path, placers: Mapping[str, Placer] | None = None) -> None:
        self._files = files
        self._directory = directory
        self._placers = placers or {}
        self._read: dict[Path, _File] = {}

    def of(self, finding: Finding) -> Location | None:
        """The location of a finding. The start of the account's file if nothing more is known; None if it has none."""
        if found := self._named(self._directory, finding.where):
            return found
        if finding.place is None:
            return None
        account = account_of_owner(finding.place.owner)
        file = self._files.get(account)
        if file is None:
            return None
        if not file.is_file():
            return Location(file)
        if account in self._placers and (
            found := self._named(file.parent, self._placers[account].where(finding.place))
        ):
            return found
        return self._file(file).mention(finding.place.owner)

    def _named(self, directory: Path, where: str) -> Location | None:
        """A place that begins with the name of a file: ``Pulumi.auth.yaml: trusting.roles.Deploy``."""
        name, colon, place = where.rpartition(": ")
        file = directory / (name if colon else where)
        known = file.suffix in (".yaml", ".yml") and file.is_file()
        return self._file(file).place(place if colon else "") if known else None

    def in_file(self, name: str, place: str) -> Location | None:
        """A place in a file of the project's folder; None if there is no such file."""
        file = self._directory / name
        return self._file(file).place(place) if file.is_file() else None

    def _file(self, path: Path) -> _File:
        return self._read.setdefault(path, _File(path))


class _File:
    def __init__(self, path: Path) -> None:
        self._path = path

    @cached_property
    def _text(self) -> str:
        return self._path.read_text(encoding="utf-8-sig", errors="replace")

    @cached_property
    def _top(self) -> yaml.Node | None:
        try:
            node: yaml.Node | None = yaml.compose(self._text, Loader=_Loader)
        except yaml.YAMLError:  # the check has already read the file and reported its errors
            return None
        return node

    def place(self, place: str) -> Location:
        """The location of a place in the config, as far as the file contains it."""
        marks = [*_marks(self._top, place)]
        return Location(self._path, marks[-1].line + 1, marks[-1].column + 1) if marks else Location(self._path)

    def mention(self, text: str) -> Location:
        """The first line that has ``text`` in quotes, as in an account's JSON."""
        before, found, _ = self._text.partition(f'"{text}"')
        return Location(self._path, before.count("\n") + 1) if found else Location(self._path)


def _marks(node: yaml.Node | None, place: str) -> Iterator[yaml.Mark]:
    """The starts of the nodes on the way to a place: ``trusting.roles.svc.prod.trust[0].mfa``. Names may have dots."""
    while node is not None and place:
        if isinstance(node, yaml.SequenceNode) and (index := _INDEX.match(place)):
            if int(index[1]) >= len(node.value):
                return
            node, place = node.value[int(index[1])], place[index.end() :].removeprefix(".")
            yield node.start_mark
        elif isinstance(node, yaml.MappingNode):
            pairs = [(key, value) for key, value in node.value if isinstance(key.value, str)]
            key, value = max(pairs, key=lambda pair: _fits(pair[0].value, place), default=(None, None))
            if key is not None and (length := _fits(key.value, place)):
                node, place = value, place[length:].removeprefix(".")
                yield key.start_mark
            else:
                node = next((value for key, value in node.value if key.value in _WRAPPERS), None)
        else:
            return


def _fits(key: str, place: str) -> int:
    """The length of a key at the start of a place; 0 if the place does not begin with it."""
    name = key.removeprefix(_PREFIX)
    return len(name) if place == name or place.startswith((f"{name}.", f"{name}[")) else 0


def file_of_source(where: str, directory: Path) -> Path:
    """The file of a source: the stack's, the account's, or the program's.

    A source without a file, such as ``live:prod``, has a path of its own name: GitHub refuses a log if one finding has
    no path, https://github.com/github/codeql-action/issues/1738.
    """
    text = where if os.path.lexists(where) else _PART.sub("", where)
    word = parse(text)
    if word.kind in (STACK, STATE) and not os.path.isfile(word.rest):
        folder, _, name = word.rest.rpartition("/")
        return directory / folder / stack_file(name)
    template, colon, _ = word.rest.rpartition(":")
    if colon and os.path.lexists(template) and not os.path.lexists(word.rest):
        return Path(template)  # with its parameters
    return Path(text if word.kind == LIVE else word.rest)
