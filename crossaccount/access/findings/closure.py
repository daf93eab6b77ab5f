"""Closure: every grant should meet a trust, and every trust a grant. Otherwise it is dangling, which is a finding.

Owns the findings on trusts without a usable grant and on roles without a path, and applies the other rules for an
estate as a whole. It skips trusts of services, which are used from outside the sources, and trusts that depend on an
unknown policy or on undeclared principals. The time is almost linear in the number of entities and paths: one indexed
pass each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import TRUST_POLICY, Role
from crossaccount.access.estate.policies import Details
from crossaccount.access.evaluation.callers import ASSUME_ROLE, ASSUMING
from crossaccount.access.explanation.explain import Explanation, statement_in_words, why
from crossaccount.access.findings.escalation import Escalation
from crossaccount.access.findings.finding import Found, Kind, Place
from crossaccount.access.findings.grants import Denials, Grants, SessionSides, may_be_a_side
from crossaccount.access.findings.reach import Holders, PathLike, Reach, chain_findings, is_role, listed
from crossaccount.access.findings.shared import Form
from crossaccount.access.findings.statements import Document, Statement, documents
from crossaccount.access.paths.alike import AlikeCallers
from crossaccount.access.paths.candidates import Candidates
from crossaccount.access.paths.possible import possible
from crossaccount.iam.arn import is_arn, parse_arn
from crossaccount.iam.compiled import CompiledStatement
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.names import has_wildcard, principal_arn

Trust = tuple[str, str]
"""A role and the label of a statement of its trust."""

_SOURCE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html"
UNUSED_TRUST = Kind(
    "XA204",
    "warning",
    "A trust that nobody can use",
    "Each principal that it names does not exist, has no grant, or is denied. Nobody can use it today, but somebody "
    "may later.",
    "Grant the role to the principals that should assume it, or remove the statement.",
    _SOURCE,
)
UNREACHABLE_ROLE = Kind(
    "XA205",
    "warning",
    "Nobody can assume the role",
    "No statement of its trust allows a user, role, service or provider that can use it.",
    "Grant it to the principals that should assume it, or delete it.",
    _SOURCE,
    of_place=True,
)

ONLY_DENIES = Kind(
    "XA210",
    "warning",
    "A role's trust only denies",
    "Without a statement that allows, nobody can assume the role, whatever else is granted.",
    "Add a statement that allows the right principals, or delete the role.",
    _SOURCE,
)


def trust_findings(
    document: Document, estate: Estate, reach: Reach, possible: Collection[Trust], nearest: Nearest
) -> Iterator[Found]:
    """The statements of a trust policy that allow no existing principal; the role itself if that applies to all.

    ``possible`` are the statements that may allow a principal that no stack declares.
    """
    role = estate.roles.get(document.place.owner)
    if document.side != "trust" or role is None or role.trust.unknown:
        return
    allowing = [statement for statement in document.statements if statement.allows]
    if document.statements and not allowing:
        message = "nobody can assume it: its trust only denies"
        yield Found(ONLY_DENIES, Place(role.arn, TRUST_POLICY), message, ONLY_DENIES.hint)
        return
    unused = [statement for statement in allowing if _assumes(statement) and not _is_used(statement, reach.trusts)]
    assuming = [statement for statement in allowing if _assumes(statement)]
    if allowing and len(unused) == len(assuming):
        if memberless := nearest.groups_without_members(role):
            yield _of_groups(role, memberless, estate)
        elif not any(_is_used(statement, possible) for statement in unused):
            yield _unreachable(role, unused, nearest)
        return
    unused = [statement for statement in unused if not _is_used(statement, possible)]
    for statement in unused:
        named = _named(statement, estate)
        message = f"none of {listed(named)} can assume the role" if named else "it names nobody"
        yield Found(UNUSED_TRUST, statement.at("principals"), message, UNUSED_TRUST.hint)


class Nearest:
    """Finds the principal that lacks least to assume an unreachable role. The candidates are indexed at first use."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self._alike = AlikeCallers(estate)

    @cached_property
    def _candidates(self) -> Candidates:
        return Candidates(self.estate)

    def to(self, role: Role) -> Explanation | None:
        """What prevents a named and granted principal; of a few such principals, the one with the fewest obstacles.

        The role itself is not a candidate.
        """
        callers = [each for each in self._candidates.of(role) if each.arn != role.arn][:_TRIED]
        callers = self._alike.distinct(callers, role)  # the first of equal explanations is used
        denied = (why(self.estate, caller.arn, role.arn) for caller in callers)
        return min((each for each in denied if each.changes), key=lambda each: len(each.changes), default=None)

    def groups_without_members(self, role: Role) -> list[str]:
        """The groups without members that are granted the role, of the accounts that it trusts, by account and name."""
        return sorted({found for account in self._trusted(role) for found in self._granted(account, role)})

    def _granted(self, account: str, role: Role) -> Iterator[str]:
        for group, statement in self._of_groups.get(account, ()):
            if statement.allows and statement.on(role.arn, _NOTHING):
                yield group

    @staticmethod
    def _trusted(role: Role) -> set[str]:
        elements = [each.principal for each in role.trust.statements if each.allows and each.principal]
        return {account for element in elements for account in element.accounts}

    @cached_property
    def _of_groups(self) -> dict[str, list[tuple[str, CompiledStatement]]]:
        """By account: the statements about assuming roles in groups without members."""
        joined = {(user.account, name) for user in self.estate.users.values() for name in user.groups}
        found: dict[str, list[tuple[str, CompiledStatement]]] = {}
        for (account, name), policies in self.estate.groups.items():
            if (account, name) not in joined:
                about = [each for policy in policies for each in policy.about(ASSUME_ROLE)]
                found.setdefault(account, []).extend((name, each) for each in about)
        return found


