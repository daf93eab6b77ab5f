"""One check: read the stacks, record what they declare, judge it, and remove the findings that their configs accept.

All stacks of the project make the estate, whichever are asked for: a grant in one meets its trust in another. Reported
are the findings and quotas of those that are asked for, and the access tests that are about their accounts. What only
the proof needs (``given``) takes part in the tests alone.
"""

from __future__ import annotations

import fnmatch
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from crossaccount.access.access_tests import NO_TESTS_FIX, TESTS_FILE
from crossaccount.access.access_tests.results import TestResult, results_json
from crossaccount.access.chains import Chains
from crossaccount.access.findings.catalogue import BY_CODE
from crossaccount.access.findings.closure import ONLY_DENIES
from crossaccount.access.findings.finding import (
    Facts,
    Finding,
    Found,
    Reported,
    account_of_owner,
    of_suppression,
    without_suppressed,
)
from crossaccount.access.findings.groups import Group, grouped
from crossaccount.access.findings.judge import judge
from crossaccount.access.findings.quota_usage import Usage, account_of, usages
from crossaccount.check.baseline import Compared, Entry, compare
from crossaccount.check.config_changes import addition_in_config
from crossaccount.check.deployers import deployer_findings
from crossaccount.check.everywhere import granted_everywhere
from crossaccount.check.expiring import DEFAULT, ended_trusts, expiry_findings
from crossaccount.check.external_ids import rotated_external_ids
from crossaccount.check.locations import file_of_source
from crossaccount.check.password_policy import password_findings
from crossaccount.check.placing import book_findings, placers, region_findings
from crossaccount.engine.deployment import Program
from crossaccount.engine.own_program import own_program
from crossaccount.iam.names import counted
from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import NOT_GIVEN, Problem, shown
from crossaccount.rehearsal.given import judge as judge_tests
from crossaccount.settings import CompiledStack, SettingsError, compiled_in_order
from crossaccount.settings.document_files import without_suffix
from crossaccount.settings.project import PROJECT_FILE, Project, stack_file
from crossaccount.sources import Sources, read_sources
from crossaccount.sources.patterns import project_organization
from crossaccount.sources.proof import Proof, proof_since
from crossaccount.sources.stacks import SettingsReader


