"""What a session carries on: which condition keys of a hop follow from the previous hop, and how conditions move back.

A way is a start and roles, each assumed by a session of the one before. The keys of a hop's request are of four kinds:

- *of the session*: tags, source identity, user ID, provider. They follow from the call that created the session, so a
  condition on them moves back to the previous hop;
- *shared*: time and place. They are the same for all hops, so all hops together must be possible;
- *chosen*: session name, external ID, tags to pass, length. Each hop has its own;
- of the role that is assumed: known, or open for each hop by itself.

MFA is of the first kind and does not move back: "The temporary credentials returned by AssumeRole do not include MFA
information in the context"
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_configure-api-require.html). A session carries MFA
false, or no MFA key. All sessions of a way are alike in this.

What sticks: a source identity "persists" and "cannot be changed"
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html), transitive tags
"persist" and cannot be overridden (id_session-tags.html#id_session-tags_role-chaining). From then on both sides of
every hop have to allow ``sts:SetSourceIdentity`` and ``sts:TagSession``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from crossaccount.access.estate.entities import Principal, Role
from crossaccount.access.evaluation.callers import ExternalPrincipal
from crossaccount.access.evaluation.context import CARRIED_IDENTITY, SET_SOURCE_IDENTITY
from crossaccount.access.evaluation.layers import TAG_SESSION, needed
from crossaccount.access.requirements import Atom, Requirements, both
from crossaccount.access.requirements.assume_parameters import SOURCE_IDENTITY, TAG_KEYS
from crossaccount.access.requirements.assume_parameters import TAG as REQUEST_TAG
from crossaccount.access.requirements.requirement import ANY_OF, RESOURCE, Conjunction
from crossaccount.iam.conditions import RequestContext
from crossaccount.iam.request_keys import (
    OF_SERVICE_SESSIONS,
    SETTING_SOURCE_IDENTITY,
    SETTING_TAGS,
    SETTING_TRANSITIVE_TAGS,
    SOURCE_IP,
    THROUGH_VPC,
    issuer,
)

SHARED = THROUGH_VPC | {
    SOURCE_IP,
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:useragent",
}
"""The keys for place and time, which all hops of a way share."""
MFA = frozenset({"aws:multifactorauthpresent", "aws:multifactorauthage"})
TRANSITIVE = "sts:transitivetagkeys"
USER_ID, PRINCIPAL_TAG = "aws:userid", "aws:principaltag/"
PROVIDER = "aws:federatedprovider"
LONGEST_CHAINED = 3600
"""Seconds: "Role chaining limits your AWS CLI or AWS API role session to a maximum of one hour"
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining)."""

Sticky = frozenset[str]
"""What a session carries on to all later sessions: ``sts:SetSourceIdentity`` for a source identity, ``sts:TagSession``
for tags."""
FREE: Sticky = frozenset()
Allowing = Callable[[str], Requirements]
"""The conditions under which both sides of a hop allow an action in addition to ``sts:AssumeRole``."""


class HopCondition(NamedTuple):
    """A condition and its hop, counted from the end of the way: 1 is the last hop."""

    atom: Atom
    by: int


class Moved(NamedTuple):
    """The conditions of a hop itself, and those on the session that makes the call.

    ``for_actions`` are the conditions, of both kinds, of additional actions for what the hop passes.
    """

    own: tuple[HopCondition, ...]
    inherited: tuple[HopCondition, ...] = ()
    for_actions: tuple[HopCondition, ...] = ()


def is_of_session(key: str) -> bool:
    """Whether the previous hop decides a key (in lower case) of a role session's request."""
    if key.startswith(PRINCIPAL_TAG) or key in (USER_ID, CARRIED_IDENTITY, PROVIDER) or key in OF_SERVICE_SESSIONS:
        return True
    prefix = key.partition(":")[0]
    return prefix == "saml" or "." in prefix


@lru_cache(maxsize=65_536)
def is_movable(atom: Atom) -> bool:
    """Whether an atom of a role session's request can move back to the hop that created the session."""
    return atom.is_condition and is_of_session(atom.meaning[1]) and not any("${" in value for value in atom.values)


