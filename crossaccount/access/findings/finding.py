"""What a finding is: a kind with a stable code, a place, and a sentence each on what is wrong and what to do.

Rules yield :class:`Found`, whose place is in AWS's terms. :class:`Finding` is for people and programs: its ``where`` is
a place in the config of a stack, or else an ARN and a statement. :class:`Facts` tell the rules which accounts are known
and which are ours.

A suppression accepts a finding, with a reason. It names a code and a place, and covers that place and everything below
it. A suppression that covers nothing is a finding itself, because it would hide the next one. So is one whose last day
is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.access.explanation.obstacles import Change
from crossaccount.iam.arn import is_arn, parse_arn

Severity = Literal["error", "warning"]

Element = Literal[
    "", "mfa", "external_id", "principals", "services", "conditions", "actions", "resources", "max_session_duration"
]
"""The part of a statement (or of an entity) that a finding is about, as the config calls it."""

INLINE, ATTACHED, GROUPS_OF = "inline policies", "managed policies", "list of groups"
"""In place of a policy's name: all policies of an entity together. IAM allows no space in a name."""
OF_THE_ENTITY = (TRUST_POLICY, INLINE, ATTACHED, GROUPS_OF)

_IN_IAM: Mapping[Element, str] = {
    "mfa": ".Condition",
    "external_id": ".Condition",
    "conditions": ".Condition",
    "principals": ".Principal",
    "services": ".Principal",
    "actions": ".Action",
    "resources": ".Resource",
    "max_session_duration": " MaxSessionDuration",
}


@dataclass(frozen=True)
class Kind:
    """One kind of finding. ``severity`` is ``error`` only for what AWS refuses or what locks out or opens access.

    ``why`` is the consequence, ``fix`` the general remedy, ``source`` the origin of the rule.
    """

    code: str
    severity: Severity
    title: str
    why: str
    fix: str
    source: str
    of_place: bool = False
    """The place alone says which finding it is: the message names only examples, which change with other things."""

    @property
    def hint(self) -> str:
        """``fix`` as the second half of a line: without capital and full stop."""
        first = self.fix[:1].lower() if self.fix[1:2].islower() or self.fix[1:2] == " " else self.fix[:1]
        return first + self.fix[1:].removesuffix(".")


