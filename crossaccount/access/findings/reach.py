"""Indexes of paths and of the holders of documents; findings on role chains and on circles of roles.

The session of a chained role lasts at most one hour, whatever the role's own maximum
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining). In a circle each session can be
renewed for ever before it ends: revoking the first one is not enough
(https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/). One circle is reported for each strongly
connected component of roles: R. Tarjan, Depth-first search and linear graph algorithms (1972), without recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from crossaccount.access.estate import Estate
from crossaccount.access.estate.policies import Details
from crossaccount.access.findings.finding import Found, Kind, Place
from crossaccount.access.verdict import Decision
from crossaccount.iam.arn import parse_arn
from crossaccount.iam.durations import duration_text
from crossaccount.iam.quotas import CHAINED_SESSION_DURATION


class PathLike(Protocol):
    """What closure needs of a path."""

    @property
    def principal(self) -> str:
        """The principal: a user, a role, an account, an organisation or a provider."""

    @property
    def role(self) -> str:
        """The ARN of the role."""

    @property
    def trust(self) -> tuple[Decision, ...]:
        """The statements of the trust that allow it."""


@dataclass(frozen=True)
class Reach:
    """All paths of an estate, indexed. ``trusts`` are role and statement label of every trust with a path."""

    by_role: Mapping[str, Sequence[str]]
    trusts: frozenset[tuple[str, str]]
    _principals: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, paths: Iterable[PathLike]) -> Reach:
        """The index of these paths. Most paths of a role have the same statements of its trust, as one object."""
        by_role: dict[str, list[str]] = {}
        trusts: set[tuple[str, str]] = set()
        last: tuple[str, tuple[Decision, ...]] = "", ()
        for path in paths:
            role, trust = path.role, path.trust
            by_role.setdefault(role, []).append(path.principal)
            if trust is not last[1] or role != last[0]:
                last = role, trust
                trusts.update((role, decision.statement) for decision in trust)
        return cls(by_role, frozenset(trusts))

    def has(self, principal: str, role: str) -> bool:
        """Whether a principal has a path to a role."""
        found = self._principals.get(role)
        if found is None:
            found = self._principals[role] = frozenset(self.by_role.get(role, ()))
        return principal in found


class Holders:
    """The users and roles that hold a document, by the ARN of its owner and, for inline policies, its name."""

    def __init__(self, details: Iterable[Details]) -> None:
        self._members: dict[str, list[str]] = {}
        self._attached: dict[str, list[str]] = {}
        for account in details:
            self._add(account)

    def of(self, owner: str) -> tuple[str, ...]:
        """The users and roles that a document of ``owner`` (an entity or a managed policy) applies to, by ARN."""
        kind = parse_arn(owner).kind
        if kind == "group":
            return tuple(sorted(self._members.get(owner, ())))
        if kind != "policy":
            return (owner,)
        holders = (holder for entity in self._attached.get(owner, ()) for holder in self.of(entity))
        return tuple(sorted(set(holders)))

    def _add(self, account: Details) -> None:
        groups = {str(group["GroupName"]): str(group["Arn"]) for group in account.get("GroupDetailList") or ()}
        for user in account.get("UserDetailList") or ():
            self._attach(user)
            for name in user.get("GroupList") or ():
                if str(name) in groups:
                    self._members.setdefault(groups[str(name)], []).append(str(user["Arn"]))
        for name in ("GroupDetailList", "RoleDetailList"):
            for entity in account.get(name) or ():
                self._attach(entity)

    def _attach(self, entity: Mapping[str, Any]) -> None:
        for policy in entity.get("AttachedManagedPolicies") or ():
            self._attached.setdefault(str(policy["PolicyArn"]), []).append(str(entity["Arn"]))


@dataclass(frozen=True)
class RoleIndex:
    """The roles of an estate by account."""

    by_account: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, roles: Iterable[str]) -> RoleIndex:
        """The index of these ARNs."""
        found: dict[str, list[str]] = {}
        for arn in roles:
            found.setdefault(parse_arn(arn).account, []).append(arn)
        return cls({account: tuple(arns) for account, arns in found.items()})

    def of_account(self, account: str) -> tuple[str, ...]:
        """The roles of one account."""
        return self.by_account.get(account, ())


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first names, and how many more there are."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


Graph = Mapping[str, Sequence[str]]


def cycles(graph: Graph) -> Iterator[tuple[str, ...]]:
    """A shortest circle through the first node of each component. A node with an edge to itself is not a circle."""
    for component in cyclic_components(graph):
        start = min(component)
        yield _circle(graph, start, frozenset(component))


def cyclic_components(graph: Graph) -> Iterator[tuple[str, ...]]:
    """The strongly connected components of more than one node."""
    search = _Search(graph)
    for root in graph:
        yield from search.from_(root)


class _Search:
    """Tarjan's depth-first search. ``lowest`` is the earliest waiting node that can be reached from a node."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._number: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._waiting: list[str] = []
        self._place: dict[str, int] = {}
        """The position of a waiting node; a node without an entry belongs to a finished component."""

    def from_(self, root: str) -> Iterator[tuple[str, ...]]:
        """The components that are found from ``root``."""
        if root in self._number:
            return
        work = [(self._enter(root), iter(self._graph.get(root, ())))]
        while work:
            node, neighbours = work[-1]
            for other in neighbours:
                if other not in self._number:
                    work.append((self._enter(other), iter(self._graph.get(other, ()))))
                    break
                if other in self._place:
                    self._lowest[node] = min(self._lowest[node], self._number[other])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    self._lowest[above] = min(self._lowest[above], self._lowest[node])
                yield from self._leave(node)

    def _enter(self, node: str) -> str:
        self._number[node] = self._lowest[node] = len(self._number)
        self._place[node] = len(self._waiting)
        self._waiting.append(node)
        return node

    def _leave(self, node: str) -> Iterator[tuple[str, ...]]:
        if self._lowest[node] != self._number[node]:
            return
        component = tuple(self._waiting[self._place[node] :])
        del self._waiting[self._place[node] :]
        for member in component:
            del self._place[member]
        if len(component) > 1:
            yield component


