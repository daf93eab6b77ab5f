"""``[DIR/]NAME``: a stack of a project on disk, for ``stack:`` and ``state:``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crossaccount.iam.arn import ACCOUNT_ID
from crossaccount.iam.nearest import did_you_mean
from crossaccount.settings import Project, SettingsError, read_project
from crossaccount.settings.project import stack_file
from crossaccount.sources.details import Display
from crossaccount.sources.errors import refusal, within


@dataclass(frozen=True)
class NamedStack:
    """A stack's name and the project in whose folder it was looked up. The project need not have it."""

    where: str
    project: Project
    name: str

    @property
    def config(self) -> Mapping[str, Any]:
        """The stack's effective config; empty where the project has no such stack."""
        return self.project.stacks.get(self.name, {})


def find_stack(text: str, directory: Path, where: str, read: Callable[[Path], Project] = read_project) -> NamedStack:
    """The stack that ``[DIR/]NAME`` means, seen from ``directory``.

    ``read`` reads a project: whoever looks for many stacks of one reads it once.

    Raises:
        SourceError: no name, no project, or a project whose files are wrong.
    """
    folder, _, name = text.rpartition("/")
    if not name:
        kind = where.partition(":")[0]
        raise refusal(where, "names no stack", text, f"write {kind}:NAME or {kind}:DIR/NAME")
    try:
        return NamedStack(where, read(directory / folder), name)
    except SettingsError as error:
        raise within(where, error.problems) from None


def must_exist(stack: NamedStack) -> None:
    """Refuse a stack that the project does not have.

    Raises:
        SourceError: with the nearest name.
    """
    known = stack.project.stacks
    if stack.name not in known:
        fix = did_you_mean(stack.name, known, f"write {stack_file(stack.name)}")
        raise refusal(stack.where, "no such stack in the project", stack.name, fix)


def names_in_config(config: Mapping[str, Any]) -> dict[str, str]:
    """The address book of a config that nobody has checked: what is there and can be used."""
    return {name: str(entry["id"]) for name, entry in _book(config).items()}


def displays_in_config(config: Mapping[str, Any]) -> dict[str, Display]:
    """How that address book wants accounts shown, by ID."""
    found = {str(entry["id"]): entry for entry in _book(config).values()}
    return {key: Display(str(e.get("display_name") or ""), str(e.get("color") or "")) for key, e in found.items()}


def _book(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    book = config.get("crossaccount:accounts")
    if not isinstance(book, Mapping):
        return {}
    entries = {str(name): entry for name, entry in book.items() if isinstance(entry, Mapping)}
    return {name: e for name, e in entries.items() if isinstance(e.get("id"), str) and ACCOUNT_ID.match(e["id"])}
