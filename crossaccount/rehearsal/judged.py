"""Access tests judged against any sources, nothing deployed: what they say, and what ``given`` adds to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from crossaccount.access.access_tests import AccessTests, emptiness, parse_access_tests
from crossaccount.access.access_tests.results import TestResult, run_judged
from crossaccount.engine.deployment import DeploymentError, Program
from crossaccount.iam.problem import Problem
from crossaccount.rehearsal.given import given_stacks, memberships, replacements, there_in_details
from crossaccount.settings.yaml_text import read_yaml
from crossaccount.sources import SourceError, Sources
from crossaccount.sources.details import Details

GIVEN_PROJECT = "given"


def judge(
    file: Path, sources: Sources, program: Callable[[], Program], now: datetime, *, within: Path | None = None
) -> tuple[TestResult, ...]:
    """Judge every test of ``file``, in its order, at the moment ``now``.

    ``within`` is the folder that the file must be in, where nobody but the project names it. What stands under
    ``given`` is recorded like a stack and adds to the sources, also in accounts that they describe.

    Raises:
        SettingsError: the file cannot be read.
        AccessTestsError: anything wrong with the tests.
        SourceError: anything wrong with what is given, or no test at all.
    """
    tests = parse_access_tests(read_yaml(file, str(file), within=within), sources.accounts, str(file))
    return run_judged(tests, sources.estate(*_given(file, tests, sources, program)), now)


def _given(file: Path, tests: AccessTests, sources: Sources, program: Callable[[], Program]) -> Iterator[Details]:
    there = there_in_details((each.where, each.account_id, each.details) for each in sources.described)
    lines: list[Problem | str] = [*replacements(tests, there, str(file))]
    joining: dict[tuple[str, str], list[str]] = defaultdict(list)
    for account_id, user, group in memberships(tests, there):
        joining[account_id, user].append(group)
    for account, stack in given_stacks(tests, GIVEN_PROJECT, file.parent, there).items():
        # Pulumi takes half a second to import: tests without anything given do without it.
        from crossaccount.engine.recording import record
        from crossaccount.sources.declared import details

        try:
            made = details(record(stack, program()))
            users = [
                {**each, "GroupList": [*each["GroupList"], *joining[stack.account_id, each["UserName"]]]}
                for each in made["UserDetailList"]
            ]
            yield {**made, "UserDetailList": users}
        except DeploymentError as error:
            lines += [f"{file}: given.{account}: {line}" for line in str(error).splitlines()]
    lines += emptiness(tests, str(file))
    if lines:
        raise SourceError(lines)
