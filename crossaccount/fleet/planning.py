"""What ``fleet write`` changes: every stack is checked and fitted into its files; then all files are written or none.

A stack's own file has its own part; the declarations of a role set are in a file that its stacks include.

Pulumi gives the program all config of a stack in one environment variable, which Linux limits to 128 KiB. What does not
fit moves to a file that the stack includes. If that is too much, IDs replace the accounts' names, because each name
needs a line in the address book.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from crossaccount.fleet.control_policies import deploying_config, deploying_stack, idle_units, organization_content
from crossaccount.fleet.declarations import accounts_in
from crossaccount.fleet.editing import MARK, StackFile, with_config
from crossaccount.fleet.fleet import FLEET_FILE, Fleet, idle_selectors, read_fleet
from crossaccount.fleet.models import SECTIONS
from crossaccount.fleet.shared import FOLDER, FOLDERS, is_shared
from crossaccount.fleet.stacks import ASSUME_ROLES, KEYS, StackConfig, StackProblem, all_configs, each_once
from crossaccount.iam.arn import entity_arn
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import Project, read_project
from crossaccount.settings.compiled import compile_stack
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.input_files import MAX_YAML, outside_of, read_bytes
from crossaccount.settings.project import ORGANIZATION_FILE, stack_file
from crossaccount.settings.raw import NAMESPACE, SIZE_LIMIT, check_size
from crossaccount.settings.settings import partition_of
from crossaccount.settings.yaml_writing import yaml_text

INCLUDE = f"{NAMESPACE}include"
_ACCOUNTS = f"{NAMESPACE}accounts"


@dataclass(frozen=True)
class Fitted:
    """A stack as it is written: the fleet's keys in its own file, and what it includes."""

    stack: StackConfig
    """Its ``own`` config is written to the stack's file."""
    keys: tuple[str, ...] = KEYS
    """The keys of the stack's file that are the fleet's."""
    included: Mapping[str, Any] = field(default_factory=dict)
    """The sections in :func:`included_file`; empty where all is in the stack's own file."""


def included_file(account: str) -> str:
    """``fleet/security.yaml``, from the folder of the project."""
    return f"{FOLDER}/{account}.yaml"


def fit(
    fleet: Fleet, stack: StackConfig, effective: Callable[[Mapping[str, Any]], Mapping[str, object]], include: object
) -> Fitted | None:
    """The first form that is small enough; None where none is.

    ``effective`` gives the whole config of a stack, with the project's keys and those written by hand. ``include`` has
    the files that the stack's file includes now.
    """
    current = include if isinstance(include, list) else []
    mine = included_file(stack.account)
    by_hand = [each for each in current if each != mine and not is_shared(each)]
    for config, included in _forms(fleet, stack):
        files = [*by_hand, *stack.included, *([mine] if included else [])]
        managed = bool(stack.included or included) or by_hand != current
        written = {**config, **({INCLUDE: files} if managed and files else {})}
        if not check_size(effective(written), ""):
            keys = (*KEYS, INCLUDE) if managed else KEYS
            return Fitted(replace(stack, own=written), keys, included)
    return None


def _forms(fleet: Fleet, stack: StackConfig) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
    """The content of a stack's own file and of its included file, from the plainest form to the smallest."""
    own = dict(stack.own)
    yield own, {}
    named = {name: own[key] for name in SECTIONS if (key := NAMESPACE + name) in own}
    if not named:
        return
    rest = {key: value for key, value in own.items() if key.removeprefix(NAMESPACE) not in named}
    yield rest, named
    by_id = _by_id(named, {name: account.id for name, account in fleet.accounts.items()})
    needed = {stack.account, *own.get(f"{NAMESPACE}reads", ()), *accounts_in(by_id, fleet.ids)}
    book = {name: entry for name, entry in own[_ACCOUNTS].items() if name in needed}
    yield {**rest, _ACCOUNTS: book}, by_id


