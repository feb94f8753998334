"""Selections of stacks, in the syntax that data people know from dbt.

network                 a project: all its stacks; also project/stack, organization/project/stack, or a glob
layer:fabric tag:pci    by the manifest's words; path:apps/* by folder; stack:QA by the stack's own name
tenant:acme             stacks of a fleet's entry (organization:acme is the same)
+api  api+  1+api       with all it needs, with all that needs it, with only what it needs directly
a b                     both (spaces, or several arguments)
a,b                     only what is in both
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import schema
from stackyard.graph.graphs import StackGraph
from stackyard.kit import dag, globs
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Stack
from stackyard.model.names import StackName

_TERM: Final = re.compile(r"(?:(?P<up>\d*)\+)?(?P<what>[^+]+)(?:\+(?P<down>\d*))?")
Reasons = dict[StackName, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Pick:
    """A selected stack, and why."""

    stack: Stack
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """The selected stacks, each after those it needs."""

    picks: tuple[Pick, ...]

    @property
    def names(self) -> tuple[StackName, ...]:
        """Their names."""
        return tuple(pick.stack.name for pick in self.picks)


def select(graph: StackGraph, expressions: Sequence[str] = (), exclude: Sequence[str] = ()) -> Selection:
    """The stacks that `expressions` name (all, when there is none) without those that `exclude` names.

    Raises UsageError, with the place in the expression and what may have been meant; DiagnosedError for several.
    """
    faults: list[Diagnostic] = []
    picked: Reasons = dict.fromkeys(graph.order, "everything is selected") if not expressions else {}
    for reasons in _evaluate(graph, expressions, faults):
        for name, reason in reasons.items():
            picked.setdefault(name, reason)
    excluded: set[StackName] = set()
    for reasons in _evaluate(graph, exclude, faults):
        excluded.update(reasons)
    if len(faults) == 1:
        raise errors.UsageError(faults[0].message, hint=faults[0].hint, position=faults[0].position)
    if faults:
        raise errors.DiagnosedError(faults)
    chosen = [name for name in graph.order if name in picked and name not in excluded]
    return Selection(tuple(Pick(graph.stacks[name], picked[name]) for name in chosen))


class _Unknown(Exception):
    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def _evaluate(graph: StackGraph, expressions: Iterable[str], faults: list[Diagnostic]) -> Iterator[Reasons]:
    """What each space-separated part of the expressions names."""
    for expression in expressions:
        for part in re.finditer(r"\S+", expression):
            yield _intersection(graph, expression, part, faults)


def _intersection(graph: StackGraph, expression: str, part: re.Match[str], faults: list[Diagnostic]) -> Reasons:
    found: Reasons | None = None
    column = part.start() + 1
    for term in part[0].split(","):
        try:
            reasons = _term(graph, term)
        except _Unknown as unknown:
            faults.append(
                error(str(unknown), hint=unknown.hint, position=Position(f"selection {expression!r}", 1, column))
            )
            reasons = {}
        found = reasons if found is None else _both(found, reasons)
        column += len(term) + 1
    return found or {}


def _both(left: Reasons, right: Reasons) -> Reasons:
    return {name: f"{left[name]} and {right[name]}" for name in left if name in right}


def _term(graph: StackGraph, text: str) -> Reasons:
    match = _TERM.fullmatch(text)
    if match is None:
        raise _Unknown(f"{text!r} selects nothing", "write a name, +name, name+, 1+name or method:value")
    method, colon, value = match["what"].partition(":")
    found = _by_method(graph, method, value) if colon else _by_name(graph, match["what"])
    starts = tuple(found)
    for depth, edges, word in ((match["up"], graph.edges, "needed by"), (match["down"], graph.reversed, "needs")):
        if depth is not None:
            for name, via in dag.closure(starts, edges, depth=int(depth) if depth else None).items():
                if via is not None:
                    found.setdefault(name, f"{word} {via.short}")
    return found


def _by_name(graph: StackGraph, text: str) -> Reasons:
    """Stacks by the name of their project, by their own, or by a glob of either."""
    reason = f"named {text}"
    if globs.is_glob(text):
        found = {
            name: f"matches {text}" for name in graph.stacks if any(globs.matches(text, s) for s in _spellings(name))
        }
    else:
        found = {name: reason for name in graph.stacks if text in _spellings(name)}
        flat = [name for name in graph.stacks if name.stack == text]
        if not found and len(flat) == 1:
            found = {flat[0]: reason}
        elif not found and flat:
            raise _Unknown(f"{text!r} is the name of {len(flat)} stacks", f"stack:{text} selects them all")
    if not found and not any(project.name == text for project in graph.estate.projects):
        known = {spelling for name in graph.stacks for spelling in _spellings(name)[:2]}
        raise _Unknown(f"no project or stack is named {text!r}", schema.suggest(text, known))
    return found


def _spellings(name: StackName) -> tuple[str, str, str]:
    return name.project, name.short, str(name)


def _by_method(graph: StackGraph, method: str, value: str) -> Reasons:
    if method == "state":
        raise _Unknown(f"state:{value} is not understood yet", "select by name, layer:, tag:, path:, tenant: or stack:")
    if method not in _METHODS:
        raise _Unknown(f"unknown selection method {method!r}", schema.suggest(method, [*_METHODS, "state"]))
    known: set[str] = {layer.name for layer in graph.estate.layers} if method == "layer" else set()
    found: Reasons = {}
    for name, stack in graph.stacks.items():
        words = _METHODS[method](graph, stack)
        known.update(words)
        compare = globs.covers if method == "path" else globs.matches
        if any(compare(value, word) for word in words):
            found[name] = f"{method} {value}"
    if not found and value not in known:
        raise _Unknown(f"no stack has {method} {value!r}", schema.suggest(value, known))
    return found


def _folder(graph: StackGraph, stack: Stack) -> list[str]:
    return [stack.project.path.relative_to(graph.estate.root).as_posix()]


def _entry(graph: StackGraph, stack: Stack) -> list[str]:
    """`acme.warehouse` is of the entry acme too: fleets below the organizations name their entries so."""
    parts = [part for part in (*stack.fleet_entry.split("."), stack.fleet_item) if part]
    return [".".join(parts[: index + 1]) for index in range(len(parts))]


_METHODS: Final[Mapping[str, Callable[[StackGraph, Stack], Sequence[str]]]] = {
    "layer": lambda graph, stack: [stack.layer] if stack.layer else [],
    "tag": lambda graph, stack: stack.tags,
    "path": _folder,
    "stack": lambda graph, stack: [stack.name.stack],
    "project": lambda graph, stack: [stack.name.project],
    "tenant": _entry,
    "organization": _entry,
}
