"""A Pulumi project on disk: its stacks and the config that is in effect for each, by Pulumi's own rules.

Owns ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml``: a stack's value replaces the project's, nothing is merged. Needs no
pulumi and no network, and writes nothing. Encrypted values stay as they are, ``{secure: …}``.

Source: https://www.pulumi.com/docs/iac/concepts/projects/project-file/ and …/concepts/config/
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.address_book import SharedBook, shared_book
from crossaccount.settings.compiled import CompiledStack, compile_stack
from crossaccount.settings.declared_keys import declaration_problems
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.moment import present
from crossaccount.settings.raw import KNOWN_KEYS, NAMESPACE
from crossaccount.settings.settings import Settings
from crossaccount.settings.yaml_text import read_yaml

PROJECT_FILE = "Pulumi.yaml"
MOST_NAMED = 3
"""Folders or accounts that a message names."""

_STACK_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""A name that began with - would be an option of the CLI."""

ORGANIZATION_FILE = "fleet/all/organization.json"
"""The organisation above a project's accounts, which ``crossaccount fleet write`` writes: a source for every judgement.
"""

ACCOUNT, READS = f"{NAMESPACE}account", f"{NAMESPACE}reads"

HANDED_ON = "CROSSACCOUNT_HANDED_ON"
"""The environment variable in which a job hands a program that runs as a process what it cannot know.

JSON: ``references`` are the outputs of upstream stacks by account name, ``root`` is the project's own folder,
``reviewed`` are the prints of the config that was reviewed.
"""


@dataclass(frozen=True)
class Project:
    """A project and its stacks. ``stacks`` holds each stack's effective config by full key."""

    name: str
    directory: Path
    main: Path
    """The folder of the program: ``directory``, or ``main`` relative to it."""
    stacks: Mapping[str, Mapping[str, object]]
    origins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By stack and key: the file that the value comes from."""
    shared: Mapping[str, object] = field(default_factory=dict)
    """The project's own config, which a stack without a file would have."""
    virtualenv: str | None = None
    """Where the Python of ``runtime`` is, relative to ``directory``."""
    runtime: str = ""
    """The language of the program; empty where the project does not name it."""
    files: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    """By stack: its file as it was read, what opens its secrets (``encryptionsalt`` …) included."""
    definition: Mapping[str, object] = field(default_factory=dict)
    """The parts of ``Pulumi.yaml`` that the engine uses besides the config: program, packages, backend, options."""
    given_now: datetime | None = field(default=None, compare=False)
    """The time of the run, if the caller knows it."""
    _compiled: dict[str, CompiledStack] = field(default_factory=dict, init=False, repr=False, compare=False)

    def compiled(self, stack: str) -> CompiledStack:
        """One stack, compiled once and cached.

        Raises:
            SettingsError: the project has no such stack, its config is wrong, or makes documents that IAM refuses.
        """
        if stack not in self.stacks:
            fix = did_you_mean(stack, self.stacks, f"write {stack_file(stack)}, with `pulumi stack init {stack}`")
            raise SettingsError([Problem(stack_file(stack), "no such stack in the project", stack, fix)])
        if stack not in self._compiled:
            self._compiled[stack] = compile_stack(
                self.stacks[stack],
                root=self.directory,
                where=stack_file(stack),
                origins=self.origins.get(stack, {}),
                book=self._book,
                read_by=self._read_by(stack),
                now=self.now,
            )
        return self._compiled[stack].checked()

    def settings(self, stack: str) -> Settings:
        """The settings of one stack.

        Raises:
            SettingsError: as :meth:`compiled`.
        """
        return self.compiled(stack).settings

    def own_stack(self, full_name: str) -> str | None:
        """The name, within this project, of what is a name or ``<organisation>/<project>/<stack>``; none: another's."""
        parts = full_name.split("/")
        return parts[-1] if len(parts) == 1 or parts[1] == self.name else None

    def _read_by(self, stack: str) -> set[str]:
        """The accounts whose stacks read the account of ``stack``, directly or through others."""
        found: set[str] = set()
        waiting = [str(self.stacks[stack].get(ACCOUNT))]
        while waiting:
            new = self._readers.get(waiting.pop(), set()) - found
            found |= new
            waiting += new
        return found

    @cached_property
    def _readers(self) -> Mapping[str, set[str]]:
        """By account: the accounts whose stacks read it. The stacks may have errors."""
        found: dict[str, set[str]] = {}
        for config in self.stacks.values():
            reads = config.get(READS)
            for account in reads if isinstance(reads, list) else ():
                found.setdefault(str(account), set()).add(str(config.get(ACCOUNT)))
        return found

    @cached_property
    def now(self) -> datetime:
        """The time of the run, by which it is decided what has ended: that of the caller, or the present time."""
        return self.given_now or present()

    @cached_property
    def _book(self) -> SharedBook | None:
        return shared_book(self.shared, PROJECT_FILE)