def _by_id(value: Any, ids: Mapping[str, str], key: str = "") -> Any:
    """Grants with IDs in place of names. Names in trusts stay, because they show whether an account has a stack."""
    if isinstance(value, Mapping):
        return {name: _by_id(each, ids, name) for name, each in value.items()}
    if isinstance(value, list):
        return [_by_id(each, ids, key if key in ("assume", "deny") else "") for each in value]
    if isinstance(value, str) and key:
        account, slash, rest = value.partition("/")
        return f"{ids.get(account, account)}{slash}{rest}" if slash and key in ("assume", "deny") else value
    return value


@dataclass(frozen=True)
class Change:
    """A file to change. ``before`` is None for a new file, ``after`` for a file to remove."""

    stack: str
    """The account; empty for a file that several share."""
    file: Path
    before: str | None
    after: str | None

    @property
    def name(self) -> str:
        """The file's name, with its folder where it is one that a stack includes."""
        if self.file.name.startswith("Pulumi."):
            return self.file.name
        folder = self.file.parent.name
        return f"{FOLDER}/{self.file.name}" if folder == FOLDER else f"{FOLDER}/{folder}/{self.file.name}"

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
    current: Mapping[str, object] | None,
    problems: list[Problem],
    *,
    adopt: bool,
) -> Iterator[Change]:
    """The fleet's changes to a stack's files; ``current`` is the config of its own file.

    A file that the fleet did not write is taken over if nothing in it is lost, or with ``adopt``; else it is reported
    in ``problems``.
    """
    name, config = wanted.stack.account, wanted.stack.own
    path = directory / stack_file(name)
    text = None if current is None else _text(path)
    is_fleets = text is None or MARK in text
    if not (adopt or is_fleets) and (lost := _lost(current or {}, wanted.stack.config)):
        what = f"was not written by the fleet, and has another {', '.join(lost)} than fleet.yaml"
        fix = "put it into fleet.yaml, under exceptions for this account alone, or overwrite it with --adopt"
        problems.append(Problem(path.name, what, NOT_GIVEN, fix))
        return
    same = current is not None and all(current.get(key, NOT_GIVEN) == config.get(key, NOT_GIVEN) for key in wanted.keys)
    if not (same and is_fleets):
        try:
            yield Change(name, path, text, with_config(StackFile.of(path.name, text or ""), config, wanted.keys))
        except SettingsError as error:
            problems += error.problems
    yield from _included(directory, wanted)


def _text(path: Path, errors: str = "strict") -> str:
    return read_bytes(path, path.name, MAX_YAML).decode(errors=errors)


def _included(directory: Path, wanted: Fitted) -> Iterator[Change]:
    """The change of the file that the stack includes, which the fleet owns."""
    yield from _generated(directory / included_file(wanted.stack.account), wanted.included, wanted.stack.account)


def _generated(path: Path, content: Mapping[str, Any], stack: str) -> Iterator[Change]:
    """The change of a file that the fleet owns. Without content the file is removed."""
    before = _text(path) if path.is_file() else None
    after = f"{MARK}: change it there.\n{yaml_text(content)}" if content else None
    if before != after and (after is not None or MARK in (before or "")):
        yield Change(stack, path, before, after)


def organization_changes(directory: Path, content: Mapping[str, Any] | None) -> Iterator[Change]:
    """The fleet's changes to the file about the organisation, which the fleet owns."""
    path = directory / ORGANIZATION_FILE
    before = _text(path) if path.is_file() else None
    after = json.dumps(content, indent=2, ensure_ascii=False) + "\n" if content is not None else None
    if before != after:
        yield Change("", path, before, after)


def shared_changes(directory: Path, files: Mapping[str, Mapping[str, Any]]) -> Iterator[Change]:
    """The fleet's changes to the files that stacks share."""
    for name, content in files.items():
        yield from _generated(directory / name, content, "")
    for folder in FOLDERS:
        for file in sorted(directory.glob(f"{folder}/*.yaml")):
            if file.relative_to(directory).as_posix() not in files:
                yield from _generated(file, {}, "")


def _lost(current: Mapping[str, object], wanted: Mapping[str, object]) -> list[str]:
    return [key for key in KEYS if key in current and current[key] != wanted.get(key)]


