"""What a finding is: a kind with a stable code, a place, and a sentence each on what is wrong and what to do.

Rules yield :class:`Found`, which knows its place in AWS's own terms; :class:`Finding` is what people and programs get,
its ``where`` a text: a place in the config where the estate is a stack's, else an ARN and a statement. :class:`Facts`
is what the rules know besides the documents: whose accounts these are.

A finding that somebody has looked at is accepted with a reason. A suppression names a code and a place. It covers that
place and everything below it. One that covers nothing is a finding itself: it would hide the next one. So is one whose
last day is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

from crossaccount.access.estate.entities import TRUST_POLICY
from crossaccount.iam.arn import is_arn, parse_arn

Severity = Literal["error", "warning"]

Element = Literal[
    "", "mfa", "external_id", "principals", "services", "conditions", "actions", "resources", "max_session_duration"
]
"""The part of a statement (or of an entity) that a finding is about, as the config calls it."""

INLINE, ATTACHED, GROUPS_OF = "inline policies", "managed policies", "list of groups"
"""What stands for a policy's name where all of an entity's count together. IAM takes no space in a name."""
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

    ``why`` says what comes of it, ``fix`` what to do about it in general, ``source`` where the rule is from.
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
    """Where in an estate: an entity, a policy of it, a statement of that, an element of that, as far as it goes.

    ``policy`` is an inline policy's name, one of ``OF_THE_ENTITY``, or empty (a managed policy is its own ``owner``).
    ``statement`` is the statement itself, by which it is found again in a config that orders them otherwise.
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

    def at(self, where: str, account: str = "") -> Finding:
        """The finding with its place as people should read it, and the name of its account."""
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
        """An account as a person reads it: its ID, with its name where it has one."""
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
"""What stands before an entity's name in a config."""


class Accepted(Protocol):
    """What a config says about one finding."""

    @property
    def code(self) -> str:
        """The finding's code."""

    @property
    def where(self) -> str:
        """Its place, or one that holds it."""

    @property
    def until(self) -> date | None:
        """The last day, in UTC, on which it is accepted; None means for good."""


@dataclass(frozen=True)
class Reported:
    """``kept`` is what is left to say. ``used`` are the numbers of the suppressions that cover one, ended or not."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Finding, ...]
    used: frozenset[int]


def without_suppressed(findings: Iterable[tuple[Finding, str]], accepted: Sequence[Accepted], today: date) -> Reported:
    """Findings without those that are accepted. Each comes with its place as an ARN, which may name it as well."""
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
    """What a suppression at the place ``where`` deserves itself; ``used``: it covers a finding, in whichever stack."""
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
    """Whether a place is ``where`` or below it. ``name`` is where an entity's name stands, which has dots of its own.

    A place that ends within the name is another entity's: ``…roles.svc``, where the finding is about ``svc.prod``.
    """
    return text == where or (text.startswith(tuple(where + below for below in _BELOW)) and len(where) not in name)
