"""Grants that meet no trust: on roles that are not there, that do not trust back, or behind a deny.

A grant is an identity statement that allows ``sts:AssumeRole``. Judged are those that name a role of an account that a
source describes; of other accounts nothing is known. A grant counts as good as soon as one of its holders gets in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import starmap

from crossaccount.access.closure.reach import Holders, Reach, RoleIndex, listed
from crossaccount.access.estate import Estate
from crossaccount.access.evaluation.evaluate import judge_assume
from crossaccount.access.evaluation.layers import ASSUME_ROLE, open_layers
from crossaccount.access.findings.documents import Statement
from crossaccount.access.findings.finding import Found, Kind
from crossaccount.access.verdict import Verdict
from crossaccount.iam.arn import ACCOUNT_ID, is_arn, parse_arn
from crossaccount.iam.matching import wildcard_match
from crossaccount.iam.names import has_wildcard

_SOURCE = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html "
    "(both accounts have to allow)"
)
NO_SUCH_ROLE = Kind(
    "XA201",
    "warning",
    "A grant names a role that does not exist",
    "It grants nothing today, and everything the day somebody creates a role of that name.",
    "Correct the name, declare the role, or remove the grant.",
    _SOURCE,
)
NOT_TRUSTED = Kind(
    "XA202",
    "warning",
    "A grant names a role that does not let its holder in",
    "A path needs both sides: without the trust the grant grants nothing.",
    "Add the holder to the role's trust, or remove the grant.",
    _SOURCE,
)
SHADOWED = Kind(
    "XA203",
    "warning",
    "A grant is shadowed by a deny",
    "An explicit deny wins over every allow, so the grant grants nothing.",
    "Remove the grant, or narrow the deny.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html",
)
_LIMITS = {"boundary": "permissions boundary", "scp": "service control policy", "rcp": "resource control policy"}
ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
"""The moment of the verdict that explains a missing path. No path is there at any time, so it does not matter."""


class Grants:
    """Judges the grants of an estate against its paths."""

    def __init__(self, estate: Estate, reach: Reach, holders: Holders) -> None:
        self._estate = estate
        self._reach = reach
        self._holders = holders
        self._roles = RoleIndex.of(estate.roles)

    def findings(self, statement: Statement) -> Iterator[Found]:
        """What is wrong with one identity statement, if it is a grant."""
        if statement.side != "identity" or not statement.allows or not statement.covers(ASSUME_ROLE):
            return
        holders = self._holders.of(statement.owner)
        resources = [text for text in statement.texts("Resource") if self._is_judged(text)]
        if not holders or not resources:
            return
        missing = [text for text in resources if not self._named(text)]
        closed = [text for text in resources if text not in missing and not self._gets_in(holders, text)]
        if missing:
            message = f"grants {listed(missing)}: there is no such role"
            yield Found(NO_SUCH_ROLE, statement.at("resources"), message, NO_SUCH_ROLE.hint)
        yield from self._closed(statement, holders, closed)

    def _closed(self, statement: Statement, holders: tuple[str, ...], resources: Iterable[str]) -> Iterator[Found]:
        """Grants on roles that are there: shadowed, or not trusted; nothing where it hangs on what is not known."""
        shadowed: dict[str, Verdict] = {}
        limited: dict[str, Verdict] = {}
        untrusted: list[str] = []
        for text in resources:
            pairs = [(holder, role) for holder in self._asked(holders, text) for role in self._named(text)]
            verdicts = [judge_assume(self._estate, holder, role, {}, now=ANY_MOMENT) for holder, role in pairs]
            if any(verdict.outcome == "undetermined" for verdict in verdicts):
                continue
            reasons = {verdict.reason for verdict in verdicts}
            if reasons == {"explicit-deny"} and all(starmap(self._is_denied, pairs)):
                shadowed[text] = verdicts[0]
            elif reasons <= _LIMITS.keys():
                limited[text] = verdicts[0]
            else:
                untrusted.append(text)
        if shadowed:
            first = next(iter(shadowed.values()))
            message = f"grants {listed(shadowed)} in vain: {first.message}"
            yield Found(SHADOWED, statement.at("resources"), message, SHADOWED.hint)
        if limited:
            first = next(iter(limited.values()))
            fix = f"let the {_LIMITS[str(first.reason)]} allow it, or remove the grant"
            message = f"grants {listed(limited)} in vain: {first.message}"
            yield Found(NOT_TRUSTED, statement.at("resources"), message, fix)
        if untrusted:
            message = f"grants {listed(untrusted)}, which lets in none of {listed(holders)}"
            yield Found(NOT_TRUSTED, statement.at("resources"), message, NOT_TRUSTED.hint)

    def _is_denied(self, holder: str, role: str) -> bool:
        """Whether denies keep a holder out, and not just for want of MFA where no trust lets it in anyway.

        A deny of some requests alone shadows a grant where all sides would allow.
        """
        caller, target = self._estate.principal(holder), self._estate.roles.get(role)
        if caller is None or target is None:
            return False
        layers = open_layers(self._estate, caller, target)
        return layers.deny() is not None or layers.obstacle() is None

    def _asked(self, holders: tuple[str, ...], resource: str) -> tuple[str, ...]:
        """Of an exact role the first holder is enough to say why; of a pattern one role may hang on any of them."""
        return holders if has_wildcard(resource) else holders[:1]

    def _named(self, resource: str) -> tuple[str, ...]:
        """The roles that a resource names, or fits."""
        if not has_wildcard(resource):
            return (resource,) if resource in self._estate.roles else ()
        of_account = self._roles.of_account(parse_arn(resource).account)
        return tuple(sorted(arn for arn in of_account if wildcard_match(resource, arn)))

    def _is_judged(self, resource: str) -> bool:
        if not is_arn(resource) or resource.count(":") < 5 or "${" in resource:
            return False
        arn = parse_arn(resource)
        return arn.service == "iam" and arn.resource.startswith("role/") and self._described(arn.account)

    def _described(self, account: str) -> bool:
        return bool(ACCOUNT_ID.match(account)) and account in self._estate.accounts

    def _gets_in(self, holders: tuple[str, ...], resource: str) -> bool:
        pairs = self._reach.pairs
        return any((holder, role) in pairs for role in self._named(resource) for holder in holders)