OR_DELETE = "; or delete the role."
"""The end of a fix that begins with a change of an explanation."""
_NOTHING = RequestContext()
_TRIED = 3
"""The most candidates that are explained."""


def _of_groups(role: Role, groups: Sequence[str], estate: Estate) -> Found:
    many, declared = len(groups) > 1, bool(estate.declared)
    subject = f"groups {listed(groups)}, which have" if many else f"group {groups[0]}, which has"
    member = "declared member" if declared else "member"
    message = (
        f"{'no declared principal' if declared else 'nobody'} can assume it: it is granted to {subject} no {member}"
    )
    fix = f"make a user a member of {'one of them' if many else 'it'}, or grant the role to other principals"
    return Found(UNREACHABLE_ROLE, Place(role.arn), message, fix)


def _unreachable(role: Role, unused: list[Statement], nearest: Nearest) -> Found:
    place = Place(role.arn)
    if not unused:
        message = "nobody can assume it: no statement of its trust allows sts:AssumeRole"
        return Found(UNREACHABLE_ROLE, place, message, "Allow sts:AssumeRole as well, or delete the role.")
    if elsewhere := _providers_elsewhere(role, unused):
        message = f"whether anybody can assume it is not known: its trust names {listed(elsewhere)} of another account"
        return Found(UNREACHABLE_ROLE, place, message, f"Create the provider in account {role.account}, and name that.")
    if (near := nearest.to(role)) is not None:
        change = near.changes[0]
        where = f" {statement_in_words(change.decision)}" if change.decision else ""
        message = f"nobody can assume it; {near.principal} cannot: {change.what}{where}"
        fix = f"{change.fix[0].upper()}{change.fix[1:]}{OR_DELETE}"
        return Found(UNREACHABLE_ROLE, place, message, fix, change)
    named = dict.fromkeys(name for each in unused for name in _named(each, nearest.estate))
    subject = f"{listed(named)}, and none of these has a grant that works" if named else "nobody"
    message = f"nobody can assume it: its trust names {subject}"
    return Found(UNREACHABLE_ROLE, place, message, UNREACHABLE_ROLE.hint)


def _providers_elsewhere(role: Role, unused: Iterable[Statement]) -> list[str]:
    """The providers that all unused statements name, if none of them is in the role's account or known to AWS."""
    named = dict.fromkeys(name for each in unused for name in each.principals("Federated"))
    others = any(each.principals("AWS") for each in unused)
    elsewhere = [name for name in named if is_arn(name) and parse_arn(name).account != role.account]
    return elsewhere if not others and len(elsewhere) == len(named) else []


def _named(statement: Statement, estate: Estate) -> list[str]:
    """The principals that a statement names. For ``*`` or an account, those that its conditions name by ARN."""
    by_name = [
        value.text
        for condition in statement.on("aws:principalarn")
        if not condition.negated and not condition.if_exists
        for value in condition.values
    ]
    return [
        _with_existence(name, estate)
        for name in by_name or (*statement.principals("AWS"), *statement.principals("Federated"))
    ]


def _with_existence(name: str, estate: Estate) -> str:
    """An ARN, with a note if its account's source does not have it."""
    if not is_arn(name) or has_wildcard(name):
        return name
    arn = parse_arn(name)
    gone = principal_arn(arn) and arn.account in estate.accounts and estate.principal(name) is None
    if not gone:
        return name
    return f"{name} (which {'is not declared' if arn.account in estate.declared else 'does not exist'})"


