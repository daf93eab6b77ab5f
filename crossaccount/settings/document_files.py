"""Policy documents in files of the project: ``document: {file: policies/boundary.json}``.

A file is JSON, read once with a limit, and inside the project's folder. ``{template: …}`` names a file with the
placeholders of a role set (``<account.id>``). They are replaced in the texts of the parsed document, so that no value
can change its form.

Places in such a document name the line of the statement in the file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossaccount.iam.json_text import JsonError, parse_json
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import INSIDE, MEBIBYTE, leaves_folder, no_folder, read_text
from crossaccount.settings.placeholders import Placeholders

FILE, TEMPLATE = "file", "template"
MOST = MEBIBYTE
"""The most bytes of a file; IAM takes documents of some KiB."""
_OF_A_STATEMENT = re.compile(r"\A\.Statement(?:\[(\d+)\])?(?![\w])")
_COMMENT = re.compile(r"^\s*(//|/\*|#)", re.MULTILINE)


@dataclass(frozen=True)
class DocumentFile:
    """A file that holds a document: its name in the project, and the line of each statement."""

    name: str
    lines: tuple[int, ...]

    def place(self, below: str) -> str:
        """``policies/boundary.json:12`` of what is at ``.Statement[0].Action`` in the document."""
        found = _OF_A_STATEMENT.match(below)
        index = int(found[1] or 0) if found else -1
        return f"{self.name}:{self.lines[index]}" if 0 <= index < len(self.lines) else self.name


Files = Mapping[str, DocumentFile]
"""By the place of the ``document`` in the config."""


def located(where: str, files: Files) -> str:
    """``where``, followed by the file and the line if it is in a document file."""
    return f"{where}{suffix_of(where, files)}"


def suffix_of(where: str, files: Files) -> str:
    """`` (policies/boundary.json:12)``; empty for a place outside document files."""
    if files and ".document" in where:
        end = where.index(".document") + len(".document")
        while end != -1:
            if where[:end] in files and where[end : end + 1] in ("", ".", "["):
                return f" ({files[where[:end]].place(where[end:])})"
            end = where.find(".document", end)
            end = end + len(".document") if end != -1 else -1
    return ""


_SUFFIX = re.compile(r" \([^()]*\)\Z")


def without_suffix(where: str) -> str:
    """A place without the file and the line of its statement."""
    return _SUFFIX.sub("", where) if ".document" in where else where


class DocumentReader:
    """Replaces the names of files in a config by the documents in them. ``root`` is the project's folder."""

    def __init__(self, root: Path | None, facts: Placeholders, problems: list[Problem]) -> None:
        self._root = root
        self._facts = facts
        self._problems = problems
        self._read: dict[str, tuple[Any, DocumentFile] | None] = {}
        self.files: dict[str, DocumentFile] = {}

    def written_out(self, value: Any, where: str) -> Any:
        """The policy or entity ``value`` with its documents; errors are added to the problems."""
        if not isinstance(value, Mapping):
            return value
        changed = dict(value)
        if "document" in value:
            changed["document"] = self._document(value["document"], f"{where}.document")
        if isinstance(inline := value.get("inline"), Mapping):
            changed["inline"] = {name: self._inline(name, policy, where) for name, policy in inline.items()}
        return changed

    def _inline(self, name: object, policy: Any, where: str) -> Any:
        if not isinstance(policy, Mapping) or "document" not in policy:
            return policy
        return {**policy, "document": self._document(policy["document"], f"{where}.inline.{name}.document")}

    def _document(self, value: Any, where: str) -> Any:
        """The document of a file; an empty one if it cannot be read, which is reported."""
        kind = kind_of(value)
        if kind is None:
            return value
        problems = list(form_problems(value, kind, where))
        self._problems += problems
        found = None if problems else self._file(value[kind], f"{where}.{kind}")
        if found is None:
            return {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
        document, self.files[where] = found
        if kind == FILE:
            return document
        return self._facts.fill_all(document, where, self._problems.append)

    def _file(self, name: str, where: str) -> tuple[Any, DocumentFile] | None:
        if name not in self._read:
            try:
                self._read[name] = read_document(self._root, name, where)
            except SettingsError as error:
                self._problems += error.problems
                self._read[name] = None
        return self._read[name]


def kind_of(value: object) -> str | None:
    """Whether a ``document`` names a file, a template, or neither."""
    if not isinstance(value, Mapping):
        return None
    return next((kind for kind in (FILE, TEMPLATE) if kind in value), None)


def form_problems(value: Mapping[Any, Any], kind: str, where: str) -> Iterator[Problem]:
    """Problems of ``{file: …}`` or ``{template: …}`` that show before a file is read."""
    for key in value:
        if key != kind:
            yield Problem(f"{where}.{key}", "unknown key", NOT_GIVEN, f"the only key here is {kind}")
    name = value[kind]
    fix = "write a path such as policies/boundary.json"
    if not isinstance(name, str):
        yield Problem(f"{where}.{kind}", "must be a text", name, fix)
    elif leaves_folder(name) or not name.isprintable():
        yield Problem(f"{where}.{kind}", INSIDE, name, fix)
    elif not name.endswith(".json"):
        yield Problem(f"{where}.{kind}", "must be a file of JSON", name, fix)


def read_document(root: Path | None, name: str, where: str) -> tuple[Any, DocumentFile]:
    """The document in a file of the project, and where its statements are. ``where`` names the file in the config.

    Raises:
        SettingsError: it cannot be read, is outside of the folder, or is not JSON.
    """
    if root is None:
        raise SettingsError([no_folder(where, name)])
    if not os.path.lexists(root / name):
        raise SettingsError([Problem(where, "there is no such file", name, "write the file, or correct its name")])
    text = read_text(root / name, name, MOST, within=root)
    try:
        document = parse_json(text)
    except JsonError as error:
        what, fix = str(error), "correct the file"
        if _COMMENT.search(text):
            what, fix = "is not JSON: it has a comment, and JSON has none", "remove the comments"
        raise SettingsError([Problem(name, what, NOT_GIVEN, fix)]) from None
    if not isinstance(document, Mapping):
        fix = "write {Version: …, Statement: [{…}]}"
        raise SettingsError([Problem(name, "must be a policy document", document, fix)])
    return document, DocumentFile(name, tuple(_lines(text)))


def _lines(text: str) -> Iterator[int]:
    """The line on which each statement of a document begins. ``text`` is JSON that has been parsed before."""
    decode = json.JSONDecoder().raw_decode
    for key, start in _members(text, _after_space(text, 0), decode):
        if key == "Statement" and text[start] == "[":
            at = _after_space(text, start + 1)
            while text[at] != "]":
                yield text.count("\n", 0, at) + 1
                at = _after_space(text, decode(text, at)[1])
                at = _after_space(text, at + 1) if text[at] == "," else at
        elif key == "Statement":
            yield text.count("\n", 0, start) + 1


def _members(text: str, start: int, decode: Callable[[str, int], tuple[Any, int]]) -> Iterator[tuple[str, int]]:
    """The keys of the object that begins at ``start``, each with the beginning of its value."""
    at = _after_space(text, start + 1)
    while text[at] != "}":
        key, end = decode(text, at)
        value = _after_space(text, _after_space(text, end) + 1)
        yield key, value
        at = _after_space(text, decode(text, value)[1])
        at = _after_space(text, at + 1) if text[at] == "," else at


def _after_space(text: str, start: int) -> int:
    while start < len(text) and text[start] in " \t\r\n":
        start += 1
    return start
