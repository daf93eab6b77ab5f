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

from crossaccount import __version__
from crossaccount.access.chains import Chains, Way
from crossaccount.access.diff import AccessDiff, diff
from crossaccount.access.estate import Estate
from crossaccount.access.findings.finding import Facts, Finding, Found
from crossaccount.access.findings.groups import Group, grouped
from crossaccount.access.findings.judge import judge
from crossaccount.access.paths import Path
from crossaccount.access.paths.possible import Possible, possible
from crossaccount.access.requirements import Requirements
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.report.roles import Link, Permission, Permissions, highest, link_to
from crossaccount.report.statements import Statements, owner_account
from crossaccount.sources import Sources
from crossaccount.sources.details import Display
from crossaccount.sources.names import Names

DANGLING = ("XA201", "XA202", "XA203", "XA204", "XA205")
"""Findings on grants that meet no trust and trusts that meet no grant."""


UNKNOWN, NOT_USED = "unknown", "not in 400 days"
"""When a role was last used. AWS keeps that for 400 days:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_RoleLastUsed.html"""


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
    last_used: str = UNKNOWN
    """A date, ``NOT_USED``, or ``UNKNOWN`` if the source does not say, as the config and the state of a stack."""

    @property
    def level(self) -> str:
        """The highest access level of its permissions; empty where nothing is allowed."""
        return highest(self.permissions)


CALLERS = ("people", "programs", "whole accounts")
_ONE_CALLER = dict(zip(CALLERS, ("person", "program", "whole account"), strict=True))
_OF_PEOPLE = ("AWSReservedSSO_",)
"""How the roles of IAM Identity Center begin, which people have:
https://docs.aws.amazon.com/singlesignon/latest/userguide/referencingpermissionsets.html"""


def caller_kind(principal: str) -> str:
    """One of ``CALLERS``: users, people of Identity Center and of SAML are people; roles and all others programs."""
    if not is_arn(principal):
        return "programs"
    arn = parse_arn(principal)
    if arn.kind == "root" or not arn.name:
        return "whole accounts"
    person = arn.kind in ("user", "saml-provider") or arn.name.startswith(_OF_PEOPLE)
    return "people" if person else "programs"


@dataclass(frozen=True)
class Covered:
    """An account that the report is about: what described it, and whether that is all of the account."""

    account_id: str
    name: str
    source: str
    how: str
    """``live``, ``declared``, ``deployed`` or ``file``."""
    whole: bool


_HOW = {"live": "live", "stack": "declared", "state": "deployed", "preview": "planned", "terraform": "planned"}


@dataclass(frozen=True)
class Report:
    """The whole report. ``accounts`` maps the IDs of all accounts that it mentions to their names.

    ``paths`` are by role and then by principal, and so are ``ways``, the easiest of those through other roles.
    ``possible`` are paths of principals that no stack declares. ``changes`` is None if there is nothing to compare
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
    covered: tuple[Covered, ...] = ()
    version: str = ""
    revision: str = ""
    """The git commit of the folder, marked if it has changes that are not committed; empty without git."""

    def callers(self) -> dict[str, int]:
        """The numbers of people, programs and whole accounts that have access."""
        kinds = Counter(caller_kind(each) for each in {path.principal for path in self.paths})
        return {kind: kinds[kind] for kind in CALLERS}

    def callers_in_words(self) -> str:
        """The same for people: ``1 person, 2 programs, 0 whole accounts``."""
        found = self.callers().items()
        return ", ".join(f"{number:,} {_ONE_CALLER[kind] if number == 1 else kind}" for kind, number in found)

    def about(self) -> list[str]:
        """What an auditor has to know first: when it was made, by what, of which accounts, and how they were read."""
        made = f"Made {self.made:%Y-%m-%d %H:%M} UTC by crossaccount {self.version}"
        lines = [f"{made}, of commit {self.revision}." if self.revision else f"{made}."]
        for each in self.covered:
            part = "" if each.whole else ", a part of the account"
            named = f"{each.name} ({each.account_id})" if each.name != each.account_id else each.account_id
            lines.append(f"{named}: {each.how}{part}; from {each.source}.")
        return lines

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

    def summary_in_words(self) -> str:
        """The same for people: ``2 accounts, 1 role, …``."""
        longer = {
            "ways": ("way through other roles", "ways through other roles"),
            "dangling": ("dangling grant or trust", "dangling grants or trusts"),
        }
        words = ((number, longer.get(name, (name[:-1], name))) for name, number in self.summary().items())
        return ", ".join(f"{number:,} {one if number == 1 else several}" for number, (one, several) in words)

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


def report_of(sources: Sources, made: datetime, since: Sources | None = None, revision: str = "") -> Report:
    """The report of ``sources``, with what changed since an earlier estate. ``revision`` is the folder's commit."""
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
        tuple(_covered(sources, accounts)),
        __version__,
        revision,
    )


def _covered(sources: Sources, accounts: Mapping[str, str]) -> Iterable[Covered]:
    for each in sources.described:
        if each.account_id:
            kind = each.where.partition(":")[0] if ":" in each.where else ""
            name = accounts.get(each.account_id, each.account_id)
            yield Covered(each.account_id, name, each.where, _HOW.get(kind, "file"), each.whole)


def _accounts(estate: Estate, found: Sequence[Path], book: Mapping[str, str]) -> dict[str, str]:
    names = {account_id: name for name, account_id in reversed(list(book.items()))}
    outside = {owner_account(principal) for principal in {path.principal for path in found}} - {"", "aws"}
    return {account_id: names.get(account_id, account_id) for account_id in sorted(estate.accounts | outside)}


_NO_DISPLAY = Display()


def _roles(sources: Sources, estate: Estate, found: Sequence[Path]) -> Iterable[RoleFacts]:
    reached = Counter(path.role for path in found)
    requirements: dict[str, dict[int, Requirements]] = {}  # each once: paths share them
    # Nobody signs in to the console as a role that only services assume, nor as somebody whom no source describes.
    may_sign_in = estate.users.keys() | reached.keys()
    for principal, role, alternatives, _, _ in found:
        if principal in may_sign_in:
            known = requirements.get(role)
            if known is None:
                known = requirements[role] = {}
            known[id(alternatives)] = alternatives
    items = {str(item["Arn"]): item for account in sources.details for item in account.get("RoleDetailList") or ()}
    permissions = Permissions()
    for arn, entity in sorted(estate.roles.items()):
        yield RoleFacts(
            arn,
            _text(items[arn], "Description"),
            entity.tags,
            entity.max_session_duration,
            entity.boundary.name if entity.boundary else "",
            permissions.of(entity.policies),
            reached[arn],
            link_to(arn, sources.displays.get(entity.account, _NO_DISPLAY), requirements.get(arn, {}).values()),
            _last_used(items[arn]),
        )


def _last_used(item: Mapping[str, Any]) -> str:
    """When a role was last used, by its item of ``GetAccountAuthorizationDetails``."""
    used = item.get("RoleLastUsed")
    if not isinstance(used, Mapping):
        return UNKNOWN
    date = str(used.get("LastUsedDate") or "")
    return date[:10] if date else NOT_USED


def _text(item: Mapping[str, Any], key: str) -> str:
    return str(item.get(key) or "")


def _rank(found: Found) -> tuple[bool, str, str]:
    return found.kind.severity != "error", found.kind.code, str(found.place)