def stack_file(stack: str) -> str:
    """``Pulumi.auth.yaml`` of ``auth``."""
    return f"Pulumi.{stack}.yaml"


def project_around(file: Path) -> Path | None:
    """The folder of the project that a file is named in; links are not followed. None if it is in no project.

    Such a file must not lead out of the folder: a pull request may have made it a link to a file elsewhere.
    """
    here = Path(os.path.abspath(file))
    return next((each for each in here.parents if os.path.isfile(each / PROJECT_FILE)), None)


def _below(directory: Path) -> str:
    """The projects directly in a folder, as the option that names each; empty without one."""
    found = sorted(each.parent for each in directory.glob(f"*/{PROJECT_FILE}"))[:MOST_NAMED]
    return f": {' or '.join(f'--dir {shlex.quote(str(each))}' for each in found)}" if found else ""


def read_project(directory: Path, now: datetime | None = None) -> Project:
    """The project in ``directory``. ``now`` is the time of the run; by default the clock is read when it is needed.

    Raises:
        SettingsError: there is no project, or its files are not what Pulumi takes; every file's problems at once.
    """
    try:
        os.stat(directory)
    except (FileNotFoundError, NotADirectoryError):
        pass  # reported below, with a folder that has a project
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise SettingsError([Problem(str(directory), what, NOT_GIVEN, "name the folder of Pulumi.yaml")]) from None
    problems: list[Problem] = list(_files_of_another_form(directory))
    if not os.path.lexists(directory / PROJECT_FILE):
        if not problems:
            above = next((each for each in directory.resolve().parents if (each / PROJECT_FILE).is_file()), None)
            fix = (
                f"name the folder that has one: {above}" if above else f"name a folder that has one{_below(directory)}"
            )
            problems.append(Problem(str(directory), f"has no {PROJECT_FILE}", NOT_GIVEN, fix))
        raise SettingsError(problems)
    content = _mapping(read_yaml(directory / PROJECT_FILE, PROJECT_FILE, within=directory), PROJECT_FILE)
    problems += _not_reviewed(content, PROJECT_FILE, _OF_PROJECT)
    problems += _local_packages(content.get("packages"), directory)
    name = str(content.get("name") or directory.resolve().name)
    shared = _project_config(content.get("config"), name, problems)
    stacks: dict[str, Mapping[str, object]] = {}
    origins: dict[str, Mapping[str, str]] = {}
    files: dict[str, Mapping[str, object]] = {}
    for path in sorted(directory.glob("Pulumi.*.yaml")):
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        if not _STACK_NAME.fullmatch(stack):
            fix = (
                "name the file Pulumi.<stack>.yaml: letters, digits, ., _ and -, beginning with a letter, a digit or _"
            )
            problems.append(Problem(path.name, "not the name of a stack", stack, fix))
            continue
        try:
            whole = _mapping(read_yaml(path, path.name, within=directory), path.name)
            problems += _not_reviewed(whole, path.name, _OF_STACK)
            own = _mapping(whole.get("config"), f"{path.name}: config")
        except SettingsError as error:
            problems += error.problems
            continue
        problems += [_bare_key(str(key), path.name) for key in own if ":" not in str(key)]
        problems += _old_form(own, path.name)
        files[stack] = whole
        stacks[stack] = {**shared, **{str(key): value for key, value in own.items()}}
        origins[stack] = dict.fromkeys(shared, PROJECT_FILE) | dict.fromkeys(own, path.name)
    main = content.get("main") or "."
    if not isinstance(main, str) or "\0" in main:
        fix = "write the folder of the program, relative to this file"
        problems.append(Problem(f"{PROJECT_FILE}: main", "must be the name of a folder", main, fix))
    if problems:
        raise SettingsError(problems)
    program = Path(os.path.realpath(directory / str(main)))
    runtime = content.get("runtime")
    language = str((runtime.get("name") if isinstance(runtime, Mapping) else runtime) or "")
    definition = {str(key): value for key, value in content.items() if key in _READ and key != "config"}
    venv = _virtualenv(runtime)
    return Project(name, directory, program, stacks, origins, shared, venv, language, files, definition, now)


