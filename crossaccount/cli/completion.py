"""Shell completion: stacks, sources, names of users and roles, codes of findings.

Completion runs no program and never calls AWS: names are those that the project's stacks declare. A config with errors
completes from its valid part, or not at all, because a completion cannot report errors.

Bash ends a word at a colon, so ``stack:au`` arrives as three words, and bash replaces the last one.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import typer

_OF_STACKS = ("stack", "state")
_LIVE = "live"
_OF_FILES = ("terraform", "preview", "cloudformation")
_KINDS = (*_OF_STACKS, _LIVE, *_OF_FILES)
_READ = (".json", ".yaml", ".yml", ".template")
"""The suffixes of files that a source may read."""


class _AfterColon(str):
    """A completion for a word that is only a colon. typer keeps only completions that begin with the word."""

    def startswith(self, *_: object) -> bool:
        """Whether typer keeps it."""
        return True


def complete_stack(context: typer.Context, incomplete: str) -> list[str]:
    """Names of stacks."""
    return _beginning(_stacks(_directory(context)), incomplete)


def complete_source(context: typer.Context, incomplete: str) -> list[str]:
    """``stack:NAME``, ``state:NAME``, ``live:PROFILE``, and JSON files."""
    directory = _directory(context)
    if kind := _kind_before_a_colon(context, incomplete):
        rest = incomplete.removeprefix(":")
        files = _files(rest, _READ) if kind in _OF_FILES else []
        return [_AfterColon(name) for name in (*_beginning(_of_kind(kind, directory), rest), *files)]
    kind, colon, rest = incomplete.partition(":")
    if colon:
        found = _files(rest, _READ) if kind in _OF_FILES else _beginning(_of_kind(kind, directory), rest)
        return [f"{kind}:{name}" for name in found]
    fitting = [each for each in _KINDS if incomplete and each.startswith(incomplete)] or [*_OF_STACKS, _LIVE]
    named = (f"{each}:{name}" for each in fitting for name in _of_kind(each, directory))
    kinds = (f"{each}:" for each in fitting if each in _OF_FILES)
    return [*_beginning(iter((*named, *kinds)), incomplete), *_files(incomplete, (".json",))]


def complete_stack_or_source(context: typer.Context, incomplete: str) -> list[str]:
    """What ``check`` takes."""
    stacks = [] if _kind_before_a_colon(context, incomplete) else complete_stack(context, incomplete)
    return [*stacks, *complete_source(context, incomplete)]


def complete_role(context: typer.Context, incomplete: str) -> list[str]:
    """``<account>/role/<name>`` of the roles that stacks declare."""
    return _beginning(_entities(_directory(context), ("role",)), incomplete)


def complete_principal(context: typer.Context, incomplete: str) -> list[str]:
    """``<account>/user/<name>`` and ``<account>/role/<name>`` of the entities that stacks declare."""
    return _beginning(_entities(_directory(context), ("user", "role")), incomplete)


def complete_code(context: typer.Context, incomplete: str) -> list[str]:
    """Codes of findings."""
    from crossaccount.access.findings.catalogue import BY_CODE

    del context
    return _beginning(iter(BY_CODE), incomplete)


def _directory(context: typer.Context) -> Path:
    return Path(context.params.get("directory") or ".")


def _kind_before_a_colon(context: typer.Context, incomplete: str) -> str:
    """The kind of source that bash has split off as a separate word; else empty."""
    given: list[Any] = [each for value in context.params.values() if isinstance(value, (list, tuple)) for each in value]
    given += [value for value in context.params.values() if isinstance(value, str)]
    before = [str(each) for each in given]
    if incomplete == ":":
        return before[-1] if before and before[-1] in _KINDS else ""
    return before[-2] if len(before) > 1 and before[-1] == ":" else ""


def _of_kind(kind: str, directory: Path) -> Iterator[str]:
    if kind in _OF_STACKS:
        yield from _stacks(directory)
    elif kind == _LIVE:
        yield from _profiles()


def _stacks(directory: Path) -> Iterator[str]:
    for file in sorted(directory.glob("Pulumi.*.yaml")):
        yield file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def _profiles() -> Iterator[str]:
    """The names of the AWS CLI's profiles. Nothing else of them is read."""
    found: dict[str, None] = {}
    for variable, file in (("AWS_CONFIG_FILE", "~/.aws/config"), ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")):
        parser = configparser.RawConfigParser(strict=False)
        with suppress(OSError, configparser.Error, UnicodeDecodeError):
            parser.read(os.path.expanduser(os.environ.get(variable) or file))
        for section in parser.sections():
            kind, _, name = section.partition(" ")
            found |= {name.strip(): None} if kind == "profile" else {section: None} if not name else {}
    yield from found


def _files(incomplete: str, endings: tuple[str, ...]) -> list[str]:
    """Folders, and the files that end in one of ``endings``."""
    folder, slash, name = incomplete.rpartition("/")
    found = []
    with suppress(OSError):
        for path in sorted(Path(f"{folder}{slash}" or ".").iterdir()):
            hidden = path.name.startswith(".") and not name.startswith(".")
            if path.name.startswith(name) and not hidden and (path.suffix in endings or path.is_dir()):
                found.append(f"{folder}{slash}{path.name}{'/' if path.is_dir() else ''}")
    return found


def _entities(directory: Path, kinds: tuple[str, ...]) -> Iterator[str]:
    from crossaccount.iam.problem import BadInput
    from crossaccount.settings import read_project

    with suppress(BadInput):
        project = read_project(directory)
        for stack in project.stacks:
            with suppress(BadInput):
                settings = project.settings(stack)
                arns = (arn for kind in kinds for arn in settings.arns[kind].values())
                yield from (f"{settings.account}/{arn.split(':', 5)[5]}" for arn in arns)


def _beginning(names: Iterator[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
