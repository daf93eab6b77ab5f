"""Circles of roles: every knot is found, once, and what is shown is a circle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossaccount.access.findings.reach import cycles, cyclic_components

NODES = "abcdefg"
GRAPHS = st.dictionaries(st.sampled_from(NODES), st.lists(st.sampled_from(NODES), unique=True))


def _reached(graph, start):
    found, todo = set(), [start]
    while todo:
        for other in graph.get(todo.pop(), ()):
            if other not in found:
                found.add(other)
                todo.append(other)
    return found


@given(GRAPHS)
def test_a_knot_is_all_that_reach_each_other(graph):
    reached = {node: _reached(graph, node) for node in NODES}
    expected = {
        frozenset({other for other in NODES if other in reached[node] and node in reached[other]} | {node})
        for node in NODES
    }
    found = [frozenset(component) for component in cyclic_components(graph)]
    assert len(found) == len(set(found))
    assert set(found) == {component for component in expected if len(component) > 1}


@given(GRAPHS)
def test_what_is_shown_is_a_circle(graph):
    shown = list(cycles(graph))
    assert len(shown) == len(list(cyclic_components(graph)))
    for circle in shown:
        assert circle[0] == min(circle)
        assert len(set(circle)) == len(circle) > 1
        assert all(after in graph[node] for node, after in zip(circle, (*circle[1:], circle[0]), strict=True))


def test_a_chain_of_thousands_is_no_problem():
    graph = {str(number): [str(number + 1)] for number in range(20_000)}
    assert list(cycles(graph)) == []
    circle = next(cycles({**graph, "20000": ["0"]}))
    assert len(circle) == 20_001
