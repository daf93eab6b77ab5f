"""Every simple way of a small estate, call by call, with the definite evaluator and a model of what a session carries.

It shares nothing with the search: it tries values, one call after the other. What a session carries is written down
here once more, from the IAM User Guide: session tags override the role's own, transitive ones stay and cannot be set
again, a source identity stays, and while one of the two is there each call needs its action on both sides.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from typing import Any, NamedTuple

from crossaccount.access.estate import Estate
from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.context import NO_SESSION, assume_context
from crossaccount.access.evaluation.evaluate import judge_assume_in
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.conditions.context import ContextValue

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MFA = "aws:MultiFactorAuthPresent"


class Circumstances(NamedTuple):
    """What all calls of a way have in common: the address and what sessions say of MFA; ``mfa`` is what a user says."""

    address: str
    of_sessions: str | None
    mfa: str | None


@dataclass(frozen=True)
class Held:
    """A session of ``role``, or ``role`` is a user who calls himself."""

    role: Principal
    name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: frozenset[str] = frozenset()
    identity: str | None = None

    @property
    def key(self) -> Hashable:
        return self.role.arn, self.name, tuple(sorted(self.tags.items())), self.transitive, self.identity

    def implies(self, around: Circumstances) -> dict[str, ContextValue]:
        """What a call with it says of who calls."""
        keys: dict[str, ContextValue] = {"aws:SourceIp": around.address}
        if not isinstance(self.role, Role):
            return keys | ({MFA: around.mfa} if around.mfa else {})
        keys["aws:userid"] = f"{self.role.unique_id}:{self.name}"
        keys |= {f"aws:PrincipalTag/{key}": value for key, value in self.tags.items()}
        if self.identity is not None:
            keys["aws:SourceIdentity"] = self.identity
        return keys | ({MFA: around.of_sessions} if around.of_sessions else {})


Tag = tuple[str, str]
"""A session tag, by name and value."""


class Call(NamedTuple):
    """What is chosen for one call."""

    name: str
    external_id: str | None
    tag: Tag | None
    transitive: bool
    identity: str | None


class Run(NamedTuple):
    """Calls that all succeeded: the principals from the start to the role, and the context of each call."""

    stops: tuple[str, ...]
    contexts: tuple[RequestContext, ...]


class Model:
    """The simple ways of one estate, of at most so many hops. Of calls that get equal sessions one is kept."""

    def __init__(self, estate: Estate, most_hops: int) -> None:
        self._estate = estate
        self._most_hops = most_hops
        self._known: dict[Hashable, list[tuple[Held, RequestContext]]] = {}
        self._asked = _asked(estate)
        self._calls = [
            Call(*each)
            for each in product(
                self._where("sts:rolesessionname", "aws:userid", other="sess", values=("bob", "eve")),
                self._where("sts:externalid", values=("x",)),
                (*self._where("tag", values=(("team", "red"), ("team", "blue"))), *self._other_tag()),
                self._where("sts:transitivetagkeys", "aws:principaltag/team", other=False, values=(True,)),
                self._where("identity", values=("alice", "eve")),
            )
            if each[2] is not None or not each[3]
        ]
        self._around = [
            Circumstances(*each)
            for each in product(
                self._where("aws:sourceip", other="10.0.0.1", values=("192.0.2.1",)),
                self._where("mfa", "multifactor", values=("false",)),
                self._where("multifactor", values=("true", "false")),
            )
        ]
        self._trusts = {
            arn: {
                entry
                for each in role.trust.statements
                if each.allows and each.principal
                for entry in each.principal.aws
            }
            for arn, role in estate.roles.items()
        }

    def _where(self, *asked: str, other: Any = None, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """What to try of something: ``values`` as well where a policy asks for a key with one of these words in it."""
        return (other, *values) if any(word in key for word in asked for key in self._asked) else (other,)

    def _other_tag(self) -> tuple[Tag, ...]:
        """A tag of another name, where a policy asks which names there are."""
        return (("other", "x"),) if "aws:tagkeys" in self._asked else ()

    def runs(self, start: Principal) -> Iterator[Run]:
        """All ways of a start."""
        for each in self._around:
            if isinstance(start, Role) and each.mfa:
                continue
            for held in _sessions_of(start):
                yield from self._onward(held, each, Run((start.arn,), ()), self._most_hops)

    def _onward(self, held: Held, around: Circumstances, run: Run, left: int) -> Iterator[Run]:
        for role in self._estate.roles.values() if left else ():
            if role.arn in run.stops:
                continue
            for session, context in self._answers(held, role, around):
                longer = Run((*run.stops, role.arn), (*run.contexts, context))
                yield longer
                yield from self._onward(session, around, longer, left - 1)

    def _answers(self, held: Held, role: Role, around: Circumstances) -> list[tuple[Held, RequestContext]]:
        """The calls for a role that succeed, with the session of each. Who is not named by a trust is not tried."""
        account = held.role.account
        if self._trusts[role.arn].isdisjoint({held.role.arn, account, f"arn:aws:iam::{account}:root", "*"}):
            return []
        key = (held.key, role.arn, around)
        if key not in self._known:
            tried = [_tried(self._estate, held, role, call, around) for call in self._calls]
            found = {each[0].key: each for each in reversed(tried) if each is not None}
            self._known[key] = list(found.values())
        return self._known[key]


def _asked(estate: Estate) -> set[str]:
    """The condition keys that any policy asks for."""
    principals = (*estate.users.values(), *estate.roles.values())
    policies = [policy for each in principals for policy in each.policies]
    policies += [role.trust for role in estate.roles.values()]
    conditions = (condition for policy in policies for each in policy.statements for condition in each.conditions)
    return {key for condition in conditions for key in condition.keys}


def _sessions_of(start: Principal) -> Iterator[Held]:
    """The sessions as which a start may come: of a role, with whatever its own trust lets somebody pass."""
    if not isinstance(start, Role):
        yield Held(start)
        return
    may_set = any(each.allows for each in start.trust.about("sts:SetSourceIdentity"))
    must_set = "sts:SetSourceIdentity" in start.carried_actions
    identities = [None, "alice", "eve"] if may_set or must_set else [None]
    tags: list[tuple[str | None, bool]] = [(None, False)]
    if start.may_be_tagged or "sts:TagSession" in start.carried_actions:
        tags += product(("red", "blue"), (False, True))
    for name, identity, (tag, transitive) in product(("sess", "bob"), identities, tags):
        carried = {
            "sts:SetSourceIdentity": identity is not None,
            "sts:TagSession": transitive,
        }
        if all(carried[action] for action in start.carried_actions):
            passed = {} if tag is None else {"team": tag}
            yield Held(start, name, passed, frozenset({"team"} if transitive else ()), identity)


def _tried(
    estate: Estate, held: Held, role: Role, call: Call, around: Circumstances
) -> tuple[Held, RequestContext] | None:
    """The session that a call gets, with the call's context; None where it is denied."""
    if call.tag is not None and call.tag[0] in held.transitive:
        return None  # a transitive tag cannot be set again
    if call.identity is not None and held.identity not in (None, call.identity):
        return None
    keys = held.implies(around) | {"sts:RoleSessionName": call.name}
    actions = {"sts:AssumeRole"}
    if call.external_id is not None:
        keys["sts:ExternalId"] = call.external_id
    if call.tag is not None:
        name, value = call.tag
        keys |= {f"aws:RequestTag/{name}": value, "aws:TagKeys": (name,)}
        keys |= {"sts:TransitiveTagKeys": (name,)} if call.transitive else {}
    if call.tag is not None or held.transitive:
        actions.add("sts:TagSession")
    if call.identity is not None:
        keys["sts:SourceIdentity"] = call.identity
    if call.identity is not None or held.identity is not None:
        actions.add("sts:SetSourceIdentity")
    context = assume_context(held.role, keys, NO_SESSION, NOW, role)
    for action in sorted(actions):
        if not judge_assume_in(estate, held.role, role, context, NO_SESSION, action).allowed:
            return None
    kept = {key: held.tags[key] for key in held.transitive}
    passed = dict([call.tag]) if call.tag is not None else {}
    transitive = held.transitive | (set(passed) if call.transitive else set())
    identity = held.identity if held.identity is not None else call.identity
    return Held(role, call.name, {**kept, **passed}, transitive, identity), context