_MOVE = "move the stacks' files to the folder of Pulumi.yaml, and remove the line"
_OF_PROJECT = {
    "stackConfigDir": ("the stacks' files of another folder are not reviewed", _MOVE),
    "plugins": (
        "the engine would run executables that it names, and no review covers them",
        "remove it: the engine finds the plugin of a released provider itself",
    ),
}
"""What the engine obeys in ``Pulumi.yaml`` and this toolkit does not read: what is wrong with it, and what to do."""
_OF_STACK = {
    "environment": (
        "the config of Pulumi ESC environments is not reviewed",
        "write the values under config, and remove the line",
    ),
}
"""The same in ``Pulumi.<stack>.yaml``."""
_READ = ("name", "main", "runtime", "config", "packages", "backend", "options")
"""Keys that decide what is run, and that are read as they are."""


def _files_of_another_form(directory: Path) -> Iterator[Problem]:
    """Files that the engine uses, or seems to use, instead of those that are read here.

    In a folder the CLI looks for Pulumi.json, Pulumi.yaml and Pulumi.yml, in this order, and the files of the stacks
    have the extension of the one that it finds.
    """
    for path in sorted(each for ending in ("json", "yml") for each in directory.glob(f"Pulumi*.{ending}")):
        if path.name == "Pulumi.json" or (path.name == "Pulumi.yml" and not (directory / PROJECT_FILE).exists()):
            what, fix = "the engine would run this file, which is not reviewed", f"write it as {PROJECT_FILE}"
        elif path.name.startswith("Pulumi."):
            what = f"the engine does not read this file next to {PROJECT_FILE}"
            fix = f"write it as {path.stem}.yaml, or remove it"
        else:
            continue
        yield Problem(path.name, what, NOT_GIVEN, fix)


def _not_reviewed(content: Mapping[str, Any], file: str, refused: Mapping[str, tuple[str, str]]) -> Iterator[Problem]:
    """Keys that change what the engine runs and are not read here; the engine may take any case for the same key."""
    exact = {key.lower(): key for key in (*refused, *_READ)}
    for key in content:
        meant = exact.get(str(key).lower())
        if meant is not None and meant in refused and content[key] not in (None, "", {}, []):
            what, fix = refused[meant]
            yield Problem(f"{file}: {key}", what, NOT_GIVEN, fix)
        elif meant not in (None, key):
            yield Problem(f"{file}: {key}", "unknown key", NOT_GIVEN, f"write `{meant}`")


def _local_packages(packages: Any, directory: Path) -> Iterator[Problem]:
    """Packages whose provider is code of the project's folder: the engine would run it."""
    for name, given in packages.items() if isinstance(packages, Mapping) else ():
        source = given.get("source") if isinstance(given, Mapping) else given
        text = str(source or "")
        if text.startswith((".", "/", "~")) or "\\" in text or os.path.lexists(directory / text.partition("@")[0]):
            what = "the engine would run a provider of the project's folder, and no review covers it"
            yield Problem(f"{PROJECT_FILE}: packages.{name}", what, source, "name a published package")


def _virtualenv(runtime: Any) -> str | None:
    options = runtime.get("options") if isinstance(runtime, Mapping) else None
    found = options.get("virtualenv") if isinstance(options, Mapping) else None
    return str(found) if found else None


def _bare_key(key: str, file: str) -> Problem:
    known = {name.rpartition(":")[2]: name for name in ("aws:region", *KNOWN_KEYS)}
    fix = f"write `{known[key]}`" if key in known else "write <namespace>:<key>, such as crossaccount:account"
    return Problem(f"{file}: {key}", "a key of a stack's config needs its namespace", NOT_GIVEN, fix)


def _old_form(keys: Iterable[Any], file: str) -> Iterator[Problem]:
    """Keys with more than one colon: ``aws:config:region`` is an old form of ``aws:region`` to the engine."""
    for key in map(str, keys):
        if key.count(":") > 1:
            namespace, module, name = key.split(":", 2)
            fix = f"write `{namespace}:{name}`" if module == "config" else "write <namespace>:<key>, with one colon"
            yield Problem(f"{file}: {key}", "a key of a config has one colon", NOT_GIVEN, fix)


def _paths(keys: Iterable[Any]) -> Iterator[Problem]:
    """Keys of the project's config that the engine takes for a path into a value: ``aws:defaultTags.tags``."""
    for key in map(str, keys):
        if set(key.partition(":")[2] or key) & set('.[]"'):
            what, fix = "the engine takes this key for a path into another value", "write the whole value in one place"
            yield Problem(f"{PROJECT_FILE}: {key}", what, NOT_GIVEN, fix)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SettingsError([Problem(where, "must be a mapping", value, "write `key: value` lines")])
    return value


