"""Selections: what each expression picks and why, and what is said when it picks nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard import errors
from stackyard.graph import graphs, selection
from stackyard.graph.graphs import StackGraph
from stackyard.graph.references import Evaluation
from tests.unit.graph.estates import estate, reference

EDGES = [("db/QA", "net/QA"), ("api/QA", "db/QA"), ("web/QA", "api/QA"), ("api/Production", "net/Production")]
GRAPH = graphs.build(
    estate(
        [
            "net/QA",
            "net/Production",
            "db/QA",
            "api/QA",
            "api/Production",
            "web/QA",
            "site/acme.QA",
            "site/acme.shop.QA",
        ],
        layers={"net": "fabric", "db": "fabric", "api": "apps", "web": "apps"},
        tags={"db": ("pci", "data"), "api": ("pci",)},
        entries={"site/acme.QA": "acme", "site/acme.shop.QA": "acme.shop"},
    ),
    Evaluation(tuple(reference(*edge) for edge in EDGES)),
)


def picked(*expressions: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return sorted(str(each.stack.name.short) for each in selection.select(GRAPH, expressions, exclude).picks)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("net", "net/Production net/QA"),
        ("net/QA", "net/QA"),
        ("acme/net/QA", "net/QA"),
        ("*/QA", "api/QA db/QA net/QA web/QA"),
        ("n*", "net/Production net/QA"),
        ("a*/P*", "api/Production"),
        ("acme.QA", "site/acme.QA"),
        ("layer:fabric", "db/QA net/Production net/QA"),
        ("tag:pci", "api/Production api/QA db/QA"),
        ("tag:d*", "db/QA"),
        ("stack:Production", "api/Production net/Production"),
        ("project:api", "api/Production api/QA"),
        ("path:apps/web", "web/QA"),
        ("path:apps/w*", "web/QA"),
        ("path:apps,db", "db/QA"),
        ("tenant:acme", "site/acme.QA site/acme.shop.QA"),
        ("organization:acme.shop", "site/acme.shop.QA"),
        ("+api/QA", "api/QA db/QA net/QA"),
        ("1+api/QA", "api/QA db/QA"),
        ("0+api/QA", "api/QA"),
        ("db+", "api/QA db/QA web/QA"),
        ("db+1", "api/QA db/QA"),
        ("+db+", "api/QA db/QA net/QA web/QA"),
        ("1+api/QA+1", "api/QA db/QA web/QA"),
        ("+tag:data", "db/QA net/QA"),
        ("web db", "db/QA web/QA"),
        ("layer:apps,tag:pci", "api/Production api/QA"),
        ("layer:apps,stack:QA,+web", "api/QA web/QA"),
        ("web,db", ""),
        ("  web   ", "web/QA"),
    ],
)
def test_expressions(expression: str, expected: str) -> None:
    assert picked(expression) == expected.split()


def test_nothing_asked_for_is_everything() -> None:
    assert len(picked()) == 8
    assert picked(exclude=("layer:fabric", "site api")) == ["web/QA"]


def test_several_arguments_add_up_and_exclusions_take_away() -> None:
    assert picked("web", "+db", exclude=("net",)) == ["db/QA", "web/QA"]


def test_picks_come_in_the_order_of_the_graph_with_reasons() -> None:
    found = selection.select(GRAPH, ["+web/QA", "layer:apps,tag:pci"])
    assert [(pick.stack.name.short, pick.reason) for pick in found.picks] == [
        ("net/QA", "needed by db/QA"),
        ("db/QA", "needed by api/QA"),
        ("api/QA", "needed by web/QA"),
        ("api/Production", "layer apps and tag pci"),
        ("web/QA", "named web/QA"),
    ]
    assert found.names[0].short == "net/QA"


@pytest.mark.parametrize(
    ("expression", "message", "hint", "column"),
    [
        ("netw", "no project or stack is named 'netw'", 'did you mean "net"', 1),
        ("web nte/QA", "no project or stack is named 'nte/QA'", "net/QA", 5),
        ("web,tag:pic", "no stack has tag 'pic'", 'did you mean "pci"?', 5),
        ("layer:fabrik", "no stack has layer 'fabrik'", 'did you mean "fabric"?', 1),
        ("path:nowhere", "no stack has path 'nowhere'", "", 1),
        ("tenant:umbrella", "no stack has tenant 'umbrella'", "", 1),
        ("x*", "no project or stack is named 'x*'", "", 1),
        ("QA", "'QA' is the name of 4 stacks", "stack:QA selects them all", 1),
        ("lair:fabric", "unknown selection method 'lair'", "layer", 1),
        ("state:affected+", "state:affected is not understood yet", "select by name", 1),
        ("+", "'+' selects nothing", "write a name", 1),
        ("a++b", "'a++b' selects nothing", "write a name", 1),
        ("web,", "'' selects nothing", "write a name", 5),
    ],
)
def test_what_picks_nothing_is_said_with_its_place(expression: str, message: str, hint: str, column: int) -> None:
    with pytest.raises(errors.UsageError) as raised:
        picked(expression)
    fault = raised.value
    assert fault.message == message
    assert hint in fault.hint
    assert fault.position is not None
    assert fault.position.column == column


def test_several_faults_are_told_at_once_also_those_of_exclusions() -> None:
    with pytest.raises(errors.DiagnosedError) as raised:
        picked("nowhere", "nobody", exclude=("nothing",))
    assert len(raised.value.diagnostics) == 3


PAIRS = st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] > pair[1]))


def graph_of(pairs: set[tuple[int, int]]) -> StackGraph:
    whole = estate([f"p{index}/s" for index in range(10)])
    return graphs.build(whole, Evaluation(tuple(reference(f"p{a}/s", f"p{b}/s") for a, b in sorted(pairs))))


def names(graph: StackGraph, *expressions: str, exclude: tuple[str, ...] = ()) -> set[str]:
    return {each.project for each in selection.select(graph, expressions, exclude).names}


@given(PAIRS, st.integers(0, 9), st.integers(0, 9))
def test_selections_follow_the_laws_of_sets(pairs: set[tuple[int, int]], one: int, other: int) -> None:
    graph = graph_of(pairs)
    left, right = f"+p{one}", f"p{other}+"
    assert names(graph, f"{left} {right}") == names(graph, left) | names(graph, right)
    assert names(graph, f"{left},{right}") == names(graph, left) & names(graph, right)
    assert names(graph, left, exclude=(right,)) == names(graph, left) - names(graph, right)
    assert (f"p{other}" in names(graph, left)) == (f"p{one}" in names(graph, right))


@given(PAIRS, st.integers(0, 9), st.integers(0, 4))
def test_one_step_further_adds_the_needs_of_the_last(pairs: set[tuple[int, int]], one: int, depth: int) -> None:
    graph = graph_of(pairs)
    nearer, further = names(graph, f"{depth}+p{one}"), names(graph, f"{depth + 1}+p{one}")
    assert further == nearer.union(*(names(graph, f"1+{each}") for each in nearer))
    order = [each.project for each in selection.select(graph, [f"+p{one}"]).names]
    assert all(order.index(f"p{b}") < order.index(f"p{a}") for a, b in pairs if f"p{a}" in order)