@dataclass(frozen=True)
class Checked:
    """What a check found. ``quotas`` come with their places; ``suppressed`` are the findings that a config accepts."""

    findings: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    tests: tuple[TestResult, ...]
    quotas: tuple[tuple[str, Usage], ...]
    proof: Proof | None = None
    """How the access tests differ from those of a git revision; None where it was not asked for."""
    elsewhere: int = 0
    """How many access tests are about stacks that were not asked for."""
    of_project: bool = True
    """Whether a project is checked, with its access tests; sources have none."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The names of accounts and their IDs."""
    assumed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By what stacks say that somebody else makes (``policy developer_policy``): the stacks."""
    everywhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By roles that are granted in every account of an organisation, also in those that join later: the grants."""
    moved: Mapping[str, str] = field(default_factory=dict)
    """By customer-managed policy that an inline grant became, because it is too long to be inline: the grant."""
    checked: frozenset[str] = frozenset()
    """The IDs and names of the accounts that were checked."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """The file that each account is described by, by ID; the name of its source where there is no file."""
    compared: Compared | None = None
    """How the findings differ from a baseline; then ``findings`` are the new ones alone."""

    def since(self, baseline: Sequence[Entry]) -> Checked:
        """The same check with its findings held against a baseline."""
        compared = compare(self.findings, baseline, self.checked)
        return replace(self, findings=compared.new, compared=compared)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The findings; those that differ only by account are one group."""
        return grouped(self.findings, self.accounts)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is no finding, and yet nobody should overlook."""
        if self.tests or not self.of_project:
            return ()
        if self.elsewhere:
            return (f"0 of 0 tests: none of the project's {self.elsewhere} is about these stacks",)
        return (f"0 of 0 tests: nothing is proven; {NO_TESTS_FIX}, in {TESTS_FILE}",)

    @property
    def assumptions(self) -> Iterator[str]:
        """What is taken to be there because a config says so, a line each."""
        for name, stacks in self.assumed.items():
            others = f" and {counted(len(stacks) - 1, 'other stack')}" if len(stacks) > 1 else ""
            yield f"assumed to be there, made by others: {name} (in {stacks[0]}{others})"

    @property
    def notes(self) -> Iterator[str]:
        """What a reader of the findings has to know, a line each."""
        yield from self.assumptions
        for roles, grants in self.everywhere.items():
            others = f" and {counted(len(grants) - 1, 'other grant')}" if len(grants) > 1 else ""
            yield f"granted also in accounts that join later: {roles} (by {grants[0]}{others})"
        if self.moved:
            first, grant = next(iter(self.moved.items()))
            others = f", and {len(self.moved) - 1} more" if len(self.moved) > 1 else ""
            yield f"grants too long for inline policies became managed policies: {first} (from {grant}){others}"

    @property
    def ok(self) -> bool:
        """Whether there is no finding of severity error and every test is as expected."""
        return not any(each.severity == "error" for each in self.findings) and all(each.ok for each in self.tests)

    def to_json(self) -> dict[str, Any]:
        """The JSON document of ``check``. ``groups`` are there if findings differ only by account."""
        return {
            "findings": [each.to_json() for each in self.findings],
            "tests": results_json(self.tests),
            "quotas": [usage.to_json(where) for where, usage in self.quotas],
            **({"groups": [each.to_json() for each in self.groups]} if len(self.groups) < len(self.findings) else {}),
            **({"assumed": {name: list(each) for name, each in self.assumed.items()}} if self.assumed else {}),
            **({"everywhere": {key: list(each) for key, each in self.everywhere.items()}} if self.everywhere else {}),
            **({"moved": dict(self.moved)} if self.moved else {}),
            **({"warnings": list(self.warnings)} if self.warnings else {}),
            **({"proof": self.proof.to_json()} if self.proof else {}),
            **({"baseline": self.compared.to_json()} if self.compared else {}),
        }


def check(
    project: Project,
    stacks: Sequence[str],
    program: Callable[[], Program],
    now: datetime,
    organization: Path | None = None,
    *,
    by_settings: bool = True,
    base: str | None = None,
    expiring: timedelta = DEFAULT,
) -> Checked:
    """Check the stacks of a project, all of them where none is named.

    ``organization`` is a file that says which control policies the accounts are under. ``by_settings``: the packaged
    program is not run for the stacks; it would make the same of them. A program of the project's own is always run.

    The access tests are held against those of the git revision ``base``. ``expiring``: what ends within this time is
    shown.

    Raises:
        SettingsError, SourceError, AccessTestsError: the input is wrong; every problem at once.
    """
    directory = project.directory
    chosen = _chosen(project, stacks)
    compiled = compiled_in_order(project)
    above = project_organization(directory) if organization is None else [str(organization)]
    texts = [*(f"stack:{name}" for name in compiled), *above]
    described = SettingsReader(compiled).describe if by_settings and own_program(project) is None else None
    sources = read_sources(texts, program, directory=directory, stacks=described, project=project, now=now)
    names = [name for name in compiled if name in chosen]
    of_files = {
        name: (
            *region_findings(project, name),
            *book_findings(project, name, compiled[name].settings),
            *expiry_findings(compiled[name].as_written, now, expiring),
            *rotated_external_ids(compiled[name].settings),
            *password_findings(compiled[name].settings),
        )
        for name in names
    }
    for name, found in deployer_findings({name: compiled[name] for name in names}, above, directory):
        of_files[name] = (*of_files[name], found)
    today = now.astimezone(UTC).date()
    checked = Checker(compiled, sources, names, of_files, today).run(_tests(directory, sources, program, now))
    files = {compiled[name].settings.account_id: directory / stack_file(name) for name in names}
    shown = {name: compiled[name] for name in names}
    moved = {policy: grant for each in shown.values() for policy, grant in _moved(each)}
    checked = replace(checked, files=files, everywhere=granted_everywhere(shown), moved=moved)
    return checked if base is None else replace(checked, proof=proof_since(directory, base, now))


def check_sources(sources: Sources, directory: Path) -> Checked:
    """Check any sources: findings and quotas, at their places in AWS's terms. Stacks are those of ``directory``.

    What a config accepts is among the findings, and no access tests are judged: both are a project's.
    """
    estate = sources.estate()
    facts = Facts.of(estate.accounts | sources.managed, sources.accounts)
    chains = Chains(estate)
    found = judge(sources.details, estate, chains.paths(), facts, chains=chains)
    names = {account: name for name, account in sources.accounts.items()}
    findings = sorted((each.at(str(each.place), _named(each.place.owner, names)) for each in found), key=_rank)
    quotas = [(str(usage.place), usage) for details in sources.details for usage in usages(details)]
    quotas.sort(key=_quota_order)
    found_in = {each.account_id: file_of_source(each.where, directory) for each in sources.described if each.account_id}
    return Checked(
        tuple(findings),
        (),
        (),
        tuple(quotas),
        of_project=False,
        accounts=sources.accounts,
        checked=frozenset(found_in),
        files=found_in,
    )


class Checker:
    """Judges recorded stacks. ``chosen`` are those to report; ``file_findings`` are findings in their files."""

    def __init__(
        self,
        compiled: Mapping[str, CompiledStack],
        sources: Sources,
        chosen: Sequence[str],
        file_findings: Mapping[str, Sequence[Finding]],
        today: date,
    ) -> None:
        self._settings = {name: each.settings for name, each in compiled.items()}
        self._ended = {name: tuple(ended_trusts(each)) for name, each in compiled.items()}
        self._sources = sources
        self._chosen = chosen
        self._file_findings = file_findings
        self._today = today
        self._placers = placers(compiled)

    def run(self, tests: Sequence[TestResult]) -> Checked:
        """Everything that is found."""
        found: dict[str, list[Found]] = defaultdict(list)
        for each in self._found():
            found[account_of_owner(each.place.owner)].append(each)
        reported = {name: self._of_stack(name, found[each.account_id]) for name, each in self._settings.items()}
        chosen = [reported[name] for name in self._chosen]
        kept = [each for part in chosen for each in part.kept]
        return Checked(
            tuple(sorted((*kept, *self._of_suppressions(reported)), key=_rank)),
            tuple(each for part in chosen for each in part.suppressed),
            tuple(test for test in tests if self._is_selected(test)),
            tuple(sorted(self._quotas(), key=_quota_order)),
            elsewhere=sum(1 for test in tests if not self._is_selected(test)),
            accounts=self._sources.accounts,
            assumed=self._assumed(),
            checked=frozenset(
                text
                for name in self._chosen
                for text in (self._settings[name].account_id, self._settings[name].account)
            ),
        )

    def _assumed(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = defaultdict(list)
        described = {str(item["Arn"]) for details in self._sources.details for item in details.get("Policies") or ()}
        for stack in self._chosen:
            for kind, name, arn in self._settings[stack].outside.entities():
                if arn not in described:  # such as the policies of a pipeline
                    found[f"{kind} {name}"].append(stack)
        return {name: tuple(stacks) for name, stacks in found.items()}

    def _of_suppressions(self, reported: Mapping[str, Reported]) -> Iterator[Finding]:
        """What the suppressions of the chosen stacks deserve. One that stacks share, by its place, is judged once."""
        used = {
            self._settings[name].suppressions[index].where for name, part in reported.items() for index in part.used
        }
        judged: set[str] = set()
        for name in self._chosen:
            for placed in self._settings[name].suppressions:
                if placed.where not in judged:
                    judged.add(placed.where)
                    account = self._settings[name].account
                    is_used = placed.where in used
                    yield from of_suppression(placed.value, placed.where, account, self._today, used=is_used)

    def _found(self) -> Iterator[Found]:
        estate = self._sources.estate()
        names = dict(self._sources.accounts)
        managed = {
            entry.id
            for settings in self._settings.values()
            for entry in settings.accounts.values()
            if entry.stack is not None
        }
        assumed = (arn for each in self._settings.values() for arn in each.outside.policies.values())
        facts = replace(Facts.of(managed | estate.accounts, names), assumed=frozenset(assumed))
        limits = {settings.account_id: settings.quotas for settings in self._settings.values()}
        chains = Chains(estate)
        return judge(self._sources.details, estate, chains.paths(), facts, limits, chains)

    def _of_stack(self, stack: str, found: Sequence[Found]) -> Reported:
        settings = self._settings[stack]
        placer = self._placers[settings.account_id]
        own = [*map(_of_warning, settings.warnings), *self._file_findings.get(stack, ())]
        placed = [(replace(each, account=settings.account), each.where) for each in own]
        warned = _warned(settings.warnings) | {(ONLY_DENIES.code, place) for place in self._ended[stack]}
        judged = [
            (addition_in_config(each, self._placers).at(placer.where(each.place), settings.account), str(each.place))
            for each in found
            # Settings warn of the same already, at that statement or that entity; or the trust has ended.
            if (each.kind.code, without_suffix(placer.statement(each.place))) not in warned
        ]
        return without_suppressed([*placed, *judged], [each.value for each in settings.suppressions], self._today)

    def _quotas(self) -> Iterator[tuple[str, Usage]]:
        chosen = {self._settings[name].account_id: name for name in self._chosen}
        for details in self._sources.details:
            account = account_of(details)
            if account in chosen:
                limits = self._settings[chosen[account]].quotas
                placer = self._placers[account]
                yield from ((placer.where(usage.place), usage) for usage in usages(details, limits))

    def _is_selected(self, test: TestResult) -> bool:
        accounts = {self._settings[name].account_id for name in self._chosen}
        whole = len(self._chosen) == len(self._settings)
        return whole or bool(
            accounts & {account_of_owner(test.test.principal_arn), account_of_owner(test.test.role_arn)}
        )


def _moved(compiled: CompiledStack) -> Iterator[tuple[str, str]]:
    """The managed policies that inline grants of a stack became, by account and name, and the places of the grants."""
    settings = compiled.settings
    for name, origin in compiled.documents.origins.items():
        if origin.inline:
            place = settings.places[origin.section][origin.name]
            yield f"{settings.account}/policy/{name}", f"{place}.inline.{origin.inline}"


def _chosen(project: Project, stacks: Sequence[str]) -> frozenset[str]:
    problems = [
        Problem(name, "no such stack in the project", NOT_GIVEN, did_you_mean(name, project.stacks, _write(name)))
        for name in stacks
        if not fnmatch.filter(project.stacks, name)
    ]
    if not project.stacks:
        problems.append(Problem(str(project.directory), "has no stack", NOT_GIVEN, _write("<stack>")))
    if problems:
        raise SettingsError(problems)
    return frozenset(name for pattern in stacks or "*" for name in fnmatch.filter(project.stacks, pattern))


def _write(name: str) -> str:
    if (Path(name) / PROJECT_FILE).is_file():
        return f"it is a folder with a project: write crossaccount check --dir {name}"
    return f"write {stack_file(name)}"


def _tests(directory: Path, sources: Sources, program: Callable[[], Program], now: datetime) -> tuple[TestResult, ...]:
    """The project's access tests; a project may have none."""
    file = directory / TESTS_FILE
    return judge_tests(file, sources, program, now, within=directory) if os.path.lexists(file) else ()


def _of_warning(warning: Problem) -> Finding:
    """What settings warn of, as the finding that it is."""
    kind = BY_CODE[warning.code]
    got = "" if warning.got is NOT_GIVEN else f", got {shown(warning.got)}"
    return Finding(kind.code, kind.severity, warning.where, f"{warning.what}{got}", warning.fix)


def _warned(warnings: Sequence[Problem]) -> frozenset[tuple[str, str]]:
    """What settings warn of: each code at its place, and at every place that this one is within."""
    return frozenset((each.code, outer) for each in warnings for outer in _within(without_suffix(each.where)))


def _within(place: str) -> Iterator[str]:
    yield place
    yield from (place[:index] for index, character in enumerate(place) if character in ".[")


def _named(owner: str, names: Mapping[str, str]) -> str:
    account = account_of_owner(owner)
    return names.get(account, account)


def _quota_order(each: tuple[str, Usage]) -> tuple[str, str]:
    return each[0], each[1].quota.summary


def _rank(finding: Finding) -> tuple[bool, str, str]:
    return finding.severity != "error", finding.code, finding.where
