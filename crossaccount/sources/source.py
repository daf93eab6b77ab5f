"""Sources: the words on a command line, read into one set of accounts with names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from crossaccount.access.estate import Estate, Organization
from crossaccount.engine.deployment import Deployment, Program
from crossaccount.engine.own_program import is_of
from crossaccount.iam.problem import NOT_GIVEN, Problem
from crossaccount.settings import Project, read_project
from crossaccount.settings.models import AccountEntry
from crossaccount.settings.moment import present
from crossaccount.sources.details import LISTS, Described, Details, Display
from crossaccount.sources.errors import SourceError, refusal
from crossaccount.sources.files import Files
from crossaccount.sources.live import OpenProfile, describe_account, open_profile
from crossaccount.sources.names import displays, merged_names, read_accounts
from crossaccount.sources.patterns import expanded, is_pattern, meant_stack
from crossaccount.sources.stacks import NamedStack, Recorder, find_stack, is_ours
from crossaccount.sources.state import NotDeployed, describe_state, last_deployed
from crossaccount.sources.words import FILE, FILES, LIVE, STACK, STATE, Word, parse

if TYPE_CHECKING:
    from crossaccount.sources.programs.reading import AccountProgram

DescribeStack = Callable[[NamedStack], Described]
"""What a ``stack:`` declares; raises ``SourceError``."""


@dataclass(frozen=True)
class Sources:
    """What the sources describe. ``details`` are in the order of the sources; ``accounts`` maps names to IDs.

    ``displays`` say by ID how the console is to show accounts: as ``--accounts`` says, else the first source that does.
    """

    details: tuple[Details, ...] = ()
    accounts: Mapping[str, str] = field(default_factory=dict)
    described: tuple[Described, ...] = ()
    warnings: tuple[Problem, ...] = ()
    displays: Mapping[str, Display] = field(default_factory=dict)
    organizations: tuple[Organization, ...] = ()
    managed: frozenset[str] = frozenset()
    """IDs of the accounts that ``--accounts`` gives a stack: ours, be they described or not."""
    read_at: datetime | None = None
    """When the sources were read: no request is from before."""

    @property
    def moment(self) -> datetime:
        """When the sources were read: the time of the run."""
        return self.read_at or present()

    def estate(self, *more: Details) -> Estate:
        """The estate of all accounts together, and of ``more`` in addition to the sources."""
        known = (each.account_id for each in self.described if each.account_id)
        declared = (each.account_id for each in self.described if each.account_id and not each.whole)
        return Estate.from_details(
            [*self.details, *more],
            organizations=self.organizations,
            accounts=known,
            declared=declared,
            since=self.read_at,
        )

    @property
    def regions(self) -> dict[str, str]:
        """The region of each account that a stack says one for, by ID."""
        return {each.account_id: each.region for each in self.described if each.region}


def read_sources(
    texts: Sequence[str],
    program: Callable[[], Program],
    *,
    directory: Path,
    accounts: Path | None = None,
    profiles: OpenProfile = open_profile,
    files: Files | None = None,
    stacks: DescribeStack | None = None,
    project: Project | None = None,
    may_run: Callable[[Path], bool] | None = None,
    now: datetime | None = None,
) -> Sources:
    """Read every source. ``directory`` is where stacks are looked up, ``accounts`` a file that names accounts.

    ``program`` gives the packaged Pulumi program; it is called only where a ``stack:`` has to be recorded, and
    ``stacks`` may describe them without. ``may_run`` says of a project's folder whether a program of its own may be
    run; by default in ``directory``. ``files`` may be shared by several calls, so that what they have in common is read
    once. ``project`` is the project in ``directory``, where it was read before. ``now`` is the time of the run; by
    default that of ``project``, or the present time.

    Raises:
        SourceError: everything wrong with any of them.
    """
    known = Files()
    now = now or (project.now if project is not None else present())

    @cache
    def projects(folder: Path) -> Project:
        return project if project is not None and folder == directory else read_project(folder, now)

    recorder = Recorder(program, may_run or partial(is_of, project=directory))
    lines: list[Problem | str] = []
    given: Mapping[str, AccountEntry] = {}
    found: list[Described] = []
    try:
        given = read_accounts(accounts) if accounts is not None else {}
    except SourceError as error:
        lines += error.lines
    seen: set[tuple[str, str]] = set()
    absent: list[Problem] = []
    ids = {name: entry.id for name, entry in given.items()}
    reader = _Reader(directory, recorder, stacks, profiles, files or known, projects, ids)
    for text, of_pattern in _each(texts, directory, projects, lines):
        try:
            found += reader.read(text)
        except NotDeployed as error:
            if of_pattern:
                absent.append(replace(error.problems[0], severity="warning"))
            else:
                lines += error.lines
        except SourceError as error:
            lines += _new_lines(text, error.lines, seen)
    if absent and not found:
        lines += absent
    described = [each for each in found if each.organization is None]
    above = [(each.where, each.organization) for each in found if each.organization is not None]
    names, wrong = merged_names(ids, described)
    lines += [*wrong, *_twice(described), *_wrong_account(described, names), *_members_twice(above)]
    if lines:
        raise SourceError(dict.fromkeys(lines))
    warnings = [*absent, *(warning for each in described for warning in each.warnings)]
    warnings += [_nothing(each.where) for each in described if _is_empty(each)]
    shown = {
        key: display for each in reversed(described) for key, display in each.displays.items() if display != Display()
    }
    shown.update(displays(given.values()))
    details, organizations = tuple(each.details for each in described), tuple(each for _, each in above)
    managed = frozenset(entry.id for entry in given.values() if entry.stack is not None)
    return Sources(details, names, tuple(described), tuple(warnings), shown, organizations, managed, now)


def _each(
    texts: Sequence[str], directory: Path, projects: Callable[[Path], Project], lines: list[Problem | str]
) -> Iterator[tuple[str, bool]]:
    """Each source once, and whether it comes from a pattern. Errors of patterns are added to ``lines``."""
    found: dict[str, bool] = {}
    for text in dict.fromkeys(texts):
        try:
            for each in expanded(text, directory, projects):
                found[each] = found.get(each, True) and is_pattern(text)
        except SourceError as error:
            lines += error.lines
    yield from found.items()


class _Reader:
    """Reads words, one after the other. ``names`` are those of ``--accounts``.

    What reads programs is imported with the first of them: most commands have none.
    """

    def __init__(
        self,
        directory: Path,
        recorder: Recorder,
        describe: DescribeStack | None,
        profiles: OpenProfile,
        files: Files,
        projects: Callable[[Path], Project],
        names: Mapping[str, str],
    ) -> None:
        self._directory, self._recorder, self._profiles = directory, recorder, profiles
        self._describe = describe or recorder.describe
        self._files, self._projects, self._names = files, projects, names

    def read(self, text: str) -> list[Described]:
        """What a source describes.

        Raises:
            SourceError: everything wrong with it.
        """
        return self._described(parse(text))

    def _described(self, word: Word) -> list[Described]:
        if word.over is not None:
            from crossaccount.sources.overlay.laying import lay_over

            there = self._described(word.over)
            return lay_over(there, self._programs(word, [each.account_id for each in there]), word.text)
        if word.kind == STACK:
            stack = self._stack(word)
            return [self._describe(stack)] if is_ours(stack) else [each.describe("") for each in self._any(stack, word)]
        if word.kind == STATE and not os.path.isfile(word.rest):
            return [describe_state(self._stack(word))]
        if word.kind == LIVE:
            return [describe_account(word.rest, word.text, self._profiles)]
        if word.kind == FILE:
            if not os.path.lexists(word.rest) and (meant := meant_stack(word.rest, self._directory, self._projects)):
                raise refusal(word.text, "there is no such file", NOT_GIVEN, f"did you mean `{meant}`?")
            return self._files.read(Path(word.rest), word.text)
        from crossaccount.sources.programs.reading import read_programs

        return [each.describe(word.moment) for each in read_programs(word, self._names)]

    def _programs(self, word: Word, accounts: Sequence[str]) -> list[AccountProgram]:
        """What is laid over accounts. One that says of no account is of the one that it is laid over."""
        from crossaccount.sources.programs.reading import read_programs

        otherwise = accounts[0] if len(set(accounts)) == 1 else ""
        if word.kind in (STACK, STATE) and not (word.kind == STATE and os.path.isfile(word.rest)):
            return self._of_stack(word, otherwise)
        return read_programs(word, self._names, otherwise)

    def _of_stack(self, word: Word, otherwise: str) -> list[AccountProgram]:
        """A stack that is laid over an account: what it declares, or what it last deployed."""
        from crossaccount.sources.programs.reading import AccountProgram

        stack = self._stack(word)
        if word.kind == STACK and not is_ours(stack):
            return self._any(stack if stack.account else replace(stack, account=otherwise), word)
        described = self._describe(stack) if word.kind == STACK else describe_state(stack)
        before = last_deployed(stack)
        after = self._recorder.deployment(stack) if word.kind == STACK else before
        return [AccountProgram(word.text, described.account_id, after or Deployment(word.text), before, stored=True)]

    def _any(self, stack: NamedStack, word: Word) -> list[AccountProgram]:
        """The program of a stack that is not ours, recorded."""
        from crossaccount.sources.programs.pulumi_files import read_recorded
        from crossaccount.sources.programs.reading import accounts_of, given_accounts

        accounts = given_accounts(word, self._names)
        return accounts_of(read_recorded(self._recorder.program(stack), word.text, accounts), word, accounts)

    def _stack(self, word: Word) -> NamedStack:
        found = find_stack(word.rest, self._directory, word.text, self._projects)
        if not word.account:
            return found
        from crossaccount.sources.programs.reading import given_accounts

        return replace(found, account=given_accounts(word, self._names).one)


def _new_lines(text: str, lines: Iterable[Problem | str], seen: set[tuple[str, str]]) -> Iterable[Problem | str]:
    """The lines of a source without those about files that it shares with one before: stacks of one folder do."""
    folder = text.rpartition("/")[0] or text.partition(":")[0] if text.startswith("stack:") else text
    for line in lines:
        own = (folder, str(line).removeprefix(f"{text}: "))
        if own not in seen:
            seen.add(own)
            yield line


def _twice(described: Iterable[Described]) -> Iterable[Problem]:
    """Two sources of one account: which of them is meant is unclear."""
    first: dict[str, str] = {}
    for each in described:
        other = first.setdefault(each.account_id, each.where) if each.account_id else each.where
        if other != each.where:
            is_program = each.where.partition(":")[0] in FILES and not each.whole
            fix = f"name one of the two, or lay it over: {other}+{each.where}" if is_program else "name one of the two"
            yield Problem(each.where, f"{other} describes the same account", each.account_id, fix)


def _wrong_account(described: Iterable[Described], names: Mapping[str, str]) -> Iterable[Problem]:
    """A profile that has the name of an account is expected to be of that account."""
    for each in described:
        kind, _, profile = each.where.partition(":")
        expected = names.get(profile) if kind == "live" else None
        if expected not in (None, each.account_id):
            what = (
                f"the address book has {expected} for {profile}, but the profile's credentials belong to another "
                "account"
            )
            yield Problem(each.where, what, each.account_id, "correct the profile, or the name")


def _members_twice(above: Iterable[tuple[str, Organization]]) -> Iterable[Problem]:
    """An account is in one organisation at a time."""
    first: dict[str, str] = {}
    for where, organization in above:
        listed = [account for account, each in organization.members.items() if each.path]
        twice = sorted(account for account in listed if first.setdefault(account, where) != where)
        if twice:
            yield Problem(where, f"{first[twice[0]]} has the same accounts", twice, "name one of the two")


def _is_empty(described: Described) -> bool:
    """Whether a source is of no use. Not a program whose first resources are made, or whose last ones go."""
    return not described.at_other_moment and not any(described.details.get(name) for name in LISTS)


def _nothing(where: str) -> Problem:
    fix = "declare one: crossaccount add --help" if where.startswith("stack:") else "leave it out"
    return Problem(where, "describes no user, group, role or policy", NOT_GIVEN, fix, "warning")
