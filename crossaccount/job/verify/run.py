"""What is looked at after an update, and what comes of it for the job's result."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from crossaccount.access.access_tests import TESTS_FILE, AccessTest, emptiness, parse_access_tests
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.job.events import Tell
from crossaccount.job.loading import Loaded
from crossaccount.job.result import JobResult
from crossaccount.job.review.live import LiveAccounts
from crossaccount.job.verify.callers import Callers
from crossaccount.job.verify.closure import closure_of
from crossaccount.job.verify.told import ClosureChecked, TestTried
from crossaccount.job.verify.trying import Clock, Tried, Trier
from crossaccount.settings import SettingsError
from crossaccount.settings.yaml_text import read_yaml

DEFAULT_WAIT = 60.0


@dataclass(frozen=True)
class Verification:
    """Access tests to be tried after an update. ``wait``: how many seconds IAM has to spread what changed."""

    tests: tuple[AccessTest, ...]
    accounts: LiveAccounts
    wait: float = DEFAULT_WAIT
    clock: Clock = time

    @classmethod
    def of(cls, loaded: Loaded, accounts: LiveAccounts, wait: float = DEFAULT_WAIT) -> Verification:
        """The tests beside the project's ``Pulumi.yaml``.

        Raises:
            SettingsError: there are none, or a file without any.
            AccessTestsError: anything wrong with them.
        """
        file = loaded.project.directory / TESTS_FILE
        if not os.path.lexists(file):
            raise SettingsError([Problem("--verify", f"there is no {TESTS_FILE}", NOT_GIVEN, f"write {file}")])
        names = {name: id for each in loaded.settings.values() for name, id in each.account_ids.items()}
        tests = parse_access_tests(read_yaml(file, str(file), within=loaded.project.directory), names, str(file))
        if nothing := emptiness(tests, str(file)):
            raise SettingsError(nothing)
        return cls(tests.tests, accounts, wait)


def verified(loaded: Loaded, result: JobResult, tell: Tell, verification: Verification | None) -> JobResult:
    """The result of an update with what was looked at after it; it has failed where a test is not as expected.

    Closure is only looked at where something changed: it cannot have changed otherwise.
    """
    outputs = {each.stack: each.outputs for each in result.outcomes.values() if each.done and each.outputs}
    if any(each.status == "changed" for each in result.outcomes.values()):
        closure = closure_of(outputs, loaded.settings)
        findings = tuple(each.to_json() for each in closure.findings)
        tell(ClosureChecked(findings=findings, problems=closure.problems, unlisted=closure.unlisted))
        result = replace(result, closure=closure)
    if verification is not None:
        result = replace(result, tried=_tried(verification, loaded, outputs))
        for each in result.tried:
            tell(_event(each))
    wrong = any(each.outcome == "does not" for each in result.tried) or bool(result.closure and result.closure.problems)
    return replace(result, status="failed") if wrong and result.ok else result


def _tried(verification: Verification, loaded: Loaded, outputs: Mapping[str, Mapping[str, Any]]) -> tuple[Tried, ...]:
    exported = [arn for each in outputs.values() for key in ("roles", "users") for arn in each.get(key, {}).values()]
    stacks = {loaded.settings[name].account_id: name for name in outputs}
    accounts = verification.accounts
    callers = Callers(accounts, stacks)
    trier = Trier(callers, accounts.clients, frozenset(exported), verification.clock, verification.wait)
    return trier.run(verification.tests)


def _event(tried: Tried) -> TestTried:
    test = tried.test
    return TestTried(
        name=test.name,
        principal=test.principal,
        role=test.role,
        expected=test.expect,
        outcome=tried.outcome,
        said=tried.said,
        attempts=tried.attempts,
    )
