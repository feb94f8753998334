"""The graph of an estate: evidence, order, cycles, layers."""

from __future__ import annotations

import dataclasses

import pytest

from stackyard import errors
from stackyard.graph import graphs
from stackyard.graph.references import Evaluation
from stackyard.model.diagnostics import Severity, warning
from stackyard.model.estates import EvidenceKind, Reference
from tests.unit.graph.estates import estate, name, reference


def test_edges_keep_all_their_evidence() -> None:
    found = graphs.build(
        estate(["a/QA", "b/QA"], [reference("a/QA", "b/QA", EvidenceKind.DECLARED, line=9)]),
        Evaluation(
            (reference("a/QA", "b/QA", line=3), reference("a/QA", "b/QA", line=2), reference("a/QA", "b/QA", line=2))
        ),
        [("a/QA", "acme/b/QA", "y"), ("a/QA", "b/QA", "x"), ("gone/QA", "b/QA", "x"), ("a/QA", "not//a name", "x")],
    )
    (edge,) = found.references
    shown = [(e.kind.value, e.position and e.position.line, e.keys) for e in edge.evidence]
    assert shown == [
        ("declared", 9, ()),
        ("evaluated", 2, ()),
        ("evaluated", 3, ()),
        ("recorded", None, ("x", "y")),
    ]
    assert found.needs(name("a/QA")) == (name("b/QA"),)
    assert found.needed_by(name("b/QA")) == (name("a/QA"),)
    assert found.reference(name("a/QA"), name("b/QA")) == edge
    assert found.reference(name("b/QA"), name("a/QA")) is None


def test_external_stacks_and_a_stack_that_reads_itself_are_no_needs() -> None:
    outside = dataclasses.replace(reference("a/QA", "else/where"), external=True)
    found = graphs.build(estate(["a/QA"]), Evaluation((outside, reference("a/QA", "a/QA"))))
    assert found.external == (name("else/where"),)
    assert found.edges == {name("a/QA"): ()}
    assert found.cycles == ()
    assert found.order == (name("a/QA"),)


def chain(*edges: tuple[str, str], conditional: bool = False) -> Evaluation:
    return Evaluation(tuple(reference(*edge, line=i + 1, conditional=conditional) for i, edge in enumerate(edges)))


def test_the_order_puts_needs_first() -> None:
    found = graphs.build(estate(["a/QA", "b/QA", "c/QA"]), chain(("a/QA", "b/QA"), ("b/QA", "c/QA")))
    assert [each.short for each in found.order] == ["c/QA", "b/QA", "a/QA"]


def test_a_cycle_is_told_with_its_edges_and_their_places() -> None:
    whole = estate(["a/QA", "b/QA", "c/QA", "d/QA"])
    around = chain(("a/QA", "b/QA"), ("b/QA", "c/QA"), ("c/QA", "a/QA"), ("d/QA", "a/QA"))
    with pytest.raises(errors.DiagnosedError) as raised:
        graphs.build(whole, around)
    (fault,) = raised.value.diagnostics
    assert "a/QA -> b/QA -> c/QA -> a/QA" in fault.message
    assert "b/QA reads c/QA: evaluated at b/__main__.py:2:1" in fault.message
    assert str(fault.position) == "a/__main__.py:1:1"
    found = graphs.build(whole, around, check=False)
    assert len(found.cycles) == 1
    assert len(found.order) == 4
    found.check(among=[name("d/QA"), name("b/QA"), name("a/QA")])
    with pytest.raises(errors.DiagnosedError):
        found.check(among=[name("b/QA"), name("a/QA"), name("c/QA")])


def test_a_cycle_through_an_edge_that_may_not_exist_says_so() -> None:
    found = graphs.build(
        estate(["a/QA", "b/QA"]), chain(("a/QA", "b/QA"), ("b/QA", "a/QA"), conditional=True), check=False
    )
    (fault,) = found.diagnostics
    assert "conditional" in fault.message
    assert "only may exist" in fault.hint


def test_several_cycles_are_told_at_once() -> None:
    pairs = chain(("a/x", "b/x"), ("b/x", "a/x"), ("c/x", "d/x"), ("d/x", "c/x"))
    found = graphs.build(estate(["a/x", "b/x", "c/x", "d/x"]), pairs, check=False)
    assert len([d for d in found.diagnostics if d.severity is Severity.ERROR]) == 2


@pytest.mark.parametrize(
    ("edge", "fault"),
    [
        (("app/QA", "net/QA"), ""),
        (("app/QA", "app/CI"), ""),
        (("app/QA", "free/QA"), ""),
        (("free/QA", "app/QA"), ""),
        (("net/QA", "app/QA"), "net/QA of layer 'fabric' reads app/QA of layer 'apps', which is above it"),
    ],
)
def test_a_stack_reads_its_own_layer_and_lower_ones(edge: tuple[str, str], fault: str) -> None:
    whole = estate(["net/QA", "app/QA", "app/CI", "free/QA"], layers={"net": "fabric", "app": "apps"})
    found = graphs.build(whole, chain(edge), check=False)
    assert [d.message for d in found.diagnostics] == ([fault] if fault else [])


def test_what_could_not_be_told_is_passed_on() -> None:
    doubt = warning("cannot tell")
    assert graphs.build(estate(["a/x"]), Evaluation((), (doubt,))).diagnostics == (doubt,)


def test_a_reference_type_is_plain_data() -> None:
    assert isinstance(graphs.build(estate(["a/x", "b/x"]), chain(("a/x", "b/x"))).references[0], Reference)
