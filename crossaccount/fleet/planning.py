"""From ``fleet.yaml`` to the changes in its stacks' files: every stack is checked, and nothing is written yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from crossaccount.fleet.files import INCLUDE, Change, change, fit, included_file, left
from crossaccount.fleet.fleet import FLEET_FILE, Fleet
from crossaccount.fleet.reading import idle_selectors, own_deployers, read_fleet
from crossaccount.fleet.stacks import KEYS, StackConfig, StackProblem, each_once, stack_configs
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import Project, SettingsError, read_project
from crossaccount.settings.compiled import compile_stack
from crossaccount.settings.project import stack_file
from crossaccount.settings.raw import SIZE_LIMIT


@dataclass(frozen=True)
class Plan:
    """What ``fleet write`` would do."""

    fleet: Fleet
    changes: tuple[Change, ...]
    """Files to write, in the order of their accounts."""
    left: tuple[Change, ...]
    """Files of accounts that are no longer in the fleet: they stay, unless they are to be pruned."""
    warnings: tuple[Problem, ...]

    @property
    def unchanged(self) -> int:
        """How many accounts have the file that they should have."""
        return len(self.fleet.accounts) - len({each.stack for each in self.changes})


def plan(directory: Path, *, adopt: bool = False) -> Plan:
    """What the files of the project in ``directory`` need to be as its fleet says.

    ``adopt`` takes files over that hold other values for the fleet's keys and that the fleet did not write.

    Raises:
        SettingsError: anything wrong with the fleet, with the project, or with a stack as it would be written.
    """
    fleet = read_fleet(directory)
    project = read_project(directory)
    problems: list[Problem] = []
    configs = stack_configs(fleet, problems)
    if not problems:
        problems += each_once(_problems_of_stacks(fleet, project, configs))
    if problems:
        raise SettingsError(dict.fromkeys(problems))
    found: list[Change] = []
    for name, each in configs.items():
        own = _own(project, name)
        fitted = fit(fleet, each, partial(effective, project), (own or {}).get(INCLUDE))
        if fitted is None:
            problems.append(too_large(name))
        else:
            found += change(directory, fitted, own, problems, adopt=adopt)
    if problems:
        raise SettingsError(problems)
    gone = tuple(left(directory, fleet.accounts))
    warnings = (*idle_selectors(fleet), *own_deployers(fleet, {name: each.config for name, each in configs.items()}))
    return Plan(fleet, tuple(found), gone, warnings)


def _problems_of_stacks(fleet: Fleet, project: Project, configs: Mapping[str, StackConfig]) -> Iterator[StackProblem]:
    for config in configs.values():
        yield from problems_of_stack(config, effective(project, config), fleet.directory)


def effective(project: Project, stack: StackConfig) -> dict[str, object]:
    """The config of a stack once it is written: the project's, what is written by hand, the fleet's."""
    own = _own(project, stack.account) or {}
    by_hand = {key: value for key, value in own.items() if key not in KEYS}
    include = by_hand.get(INCLUDE)
    if isinstance(include, list):
        by_hand[INCLUDE] = [each for each in include if each != included_file(stack.account)]
    return {**project.shared, **by_hand, **stack.config}


def _own(project: Project, stack: str) -> Mapping[str, object] | None:
    """What the stack's file itself says; None where there is no file."""
    if stack not in project.stacks:
        return None
    origins = project.origins[stack]
    return {key: value for key, value in project.stacks[stack].items() if origins[key] == stack_file(stack)}


WHOLE = "config"
"""Where the settings say that all of a config is too large."""


def problems_of_stack(stack: StackConfig, config: Mapping[str, object], directory: Path) -> list[StackProblem]:
    """What is wrong with the effective ``config`` of a stack, at its places in ``fleet.yaml``."""
    try:
        found = list(compile_stack(config, root=directory).problems)
    except SettingsError as error:
        found = list(error.problems)
    return [StackProblem(stack.account, _placed(problem, stack)) for problem in found if _counts(problem)]


def too_large(account: str) -> Problem:
    """The problem of a stack that no form makes small enough."""
    what = f"its config has more than {SIZE_LIMIT // 1024} KiB in every form, and Pulumi cannot hand it to the program"
    fix = "read fewer accounts, trust by a pattern or an organisation, or name roles by a pattern in a document"
    return Problem(f"{FLEET_FILE}: {account}", what, NOT_GIVEN, fix)


def _placed(problem: Problem, stack: StackConfig) -> Problem:
    """At the entity's place in ``fleet.yaml``; at the account where it is about the stack as a whole."""
    place = problem.where
    while place and place not in stack.origins:
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    if place:
        return replace(problem, where=f"{FLEET_FILE}: {stack.origins[place]}.{problem.where}")
    return replace(problem, where=f"{FLEET_FILE}: {stack.account}: {problem.where}")


def _counts(problem: Problem) -> bool:
    """An error, other than that of the size: what is too large for the stack's own file goes to another one."""
    return problem.severity == "error" and problem.where != WHOLE