@dataclass(frozen=True)
class Place:
    """A place in an estate: an entity, one of its policies, a statement of it, and an element, as far as known.

    ``policy`` is an inline policy's name, one of ``OF_THE_ENTITY``, or empty (a managed policy is its own ``owner``).
    ``statement`` is the statement itself, so that it is found in a config with another order.
    """

    owner: str
    policy: str = ""
    index: int | None = None
    element: Element = ""
    statement: Mapping[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def __str__(self) -> str:
        named = self.policy if self.policy in ("", *OF_THE_ENTITY) else f"inline policy {self.policy}"
        statement = "" if self.index is None else f"Statement[{self.index}]"
        text = " ".join(part for part in (self.owner, named, statement) if part)
        suffix = _IN_IAM.get(self.element, "")
        return text + (suffix if self.index is not None or not suffix.startswith(".") else "")


@dataclass(frozen=True)
class Finding:
    """One finding, as it is printed. ``where`` can be given to ``crossaccount:suppress``."""

    code: str
    severity: Severity
    where: str
    message: str
    fix: str
    account: str = field(default="", compare=False)
    """The account that it is about: its name where it has one, else its ID; empty where it is about no account."""
    place: Place | None = field(default=None, compare=False, repr=False)
    """Its place in AWS's own terms; None of what is found in a config alone."""

    def to_json(self) -> dict[str, str]:
        """An item of ``findings`` in the commands' JSON."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
            "fix": self.fix,
        }


@dataclass(frozen=True)
class Found:
    """A finding as a rule yields it: its place not yet a text."""

    kind: Kind
    place: Place
    message: str
    fix: str
    change: Change | None = None
    """The change that ``fix`` begins with, if an explanation gives it."""

    def at(self, where: str, account: str = "") -> Finding:
        """The finding with its place for people, and the name of its account."""
        return Finding(self.kind.code, self.kind.severity, where, self.message, self.fix, account, self.place)


def account_of_owner(owner: str) -> str:
    """The account of a place's owner, which is an ARN or an account's ID."""
    return parse_arn(owner).account if is_arn(owner) else owner


@dataclass(frozen=True)
class Facts:
    """``own`` are the IDs of the accounts that are ours: described by a source, managed by a stack, or members of the
    organisation. ``known`` maps those of the address book to their names, ours or not.
    """

    own: frozenset[str] = frozenset()
    known: Mapping[str, str] = field(default_factory=dict)
    assumed: frozenset[str] = frozenset()
    """ARNs of policies that a config declares as existing."""

    @classmethod
    def of(cls, own: Iterable[str], address_book: Mapping[str, str]) -> Facts:
        """``address_book`` maps names to IDs."""
        return cls(frozenset(own), {account_id: name for name, account_id in address_book.items()})

    def is_ours(self, account: str) -> bool:
        """Whether an account is one of ours."""
        return account in self.own

    def is_known(self, account: str) -> bool:
        """Whether an account is ours or in the address book."""
        return account in self.own or account in self.known

    def named(self, account: str) -> str:
        """An account for people: its ID, with its name if it has one."""
        return f"{account} ({self.known[account]})" if account in self.known else account


UNUSED = Kind(
    "XA901",
    "warning",
    "A suppression that suppresses nothing",
    "The finding that it suppressed no longer exists or has moved. If the suppression stays, it hides the next "
    "finding at that place. A suppression that several stacks share is used if it suppresses something in one of them.",
    "Remove it, or correct its code or place.",
    "docs/findings.md",
)
ENDED = Kind(
    "XA902",
    "warning",
    "A suppression has ended",
    "Its last day, `until`, is over. The finding that it accepted is shown again.",
    "Correct what the finding says, or accept it again with a new date.",
    "docs/findings.md",
)
_BELOW = (".", "[", " ")
_SECTION = re.compile(r"\A(?:policies|trusted\.[a-z]+|trusting\.roles)\.")
"""Matches the part of a place in a config before an entity's name."""


class Accepted(Protocol):
    """A suppression in a config."""

    @property
    def code(self) -> str:
        """The finding's code."""

    @property
    def where(self) -> str:
        """The place of the finding, or one above it."""

    @property
    def until(self) -> date | None:
        """The last day, in UTC, on which it is accepted; None means for good."""


@dataclass(frozen=True)
class Reported:
    """``kept`` are the findings without a suppression. ``used`` are the numbers of the suppressions that cover one,
    ended or not.
    """

    kept: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    used: frozenset[int]


def without_suppressed(findings: Iterable[tuple[Finding, str]], accepted: Sequence[Accepted], today: date) -> Reported:
    """Separate suppressed findings. Each finding comes with its place as an ARN, which a suppression may name too."""
    kept: list[Finding] = []
    suppressed: list[Finding] = []
    used: set[int] = set()
    for finding, place in findings:
        covering = {i for i, each in enumerate(accepted) if _covers(each, finding, place)}
        used |= covering
        in_force = any(not has_ended(accepted[index], today) for index in covering)
        (suppressed if in_force else kept).append(finding)
    return Reported(tuple(kept), tuple(suppressed), frozenset(used))


def has_ended(accepted: Accepted, today: date) -> bool:
    """Whether its last day is over."""
    return accepted.until is not None and accepted.until < today


def of_suppression(accepted: Accepted, where: str, account: str, today: date, *, used: bool) -> Iterator[Finding]:
    """The findings about a suppression at ``where``. ``used``: it covers a finding of some stack."""
    if not used:
        message = f"no finding {accepted.code} at {accepted.where}"
        yield Finding(UNUSED.code, UNUSED.severity, where, message, UNUSED.hint, account)
    elif has_ended(accepted, today):
        message = f"{accepted.code} at {accepted.where} was accepted until {accepted.until}"
        yield Finding(ENDED.code, ENDED.severity, where, message, ENDED.hint, account)


def _covers(accepted: Accepted, finding: Finding, place: str) -> bool:
    if accepted.code != finding.code:
        return False
    file, colon, in_file = finding.where.rpartition(": ")
    owner = place.partition(" ")[0]
    name = owner.rsplit("/", 1)[-1]
    section = _SECTION.match(in_file)
    start = section.end() if section and in_file.startswith(name, section.end()) else len(in_file)
    texts = (finding.where, len(file + colon) + start), (in_file, start), (place, len(owner) - len(name))
    return any(_holds(accepted.where, text, range(begin, begin + len(name))) for text, begin in texts)


def _holds(where: str, text: str, name: range) -> bool:
    """Whether a place is ``where`` or below it. ``name`` is the range of an entity's name, which may contain dots.

    If ``where`` ends within the name it is another entity's: ``…roles.svc`` for a finding about ``svc.prod``.
    """
    return text == where or (text.startswith(tuple(where + below for below in _BELOW)) and len(where) not in name)