def left(directory: Path, accounts: Iterable[str]) -> list[Change]:
    """The files that the fleet wrote for accounts that it no longer has, as changes that remove them."""
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
            folder.mkdir(parents=True, exist_ok=True)
        for each in wanted:
            target = each.file.resolve()
            prepared[target] = _temporary_file(target, each.after) if each.after is not None else None
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
        for temporary in prepared.values():
            if temporary is not None:
                temporary.unlink(missing_ok=True)


def _temporary_file(target: Path, text: str) -> Path:
    """A file with the text in the folder of ``target``, with its permissions."""
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(text.encode())
        if target.exists():
            shutil.copymode(target, temporary)
        else:
            temporary.chmod(0o666 & ~_umask())
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(target)) from None
    return temporary


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _move(temporary: Path | None, target: Path) -> None:
    if temporary is None:
        target.unlink()
    else:
        temporary.replace(target)


def _restore(change: Change) -> None:
    with suppress(OSError):
        if change.before is None:
            change.file.unlink(missing_ok=True)
        else:
            change.file.resolve().write_bytes(change.before.encode())


@dataclass(frozen=True)
class Plan:
    """What ``fleet write`` would do."""

    fleet: Fleet
    changes: tuple[Change, ...]
    """Files to write, in the order of their accounts."""
    left: tuple[Change, ...]
    """Files of accounts that are no longer in the fleet: they stay, unless they are to be pruned."""
    warnings: tuple[Problem, ...]
    includes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By account: the files that its stack shares with others."""

    @property
    def unchanged(self) -> int:
        """How many accounts have up-to-date files, including shared ones."""
        changed = {each.name for each in self.changes if not each.stack}
        stacks = {each.stack for each in self.changes}
        return sum(
            account not in stacks and changed.isdisjoint(self.includes.get(account, ()))
            for account in self.fleet.accounts
        )


def plan(directory: Path, *, adopt: bool = False) -> Plan:
    """The changes that make the files of the project in ``directory`` match its fleet.

    ``adopt`` takes files over that hold other values for the fleet's keys and that the fleet did not write.

    Raises:
        SettingsError: anything wrong with the fleet, with the project, or with a stack as it would be written.
    """
    fleet = read_fleet(directory)
    project = read_project(directory)
    problems: list[Problem] = []
    written = all_configs(fleet, problems)
    configs = written.stacks
    if not problems:
        problems += each_once(_problems_of_stacks(fleet, project, configs))
    if problems:
        raise SettingsError(dict.fromkeys(problems))
    above = organization_content(fleet, problems)
    if problems:
        raise SettingsError(dict.fromkeys(problems))
    configs = _with_policies(fleet, configs)
    shared = [*shared_changes(directory, written.shared), *organization_changes(directory, above)]
    found = [each for each in shared if each.after is not None]
    for name, each in configs.items():
        own = _own(project, name)
        fitted = fit(fleet, each, partial(effective, project, name), (own or {}).get(INCLUDE))
        if fitted is None:
            problems.append(too_large(name))
        else:
            found += change(directory, fitted, own, problems, adopt=adopt)
    if problems:
        raise SettingsError(problems)
    found += (each for each in shared if each.after is None)
    gone = tuple(left(directory, fleet.accounts))
    # Only files inside the project are written, removed or shown, even if a pull request has links that lead out.
    problems += (
        Problem(each.name, outside, NOT_GIVEN, "remove the link")
        for each in (*found, *gone)
        if (outside := outside_of(each.file, directory))
    )
    if problems:
        raise SettingsError(dict.fromkeys(problems))
    warnings = (
        *idle_selectors(fleet),
        *idle_units(fleet),
        *own_deployers(fleet, {name: each.config for name, each in configs.items()}),
    )
    return Plan(fleet, tuple(found), gone, warnings, {name: each.included for name, each in configs.items()})


def _with_policies(fleet: Fleet, configs: Mapping[str, StackConfig]) -> dict[str, StackConfig]:
    """The configs, with the control policies in that of the management account's stack."""
    found = dict(configs)
    if (name := deploying_stack(fleet)) is not None:
        more = deploying_config(fleet)
        own = {**found[name].own, **more}
        ordered = {key: own[key] for key in KEYS if key in own}
        found[name] = replace(found[name], config={**found[name].config, **more}, own=ordered)
    return found


