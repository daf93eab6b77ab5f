"""A Pulumi project on disk: its stacks and the config that is in effect for each, by Pulumi's own rules.

Owns ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml``: a stack's value replaces the project's, nothing is merged. Needs no
pulumi and no network, and writes nothing. Encrypted values stay as they are, ``{secure: …}``.

Source: https://www.pulumi.com/docs/iac/concepts/projects/project-file/ and …/concepts/config/
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.compiled import CompiledStack, compile_stack
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.raw import KNOWN_KEYS
from crossaccount.settings.settings import Settings
from crossaccount.settings.shared_book import SharedBook, shared_book
from crossaccount.settings.yaml_text import read_yaml

PROJECT_FILE = "Pulumi.yaml"


@dataclass(frozen=True)
class Project:
    """A project and its stacks. ``stacks`` holds each stack's effective config by full key."""

    name: str
    directory: Path
    main: Path
    """The folder of the program: ``directory``, or what ``main`` says relative to it."""
    stacks: Mapping[str, Mapping[str, object]]
    origins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By stack and key: the file that the value comes from."""
    shared: Mapping[str, object] = field(default_factory=dict)
    """The project's own config, which a stack without a file would have."""
    virtualenv: str | None = None
    """Where the Python of ``runtime`` is, relative to ``directory``."""
    _compiled: dict[str, CompiledStack] = field(default_factory=dict, init=False, repr=False, compare=False)

    def compiled(self, stack: str) -> CompiledStack:
        """One stack, compiled. However often it is asked for, that is done once.

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

    @cached_property
    def _book(self) -> SharedBook | None:
        return shared_book(self.shared, PROJECT_FILE)


def stack_file(stack: str) -> str:
    """``Pulumi.auth.yaml`` of ``auth``."""
    return f"Pulumi.{stack}.yaml"


def read_project(directory: Path) -> Project:
    """The project in ``directory``.

    Raises:
        SettingsError: there is no project, or its files are not what Pulumi takes; every file's problems at once.
    """
    if not os.path.lexists(directory / PROJECT_FILE):
        fix = "name a folder that has one"
        raise SettingsError([Problem(str(directory), f"has no {PROJECT_FILE}", NOT_GIVEN, fix)])
    content = _mapping(read_yaml(directory / PROJECT_FILE, PROJECT_FILE, within=directory), PROJECT_FILE)
    problems: list[Problem] = []
    name = str(content.get("name") or directory.resolve().name)
    shared = _project_config(content.get("config"), name, problems)
    stacks: dict[str, Mapping[str, object]] = {}
    origins: dict[str, Mapping[str, str]] = {}
    for path in sorted(directory.glob("Pulumi.*.yaml")):
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        try:
            own = _mapping(
                _mapping(read_yaml(path, path.name, within=directory), path.name).get("config"), f"{path.name}: config"
            )
        except SettingsError as error:
            problems += error.problems
            continue
        problems += [_bare_key(str(key), path.name) for key in own if ":" not in str(key)]
        stacks[stack] = {**shared, **{str(key): value for key, value in own.items()}}
        origins[stack] = dict.fromkeys(shared, PROJECT_FILE) | dict.fromkeys(own, path.name)
    main = content.get("main") or "."
    if not isinstance(main, str) or "\0" in main:
        fix = "write the folder of the program, relative to this file"
        problems.append(Problem(f"{PROJECT_FILE}: main", "must be the name of a folder", main, fix))
    if problems:
        raise SettingsError(problems)
    program = Path(os.path.realpath(directory / str(main)))
    return Project(name, directory, program, stacks, origins, shared, _virtualenv(content.get("runtime")))


def _virtualenv(runtime: Any) -> str | None:
    options = runtime.get("options") if isinstance(runtime, Mapping) else None
    found = options.get("virtualenv") if isinstance(options, Mapping) else None
    return str(found) if found else None


def _bare_key(key: str, file: str) -> Problem:
    known = {name.rpartition(":")[2]: name for name in ("aws:region", *KNOWN_KEYS)}
    fix = f"write `{known[key]}`" if key in known else "write <namespace>:<key>, such as crossaccount:account"
    return Problem(f"{file}: {key}", "a key of a stack's config needs its namespace", NOT_GIVEN, fix)


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
    for bare, value in _mapping(config, f"{PROJECT_FILE}: config").items():
        key = bare if ":" in str(bare) else f"{project}:{bare}"
        if not isinstance(value, Mapping):
            result[str(key)] = value
        elif "value" in value or "default" in value:
            result[str(key)] = value.get("value", value.get("default"))
        elif "type" not in value:
            what = f"a mapping in {PROJECT_FILE} must stand under value:"
            problems.append(Problem(f"{PROJECT_FILE}: {key}", what, value, f"write {key}: {{value: …}}"))
    return result