def _project_config(config: Any, project: str, problems: list[Problem]) -> dict[str, object]:
    """Values of ``Pulumi.yaml``: plain, or under ``value:`` (``default:`` for a typed key of the project's own).

    A key without a namespace belongs to the project's.
    """
    result: dict[str, object] = {}
    given = _mapping(config, f"{PROJECT_FILE}: config")
    problems += [*_old_form(given, PROJECT_FILE), *_paths(given), *declaration_problems(given, project, PROJECT_FILE)]
    for bare, value in given.items():
        key = bare if ":" in str(bare) else f"{project}:{bare}"
        if not isinstance(value, Mapping):
            result[str(key)] = value
        elif "value" in value or "default" in value:
            # The CLI takes no value for one that is not given, and leaves out a key that has neither.
            found = next((value[each] for each in ("value", "default") if value.get(each) is not None), None)
            if found is not None:
                result[str(key)] = found
        elif "type" not in value:
            what = f"a mapping in {PROJECT_FILE} must be under value:"
            problems.append(Problem(f"{PROJECT_FILE}: {key}", what, value, f"write {key}: {{value: …}}"))
    return result


class ReadsInCircle(SettingsError):
    """Stacks read each other in a circle: none of them can be deployed first."""


def deployment_order(project: Project) -> list[str]:
    """The stacks in an order in which each comes after those it reads, otherwise by name.

    Raises:
        ReadsInCircle: stacks read each other.
        SettingsError: a stack's config is wrong, or a read account's stack is not in the project.
    """
    return list(compiled_in_order(project))


def compiled_in_order(project: Project) -> dict[str, CompiledStack]:
    """All stacks, compiled, in the order of :func:`deployment_order`.

    Raises:
        ReadsInCircle, SettingsError: as there.
    """
    problems: list[Problem] = []
    graph: dict[str, list[str]] = {}
    compiled: dict[str, CompiledStack] = {}
    for stack in sorted(project.stacks):
        try:
            compiled[stack] = project.compiled(stack)
        except SettingsError as error:
            problems += error.problems
        else:
            graph[stack] = list(_read_stacks(project, stack, compiled[stack].settings, problems))
    problems += _aliases_given_twice(compiled)
    if problems:
        raise SettingsError(problems)
    return {stack: compiled[stack] for stack in _sorted(graph)}


def _aliases_given_twice(compiled: Mapping[str, CompiledStack]) -> Iterator[Problem]:
    """The aliases that several accounts are to have: AWS has each alias once in a partition.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/FindingYourAWSId.html
    """
    holders: dict[tuple[str, str], dict[str, Settings]] = {}
    for each in compiled.values():
        settings = each.settings
        if settings.sign_in.alias is not None:
            alike = holders.setdefault((settings.partition, settings.sign_in.alias), {})
            alike.setdefault(settings.account_id, settings)
    for (_, alias), alike in holders.items():
        if len(alike) > 1:
            *_, last = alike.values()
            names = [settings.account for settings in alike.values()]
            more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
            what = f"is the alias of {', '.join(names[:MOST_NAMED])}{more}, and AWS has each alias once"
            yield Problem(last.sign_in_places["alias"], what, alias, "give each account its own")


def _sorted(graph: dict[str, list[str]]) -> list[str]:
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise ReadsInCircle([_circle(error.args[1])]) from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def _read_stacks(project: Project, stack: str, settings: Settings, problems: list[Problem]) -> list[str]:
    """The project's stacks that a stack reads; a stack of another project is not ours to order."""
    result = []
    for index, (account, full_name) in enumerate(settings.upstreams.items()):
        name = project.own_stack(full_name)
        if name is None:
            continue
        if name in project.stacks:
            result.append(name)
            continue
        what = f"the project has no stack {name}, which manages {account}"
        fix = did_you_mean(name, project.stacks, f"write {stack_file(name)}, or correct accounts.{account}.stack")
        problems.append(Problem(f"{stack_file(stack)}: reads[{index}]", what, account, fix))
    return result


def _circle(nodes: list[str]) -> Problem:
    """graphlib names a circle from the one that is read to its reader; people say it the other way round."""
    circle = list(reversed(nodes))
    where = f"{stack_file(circle[0])}: reads"
    what = f"stacks read each other in a circle: {' → '.join(circle)}"
    fix = f"drop {circle[1]} there: what is not read is derived from account, path and name"
    return Problem(where, what, NOT_GIVEN, fix)
