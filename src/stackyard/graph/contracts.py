"""Contracts between stacks: what one program reads of another must be among what that one exports.

What a stack exports is told by its source where that can be evaluated, by its plan where there is one, and by what
it exported when it was last deployed otherwise. What is read is told by the source, with its place, and by earlier
runs for programs whose source does not tell.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Final

from stackyard.errors import Position
from stackyard.graph.exports import Exports
from stackyard.graph.graphs import StackGraph
from stackyard.model.diagnostics import Diagnostic, error, warning
from stackyard.model.estates import EvidenceKind, OutputRead, Reference
from stackyard.model.names import StackName

_ALL: Final = "*"
_MOST: Final = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """One output that one stack reads of another. `certain`: its program always does, and fails without it."""

    reader: StackName
    target: StackName
    key: str
    position: Position | None
    required: bool
    certain: bool


def needs(graph: StackGraph) -> Iterator[Need]:
    """Every single output that is read within the estate, each place of it, in the order of the references."""
    for reference in graph.references:
        if not reference.external:
            yield from _of_one(reference)


def _of_one(reference: Reference) -> Iterator[Need]:
    evaluated = [each for each in reference.evidence if each.kind is EvidenceKind.EVALUATED]
    ends = (reference.reader, reference.target)
    for evidence in evaluated:
        for read in evidence.reads:
            certain = not (evidence.conditional or read.conditional)
            yield Need(*ends, read.key, read.position, read.required, read.required and certain)
    # What a run saw says more than the source only where the source does not tell every key.
    if not evaluated or any(_ALL in each.keys for each in evaluated):
        known = {read.key for each in evaluated for read in each.reads}
        place = next((each.position for each in evaluated if each.position), None)
        for evidence in reference.evidence:
            if evidence.kind is EvidenceKind.RECORDED:
                yield from (
                    Need(*ends, read.key, read.position or place, read.required, False)
                    for read in _recorded(evidence.reads, evidence.keys)
                    if read.key not in known
                )


def _recorded(reads: tuple[OutputRead, ...], keys: tuple[str, ...]) -> Iterator[OutputRead]:
    yield from reads
    required = {read.key for read in reads}
    yield from (OutputRead(key) for key in keys if key not in required and key != _ALL)


def of_sources(graph: StackGraph, recorded: Mapping[StackName, Collection[str]]) -> Iterator[Diagnostic]:
    """What programs read that no program exports, by the sources alone.

    `recorded` are the outputs of stacks that are up: they answer for programs whose exports the source does not tell.
    """
    for need in needs(graph):
        exports = graph.exports.get(need.target)
        if exports is not None and not exports.open_:
            if need.key not in exports.keys:
                yield _broken(graph, need, exports.keys, exports, error if need.certain else warning)
        elif need.key not in recorded.get(need.target, (need.key,)) and need.key not in (
            exports.keys if exports else ()
        ):
            yield _doubtful(need, recorded[need.target])


def by_target(graph: StackGraph) -> Mapping[StackName, tuple[Need, ...]]:
    """What is needed of each stack that something is needed of: by other stacks, which fail without it."""
    found: dict[StackName, list[Need]] = {}
    for need in needs(graph):
        if need.required and need.reader != need.target:
            found.setdefault(need.target, []).append(need)
    return {target: tuple(needed) for target, needed in found.items()}


def of_plan(
    graph: StackGraph, needed: Iterable[Need], outputs: Collection[str], within: Collection[StackName]
) -> tuple[Diagnostic, ...]:
    """What is `needed` of one stack (see `by_target`) and its plan, which has these `outputs`, will not give.

    Readers `within` the same run are asked by their sources only, since their own preview tells the rest.
    """
    missing = (need for need in needed if need.key not in outputs and (need.certain or need.reader not in within))
    found = [_broken(graph, need, outputs, graph.exports.get(need.target), error) for need in missing]
    return tuple(dict.fromkeys(found))


def _broken(
    graph: StackGraph, need: Need, there: Collection[str], exports: Exports | None, make: Callable[..., Diagnostic]
) -> Diagnostic:
    heir = _heir(graph, need, there)
    place = _place(graph, need.target, exports, heir)
    message = f"{_told(need)}, and its program{f' ({place})' if place else ''} does not export it"
    hint = f"did {heir!r} take its place? Change one of the two" if heir else _listed(there)
    return make(message, hint=hint, position=need.position, stack=need.reader.short)


def _doubtful(need: Need, there: Collection[str]) -> Diagnostic:
    message = f"{_told(need)}, which did not have it when it was last deployed, and whose source does not tell"
    hint = f"`stackyard preview {need.target.short}` tells; {_listed(there)}"
    return warning(message, hint=hint, position=need.position, stack=need.reader.short)


def _told(need: Need) -> str:
    verb = "requires" if need.required else "reads"
    return f"{need.reader.short} {verb} the output {need.key!r} of {need.target.short}"


def _heir(graph: StackGraph, need: Need, there: Collection[str]) -> str:
    """The output that most likely has the new name: one that nobody reads yet, with a like name or alone."""
    wanted = {each.key for each in needs(graph) if each.target == need.target}
    free = sorted(set(there) - wanted)
    return next(iter(difflib.get_close_matches(need.key, free, 1, 0.5)), free[0] if len(free) == 1 else "")


def _place(graph: StackGraph, target: StackName, exports: Exports | None, heir: str) -> str:
    """Where the output ought to be: where its heir is exported, else the first of all, else the project."""
    if exports is not None and exports.keys:
        return str((exports.keys.get(heir) or next(iter(exports.keys.values()))).position)
    stack = graph.stacks.get(target)
    return str(stack.project.position.path) if stack and stack.project.position else ""


def _listed(there: Collection[str]) -> str:
    names = sorted(there)
    return f"it exports {', '.join(names[:_MOST]) or 'nothing'}{' and more' if len(names) > _MOST else ''}"