def expanded(alternatives: Requirements, role: Role) -> list[Conjunction]:
    """The alternatives of a hop from a session to ``role``, written so that conditions on the session are separate
    atoms.

    A comparison of the role's tag with the session's tag is inverted, and an ``AnyOf`` about the session is written
    out. An atom that remains mixed does not move back.
    """
    found: list[Conjunction] = []
    for conjunction in alternatives:
        parts: list[Conjunction] = [()]
        for atom in conjunction:
            options = _options(_turned(atom, role))
            parts = [(*part, *option) for part in parts for option in options]
        found += parts
    return found


def _options(atom: Atom) -> Sequence[Conjunction]:
    if atom.operator == ANY_OF and not atom.negated:
        inner = atom.conjunctions
        if any(is_movable(each) for conjunction in inner for each in conjunction):
            return inner
    return ((atom,),)


_VARIABLE = re.compile(r"\$\{([^,{}'*?$]+)\}")


def _turned(atom: Atom, role: Role) -> Atom:
    """``aws:ResourceTag/team is ${aws:PrincipalTag/team}`` as a condition on the session: its tag equals the role's."""
    if len(atom.values) != 1 or (found := _VARIABLE.search(atom.values[0])) is None:
        return atom
    key, before, after = found[1], atom.values[0][: found.start()], atom.values[0][found.end() :]
    if not is_of_session(key.lower()) or any(sign in before + after for sign in "*?$"):
        return atom
    if atom.operator == RESOURCE:
        known: str | None = atom.key
    elif atom.is_condition and atom.operator.lower() in ("stringequals", "stringlike", "stringnotequals"):
        known = next(iter(role.resource_keys.get(atom.key.lower(), ())), None)
    else:
        known = None
    if known is None or not (known.startswith(before) and known.endswith(after)) or len(known) < len(before + after):
        return atom
    operator = "StringNotEquals" if atom.operator.lower() == "stringnotequals" else "StringEquals"
    value = known[len(before) : len(known) - len(after)]
    return replace(atom, operator=operator, key=key, values=(value,))


def may_carry(role: Role) -> Sticky:
    """What the sessions of a role may carry on: its trust must allow it."""
    found = {TAG_SESSION} if role.may_be_tagged else set()
    if role.trust.unknown or any(each.allows for each in role.trust.about(SET_SOURCE_IDENTITY)):
        found.add(SET_SOURCE_IDENTITY)
    return frozenset(found)


def moved_back(
    caller: Principal,
    role: Role,
    conjunction: Conjunction,
    pending: Sequence[HopCondition],
    allowing: Allowing,
    *,
    before: Sticky,
    after: Sticky,
    hop: int,
) -> Iterator[Moved]:
    """The ways in which a hop with ``conjunction`` can create a session of ``role`` that meets ``pending``.

    ``before`` and ``after`` are what the sessions of the caller and of the role carry. A returned way may still be
    impossible: the caller combines and checks the conditions of a request.
    """
    own: list[HopCondition] = []
    inherited: list[HopCondition] = []
    for atom in conjunction:
        kept = _chosen(atom, before, after)
        if kept is None:
            return
        for each in kept:
            (inherited if each.meaning[1] == CARRIED_IDENTITY and each is not atom else own).append(
                HopCondition(each, hop)
            )
    groups: dict[str, list[HopCondition]] = {}
    for condition in pending:
        groups.setdefault(condition.atom.meaning[1], []).append(condition)
    sets = _Sets(caller, role, conjunction, before, after)
    if not sets.identity_is_required(groups) or not sets.tags_are_required(groups):
        return
    mentioned = {atom.meaning[1] for atom in conjunction if atom.is_condition}
    options = [list(sets.options(key, conditions, mentioned)) for key, conditions in groups.items()]
    for chosen in product(*options):
        found = Moved(
            (*own, *(each for part in chosen for each in part.own)),
            (*inherited, *(each for part in chosen for each in part.inherited)),
        )
        if sets.makes_transitive and not sets.passes_transitive(found.own):
            continue
        if TAG_SESSION in before:
            found = found._replace(inherited=(*found.inherited, *_set_once(found.own)))
        for conditions in _of_actions(found.own, conjunction, allowing, role):
            further = [left for atom in conditions if (left := _chosen(atom, before, after)) is not None]
            if len(further) == len(conditions):
                yield found._replace(for_actions=tuple(HopCondition(atom, hop) for left in further for atom in left))


