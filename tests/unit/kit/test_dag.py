"""Orders, cycles, closures and longest ways over random graphs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.kit import dag

Graph = dict[int, list[int]]
GRAPHS = st.dictionaries(st.integers(0, 12), st.lists(st.integers(0, 12), max_size=5), max_size=12)
ACYCLIC = GRAPHS.map(lambda graph: {node: [low for low in needs if low < node] for node, needs in graph.items()})


def reachable(graph: Graph, start: int) -> set[int]:
    """Nodes at the end of a walk of at least one edge: the plain definition, to compare with."""
    found: set[int] = set()
    waiting = list(graph.get(start, ()))
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += graph.get(node, ())
    return found


@given(ACYCLIC)
def test_everything_comes_after_what_it_needs(graph: Graph) -> None:
    order = dag.order(graph)
    place = {node: index for index, node in enumerate(order)}
    assert sorted(order) == sorted(dag.nodes(graph))
    assert all(place[need] < place[node] for node, needs in graph.items() for need in needs)


@given(GRAPHS)
def test_there_is_an_order_exactly_when_no_node_reaches_itself(graph: Graph) -> None:
    cyclic = any(node in reachable(graph, node) for node in graph)
    assert bool(dag.cycles(graph)) == cyclic
    if cyclic:
        with pytest.raises(dag.CycleError) as raised:
            dag.order(graph)
        assert raised.value.cycles == dag.cycles(graph)
    else:
        dag.order(graph)


@given(GRAPHS)
def test_a_cycle_is_a_closed_walk_without_repeats(graph: Graph) -> None:
    for cycle in dag.cycles(graph):
        assert len(set(cycle)) == len(cycle)
        for node, need in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            assert need in graph[node]


@given(GRAPHS)
def test_components_hold_the_nodes_that_reach_each_other(graph: Graph) -> None:
    components = dag.components(graph)
    assert sorted(node for component in components for node in component) == sorted(dag.nodes(graph))
    home = {node: index for index, component in enumerate(components) for node in component}
    for one in home:
        for other in home:
            together = one == other or (other in reachable(graph, one) and one in reachable(graph, other))
            assert (home[one] == home[other]) == together
            if other in graph.get(one, ()):
                assert home[other] <= home[one]


@given(GRAPHS, st.integers(0, 12))
def test_a_closure_is_what_can_be_reached(graph: Graph, start: int) -> None:
    assert set(dag.closure([start], graph)) == reachable(graph, start) | {start}
    assert set(dag.closure([start], graph, depth=1)) == {start, *graph.get(start, ())}


@given(GRAPHS)
def test_reversing_twice_gives_the_same_edges(graph: Graph) -> None:
    edges = {(node, need) for node, needs in graph.items() for need in needs}
    turned = dag.reverse(graph)
    assert {(need, node) for node, needs in turned.items() for need in needs} == edges
    assert {(node, need) for node, needs in dag.reverse(turned).items() for need in needs} == edges


@given(ACYCLIC, st.dictionaries(st.integers(0, 12), st.floats(0, 100), max_size=12))
def test_the_longest_way_is_one_step_more_than_the_next_longest(graph: Graph, weights: dict[int, float]) -> None:
    longest = dag.remaining(graph, weights)
    for node, dependents in dag.reverse(graph).items():
        assert longest[node] == weights.get(node, 1.0) + max((longest[d] for d in dependents), default=0.0)


def test_a_closure_tells_where_each_node_was_reached_from() -> None:
    assert dag.closure(["a"], {"a": ["b", "c"], "b": ["d"], "c": ["d"]}) == {"a": None, "b": "a", "c": "a", "d": "b"}


def test_ten_thousand_in_a_row_do_not_exhaust_the_stack() -> None:
    chain = {node: [node + 1] for node in range(10_000)}
    assert dag.order(chain)[0] == 10_000
    assert len(dag.components(chain)) == 10_001
    chain[10_000] = [0]
    assert len(dag.cycles(chain)[0]) == 10_001
