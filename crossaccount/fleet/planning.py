"""From ``fleet.yaml`` to the changes that its stacks' files need, nothing written yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from crossaccount.fleet.checks import idle_selectors, own_deployers
from crossaccount.fleet.files import Change, change, left
from crossaccount.fleet.fitting import INCLUDE, fit, included_file
from crossaccount.fleet.fleet import Fleet
from crossaccount.fleet.reading import read_fleet
from crossaccount.fleet.said import Said, once
from crossaccount.fleet.stacks import KEYS, StackConfig, stack_configs
from crossaccount.fleet.validation import problems_of_stack, too_large
from crossaccount.iam.problem import Problem
from crossaccount.settings import Project, SettingsError, read_project
from crossaccount.settings.project import stack_file


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
        problems += once(_said(fleet, project, configs))
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


def _said(fleet: Fleet, project: Project, configs: Mapping[str, StackConfig]) -> Iterator[Said]:
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