def alike(changes: Iterable[Change], fleet: Fleet) -> list[tuple[Change, tuple[Change, ...]]]:
    """Changes in groups that differ only by account: the first of each group, and the others."""
    groups: dict[str, list[Change]] = {}
    for each in changes:
        text = each.diff()
        if (account := fleet.accounts.get(each.stack)) is not None:
            whole_word = re.compile(rf"(?<![A-Za-z0-9])({re.escape(account.name)}|{account.id})(?![A-Za-z0-9])")
            text = whole_word.sub("<>", text)
        groups.setdefault(text, []).append(each)
    return [(first, tuple(others)) for first, *others in groups.values()]


def _problems_of_stacks(fleet: Fleet, project: Project, configs: Mapping[str, StackConfig]) -> Iterator[StackProblem]:
    for config in configs.values():
        yield from problems_of_stack(config, effective(project, config.account, config.config), fleet.directory)


def effective(project: Project, account: str, config: Mapping[str, Any]) -> dict[str, object]:
    """The effective config of a stack: the project's, the part written by hand, and the fleet's."""
    own = _own(project, account) or {}
    by_hand = {key: value for key, value in own.items() if key not in KEYS}
    include = by_hand.get(INCLUDE)
    if isinstance(include, list):
        by_hand[INCLUDE] = [each for each in include if each != included_file(account) and not is_shared(each)]
    return {**project.shared, **by_hand, **config}


def _own(project: Project, stack: str) -> Mapping[str, object] | None:
    """The config in the stack's own file; None if there is no file."""
    if stack not in project.stacks:
        return None
    origins = project.origins[stack]
    return {key: value for key, value in project.stacks[stack].items() if origins[key] == stack_file(stack)}


WHOLE = "config"
"""The place at which the settings report a config that is too large."""


def problems_of_stack(stack: StackConfig, config: Mapping[str, object], directory: Path) -> list[StackProblem]:
    """What is wrong with the effective ``config`` of a stack, at its places in ``fleet.yaml``."""
    try:
        found = list(compile_stack(config, root=directory).problems)
    except SettingsError as error:
        found = list(error.problems)
    return [StackProblem(stack.account, _placed(problem, stack)) for problem in found if _counts(problem)]


def too_large(account: str) -> Problem:
    """The problem of a stack that no form makes small enough."""
    what = f"its config has more than {SIZE_LIMIT // 1024} KiB in every form, and Pulumi cannot pass it to the program"
    fix = "read fewer accounts, trust by a pattern or an organisation, or name roles by a pattern in a document"
    return Problem(f"{FLEET_FILE}: {account}", what, NOT_GIVEN, fix)


def _placed(problem: Problem, stack: StackConfig) -> Problem:
    """The problem at the entity's place in ``fleet.yaml``, or at the account if it is about the whole stack."""
    place = problem.where
    while place and place not in stack.origins:
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    if place:
        return replace(problem, where=f"{FLEET_FILE}: {stack.origins[place]}{problem.where[len(place) :]}")
    return replace(problem, where=f"{FLEET_FILE}: {stack.account}: {problem.where}")


def _counts(problem: Problem) -> bool:
    """An error, other than that of the size: what is too large for the stack's own file goes to another one."""
    return problem.severity == "error" and problem.where != WHOLE


def own_deployers(fleet: Fleet, configs: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """Warnings: stacks that declare the very role through which they are deployed."""
    for name, config in configs.items():
        through = {role["roleArn"] for role in config.get(ASSUME_ROLES, ())}
        trusting = config.get(f"{NAMESPACE}trusting", {}).get("roles", {})
        for role, entity in trusting.items():
            partition = partition_of(fleet.region_of(name))
            if entity.get("bootstrap"):
                continue  # the stack does not change it
            if entity_arn(fleet.accounts[name].id, "role", role, entity.get("path", "/"), partition) in through:
                what = (
                    f"{name} declares the role that it is deployed through: a mistake in it would stop every deployment"
                )
                fix = "make deployer roles outside of the fleet"
                yield Problem(f"{FLEET_FILE}: {name}: trusting.roles.{role}", what, NOT_GIVEN, fix, "warning")
