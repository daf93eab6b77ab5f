"""What a user or a role may do, before and after: identity policies (including those of groups) and boundary.

Each layer is compared by itself: what no layer gains, all together do not gain. An Allow counts except for the part
that a Deny of the same time certainly covers. A removed Deny is a gain of everything that it covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from crossaccount.access.diff.change import Change, Kind
from crossaccount.access.diff.coverage import Gap, gaps, is_about_all_of, is_covered, may_be_about
from crossaccount.access.diff.levels import level_of, reading, shown
from crossaccount.access.diff.rules import Rule, rules
from crossaccount.access.estate.entities import Policy, Principal
from crossaccount.access.estate.policies import compiled_policy, is_aws_managed
from crossaccount.access.requirements import NEVER, Requirements, both, either
from crossaccount.access.requirements.requirement import Steps, without
from crossaccount.access.verdict import Decision, Side
from crossaccount.iam.documents import VERSION

_NOUNS: dict[Side, str] = {
    "identity": "",
    "boundary": "permissions boundary ",
    "trust": "",
    "scp": "service control policy ",
    "rcp": "resource control policy ",
}

Limits = tuple[Sequence[Rule], Sequence[Rule]]
"""The rules of a boundary, before and after."""

NO_LIMIT = compiled_policy(
    "no limit", {"Version": VERSION, "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
)
"""A rule without limits."""
_UNLIMITED = {
    "allowed by": "no {what} limits it any more",
    "no longer allowed by": "the new {what} does not allow it",
}


class Part(NamedTuple):
    """One thing that is gained or lost: what, why in words, and on which conditions."""

    gap: Gap
    why: str
    conditions: Requirements


@dataclass(frozen=True)
class Found:
    """The gains and losses of one layer."""

    gained: tuple[Part, ...] = ()
    lost: tuple[Part, ...] = ()


def permission_changes(before: Principal | None, after: Principal | None) -> Iterator[Change]:
    """The gains and losses of a user or role. A principal that does not exist may do nothing."""
    holder = after or before
    assert holder is not None, "somebody is there, before or after"
    limits = _limits(before), _limits(after)
    layers = [compared("identity", before.policies if before else (), after.policies if after else (), limits)]
    if before is not None and after is not None:
        layers.append(compared("boundary", _bounds(before), _bounds(after)))
    for found in layers:
        for kind, parts in (("permission-gained", found.gained), ("permission-lost", found.lost)):
            whole = before is None or after is None
            # A new principal with a Deny loses nothing, and a deleted one gains nothing.
            kept = [part for part in parts if not whole or part.gap.rule.allows]
            yield from (part_change(kind, _ends(holder), part) for part in kept)  # type: ignore[arg-type]
    # Unknown policies are no loss of a new principal, and no gain of a deleted one.
    absent = "permission-lost" if before is None else "permission-gained" if after is None else ""
    yield from (each for each in unknown_changes(_layers(before), _layers(after), holder) if each.kind != absent)


def compared(side: Side, before: Sequence[Policy], after: Sequence[Policy], limits: Limits = ((), ())) -> Found:
    """What one side gains and loses as a whole; ``limits`` are the rules of a boundary, before and after."""
    old, new = list(rules(side, before)), list(rules(side, after))
    return compared_rules(old, new, limits)


def compared_rules(old: Sequence[Rule], new: Sequence[Rule], limits: Limits = ((), ())) -> Found:
    """What rules gain and lose."""
    old_allows, old_denies = _by_effect(old)
    new_allows, new_denies = _by_effect(new)
    return Found(
        gained=(
            *_explained(_effective(gaps(new_allows, old_allows), new_denies), "allowed by", new_denies, limits[1]),
            *_explained(gaps(old_denies, new_denies), "no longer denied by", new_denies, limits[1]),
        ),
        lost=(
            *_explained(
                _effective(gaps(old_allows, new_allows), old_denies), "no longer allowed by", old_denies, limits[0]
            ),
            *_explained(gaps(new_denies, old_denies), "denied by", old_denies, limits[0]),
        ),
    )


def unknown_changes(before: Iterable[Policy], after: Iterable[Policy], holder: Principal) -> Iterator[Change]:
    """An added or removed unknown policy may allow or deny anything."""
    old, new = ([policy for policy in policies if policy.unknown] for policies in (before, after))
    changed = [
        *((each, "no longer") for each in old if each not in new),
        *((each, "now") for each in new if each not in old),
    ]
    for policy, which in changed:
        yield from both_ways(holder, f"{policy.name} is {which} a policy that cannot be judged: {policy.unknown}")


def both_ways(holder: Principal, why: str) -> Iterator[Change]:
    """A gain and a loss, because the effect is unknown."""
    principal, role = _ends(holder)
    yield Change("permission-gained", principal, role, actions=("*",), resources=("*",), why=why)
    yield Change("permission-lost", principal, role, actions=("*",), resources=("*",), why=why)


def statement_words(decision: Decision) -> str:
    """A statement for people: ``AssumeIt[0]``, ``trust policy[0]``, ``permissions boundary Limits[0]``."""
    return f"{_NOUNS[decision.side]}{decision.policy.rsplit('/', 1)[-1]}[{decision.statement}]"


def _effective(found: Iterable[Gap], denies: Sequence[Rule]) -> Iterator[Gap]:
    """The parts that no Deny certainly covers."""
    for gap in found:
        if not denies or not is_covered(gap.rule, denies):
            yield gap


def _explained(found: Iterable[Gap], words: str, denies: Sequence[Rule], limits: Sequence[Rule]) -> Iterator[Part]:
    for gap in found:
        decision = gap.rule.decision
        unlimited = decision.policy == NO_LIMIT.name
        what = _NOUNS[decision.side].strip()
        why = _UNLIMITED[words].format(what=what) if unlimited else f"{words} {statement_words(decision)}"
        yield Part(gap, why, _conditions_of(gap, denies, limits))


def _conditions_of(gap: Gap, denies: Sequence[Rule], bounds: Sequence[Rule] = ()) -> Requirements:
    """The conditions for the calls in ``gap``, under ``denies`` and ``bounds``.

    They are never too strict: every principal that gains a call meets them. A Deny counts if it covers the whole gap.
    ``bounds`` are the rules of a boundary, which counts if each of its statements covers the whole gap or none of it.
    """
    limiting = [rule for rule in bounds if not rule.allows]
    denying = [deny.conditions for deny in (*denies, *limiting) if is_about_all_of(deny, gap)]
    steps = Steps()
    found = without(gap.rule.alternatives, denying, steps)
    allowing = [rule for rule in bounds if rule.allows and may_be_about(rule, gap)]
    if allowing and all(is_about_all_of(rule, gap) for rule in allowing):
        found = both(found, either(*(rule.alternatives for rule in allowing), steps=steps), steps)
    # If no condition remains possible, the statement has no effect; its own conditions are shown.
    return gap.rule.alternatives if found == NEVER else found


def _by_effect(found: Sequence[Rule]) -> tuple[list[Rule], list[Rule]]:
    return [rule for rule in found if rule.allows], [rule for rule in found if not rule.allows]


def _bounds(principal: Principal) -> tuple[Policy, ...]:
    return (principal.boundary,) if principal.boundary is not None else (NO_LIMIT,)


def _limits(principal: Principal | None) -> Sequence[Rule]:
    """The rules of a known boundary."""
    boundary = principal.boundary if principal else None
    return () if boundary is None or boundary.unknown else list(rules("boundary", (boundary,)))


def _layers(principal: Principal | None) -> tuple[Policy, ...]:
    if principal is None:
        return ()
    return (*principal.policies, *((principal.boundary,) if principal.boundary else ()))


def part_change(kind: Kind, ends: tuple[str | None, str | None], part: Part) -> Change:
    """A part as a change of a principal or a role."""
    principal, role = ends
    gained = kind == "permission-gained"
    gap, conditions = part.gap, part.conditions
    return Change(
        kind,
        principal,
        role,
        before=None if gained else conditions,
        after=conditions if gained else None,
        actions=shown(gap.actions),
        resources=tuple(sorted(gap.resources)),
        access_level=level_of(gap.rule.decision.policy, gap.actions),
        why=part.why,
        whole=_whole(gap),
    )


_MANY = 20
"""With more actions than this, the name of the policy is shown instead."""


def _whole(gap: Gap) -> str:
    """The policy of AWS's own of whose statement these are all actions, in words; empty for any other, or a short one.

    For a policy that only reads, the text says how many actions do more than read.
    """
    policy, rule = gap.rule.decision.policy, gap.rule
    if not is_aws_managed(policy) or len(rule.written) <= _MANY or rule.actions_inverted:
        return ""
    if {each.lower() for each in rule.written} != {each.lower() for each in gap.actions}:
        return ""
    found = reading(policy, gap.actions)
    level = level_of(policy, gap.actions) or "unknown"
    return f"{policy.rpartition('/')[2]} ({level}{f'; {found}' if found and found.more else ''})"


def _ends(holder: Principal) -> tuple[str | None, str | None]:
    return (None, holder.arn) if holder.is_role else (holder.arn, None)
