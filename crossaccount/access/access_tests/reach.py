"""Whether a principal reaches a role by any way: in one call, or through other roles.

A way counts if its conditions can be met. ``context`` limits that: its keys for the principal's own request, and for
time and place, are fixed; all others may have any value. Ways that depend on an unknown policy, or on grants of an
account without a source, are *undetermined*.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from crossaccount.access.access_tests.parse import AccessTest
from crossaccount.access.chains import Chains
from crossaccount.access.chains.session import MFA, SHARED
from crossaccount.access.chains.way import Conditions, Hop, flat
from crossaccount.access.estate.entities import Principal
from crossaccount.access.evaluation.callers import ASSUME_ROLE, EVERYONE, ExternalPrincipal, external_principal
from crossaccount.access.evaluation.evaluate import caller_of, judge_assume
from crossaccount.access.paths.path import grant_unknown
from crossaccount.access.requirements.requirement import UNKNOWN
from crossaccount.access.verdict import Verdict
from crossaccount.iam.arn import root_arn
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue, normal


class Reached(NamedTuple):
    """The verdict, and the roles of the deciding way; no roles for a direct path or a denial."""

    verdict: Verdict
    via: tuple[str, ...] = ()


def judge_reach(chains: Chains, test: AccessTest, now: datetime) -> Reached:
    """Judge whether the principal of a test reaches its role by any way."""
    estate = chains.estate
    caller = caller_of(estate, test.principal_arn) or external_principal(test.principal_arn, estate.accounts)
    if caller is None or test.role_arn not in estate.roles:
        return Reached(judge_assume(estate, test.principal_arn, test.role_arn, test.context, now=now))
    given = _Given.of({**_times(test), **test.context})
    maybe: Reached | None = None
    for start, via, conditions in _ways(chains, caller, test.role_arn):
        if not given.allows(conditions):
            continue
        stops = " → ".join((test.principal_arn, *via, test.role_arn))
        outside = external_principal(start, estate.accounts)
        left = grant_unknown(outside) if outside is not None else ""
        left = left or next((atom.values[0] for atom in flat(conditions) if atom.operator == UNKNOWN), "")
        if not left:
            return Reached(Verdict("allowed", ASSUME_ROLE, f"it gets there: {stops}"), via)
        sentence = f"whether {stops} works is unknown: {left}"
        maybe = maybe or Reached(Verdict("undetermined", ASSUME_ROLE, sentence, unknown=(left,)), via)
    denied = f"no way leads from {test.principal_arn} to {test.role_arn}"
    return maybe or Reached(Verdict("denied", ASSUME_ROLE, denied))


def _times(test: AccessTest) -> Mapping[str, ContextValue]:
    """The keys of the moment that a test says; nothing where a way may be at any time."""
    if test.at is None:
        return {}
    return {"aws:CurrentTime": f"{test.at:%Y-%m-%dT%H:%M:%SZ}", "aws:EpochTime": str(int(test.at.timestamp()))}


def _ways(chains: Chains, caller: Principal, role_arn: str) -> Iterator[tuple[str, tuple[str, ...], Conditions]]:
    """Each alternative of each way, direct paths first: the start, the roles and the conditions."""
    every = _Starts(caller)
    for path in chains.paths_to(role_arn):
        if every.has(path.principal):
            for alternative in path.alternatives:
                yield path.principal, (), tuple(Hop(1, atom, 1) for atom in alternative)
    for way in chains.every(role_arn):
        if every.has(way.principal):
            yield from ((way.principal, way.via, conditions) for conditions in way.alternatives)


class _Starts(NamedTuple):
    """The starts of ``caller``; for an account without a source also those of the whole account."""

    caller: Principal

    def has(self, start: str) -> bool:
        """Whether the caller is, or may be, one of the principals of ``start``."""
        if start == self.caller.arn:
            return True
        if not isinstance(self.caller, ExternalPrincipal) or self.caller.provider:
            return False
        wide = {EVERYONE, root_arn(self.caller.account, _partition(self.caller))} if self.caller.account else {EVERYONE}
        return start in wide or start.startswith("o-")


def _partition(caller: Principal) -> str:
    return caller.partition if caller.arn.startswith("arn:") else "aws"


class _Given(NamedTuple):
    """The keys that a test gives, as a context."""

    context: RequestContext
    keys: frozenset[str]

    @classmethod
    def of(cls, context: Mapping[str, ContextValue]) -> _Given:
        """The keys of a test's ``context``. Without MFA there is no MFA age either."""
        keys = frozenset(normal(context))
        found = RequestContext.of(context)
        if found.get(_MFA_PRESENT) != ("true",) and _MFA_PRESENT in keys:
            keys |= MFA
        return cls(found, keys)

    def allows(self, conditions: Conditions) -> bool:
        """Whether the given keys meet the conditions or leave them open."""
        return all(each.atom.holds(self.context) is not False for each in conditions if self._is_given(each))

    def _is_given(self, hop: Hop) -> bool:
        atom = hop.atom
        if not atom.is_condition or not atom.condition.keys <= self.keys:
            return False
        return hop.number == 1 or atom.meaning[1] in SHARED


_MFA_PRESENT = "aws:multifactorauthpresent"
