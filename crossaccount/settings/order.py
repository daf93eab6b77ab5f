"""The order in which a project's stacks can be deployed from nothing: each after those it reads."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings.compiled import CompiledStack
from crossaccount.settings.errors import SettingsError
from crossaccount.settings.project import Project, stack_file
from crossaccount.settings.settings import Settings


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
    if problems:
        raise SettingsError(problems)
    return {stack: compiled[stack] for stack in _sorted(graph)}


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
