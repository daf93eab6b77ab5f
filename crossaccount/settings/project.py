"""A Pulumi project on disk: its stacks and the config that is in effect for each, by Pulumi's own rules.

Owns ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml``: a stack's value replaces the project's, nothing is merged. Needs no
pulumi and no network, and writes nothing. Encrypted values stay as they are, ``{secure: …}``.

Source: https://www.pulumi.com/docs/iac/concepts/projects/project-file/ and …/concepts/config/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.load import load_settings
from crossaccount.settings.settings import Settings
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

    def settings(self, stack: str) -> Settings:
        """The settings of one stack.

        Raises:
            SettingsError: the project has no such stack, or its config is wrong.
        """
        if stack not in self.stacks:
            fix = did_you_mean(stack, self.stacks, f"write {stack_file(stack)}, with `pulumi stack init {stack}`")
            raise SettingsError([Problem(stack_file(stack), "no such stack in the project", stack, fix)])
        return load_settings(
            self.stacks[stack], root=self.directory, where=stack_file(stack), origins=self.origins.get(stack, {})
        )


def stack_file(stack: str) -> str:
    """``Pulumi.auth.yaml`` of ``auth``."""
    return f"Pulumi.{stack}.yaml"


def read_project(directory: Path) -> Project:
    """The project in ``directory``.

    Raises:
        SettingsError: there is no project, or its files are not what Pulumi takes; every file's problems at once.
    """
    if not (directory / PROJECT_FILE).is_file():
        fix = "name a folder that has one"
        raise SettingsError([Problem(str(directory), f"has no {PROJECT_FILE}", NOT_GIVEN, fix)])
    content = _mapping(read_yaml(directory / PROJECT_FILE, PROJECT_FILE), PROJECT_FILE)
    problems: list[Problem] = []
    shared = _project_config(content.get("config"), problems)
    stacks: dict[str, Mapping[str, object]] = {}
    origins: dict[str, Mapping[str, str]] = {}
    for path in sorted(directory.glob("Pulumi.*.yaml")):
        stack = path.name.removeprefix("Pulumi.").removesuffix(".yaml")
        try:
            own = _mapping(_mapping(read_yaml(path, path.name), path.name).get("config"), f"{path.name}: config")
        except SettingsError as error:
            problems += error.problems
            continue
        stacks[stack] = {**shared, **{str(key): value for key, value in own.items()}}
        origins[stack] = dict.fromkeys(shared, PROJECT_FILE) | dict.fromkeys(own, path.name)
    if problems:
        raise SettingsError(problems)
    main = directory / str(content.get("main") or ".")
    return Project(str(content.get("name", directory.name)), directory, main.resolve(), stacks, origins)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SettingsError([Problem(where, "must be a mapping", value, "write `key: value` lines")])
    return value


def _project_config(config: Any, problems: list[Problem]) -> dict[str, object]:
    """Values of ``Pulumi.yaml``: plain, or under ``value:`` (``default:`` for a typed key of the project's own)."""
    result: dict[str, object] = {}
    for key, value in _mapping(config, f"{PROJECT_FILE}: config").items():
        if not isinstance(value, Mapping):
            result[str(key)] = value
        elif "value" in value or "default" in value:
            result[str(key)] = value.get("value", value.get("default"))
        elif "type" not in value:
            what = f"a mapping in {PROJECT_FILE} must stand under value:"
            problems.append(Problem(f"{PROJECT_FILE}: {key}", what, value, f"write {key}: {{value: …}}"))
    return result


def deployment_order(project: Project) -> list[str]:
    """The stacks in an order in which each comes after those it reads, otherwise by name.

    Raises:
        SettingsError: a stack's config is wrong, a read account's stack is not in the project, or stacks read each
            other in a circle.
    """
    problems: list[Problem] = []
    graph: dict[str, list[str]] = {}
    for stack in sorted(project.stacks):
        try:
            settings = project.settings(stack)
        except SettingsError as error:
            problems += error.problems
        else:
            graph[stack] = list(_read_stacks(project, stack, settings, problems))
    if problems:
        raise SettingsError(problems)
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise SettingsError([_circle(error.args[1])]) from None
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return order


def _read_stacks(project: Project, stack: str, settings: Settings, problems: list[Problem]) -> list[str]:
    """The project's stacks that a stack reads; a stack of another project is not ours to order."""
    result = []
    for index, account in enumerate(settings.reads):
        full = settings.accounts[account].stack or account
        if "/" in full and full.split("/")[1] != project.name:
            continue
        name = full.rsplit("/", 1)[-1]
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
