"""After an update: do the exports of the stacks fit together, and do the access tests pass in AWS.

Closure is checked from outputs: every grant of a deployed stack should meet a trust of a deployed stack. The output
``access`` of each stack is read back into an estate. A stack that exports only part of its lines is left out with its
account, because what is not listed may exist. Accounts without a stack are not judged.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from crossaccount.access.access_tests import TESTS_FILE, AccessTest, emptiness, expanded, parse_access_tests
from crossaccount.access.estate import Estate
from crossaccount.access.findings.closure import closure_findings
from crossaccount.access.findings.finding import Finding
from crossaccount.access.findings.grants import NO_SUCH_ROLE, NOT_TRUSTED, SHADOWED
from crossaccount.access.paths import paths
from crossaccount.engine.work import Outcome
from crossaccount.iam.notation import REST, details_of
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.job.afterwards.trying import Callers, Clock, Tried, Trier
from crossaccount.job.events import Emit, Event
from crossaccount.job.loading import Loaded
from crossaccount.job.sign_in.live_accounts import LiveAccounts
from crossaccount.settings import Settings, SettingsError
from crossaccount.settings.yaml_text import read_yaml


@dataclass(frozen=True, kw_only=True)
class ClosureChecked(Event):
    """Whether the exports of deployed stacks fit together. ``findings`` are grants that meet no trust, as in
    ``check``.
    """

    findings: tuple[Mapping[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    """Stacks that export too little to be judged."""

    ALWAYS: ClassVar[tuple[str, ...]] = ("findings",)


@dataclass(frozen=True, kw_only=True)
class TestTried(Event):
    """An access test, tried in AWS. ``outcome``: ``works`` (as the test expects), ``does not``, or ``not tried``."""

    __test__: ClassVar[bool] = False

    name: str
    principal: str
    role: str
    expected: str
    outcome: str
    said: str = ""
    """AWS's message, or why the test was not tried."""
    attempts: int = 0

    def to_json(self) -> dict[str, Any]:
        """The event as a JSON object."""
        return {**super().to_json(), "event": "test-tried"}


KINDS = (NO_SUCH_ROLE, NOT_TRUSTED, SHADOWED)
"""The findings about grants that meet no trust."""

Outputs = Mapping[str, Mapping[str, Any]]
"""By stack: its outputs."""


@dataclass(frozen=True)
class Closure:
    """The contradictions between exports. ``unlisted`` are stacks that export too little to be judged."""

    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
    """One problem if the stacks export different versions of the contract."""
    unlisted: tuple[str, ...] = ()


def closure_of(outputs: Outputs, settings: Mapping[str, Settings], now: datetime) -> Closure:
    """Grants and trusts of the exports that do not meet."""
    listed = {name: each["access"] for name, each in outputs.items() if _is_listed(each)}
    details = [details_of(lines, settings[name].account_id, settings[name].partition) for name, lines in listed.items()]
    ids = [settings[name].account_id for name in listed]
    estate = Estate.from_details(details, accounts=ids, declared=ids, since=now)
    found = closure_findings(details, estate, paths(estate))
    return Closure(
        tuple(each.at(str(each.place)) for each in found if each.kind in KINDS),
        tuple(_problems(outputs)),
        tuple(name for name, each in outputs.items() if "access" in each and name not in listed),
    )


def _is_listed(outputs: Mapping[str, Any]) -> bool:
    return isinstance(outputs.get("access"), Mapping) and REST not in outputs["access"]


def _problems(outputs: Outputs) -> Iterator[str]:
    versions: dict[Any, list[str]] = {}
    for name, each in outputs.items():
        if "contract_version" in each:
            versions.setdefault(each["contract_version"], []).append(name)
    if len(versions) > 1:
        said = "; ".join(f"version {version}: {', '.join(names)}" for version, names in versions.items())
        yield f"stacks export different versions of the contract ({said}); deploy all with the same crossaccount"


DEFAULT_WAIT = 60.0


@dataclass(frozen=True)
class Verification:
    """Access tests to try after an update. ``wait``: how many seconds IAM has to propagate the changes."""

    tests: tuple[AccessTest, ...]
    accounts: LiveAccounts
    wait: float = DEFAULT_WAIT
    clock: Clock = time

    @classmethod
    def of(cls, loaded: Loaded, accounts: LiveAccounts, wait: float = DEFAULT_WAIT) -> Verification:
        """The access tests in the folder of the project's ``Pulumi.yaml``.

        Raises:
            SettingsError: there is no file, or it has no tests.
            AccessTestsError: everything that is wrong with them.
        """
        file = loaded.project.directory / TESTS_FILE
        if not os.path.lexists(file):
            raise SettingsError([Problem("--verify", f"there is no {TESTS_FILE}", NOT_GIVEN, f"write {file}")])
        names = {name: id for each in loaded.settings.values() for name, id in each.account_ids.items()}
        tests = parse_access_tests(read_yaml(file, str(file), within=loaded.project.directory), names, str(file))
        if nothing := emptiness(tests, str(file)):
            raise SettingsError(nothing)
        declared = Estate.from_details([each.details for each in loaded.compiled.values()])
        return cls(expanded(tests, declared).tests, accounts, wait)


def check_closure(loaded: Loaded, outcomes: Iterable[Outcome], emit: Emit) -> Closure | None:
    """Check the exports after an update; None if no stack changed."""
    ended = tuple(outcomes)
    if not any(each.status == "changed" for each in ended):
        return None
    closure = closure_of(_outputs(ended), loaded.settings, loaded.now)
    findings = tuple(each.to_json() for each in closure.findings)
    emit(ClosureChecked(findings=findings, problems=closure.problems, unlisted=closure.unlisted))
    return closure


def try_tests(verification: Verification, loaded: Loaded, outcomes: Iterable[Outcome], emit: Emit) -> tuple[Tried, ...]:
    """Try the access tests in AWS after an update."""
    tried = _tried(verification, loaded, _outputs(outcomes))
    for each in tried:
        emit(_event(each))
    return tried


def _outputs(outcomes: Iterable[Outcome]) -> Outputs:
    return {each.stack: each.outputs for each in outcomes if each.done and each.outputs}


def _tried(verification: Verification, loaded: Loaded, outputs: Outputs) -> tuple[Tried, ...]:
    exported = [arn for each in outputs.values() for key in ("roles", "users") for arn in each.get(key, {}).values()]
    stacks = {loaded.settings[name].account_id: name for name in outputs}
    accounts = verification.accounts
    callers = Callers(accounts, stacks, loaded.settings)
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
