"""Sources that mean several stacks: ``stack:*``, ``stack:DIR/prod-*``, ``state:*``; and the default sources.

A pattern selects stacks of one project, in the order of their names. Only the name is a shell pattern. A path that
exists is never a pattern.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from crossaccount.iam.nearest import nearest
from crossaccount.iam.problem import NOT_GIVEN
from crossaccount.settings import Project, SettingsError
from crossaccount.settings.input_files import leaves_folder, read_text
from crossaccount.settings.organization import KEY
from crossaccount.settings.project import ORGANIZATION_FILE, PROJECT_FILE, stack_file
from crossaccount.settings.raw import NAMESPACE
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources.errors import SourceError, refusal, within

OF_STACKS = ("stack", "state")
"""The kinds of source that name a stack of a project."""
_PATTERN = frozenset("*?[")
ORGANIZATION_KEY = f"{NAMESPACE}{KEY}"
ReadProject = Callable[[Path], Project]


def is_pattern(text: str) -> bool:
    """Whether a source means several stacks."""
    kind, _, rest = text.partition(":")
    name = rest.rpartition("/")[2]
    return kind in OF_STACKS and not _PATTERN.isdisjoint(name) and not any(map(os.path.lexists, (text, rest)))


def expanded(text: str, directory: Path, read: ReadProject) -> list[str]:
    """The sources that an argument means: a pattern's stacks, or the argument itself.

    ``read`` reads the project of a folder.

    Raises:
        SourceError: no project, or one without such a stack.
    """
    if not is_pattern(text):
        return [text]
    kind, _, rest = text.partition(":")
    folder, slash, pattern = rest.rpartition("/")
    try:
        stacks = read(directory / folder).stacks
    except SettingsError as error:
        raise within(text, error.problems) from None
    pattern, at, account = pattern.partition("@")
    found = [f"{kind}:{folder}{slash}{name}{at}{account}" for name in fnmatch.filter(sorted(stacks), pattern)]
    if not found:
        known = ", ".join(f"{kind}:{folder}{slash}{name}" for name in sorted(stacks))
        raise refusal(
            text,
            "no stack of the project fits",
            pattern,
            f"name one of {known}" if known else f"write {stack_file('<stack>')}",
        )
    return found


def all_stacks(directory: Path, kind: Literal["stack", "state"] = "stack") -> list[str]:
    """The default source: all stacks of the project in ``directory``.

    Raises:
        SourceError: there is no project.
    """
    if (directory / PROJECT_FILE).is_file():
        return [f"{kind}:*"]
    here = "here" if directory == Path() else f"in {directory}"
    fix = "name sources (crossaccount paths FILE.json live:PROFILE), or the project's folder with --dir DIR"
    raise refusal("SOURCE", f"none is named, and there is no {PROJECT_FILE} {here}", NOT_GIVEN, fix)


def project_organization(directory: Path) -> list[str]:
    """The file about the organisation of a project's accounts, as a source; none if there is no such file.

    It is the fleet's, otherwise the file that the stack of a management account names (``crossaccount:organization``).
    """
    file = directory / ORGANIZATION_FILE
    if file.is_file():
        return [str(file)]
    named = dict.fromkeys(each for path in sorted(directory.glob(stack_file("*"))) for each in _named_in(path))
    return [str(directory / each) for each in named if (directory / each).is_file()]


def _named_in(file: Path) -> Iterator[str]:
    """The file about an organisation that a stack's file names. Errors of the file are reported where it is read."""
    try:
        if ORGANIZATION_KEY not in read_text(file, file.name):
            return
        content = read_yaml(file, file.name)
    except SettingsError:
        return
    config = content.get("config") if isinstance(content, dict) else None
    value = config.get(ORGANIZATION_KEY) if isinstance(config, dict) else None
    name = value.get("file") if isinstance(value, dict) else None
    if isinstance(name, str) and not leaves_folder(name):
        yield name


def meant_stack(text: str, directory: Path, read: ReadProject) -> str | None:
    """A suggestion for an argument that is no file and no source: the stack of that name, or of a similar one."""
    folder, slash, name = text.rpartition("/")
    if not (directory / folder / PROJECT_FILE).is_file():
        return None
    try:
        stacks = read(directory / folder).stacks
    except (SettingsError, SourceError):
        return None
    found = nearest(name, stacks)
    return f"stack:{folder}{slash}{found}" if found else None
