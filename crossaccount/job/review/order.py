"""The order in which stacks run: the steps of a job as a graph, each after those whose outcome it needs.

An ``up`` that deletes entities is reordered: the stacks that name an ARN are updated before the ARN disappears. AWS
replaces the ARN of a deleted principal in a trust policy by its unique ID, which no later principal of that name
matches. A grant on a deleted role becomes effective again if somebody creates a role of that name. So the stack that
stops naming the ARN is updated first. That stack usually also reads the other one, which demands the opposite order. If
everything that it still names there already exists, it can be first nevertheless. If it needs something new there, the
other stack takes two steps: it creates first, and deletes last.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.job.loading import Waits
from crossaccount.settings import SettingsError


@dataclass(frozen=True)
class Step:
    """One run of one stack. A stack has more than one step only if a deletion has to wait for other stacks."""

    stack: str
    after: frozenset[str] = frozenset()
    """The keys of the steps whose success this one needs."""
    label: str = ""
    exclude: tuple[str, ...] = field(default=())
    """The URNs that this step excludes."""

    @property
    def key(self) -> str:
        """The key of this step."""
        return f"{self.stack}:{self.label}" if self.label else self.stack


def selected(patterns: Collection[str], stacks: Collection[str]) -> list[str]:
    """The stacks that ``patterns`` (names or shell patterns) select, in the order of ``stacks``; no pattern selects
    all.

    Raises:
        SettingsError: a pattern selects no stack.
    """
    problems = [
        Problem("STACK", "no such stack in the project", pattern, did_you_mean(pattern, stacks, "see Pulumi.*.yaml"))
        for pattern in patterns
        if not fnmatch.filter(stacks, pattern)
    ]
    if problems:
        raise SettingsError(problems)
    return [name for name in stacks if not patterns or any(fnmatch.fnmatchcase(name, each) for each in patterns)]


def forward(stacks: Iterable[str], reads: Waits) -> list[Step]:
    """A step for each stack, after the selected stacks that it reads."""
    taking_part = list(stacks)
    return [Step(name, reads[name].intersection(taking_part)) for name in taking_part]


def backward(stacks: Iterable[str], reads: Waits) -> list[Step]:
    """A step for each stack, after the selected stacks that read it: the order of a destroy."""
    taking_part = list(stacks)
    readers = {name: frozenset(each for each in taking_part if name in reads[each]) for name in taking_part}
    return [Step(name, readers[name]) for name in reversed(taking_part)]


def all_at_once(stacks: Iterable[str]) -> list[Step]:
    """A step for each stack, none of which waits: for verbs that only read."""
    return [Step(name) for name in stacks]


LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
TRUST = "AssumeRolePolicyDocument"
GRANTS = ("UserPolicyList", "GroupPolicyList", "RolePolicyList", "PolicyVersionList")


@dataclass(frozen=True)
class Account:
    """The ARNs of an account's entities, and the ARNs that they name."""

    has: frozenset[str] = frozenset()
    trusts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By role: the ARNs that its trust policy names."""
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By entity: the ARNs that its permission policies name."""

    @property
    def names(self) -> frozenset[str]:
        """All ARNs that any policy names."""
        return frozenset().union(*self.trusts.values(), *self.grants.values())


@dataclass(frozen=True)
class Transition:
    """One stack's account before and after the update."""

    before: Account = field(default_factory=Account)
    after: Account = field(default_factory=Account)

    @property
    def disappearing(self) -> frozenset[str]:
        """The ARNs that disappear and free their name. An entity that only changes its path is not one of them."""
        kept = {_kind_and_name(arn) for arn in self.after.has}
        return frozenset(arn for arn in self.before.has - self.after.has if _kind_and_name(arn) not in kept)

    @property
    def appearing(self) -> frozenset[str]:
        """The ARNs that are new."""
        return self.after.has - self.before.has


def account_of(details: Mapping[str, Any]) -> Account:
    """The ARNs of a description in the shape of ``GetAccountAuthorizationDetails``."""
    entities = _entities(details)
    trusts = {arn: _arns(entity.get(TRUST)) for arn, entity in entities.items()}
    grants = {arn: _arns([entity.get(key) for key in GRANTS]) for arn, entity in entities.items()}
    return Account(frozenset(entities), trusts, grants)


