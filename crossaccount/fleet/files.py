"""What a fleet wants of the files of its stacks, beside what is there; and writing them, all or none."""

from __future__ import annotations

import difflib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from crossaccount.fleet.editing import MARK, StackFile, with_config
from crossaccount.fleet.fitting import FOLDER, Fitted, included_file
from crossaccount.fleet.stacks import KEYS
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MAX_YAML, read_bytes
from crossaccount.settings.project import stack_file
from crossaccount.settings.yaml_writing import yaml_text


@dataclass(frozen=True)
class Change:
    """A file that is to be another. ``before`` is None for a new one, ``after`` for one that goes."""

    stack: str
    file: Path
    before: str | None
    after: str | None

    @property
    def name(self) -> str:
        """The file's name, with its folder where it is one that a stack includes."""
        return self.file.name if self.file.name.startswith("Pulumi.") else f"{FOLDER}/{self.file.name}"

    @property
    def kind(self) -> str:
        """``new``, ``changed`` or ``removed``."""
        return "new" if self.before is None else "removed" if self.after is None else "changed"

    def diff(self) -> str:
        """The lines that change, as a unified diff."""
        name = self.name
        old, new = (self.before or "").splitlines(keepends=True), (self.after or "").splitlines(keepends=True)
        lines = difflib.unified_diff(old, new, name if old else "/dev/null", name if new else "/dev/null", n=2)
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def change(
    directory: Path,
    wanted: Fitted,
    there: Mapping[str, object] | None,
    problems: list[Problem],
    *,
    adopt: bool,
) -> Iterator[Change]:
    """What the fleet changes in a stack's files, of which its own has the config ``there``.

    A file that the fleet did not write is taken over where nothing in it is lost, or with ``adopt``; else it is among
    the ``problems``.
    """
    name, config = wanted.stack.account, wanted.stack.config
    path = directory / stack_file(name)
    text = None if there is None else _text(path)
    is_fleets = text is None or MARK in text
    if not (adopt or is_fleets) and (lost := _lost(there or {}, config)):
        what = f"was not written by the fleet, and has another {', '.join(lost)} than fleet.yaml"
        fix = "put it into fleet.yaml, under exceptions for this account alone, or give --adopt to lose it"
        problems.append(Problem(path.name, what, NOT_GIVEN, fix))
        return
    same = there is not None and all(there.get(key, NOT_GIVEN) == config.get(key, NOT_GIVEN) for key in wanted.keys)
    if not (same and is_fleets):
        try:
            yield Change(name, path, text, with_config(StackFile.of(path.name, text or ""), config, wanted.keys))
        except SettingsError as error:
            problems += error.problems
    yield from _included(directory, wanted)


def _text(path: Path, errors: str = "strict") -> str:
    return read_bytes(path, path.name, MAX_YAML).decode(errors=errors)


def _included(directory: Path, wanted: Fitted) -> Iterator[Change]:
    """The file that the stack includes, which is all the fleet's."""
    path = directory / included_file(wanted.stack.account)
    before = _text(path) if path.is_file() else None
    after = f"{MARK}: change it there.\n{yaml_text(wanted.included)}" if wanted.included else None
    if before != after and (after is not None or MARK in (before or "")):
        yield Change(wanted.stack.account, path, before, after)


def _lost(there: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    return [key for key in KEYS if key in there and there[key] != wanted.get(key)]


def left(directory: Path, accounts: Iterable[str]) -> list[Change]:
    """The files that the fleet wrote for accounts that it no longer has, as if they were to go."""
    known = {name for account in accounts for name in (stack_file(account), included_file(account))}
    result = []
    for file in sorted([*directory.glob("Pulumi.*.yaml"), *directory.glob(f"{FOLDER}/*.yaml")]):
        if file.relative_to(directory).as_posix() not in known and MARK in (text := _text(file, "replace")):
            name = file.name.removeprefix("Pulumi.").removesuffix(".yaml")
            result.append(Change(name, file, text, None))
    return result


def write_all(wanted: Sequence[Change]) -> None:
    """Make every change, or none.

    New texts are written beside their files first, where a full disk would show, then renamed. A process that is killed
    leaves whole files only; the same command finishes what it began.

    Raises:
        SettingsError: a file cannot be written; what was changed before it is as it was.
    """
    prepared: dict[Path, Path | None] = {}
    done: list[Change] = []
    try:
        for folder in {each.file.parent for each in wanted if each.after is not None}:
            folder.mkdir(exist_ok=True)
        for each in wanted:
            target = each.file.resolve()
            prepared[target] = _beside(target, each.after) if each.after is not None else None
        for each in wanted:
            target = each.file.resolve()
            _move(prepared[target], target if each.after is not None else each.file)
            prepared[target] = None
            done.append(each)
    except OSError as error:
        for each in done:
            _restore(each)
        fix = "make room for it, and run the command again: nothing was changed"
        problem = Problem(str(error.filename or "fleet"), f"cannot be written ({error.strerror})", NOT_GIVEN, fix)
        raise SettingsError([problem]) from None
    finally:
        for beside in prepared.values():
            if beside is not None:
                beside.unlink(missing_ok=True)


def _beside(target: Path, text: str) -> Path:
    """A file with the text in the folder of ``target``, with its permissions."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text.encode())
        if target.exists():
            shutil.copymode(target, beside)
        else:
            beside.chmod(0o666 & ~_umask())
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from None
    return beside


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _move(beside: Path | None, target: Path) -> None:
    if beside is None:
        target.unlink()
    else:
        beside.replace(target)


def _restore(change: Change) -> None:
    with suppress(OSError):
        if change.before is None:
            change.file.unlink(missing_ok=True)
        else:
            change.file.resolve().write_bytes(change.before.encode())
