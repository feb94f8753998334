"""The graph of an estate's stacks: edges from all evidence, order, cycles, layers."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.graph import naming
from stackyard.graph.exports import Exports
from stackyard.graph.references import Evaluation
from stackyard.kit import dag
from stackyard.model.diagnostics import Diagnostic, Severity, error
from stackyard.model.estates import Estate, Evidence, EvidenceKind, OutputRead, Reference, Stack
from stackyard.model.names import StackName

Reads = Iterable[tuple[str, str, str]]
_RANK: Final = {EvidenceKind.DECLARED: 0, EvidenceKind.EVALUATED: 1, EvidenceKind.RECORDED: 2}


@dataclasses.dataclass(frozen=True)
class StackGraph:
    """The stacks of an estate and what they read of each other.

    `references` has one entry an edge, with all its evidence; targets outside the estate are marked external.
    A stack that reads its own outputs has such a reference but is no dependency of itself. `diagnostics` are what
    the evaluation could not tell, cycles, and layers that are read from below. `exports` are by stack, for those
    whose source was evaluated. `asked`: see `references.Evaluation`.
    """

    estate: Estate
    references: tuple[Reference, ...] = ()
    evaluated: tuple[Diagnostic, ...] = ()
    exports: Mapping[StackName, Exports] = dataclasses.field(default_factory=dict)
    asked: Mapping[tuple[StackName, StackName], frozenset[str]] = dataclasses.field(default_factory=dict)

    @functools.cached_property
    def stacks(self) -> Mapping[StackName, Stack]:
        """The stacks of the estate by name."""
        return {stack.name: stack for stack in self.estate.stacks}

    @functools.cached_property
    def edges(self) -> Mapping[StackName, tuple[StackName, ...]]:
        """Stack to the stacks of the estate that it needs; every stack is a key."""
        found: dict[StackName, list[StackName]] = {name: [] for name in self.stacks}
        for reference in self.references:
            if not reference.external and reference.reader != reference.target:
                found[reference.reader].append(reference.target)
        return {name: tuple(needs) for name, needs in found.items()}

    @functools.cached_property
    def reversed(self) -> Mapping[StackName, tuple[StackName, ...]]:
        """Stack to the stacks of the estate that need it; every stack is a key."""
        return dag.reverse(self.edges)

    def needs(self, name: StackName) -> tuple[StackName, ...]:
        """The stacks of the estate that `name` reads."""
        return self.edges[name]

    def needed_by(self, name: StackName) -> tuple[StackName, ...]:
        """The stacks of the estate that read `name`."""
        return self.reversed[name]

    def reference(self, reader: StackName, target: StackName) -> Reference | None:
        """The edge between two stacks, with its evidence."""
        return self._by_ends.get((reader, target))

    @functools.cached_property
    def _by_ends(self) -> Mapping[tuple[StackName, StackName], Reference]:
        return {(reference.reader, reference.target): reference for reference in self.references}

    @functools.cached_property
    def external(self) -> tuple[StackName, ...]:
        """Stacks outside the estate that somebody reads, sorted."""
        return tuple(sorted({reference.target for reference in self.references if reference.external}))

    @functools.cached_property
    def cycles(self) -> tuple[tuple[StackName, ...], ...]:
        """One shortest cycle for each knot of stacks: each needs the next, the last the first."""
        return dag.cycles(self.edges)

    @functools.cached_property
    def order(self) -> tuple[StackName, ...]:
        """All stacks, each after those it needs; within a cycle the order of the estate."""
        return tuple(name for component in dag.components(self.edges) for name in component)

    @functools.cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything to say about the graph, errors and warnings."""
        return (*self.evaluated, *_cycles(self), *_violations(self))

    def check(self, among: Collection[StackName] | None = None) -> None:
        """Raises DiagnosedError with every cycle and every read of a higher layer, if there is one.

        With `among`, only those that lie wholly among these stacks: what matters for a run of them.
        """
        chosen = self if among is None else dataclasses.replace(self, references=self._among(set(among)))
        found = [each for each in chosen.diagnostics if each.severity is Severity.ERROR]
        if found:
            raise errors.DiagnosedError(found)

    def _among(self, names: set[StackName]) -> tuple[Reference, ...]:
        return tuple(each for each in self.references if each.reader in names and each.target in names)