def transitions(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> dict[str, Transition]:
    """By stack: the transition of its account. Empty if no ARN disappears."""
    if not any(_entities(details).keys() - _entities(after[stack]).keys() for stack, details in before.items()):
        return {}
    return {stack: Transition(account_of(details), account_of(after[stack])) for stack, details in before.items()}


def urns_of(arns: Collection[str], state: Mapping[str, Any]) -> tuple[str, ...]:
    """The URNs of these entities in a stack's state, and of everything that depends on them."""
    resources = state.get("resources") or ()
    found = {each["urn"] for each in resources if (each.get("outputs") or {}).get("arn") in set(arns)}
    size = -1
    while len(found) != size:
        size = len(found)
        found |= {each["urn"] for each in resources if each.get("parent") in found}
    return tuple(each["urn"] for each in resources if each["urn"] in found)


def _kind_and_name(arn: str) -> tuple[str, str]:
    resource = arn.split(":", 5)[5]
    return resource.partition("/")[0], resource.rpartition("/")[2]


def _entities(details: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(entity["Arn"]): entity for key in LISTS for entity in details.get(key) or ()}


def _arns(documents: Any) -> frozenset[str]:
    return frozenset(text for text in _texts(documents) if text.startswith("arn:") and ":iam::" in text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


WIDENING = "wider"
"""The label of the step of a stack that postpones what restricts."""


@dataclass(frozen=True)
class Restricting:
    """How the control policies of one stack change. ``narrows`` are the URNs of the resources that allow less."""

    widens: bool
    narrows: frozenset[str]
    divisible: bool
    """Whether the stack was deployed before, so that its update can leave resources out."""


def with_control_policies(
    steps: Sequence[Step], restricting: Mapping[str, Restricting], *, divide: bool = True
) -> list[Step]:
    """The ``steps`` of an ``up``, in which control policies that allow more come first and those that allow less last.

    A stack that does both is divided, unless its first step exists already or ``divide`` is false. Dependencies
    have precedence: a stack that reads such a stack comes after it.
    """
    found = {step.key: step for step in steps}
    for stack, how in restricting.items():
        keys = [key for key, step in found.items() if step.stack == stack]
        if not keys or not (how.widens or how.narrows):
            continue
        both = how.widens and bool(how.narrows)
        if both and divide and how.divisible and len(keys) == 1:
            last = found.pop(keys[0])
            first = replace(last, label=WIDENING, exclude=tuple(sorted(how.narrows)))
            found |= {first.key: first, last.key: replace(last, after=last.after | {first.key})}
            keys = [first.key, last.key]
        elif len(keys) > 1 and how.narrows:
            first = found[keys[0]]
            found[first.key] = replace(first, exclude=tuple(sorted({*first.exclude, *how.narrows})))
        if how.narrows:
            _wait(found, keys[-1], [key for key, step in found.items() if step.stack != stack])
        if how.widens and (len(keys) > 1 or not how.narrows):
            for key in [key for key, step in found.items() if step.stack != stack]:
                _wait(found, key, [keys[0]])
    return list(found.values())


def _wait(steps: dict[str, Step], key: str, others: Iterable[str]) -> None:
    """Let one step wait for others, as far as none of them waits for it."""
    after = frozenset(other for other in others if key not in _needed(steps, other))
    steps[key] = replace(steps[key], after=steps[key].after | after)


def _needed(steps: Mapping[str, Step], key: str) -> set[str]:
    """The steps that a step waits for, directly or not."""
    found: set[str] = set()
    left = [key]
    while left:
        for other in steps[left.pop()].after - found:
            found.add(other)
            left.append(other)
    return found


ADDITIONS = "additions"
"""The label of the step of a stack that postpones deletions."""

PASSING, GRANTED, TRUSTED = 1, 2, 3
"""How important it is to be updated first: a grant of a disappearing entity, a grant, a trust."""

Edge = tuple[str, str]
"""Two steps: the first before the second."""


def with_removals(steps: Collection[Step], transitions: Mapping[str, Transition], *, divide: bool = True) -> list[Step]:
    """The ``steps`` of an ``up``, reordered and divided if a stack deletes something that another stack names.

    A stack without a transition is assumed to delete nothing that others name. If two stacks would each have to be
    first, a trust counts more than a grant, and a grant of a disappearing entity counts least. Without ``divide`` every
    stack stays in one step, and a circle is broken at the least important place.
    """
    order = _Order(steps, transitions, divide)
    while circle := _circle(order.edges()):
        order.give_way(circle)
    edges = order.edges()
    keys = [key for step in steps for key in order.keys(step.stack)]
    return [_step(key, edges) for key in keys]


def disappearing_and_named(
    steps: Collection[Step], transitions: Mapping[str, Transition], stack: str
) -> frozenset[str]:
    """The ARNs that the first step of a divided stack must not delete: disappearing ones that another stack names."""
    others = [step.stack for step in steps if step.stack != stack]
    named = {arn for name in others for arn in transitions.get(name, Transition()).before.names}
    return transitions[stack].disappearing & named


class _Order:
    """Finds which step has to come before which."""

    def __init__(self, steps: Collection[Step], transitions: Mapping[str, Transition], divide: bool) -> None:
        self._may_divide = divide
        self._reads = {step.stack: step.after for step in steps}
        self._transitions = {step.stack: transitions.get(step.stack, Transition()) for step in steps}
        self._first = {
            (name, other): _weight(self._transitions[name], self._transitions[other].disappearing)
            for name, other in self._naming_disappearing()
        }
        self._divided: set[str] = set()

    def _naming_disappearing(self) -> set[Edge]:
        """Pairs of a stack that stops naming an ARN and the stack that deletes it."""
        lost: dict[str, list[str]] = {}
        for name, its in self._transitions.items():
            for arn in its.before.names - its.after.names:
                lost.setdefault(arn, []).append(name)
        taken = [(arn, other) for other, theirs in self._transitions.items() for arn in theirs.disappearing]
        return {(name, other) for arn, other in taken for name in lost.get(arn, ()) if name != other}

    def keys(self, stack: str) -> list[str]:
        """The steps of a stack, in their order."""
        return [_additions(stack), stack] if stack in self._divided else [stack]

    def edges(self) -> set[Edge]:
        """The present edges of the graph."""
        edges = {(_additions(name), name) for name in self._divided}
        for name, upstreams in self._reads.items():
            edges |= {(self.keys(each)[0], self.keys(name)[0]) for each in upstreams if self._waits(name, each)}
        return edges | {(self._without(name, other), other) for name, other in self._first}

    def give_way(self, circle: Collection[str]) -> None:
        """Break a circle of steps: divide a stack if that may help, else drop the least important edge."""
        stacks = {key.partition(":")[0] for key in circle}
        within = {edge: weight for edge, weight in self._first.items() if stacks.issuperset(edge)}
        if not within:
            raise ValueError(f"stacks read each other in a circle: {sorted(stacks)}")
        lightest = min(within, key=lambda edge: (within[edge], edge))
        to_divide = sorted({other for _, other in within} - self._divided)
        if self._may_divide and within[lightest] > PASSING and to_divide:
            self._divided.add(to_divide[0])
        else:
            del self._first[lightest]

    def _waits(self, name: str, upstream: str) -> bool:
        """Whether ``name`` has to wait for the ``upstream`` that it reads."""
        if (name, upstream) not in self._first or upstream in self._divided:
            return True
        return bool(self._transitions[name].after.names & self._transitions[upstream].appearing)

    def _without(self, name: str, other: str) -> str:
        """The step after which ``name`` no longer names what disappears from ``other``."""
        its, disappearing = self._transitions[name], self._transitions[other].disappearing
        last = any(disappearing & named for arn, named in _named_by_entity(its.before) if arn in its.disappearing)
        return self.keys(name)[-1 if last else 0]


def _weight(its: Transition, disappearing: frozenset[str]) -> int:
    """How important it is that a stack stops naming what disappears before it disappears."""
    lost = disappearing & (its.before.names - its.after.names)
    if any(lost & named for named in its.before.trusts.values()):
        return TRUSTED
    stays = any(lost & named for arn, named in its.before.grants.items() if arn not in its.disappearing)
    return GRANTED if stays else PASSING


def _named_by_entity(account: Account) -> Iterator[tuple[str, frozenset[str]]]:
    yield from account.trusts.items()
    yield from account.grants.items()


def _circle(edges: Collection[Edge]) -> list[str]:
    graph: dict[str, set[str]] = {}
    for before, after in edges:
        graph.setdefault(after, set()).add(before)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[1:]
    return []


def _step(key: str, edges: Collection[Edge]) -> Step:
    stack, _, label = key.partition(":")
    return Step(stack, frozenset(before for before, after in edges if after == key), label)


def _additions(name: str) -> str:
    return f"{name}:{ADDITIONS}"