def _set_once(own: Iterable[HopCondition]) -> Iterator[HopCondition]:
    """Conditions that the passed tags are not transitive in the calling session, because those cannot be set again."""
    for condition in own:
        if not condition.atom.is_condition or condition.atom.holds(_NOTHING):
            continue
        key = condition.atom.meaning[1]
        names = [key[len(REQUEST_TAG) :]] if key.startswith(REQUEST_TAG) else []
        if key == TRANSITIVE and len(condition.atom.values) == 1:
            names = [name for name in condition.atom.values if condition.atom.holds(RequestContext({key: (name,)}))]
        for name in names:
            yield _of_keys("sts:TransitiveTagKeys", name, condition, "ForAllValues:StringNotEquals")


def _chosen(atom: Atom, before: Sticky, after: Sticky) -> tuple[Atom, ...] | None:
    """The rest of a condition on the caller's parameters, given what sticks; None if it cannot be met."""
    if not atom.is_condition:
        return (atom,)
    key = atom.meaning[1]
    if key == SOURCE_IDENTITY and (SET_SOURCE_IDENTITY in before or SET_SOURCE_IDENTITY not in after):
        if atom.holds(_NOTHING):
            return ()
        return (replace(atom, key="aws:SourceIdentity"),) if SET_SOURCE_IDENTITY in before else None
    if key == TRANSITIVE and TAG_SESSION not in after:
        return () if atom.holds(_NOTHING) else None
    return (atom,)


_NOTHING = RequestContext()