def _circle(graph: Graph, start: str, component: frozenset[str]) -> tuple[str, ...]:
    came_from: dict[str, str] = {}
    ways = [start]
    for node in ways:  # breadth first: the list grows during the loop
        for other in graph.get(node, ()):
            if other == start and node != start:
                circle = [node]
                while circle[-1] != start:
                    circle.append(came_from[circle[-1]])
                return tuple(reversed(circle))
            if other in component and other not in came_from:
                came_from[other] = node
                ways.append(other)
    raise AssertionError("every node of a knot is on a circle")


TOO_LONG = Kind(
    "XA206",
    "warning",
    "A role that only roles can assume allows sessions of more than one hour",
    "AWS refuses a DurationSeconds above one hour in a chain, so the longer maximum has no effect.",
    "Remove max_session_duration, or trust a user, a service or a provider as well.",
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining",
)
CYCLE = Kind(
    "XA207",
    "warning",
    "Roles can be assumed from each other in a cycle",
    "A session can be renewed along the cycle before it expires, for ever, even after the first session was revoked.",
    "Remove one of the trusts.",
    "https://hackingthe.cloud/aws/post_exploitation/role-chain-juggling/",
)


@dataclass(frozen=True)
class Link:
    """``role`` can be assumed with a session of ``source``. Its session then lasts at most ``seconds``."""

    source: str
    role: str
    seconds: int = CHAINED_SESSION_DURATION


def links(reach: Reach) -> Iterator[Link]:
    """Every step from one role to another. Longer chains consist of these."""
    for role, principals in reach.by_role.items():
        yield from (Link(principal, role) for principal in principals if is_role(principal) and principal != role)


def chain_findings(estate: Estate, reach: Reach, served: frozenset[str]) -> Iterator[Found]:
    """Findings on sessions that a chain cannot have, and on circles. ``served``: roles that services or providers
    assume.
    """
    for role in estate.roles.values():
        sources = reach.by_role.get(role.arn, ())
        chained = bool(sources) and role.arn not in served and all(map(is_role, sources))
        if chained and (role.max_session_duration or 0) > CHAINED_SESSION_DURATION:
            longest = duration_text(role.max_session_duration or 0)
            message = (
                f"allows sessions of {longest}, and only roles can assume it ({listed(sources)}): their sessions get 1h"
            )
            yield Found(TOO_LONG, Place(role.arn, element="max_session_duration"), message, TOO_LONG.hint)
    for circle in cycles(_graph_of(reach)):
        message = f"can be assumed in a cycle: {' → '.join((*circle, circle[0]))}"
        yield Found(CYCLE, Place(circle[0]), message, CYCLE.hint)


def is_role(principal: str) -> bool:
    """Whether a path's principal is a role, and not a user, an account, an organisation or a provider."""
    return ":role/" in principal and parse_arn(principal).service == "iam"


def _graph_of(reach: Reach) -> Mapping[str, tuple[str, ...]]:
    graph: dict[str, list[str]] = {}
    for link in links(reach):
        graph.setdefault(link.source, []).append(link.role)
    return {source: tuple(sorted(roles)) for source, roles in sorted(graph.items())}
