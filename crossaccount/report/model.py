"""What the report says, as values: who reaches what, by which statements, what roles may do, what is wrong or new.

Made from sources alone; the clock and the files are the caller's. Findings stand at their place in AWS's terms, and
those that a config accepts are among them: an auditor should see them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crossaccount.access.chains import Chains, Way
from crossaccount.access.diff import AccessDiff, diff
from crossaccount.access.estate import Estate
from crossaccount.access.findings.finding import Facts, Finding, Found
from crossaccount.access.findings.groups import Group, grouped
from crossaccount.access.findings.judge import judge
from crossaccount.access.paths import Path
from crossaccount.access.paths.possible import Possible, possible
from crossaccount.access.requirements import Requirements
from crossaccount.report.roles import Link, Permission, Permissions, highest, link_to
from crossaccount.report.statements import Statements, owner_account
from crossaccount.sources import Sources
from crossaccount.sources.details import Display
from crossaccount.sources.names import Names

DANGLING = ("XA201", "XA202", "XA203", "XA204", "XA205")
"""Findings on grants that meet no trust and trusts that meet no grant."""


@dataclass(frozen=True)
class RoleFacts:
    """A role: what it is for, what it may do (``level`` is the highest access level), and how one switches to it.

    ``reached_by`` counts its paths. ``max_session_duration`` is in seconds, None where the source does not say.
    """

    arn: str
    description: str
    tags: Mapping[str, str]
    max_session_duration: int | None
    boundary: str
    permissions: tuple[Permission, ...]
    reached_by: int
    link: Link

    @property
    def level(self) -> str:
        """The highest access level of its permissions; empty where nothing is allowed."""
        return highest(self.permissions)


@dataclass(frozen=True)
class Report:
    """The whole report. ``accounts`` maps the IDs of all accounts that it mentions to their names.

    ``paths`` are by role and then by principal, and so are ``ways``, the easiest of those through other roles.
    ``possible`` hangs on principals that no stack declares. ``changes`` is None where nothing was given to compare
    with.
    """

    made: datetime
    sources: tuple[str, ...]
    since: tuple[str, ...]
    names: Names
    accounts: Mapping[str, str]
    paths: tuple[Path, ...]
    ways: tuple[Way, ...]
    roles: tuple[RoleFacts, ...]
    findings: tuple[Found, ...]
    changes: AccessDiff | None
    statements: Statements = field(repr=False)
    possible: tuple[Possible, ...] = ()

    @property
    def errors(self) -> int:
        """How many findings are of severity error."""
        return sum(each.kind.severity == "error" for each in self.findings)

    @property
    def dangling(self) -> tuple[Found, ...]:
        """The findings on dangling grants and trusts."""
        return tuple(each for each in self.findings if each.kind.code in DANGLING)

    @property
    def other_findings(self) -> tuple[Found, ...]:
        """All other findings."""
        return tuple(each for each in self.findings if each.kind.code not in DANGLING)

    def named(self, found: Found) -> Finding:
        """The finding with names of accounts in its place."""
        owner = found.place.owner
        account = owner_account(owner) or owner
        where = str(found.place).replace(owner, self.names.shown(owner), 1)
        return found.at(where, self.accounts.get(account, account))

    def grouped(self, findings: Iterable[Finding]) -> tuple[Group, ...]:
        """The findings by group; those that differ only by account are one."""
        return grouped(findings, {name: account_id for account_id, name in self.accounts.items()})

    def summary(self) -> dict[str, int]:
        """The report in numbers."""
        return {
            "accounts": len(self.accounts),
            "principals": len({path.principal for path in self.paths}),
            "roles": len(self.roles),
            "paths": len(self.paths),
            "ways": len(self.ways),
            "errors": self.errors,
            "warnings": len(self.findings) - self.errors,
            "dangling": len(self.dangling),
        }


def report_of(sources: Sources, made: datetime, since: Sources | None = None) -> Report:
    """The report of ``sources``, with what changed since an earlier estate."""
    estate = sources.estate()
    chains = Chains(estate, keep_ways=True)
    found = tuple(chains.paths())
    book = {**(since.accounts if since else {}), **sources.accounts}
    accounts = _accounts(estate, found, book)
    facts = Facts.of(estate.accounts | sources.managed, book)
    # Before the ways: each role is searched once, for its findings, and its ways are kept.
    findings = tuple(sorted(judge(sources.details, estate, found, facts, chains=chains), key=_rank))
    return Report(
        made,
        tuple(each.where for each in sources.described),
        tuple(each.where for each in since.described) if since else (),
        Names(book, estate),
        accounts,
        found,
        tuple(chains.all()),
        tuple(_roles(sources, estate, found)),
        findings,
        None if since is None else diff(since.estate(), estate),
        Statements(sources.details),
        tuple(possible(estate)),
    )


def _accounts(estate: Estate, found: Sequence[Path], book: Mapping[str, str]) -> dict[str, str]:
    names = {account_id: name for name, account_id in reversed(list(book.items()))}
    outside = {owner_account(principal) for principal in {path.principal for path in found}} - {"", "aws"}
    return {account_id: names.get(account_id, account_id) for account_id in sorted(estate.accounts | outside)}


def _roles(sources: Sources, estate: Estate, found: Sequence[Path]) -> Iterable[RoleFacts]:
    reached = Counter(path.role for path in found)
    requirements: dict[str, dict[int, Requirements]] = {}  # each once: paths share them
    for path in found:
        # Nobody signs in to the console as a role that only services assume, nor as somebody whom no source describes.
        if path.principal in estate.users or reached[path.principal]:
            requirements.setdefault(path.role, {})[id(path.alternatives)] = path.alternatives
    items = {str(item["Arn"]): item for account in sources.details for item in account.get("RoleDetailList") or ()}
    permissions = Permissions()
    for arn, role in sorted(estate.roles.items()):
        yield RoleFacts(
            arn,
            _text(items[arn], "Description"),
            role.tags,
            role.max_session_duration,
            role.boundary.name if role.boundary else "",
            permissions.of(role.policies),
            reached[arn],
            link_to(arn, sources.displays.get(role.account, Display()), requirements.get(arn, {}).values()),
        )


def _text(item: Mapping[str, Any], key: str) -> str:
    return str(item.get(key) or "")


def _rank(found: Found) -> tuple[bool, str, str]:
    return found.kind.severity != "error", found.kind.code, str(found.place)
