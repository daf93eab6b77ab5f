"""A scenario: the stacks of one folder, in the order of their ``reads``, and the access tests that prove them.

The demo is the six examples, and the tutorial once more without the statement that denies the testers.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from crossaccount.access.access_tests import NO_TESTS_FIX, TESTS_FILE, AccessTests, emptiness, parse_access_tests
from crossaccount.access.diff import AccessDiff, diff
from crossaccount.access.estate import Estate
from crossaccount.bootstrap.resources import Bootstrap, bootstraps_of
from crossaccount.engine.deployment import Program, Stack
from crossaccount.engine.own_program import OwnProgram, own_program
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.rehearsal.given import existing_in_settings, given_stacks, replacements
from crossaccount.settings import CompiledStack, Settings, SettingsError, compile_stack, compiled_in_order, read_project
from crossaccount.settings.project import PROJECT_FILE
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources.declared import details
from crossaccount.sources.organizations import before_first_update

EXAMPLES_FOLDER = "examples"


@dataclass(frozen=True)
class Scenario:
    """``stacks`` are in the order of their deployment; ``settings`` are theirs, by stack name."""

    name: str
    directory: Path
    stacks: tuple[Stack, ...]
    settings: Mapping[str, Settings]
    tests: AccessTests
    own: OwnProgram | None = None
    """The project's own program, where it is not the packaged one."""
    now: datetime | None = None
    """The time of the run, by which it was decided what has ended."""
    ended: tuple[Problem, ...] = ()
    """What has ended, so that it is not deployed."""
    bootstraps: tuple[Bootstrap, ...] = ()
    """What the pipeline needs in each account before the first deployment."""
    organization: Mapping[str, Any] | None = None
    """The organisation above the accounts, before the stacks deploy its control policies."""

    @property
    def accounts(self) -> Mapping[str, str]:
        """The address book: account names to IDs, ``given`` accounts included."""
        return self.tests.accounts

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Warnings: probable mistakes in the config of the stacks."""
        return (*(warning for settings in self.settings.values() for warning in settings.warnings), *self.ended)


def read_scenario(directory: Path) -> Scenario:
    """Read a folder with ``Pulumi.yaml``, a ``Pulumi.<stack>.yaml`` per account and ``access-tests.yaml``.

    Raises:
        SettingsError: anything wrong with the project, a stack or an included file, all in one report.
        AccessTestsError: anything wrong with the access tests.
    """
    project = read_project(directory)
    compiled = compiled_in_order(project)
    settings = {name: each.settings for name, each in compiled.items()}
    own = own_program(project)
    # A program of the project's own may export more than its config declares.
    if own is None and (undeclared := [each for stack in compiled.values() for each in _undeclared(stack, settings)]):
        raise SettingsError(undeclared)
    stacks = tuple(replace(Stack.of(project, name), now=project.now) for name in settings)
    ended = tuple(each.as_problem() for stack in compiled.values() for each in stack.ended)
    name = directory.name if directory.parent.name == EXAMPLES_FOLDER else project.name
    tests = _tests(directory, settings, project.now)
    own_roles = bootstraps_of(compiled)
    organizations = (each.organization for each in settings.values() if each.organization)
    above = before_first_update(organizations, directory)
    return Scenario(name, directory, stacks, settings, tests, own, project.now, ended, own_roles, above)


def _undeclared(stack: CompiledStack, settings: Mapping[str, Settings]) -> list[Problem]:
    """Names that a stack reads from other stacks and that those do not declare. A deployment would not find them."""
    read = {stack.settings.account_ids[account] for account in stack.settings.reads}
    return stack.undeclared(each for each in settings.values() if each.account_id in read)


def _tests(directory: Path, settings: Mapping[str, Settings], now: datetime) -> AccessTests:
    file = directory / TESTS_FILE
    if not os.path.lexists(file):
        raise SettingsError([Problem(str(file), "there is no such file", NOT_GIVEN, NO_TESTS_FIX)])
    accounts: dict[str, str] = {}
    for each in settings.values():
        accounts.update(each.account_ids)
    data: Any = read_yaml(file, TESTS_FILE, within=directory)
    tests = parse_access_tests(data, accounts, TESTS_FILE)
    problems = list(_given_problems(tests, directory, settings, now))
    problems += emptiness(tests, TESTS_FILE)
    if problems:
        raise SettingsError(problems)
    return tests


def _given_problems(
    tests: AccessTests, directory: Path, settings: Mapping[str, Settings], now: datetime
) -> Iterator[Problem]:
    """What is wrong with what is given, before anything is deployed for it."""
    existing = existing_in_settings(settings)
    yield from replacements(tests, existing, TESTS_FILE)
    for name, stack in given_stacks(tests, "", directory, existing).items():
        try:
            problems = list(compile_stack(stack.config, root=directory, given=True, now=now).problems)
        except SettingsError as error:
            problems = list(error.problems)
        yield from (problem.at(f"{TESTS_FILE}: given.{name}") for problem in problems)


def find_scenario(name: str, here: Path) -> Path:
    """The folder that ``name`` means: a folder with ``Pulumi.yaml``, or the name of an example.

    Raises:
        SettingsError: there is no such folder and no such example.
    """
    installed = Path(__file__).parents[2]
    for candidate in (here / name, here / EXAMPLES_FOLDER / name, installed / EXAMPLES_FOLDER / name):
        if os.path.exists(candidate / "Pulumi.yaml"):
            return candidate.resolve()
    examples = sorted(each.parent.name for each in installed.glob(f"{EXAMPLES_FOLDER}/*/Pulumi.yaml"))
    if not examples and name in DEMO_EXAMPLES:
        what = "the examples are not part of an installation"
        fix = "run it in a clone of the repository; or start with two accounts of your own: crossaccount init mine"
        raise SettingsError([Problem("scenario", what, name, fix)])
    if os.path.isdir(here / name):
        fix = f"write a project there: crossaccount init {name}; or name another folder, or one of the examples: "
        what = "the folder has no Pulumi.yaml"
        raise SettingsError([Problem("scenario", what, name, fix + ", ".join(examples))])
    otherwise = f"name a folder with Pulumi.yaml, or one of the examples: {', '.join(examples)}"
    beside = {os.path.join(os.path.dirname(name), each.parent.name) for each in _beside(here / name)}
    fix = did_you_mean(name, [*beside, *examples], did_you_mean(os.path.basename(name), examples, otherwise))
    raise SettingsError([Problem("scenario", "there is no such folder and no such example", name, fix)])


def _beside(folder: Path) -> Iterator[Path]:
    """The project files of the folders beside ``folder``."""
    return folder.parent.glob(f"*/{PROJECT_FILE}")


FLAWED = Path(__file__).parents[2] / "docs" / "guide" / "flawed"
"""A config with many mistakes that AWS accepts: for ``check``, never rehearsed."""
DEMO_EXAMPLES = ("iam-user", "application", "cli-eight-steps", "environments", "deployer", "tutorial")


def without_the_deny(tutorial: Scenario) -> Scenario:
    """The tutorial without the Deny on the testers: Theresa's power-user policy allows her."""
    stacks = []
    for stack in tutorial.stacks:
        config = copy.deepcopy(dict(stack.config))
        if "crossaccount:trusted" in config:
            del config["crossaccount:trusted"]["groups"]["Testers"]["inline"]
        stacks.append(replace(stack, config=config))
    theresa = next(test for test in tutorial.tests.tests if test.principal == "development/user/Theresa")
    lets_in = replace(theresa, name="without the deny, Theresa gets in", expect="allowed", because=None)
    david = next(test for test in tutorial.tests.tests if test.principal == "development/user/David")
    tests = replace(tutorial.tests, tests=(replace(david, then=()), lets_in))
    return replace(tutorial, name="tutorial, without the deny", stacks=tuple(stacks), tests=tests)


def access_diff(before: Scenario, after: Scenario, program: Program) -> AccessDiff:
    """The difference in access between two scenarios, from what their stacks declare. Nothing is deployed."""
    return diff(_declared(before, program), _declared(after, program))


def _declared(scenario: Scenario, program: Program) -> Estate:
    # Pulumi takes half a second to import: only the demo needs it here.
    from crossaccount.engine.in_process import ORGANIZATION
    from crossaccount.engine.recording import record

    outputs: dict[str, Mapping[str, Any]] = {}
    found = []
    for stack in scenario.stacks:
        deployment = record(stack, program, deployed=outputs)
        outputs[f"{ORGANIZATION}/{stack.project}/{stack.name}"] = deployment.outputs
        found.append(details(deployment))
    return Estate.from_details(found)