def _is_used(statement: Statement, trusts: Collection[Trust]) -> bool:
    return _is_used_outside(statement) or (statement.owner, label_of(statement)) in trusts


def _is_used_outside(statement: Statement) -> bool:
    """Whether a statement allows callers that are not listed as paths."""
    return bool(statement.principals("Service")) or "NotPrincipal" in statement.raw


def label_of(statement: Statement) -> str:
    """The Sid of a statement, or its index, as decisions name it."""
    return str(statement.raw.get("Sid") or statement.place.index)


def _assumes(statement: Statement) -> bool:
    """Whether it allows an AssumeRole action: a statement with sts:TagSession alone supplements another one."""
    return any(statement.covers(action) for action in ASSUMING)


class Closure:
    """The findings of closure, gathered document by document. ``paths`` are those of the estate."""

    def __init__(self, details: Sequence[Details], estate: Estate, paths: Iterable[PathLike]) -> None:
        self._details = details
        self._estate = estate
        self._reach = Reach.of(paths)
        self._nearest = Nearest(estate)
        holders = Holders(details)
        self._grants, self._denials = Grants(estate, self._reach, holders), Denials(estate, holders)
        self._sides = SessionSides(estate, self._reach, holders)
        others = list(possible(estate))
        self._hidden = {(each.role, trust.statement) for each in others for trust in each.path.trust}
        self._served = {each.role for each in others if not is_role(each.principal)}
        self._outlines: dict[tuple[bytes | str, str], _Outline] = {}
        self._found: list[Found] = []

    def add(self, document: Document, form: Form | None = None) -> None:
        """Judge one more document, which may have a ``form``. Most need only their outline, which documents share."""
        outline = self._outline(document, form)
        owner = document.place.owner
        if outline.serves:
            self._served.add(owner)
        if not all((owner, label) in self._reach.trusts for label in outline.used):
            self._found += trust_findings(document, self._estate, self._reach, self._hidden, self._nearest)
        if outline.is_judged:
            for statement in document.statements:
                self._found += self._grants.findings(statement)
                self._found += self._denials.findings(statement)
                self._found += self._sides.findings(statement)

    def findings(self) -> Iterator[Found]:
        """The findings on all documents, and then on the estate as a whole."""
        yield from self._found
        yield from chain_findings(self._estate, self._reach, frozenset(self._served))
        yield from Escalation(self._details, self._estate).findings()

    def _outline(self, document: Document, form: Form | None) -> _Outline:
        content = document.fingerprint
        if content is None:
            return _Outline.of(document)
        key = (form.text if form else content, document.side)
        found = self._outlines.get(key)
        if found is None:
            found = self._outlines[key] = _Outline.of(document)
        return found


class _Outline(NamedTuple):
    """What decides which rules of closure a document needs. Documents of one form have the same.

    ``serves``: a statement names a service or a provider. ``used`` are the labels of a trust that must all have a path;
    else :func:`trust_findings` judges it. ``is_judged``: a statement may be a grant, a deny of assuming roles, or one
    of the sides of a session.
    """

    serves: bool
    used: tuple[str, ...]
    is_judged: bool

    @classmethod
    def of(cls, document: Document) -> _Outline:
        """The outline of a document. A trust for :func:`trust_findings` to judge has a label that no statement has."""
        statements = document.statements
        serves = any(each.principals("Service") or each.principals("Federated") for each in statements)
        is_judged = any(map(_may_be_judged, statements))
        if document.side != "trust" or not statements:
            return cls(serves, (), is_judged)
        assuming = [each for each in statements if each.allows and _assumes(each)]
        used = [label_of(each) for each in assuming if not _is_used_outside(each)]
        return cls(serves, tuple(used) if assuming else (_NO_LABEL,), is_judged)


_NO_LABEL = ""


def _may_be_judged(statement: Statement) -> bool:
    if statement.side == "identity" or not statement.allows:
        return statement.covers(ASSUME_ROLE) or may_be_a_side(statement)
    return may_be_a_side(statement)


def closure_findings(details: Sequence[Details], estate: Estate, paths: Iterable[PathLike]) -> Iterator[Found]:
    """The findings of closure for an estate with these ``details`` and ``paths``."""
    closure = Closure(details, estate, paths)
    for account in details:
        for document in documents(account):
            closure.add(document)
    yield from closure.findings()
