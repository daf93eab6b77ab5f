"""The order in which stacks are run: the steps of a job as a graph, each after those whose outcome it needs.

An ``up`` in which something goes is reordered: who names an ARN changes before that ARN disappears. AWS turns the ARN
of a deleted principal in a trust policy into its unique ID, which no later principal of that name meets; a grant on a
deleted role grants nothing, until somebody makes a role of that name. So the stack that stops naming goes first. It
usually also reads the other, which says the opposite: where all that it still names there exists already, it can be
first all the same. Where it needs something new there, the other takes two steps: what is new first, what goes last.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from crossaccount.iam.nearest import did_you_mean
from crossaccount.iam.problem import Problem
from crossaccount.job.loading import Waits
from crossaccount.settings import SettingsError


@dataclass(frozen=True)
class Step:
    """One run of one stack. A stack has more than one step only where a removal has to wait for others."""

    stack: str
    after: frozenset[str] = frozenset()
    """The keys of the steps whose success this one needs."""
    label: str = ""
    exclude: tuple[str, ...] = field(default=())
    """URNs that this step leaves alone."""

    @property
    def key(self) -> str:
        """What other steps know it by."""
        return f"{self.stack}:{self.label}" if self.label else self.stack


def selected(patterns: Collection[str], stacks: Collection[str]) -> list[str]:
    """The stacks that ``patterns`` (names, or wildcards as of a shell) mean, in the order of ``stacks``; none: all.

    Raises:
        SettingsError: a pattern means no stack.
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
    """Each stack after those it reads, as far as they take part."""
    taking_part = list(stacks)
    return [Step(name, reads[name].intersection(taking_part)) for name in taking_part]


def backward(stacks: Iterable[str], reads: Waits) -> list[Step]:
    """Each stack after those that read it: the order of a removal."""
    taking_part = list(stacks)
    readers = {name: frozenset(each for each in taking_part if name in reads[each]) for name in taking_part}
    return [Step(name, readers[name]) for name in reversed(taking_part)]


def all_at_once(stacks: Iterable[str]) -> list[Step]:
    """No stack waits: for what only looks."""
    return [Step(name) for name in stacks]


LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
TRUST = "AssumeRolePolicyDocument"
GRANTS = ("UserPolicyList", "GroupPolicyList", "RolePolicyList", "PolicyVersionList")


@dataclass(frozen=True)
class Account:
    """The ARNs that an account has, and which others its users, groups, roles and policies name, by their own."""

    has: frozenset[str] = frozenset()
    trusts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By role: what its trust policy names."""
    grants: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By entity: what its permission policies name."""

    @property
    def names(self) -> frozenset[str]:
        """Everything that is named anywhere."""
        return frozenset().union(*self.trusts.values(), *self.grants.values())


@dataclass(frozen=True)
class Transition:
    """One stack's account as it is and as it will be."""

    before: Account = field(default_factory=Account)
    after: Account = field(default_factory=Account)

    @property
    def disappearing(self) -> frozenset[str]:
        """The ARNs that disappear and leave their name free. One that only moves to another path is made in one go."""
        kept = {_kind_and_name(arn) for arn in self.after.has}
        return frozenset(arn for arn in self.before.has - self.after.has if _kind_and_name(arn) not in kept)

    @property
    def appearing(self) -> frozenset[str]:
        """The ARNs that are new."""
        return self.after.has - self.before.has


def account_of(details: Mapping[str, Any]) -> Account:
    """What a description in the shape of ``GetAccountAuthorizationDetails`` has and names."""
    entities = _entities(details)
    trusts = {arn: _arns(entity.get(TRUST)) for arn, entity in entities.items()}
    grants = {arn: _arns([entity.get(key) for key in GRANTS]) for arn, entity in entities.items()}
    return Account(frozenset(entities), trusts, grants)


def transitions(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> dict[str, Transition]:
    """By stack: its account's descriptions before and after as a transition. None at all where nothing goes."""
    if not any(_entities(details).keys() - _entities(after[stack]).keys() for stack, details in before.items()):
        return {}
    return {stack: Transition(account_of(details), account_of(after[stack])) for stack, details in before.items()}


def urns_of(arns: Collection[str], state: Mapping[str, Any]) -> tuple[str, ...]:
    """The URNs of the entities with these ARNs in a stack's state, and of everything that belongs to them."""
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


ADDITIONS = "additions"
"""The label of the step of a stack that leaves what goes for a later one."""

PASSING, GRANTED, TRUSTED = 1, 2, 3
"""What it weighs to be changed first: a grant of somebody who goes as well, a grant, a trust."""

Edge = tuple[str, str]
"""Two steps: the first before the second."""


def with_removals(steps: Collection[Step], transitions: Mapping[str, Transition], *, divide: bool = True) -> list[Step]:
    """``steps`` of an ``up``, one for each stack, reordered and divided where something goes that another stack names.

    A stack without a transition is taken to change nothing that others name. Where two stacks would each have to be
    first, a trust counts more than a grant, and a grant of somebody who goes as well counts least. Without ``divide``
    every stack stays in one step, and the order is given up where that does not do.
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
    """The ARNs that a divided stack's first step has to leave: those that go and that somebody else named."""
    others = [step.stack for step in steps if step.stack != stack]
    named = {arn for name in others for arn in transitions.get(name, Transition()).before.names}
    return transitions[stack].disappearing & named


class _Order:
    """Which stack is to come before which, while that is being found out."""

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
        """Each stack that will no longer name something that another takes away, with the other."""
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
        """What comes before what, as things stand."""
        edges = {(_additions(name), name) for name in self._divided}
        for name, upstreams in self._reads.items():
            edges |= {(self.keys(each)[0], self.keys(name)[0]) for each in upstreams if self._waits(name, each)}
        return edges | {(self._without(name, other), other) for name, other in self._first}

    def give_way(self, circle: Collection[str]) -> None:
        """Break a circle of steps: by dividing a stack if that may help, else by giving up what counts least."""
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
        """Whether ``name`` has to wait for the ``upstream`` that it reads: it may have to come first, and can."""
        if (name, upstream) not in self._first or upstream in self._divided:
            return True
        return bool(self._transitions[name].after.names & self._transitions[upstream].appearing)

    def _without(self, name: str, other: str) -> str:
        """The step after which ``name`` no longer names what goes from ``other``."""
        its, disappearing = self._transitions[name], self._transitions[other].disappearing
        last = any(disappearing & named for arn, named in _named_by_entity(its.before) if arn in its.disappearing)
        return self.keys(name)[-1 if last else 0]


def _weight(its: Transition, disappearing: frozenset[str]) -> int:
    """How much it matters that a stack no longer names what goes, before it goes."""
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