class _Sets:
    """What one hop sets in the session that it creates."""

    def __init__(self, caller: Principal, role: Role, conjunction: Conjunction, before: Sticky, after: Sticky) -> None:
        self._caller = caller
        self._role = role
        self._before = before
        self._after = after
        self._needed = needed(conjunction)
        self._transitive = any(
            atom.is_condition and atom.meaning[1] == TRANSITIVE and not atom.holds(_NOTHING) for atom in conjunction
        )
        self.makes_identity = SET_SOURCE_IDENTITY in after and SET_SOURCE_IDENTITY not in before
        self.makes_transitive = TAG_SESSION in after and TAG_SESSION not in before

    @property
    def _service(self) -> str:
        return self._caller.arn if isinstance(self._caller, ExternalPrincipal) and self._caller.service else ""

    def identity_is_required(self, groups: Mapping[str, Sequence[HopCondition]]) -> bool:
        """Whether a condition requires the source identity that the hop sets. Setting one without need only blocks
        hops.
        """
        if self._service in SETTING_SOURCE_IDENTITY:
            return SET_SOURCE_IDENTITY in self._after
        if not self.makes_identity:
            return True
        return not self._service and (CARRIED_IDENTITY in groups or SET_SOURCE_IDENTITY in self._needed)

    def tags_are_required(self, groups: Mapping[str, Sequence[HopCondition]]) -> bool:
        """Whether a condition requires the transitive tags that the hop sets."""
        if self._service in SETTING_TRANSITIVE_TAGS:
            return TAG_SESSION in self._after
        if not self.makes_transitive:
            return True
        return not self._service and (self._transitive or any(key.startswith(PRINCIPAL_TAG) for key in groups))

    def passes_transitive(self, own: Iterable[HopCondition]) -> bool:
        """Whether the hop passes a tag that can be transitive."""
        if self._transitive or self._service in SETTING_TRANSITIVE_TAGS:
            return True
        return any(
            each.atom.is_condition and each.atom.meaning[1].startswith(REQUEST_TAG) and not each.atom.holds(_NOTHING)
            for each in own
        )

    def options(self, key: str, conditions: Sequence[HopCondition], mentioned: set[str]) -> Iterator[Moved]:
        """The ways in which this hop can give its session a key that meets ``conditions``."""
        if key.startswith(PRINCIPAL_TAG):
            yield from self._tag(key, conditions, mentioned)
        elif key == TRANSITIVE:
            yield from self._not_transitive(conditions)
        elif key == USER_ID:
            yield from self._name(conditions)
        elif key == CARRIED_IDENTITY:
            yield from self._identity(conditions)
        elif key == PROVIDER:
            yield from self._provider(conditions)
        elif self._keeps(key):
            yield Moved(tuple(conditions))
        else:
            yield from _as(conditions, None)

    def _tag(self, key: str, conditions: Sequence[HopCondition], mentioned: set[str]) -> Iterator[Moved]:
        """By passing the tag, by the role's own tag if none is passed, or by a transitive tag of the calling session.

        "New session tags override existing assumed role … tags with the same tag key, regardless of case".
        """
        name = key[len(PRINCIPAL_TAG) :]
        request = f"aws:RequestTag/{conditions[0].atom.key[len(PRINCIPAL_TAG) :]}"
        if not self._service or self._service in SETTING_TAGS:
            passed = [HopCondition(replace(each.atom, key=request), each.by) for each in conditions]
            if _hold_of_nothing(passed):
                passed.append(present(request, conditions[0]))
            if self.makes_transitive and self._service not in SETTING_TRANSITIVE_TAGS:
                passed.append(_of_keys("sts:TransitiveTagKeys", name, conditions[0]))
            yield Moved(tuple(passed))
        tested = not mentioned.isdisjoint((REQUEST_TAG + name, TAG_KEYS, TRANSITIVE))
        left_out = (_absent(request, conditions[0]),) if tested else ()
        own = next((value for tag, value in self._role.tags.items() if tag.lower() == name), None)
        yield from (Moved(left_out) for _ in _as(conditions, own))
        if TAG_SESSION in self._before:
            there = (present(f"aws:PrincipalTag/{name}", conditions[0]),) if _hold_of_nothing(conditions) else ()
            yield Moved(left_out, (*conditions, *there))

    def _not_transitive(self, conditions: Sequence[HopCondition]) -> Iterator[Moved]:
        """The tags must not be transitive, neither those that the hop passes nor older ones."""
        passed = tuple(conditions) if TAG_SESSION in self._after else ()
        yield Moved(passed, tuple(conditions) if TAG_SESSION in self._before else ())

    def _name(self, conditions: Sequence[HopCondition]) -> Iterator[Moved]:
        """``aws:userid`` is the role's ID and the session's name."""
        moved = [
            HopCondition(atom, each.by) for each in conditions if (atom := _named(each.atom, self._role)) is not None
        ]
        yield Moved(tuple(moved) if len(moved) == len(conditions) else tuple(conditions))

    def _identity(self, conditions: Sequence[HopCondition]) -> Iterator[Moved]:
        if SET_SOURCE_IDENTITY not in self._after:
            yield from _as(conditions, None)
        elif SET_SOURCE_IDENTITY in self._before:
            yield Moved((), tuple(conditions))
        else:
            moved = [HopCondition(replace(each.atom, key="sts:SourceIdentity"), each.by) for each in conditions]
            if _hold_of_nothing(moved):
                moved.append(present("sts:SourceIdentity", conditions[0]))
            yield Moved(tuple(moved))

    def _provider(self, conditions: Sequence[HopCondition]) -> Iterator[Moved]:
        """The provider key of federated sessions. AWS does not document whether a later session still has it."""
        caller = self._caller
        if isinstance(caller, ExternalPrincipal) and caller.provider:
            yield from _as(conditions, None if caller.service else caller.arn)
        elif isinstance(caller, ExternalPrincipal) or caller.is_role:
            yield Moved((), tuple(conditions))
        else:
            yield from _as(conditions, None)

    def _keeps(self, key: str) -> bool:
        """Whether a session of this hop may have a key of the service or the provider that created it."""
        caller = self._caller
        if not isinstance(caller, ExternalPrincipal) or not caller.provider:
            return False
        return key in OF_SERVICE_SESSIONS if caller.service else key.startswith(f"{issuer(caller.arn)}:")