def build(
    estate: Estate,
    evaluation: Evaluation | None = None,
    reads: Reads = (),
    *,
    check: bool = True,
    required: Collection[tuple[str, str, str]] = (),
) -> StackGraph:
    """The graph from what the manifest declares, the sources say, and earlier runs recorded.

    `reads` are (reader, target, key): stack names as `project/stack` or full, and an output's key; `required` are
    those of them that a program needed. Raises DiagnosedError for cycles and layer violations unless `check` is false.
    """
    evaluation = evaluation or Evaluation()
    found = [*estate.declared, *evaluation.references, *_recorded(estate, reads, frozenset(required))]
    graph = StackGraph(estate, tuple(_merged(found)), evaluation.diagnostics, evaluation.exports, evaluation.asked)
    if check:
        graph.check()
    return graph


def _recorded(estate: Estate, reads: Reads, required: Collection[tuple[str, str, str]]) -> Iterator[Reference]:
    """References of stacks that are still in the estate, from the reads of their last runs."""
    namer = naming.Namer(estate)
    keys: dict[tuple[StackName, StackName], dict[str, bool]] = {}
    for reader_text, target_text, key in reads:
        try:
            reader = StackName.parse(reader_text, organization=estate.organization)
            if namer.stack(reader) is not None:
                found = keys.setdefault((reader, namer.resolve(target_text, reader)), {})
                found[key] = found.get(key, False) or (reader_text, target_text, key) in required
        except ValueError:
            continue  # A name that meant something when it was recorded and does not now.
    for (reader, target), found in keys.items():
        needed = tuple(OutputRead(key, required=True) for key in sorted(found) if found[key])
        evidence = Evidence(EvidenceKind.RECORDED, keys=tuple(sorted(found)), reads=needed)
        yield Reference(reader, target, (evidence,), external=namer.stack(target) is None)


def _merged(references: Iterable[Reference]) -> Iterator[Reference]:
    """One reference an edge, in the order of readers and targets, its evidence without repeats."""
    evidence: dict[tuple[StackName, StackName], dict[Evidence, None]] = {}
    external = {}
    for each in references:
        evidence.setdefault((each.reader, each.target), {}).update(dict.fromkeys(each.evidence))
        external[each.target] = each.external
    for ends in sorted(evidence):
        found = sorted(evidence[ends], key=lambda item: (_RANK[item.kind], item.position or Position("")))
        yield Reference(*ends, tuple(found), external[ends[1]])


def _cycles(graph: StackGraph) -> Iterator[Diagnostic]:
    for cycle in graph.cycles:
        around = (*cycle, cycle[0])
        edges = [graph.reference(*ends) for ends in zip(cycle, around[1:], strict=True)]
        told = "; ".join(_told(edge) for edge in edges if edge)
        places = [item.position for edge in edges if edge for item in edge.evidence if item.position]
        hint = "break the cycle: move what both read into a third stack, or pass it as configuration"
        if any(edge and all(item.conditional for item in edge.evidence) for edge in edges):
            hint = "an edge that only may exist closes it: make its condition one that can be told from the source"
        names = " -> ".join(name.short for name in around)
        message = f"stacks need each other in a circle: {names} ({told})"
        yield error(message, hint=hint, position=places[0] if places else None, stack=cycle[0].short)


def _told(reference: Reference) -> str:
    reasons = []
    for item in reference.evidence:
        where = f" at {item.position}" if item.position else ""
        reasons.append(f"{item.kind}{where}{', conditional' if item.conditional else ''}")
    return f"{reference.reader.short} reads {reference.target.short}: {', '.join(reasons)}"


def _violations(graph: StackGraph) -> Iterator[Diagnostic]:
    order = {layer.name: layer.order for layer in graph.estate.layers}
    for reference in graph.references:
        reader, target = graph.stacks.get(reference.reader), graph.stacks.get(reference.target)
        if not reader or not target or not reader.layer or not target.layer:
            continue
        if order[reader.layer] < order[target.layer]:
            position = next((item.position for item in reference.evidence if item.position), None)
            message = (
                f"{reader.name.short} of layer {reader.layer!r} reads {target.name.short} of layer {target.layer!r}, "
                "which is above it"
            )
            hint = "a stack may read its own layer and lower ones: move one of the two, or turn the reference round"
            yield error(message, hint=hint, position=position, stack=reader.name.short)
