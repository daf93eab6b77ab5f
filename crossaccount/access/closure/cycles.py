"""Circles of a graph: one for each knot of nodes that reach each other. Linear in nodes and edges.

Source: R. Tarjan, Depth-first search and linear graph algorithms (1972), without recursion.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

Graph = Mapping[str, Sequence[str]]


def cycles(graph: Graph) -> Iterator[tuple[str, ...]]:
    """A shortest circle through the first node of each knot; a node that leads to itself is none."""
    for knot in knots(graph):
        start = min(knot)
        yield _circle(graph, start, frozenset(knot))


def knots(graph: Graph) -> Iterator[tuple[str, ...]]:
    """The strongly connected components of more than one node."""
    search = _Search(graph)
    for root in graph:
        yield from search.from_(root)


class _Search:
    """A depth-first search. ``lowest`` is the earliest node still waiting that can be reached from a node."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._number: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._waiting: list[str] = []
        self._place: dict[str, int] = {}
        """Where a node waits; without an entry its knot is known."""

    def from_(self, root: str) -> Iterator[tuple[str, ...]]:
        """The knots that are found from ``root``."""
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
        knot = tuple(self._waiting[self._place[node] :])
        del self._waiting[self._place[node] :]
        for member in knot:
            del self._place[member]
        if len(knot) > 1:
            yield knot


def _circle(graph: Graph, start: str, knot: frozenset[str]) -> tuple[str, ...]:
    came_from: dict[str, str] = {}
    ways = [start]
    for node in ways:  # grows while it is walked: breadth first
        for other in graph.get(node, ()):
            if other == start and node != start:
                circle = [node]
                while circle[-1] != start:
                    circle.append(came_from[circle[-1]])
                return tuple(reversed(circle))
            if other in knot and other not in came_from:
                came_from[other] = node
                ways.append(other)
    raise AssertionError("every node of a knot is on a circle")