def _hold_of_nothing(conditions: Iterable[HopCondition]) -> bool:
    """Whether a request without the key meets all conditions."""
    return all(each.atom.holds(_NOTHING) for each in conditions)


def _as(conditions: Sequence[HopCondition], value: str | None) -> Iterator[Moved]:
    """One way without conditions if ``value`` meets all of them, else no way. None means that the key is absent."""
    key = conditions[0].atom.meaning[1]
    context = RequestContext({} if value is None else {key: (value,)})
    if all(each.atom.holds(context) for each in conditions):
        yield Moved(())


def present(key: str, condition: HopCondition) -> HopCondition:
    """The condition that a key is in the request. It names the same policy and statement as ``condition``."""
    return HopCondition(
        replace(condition.atom, operator="Null", key=key, values=("false",), negated=False), condition.by
    )


def _absent(key: str, condition: HopCondition) -> HopCondition:
    return HopCondition(
        replace(condition.atom, operator="Null", key=key, values=("true",), negated=False), condition.by
    )


def _of_keys(key: str, name: str, condition: HopCondition, operator: str = "ForAnyValue:StringEquals") -> HopCondition:
    return HopCondition(
        replace(condition.atom, operator=operator, key=key, values=(name,), negated=False), condition.by
    )


def _named(atom: Atom, role: Role) -> Atom | None:
    """A condition on a session's user ID as one on its session name; None if it cannot be converted.

    Without a value, nothing meets the condition (or everything, with a negated operator). A pattern that no session
    name matches has the same meaning.
    """
    operator = atom.operator.lower()
    if not operator.startswith(("stringequals", "stringlike", "stringnotequals", "stringnotlike")):
        return None
    like = "like" in operator
    fold = "ignorecase" in operator
    names: list[str] = []
    for value in atom.values:
        if not role.unique_id and not value.startswith("*:"):
            return None
        names += [value[2:]] if not role.unique_id else _rests(value, f"{role.unique_id}:", like, fold)
    return replace(atom, key="sts:RoleSessionName", values=tuple(dict.fromkeys(names)) or ("",))


def _rests(pattern: str, prefix: str, like: bool, fold: bool) -> list[str]:
    """The rests of a pattern after its beginning has matched ``prefix``, one for each possible match."""
    if not like:
        taken = pattern.lower().startswith(prefix.lower()) if fold else pattern.startswith(prefix)
        return [pattern[len(prefix) :]] if taken else []
    places = {0}
    for character in prefix:
        reached = set()
        for place in _reached(pattern, places):
            if place < len(pattern) and pattern[place] == "*":
                reached.add(place)
            elif place < len(pattern) and pattern[place] in ("?", character):
                reached.add(place + 1)
        places = reached
    return [pattern[place:] for place in sorted(_reached(pattern, places))]


def _reached(pattern: str, places: set[int]) -> set[int]:
    found = set(places)
    for place in places:
        while place < len(pattern) and pattern[place] == "*":
            place += 1
            found.add(place)
    return found


def _of_actions(
    own: Iterable[HopCondition], conjunction: Conjunction, allowing: Allowing, role: Role
) -> Iterable[Conjunction]:
    """The conditions of additional actions that a hop needs for what it passes on."""
    done = set(needed(conjunction))
    todo = [action for action in needed(each.atom for each in own) if action not in done]
    whole: Requirements = ((),)
    while todo:
        for action in todo:
            whole = both(whole, allowing(action))
        done.update(todo)
        todo = [action for conditions in whole for action in needed(conditions) if action not in done]
    return whole if whole == ((),) else expanded(whole, role)
