"""Which stacks a stack's program refers to, and what it exports, from its source alone."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.estate import index as indexes
from stackyard.graph import configuration, naming
from stackyard.graph.evaluation import machine
from stackyard.graph.evaluation.facts import ALL_KEYS, Facts
from stackyard.graph.evaluation.sources import Source
from stackyard.graph.evaluation.state import Hidden, Shared, Subject
from stackyard.graph.exports import Exports
from stackyard.graph.naming import Namer
from stackyard.graph.reading import finding, programs, showing
from stackyard.graph.remembering import Evaluated, Memory
from stackyard.model.diagnostics import Diagnostic, warning
from stackyard.model.estates import Estate, Evidence, EvidenceKind, OutputRead, Project, Reference, Stack
from stackyard.model.names import StackName

PROGRAM: Final = "__main__.py"


@dataclasses.dataclass(frozen=True, slots=True)
class Evaluation:
    """What the sources of an estate's programs say.

    `references` may name one edge several times, once for each place. `exports` are by stack, for the programs
    that were evaluated. `files` are, by stack, the sources that its program is made of. `asked` are, by reader and
    target, the only outputs that the reader asks for, of those programs whose SDK is given all outputs at once and
    whose source tells every one.
    """

    references: tuple[Reference, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    exports: Mapping[StackName, Exports] = dataclasses.field(default_factory=dict)
    files: Mapping[StackName, frozenset[Path]] = dataclasses.field(default_factory=dict)
    asked: Mapping[tuple[StackName, StackName], frozenset[str]] = dataclasses.field(default_factory=dict)


def evaluate(
    estate: Estate, config_value: configuration.ConfigValue | None = None, *, stacks: Iterable[Stack] | None = None
) -> Evaluation:
    """Evaluate the programs of `stacks` (all of the estate's by default). Runs and imports none of them.

    `config_value(stack, key)` gives a configuration value by its full key as text, None when it is not set, and
    raises `Hidden` for a secret or a value that is not known yet. By default the stacks' own files are read.
    What cannot be told is a warning with its position; nothing is guessed.
    """
    config_value = config_value or configuration.Files()
    asked = tuple(estate.stacks if stacks is None else stacks)
    chosen = [stack for stack in asked if program_file(stack.project)]
    others = [stack for stack in asked if programs.is_read(stack.project)]
    with indexes.opened(estate.root) as index:
        memory = Memory(index)
        found = _facts(estate, chosen, config_value, memory)
        reading = _Reading(memory)
        found += [reading.of(stack, _subject(estate, stack, config_value)) for stack in others]
    chosen += others
    namer = Namer(estate)
    references: list[Reference] = []
    told: dict[tuple[Position | None, str, str], list[Diagnostic]] = {}
    single: dict[tuple[StackName, StackName], frozenset[str]] = {}
    for stack, (facts, _) in zip(chosen, found, strict=True):
        resolved = list(_resolved(stack, facts, namer))
        for item in resolved:
            if isinstance(item, Reference):
                references.append(item)
            else:
                told.setdefault((item.position, item.message, item.hint), []).append(item)
        if stack.project.runtime in finding.SUFFIXES:
            single |= _asked(resolved)
    return Evaluation(
        tuple(references),
        tuple(_once(alike) for alike in told.values()),
        {stack.name: Exports.of(facts) for stack, (facts, _) in zip(chosen, found, strict=True)},
        {stack.name: files for stack, (_, files) in zip(chosen, found, strict=True)},
        single,
    )


def _facts(
    estate: Estate, stacks: list[Stack], config_value: configuration.ConfigValue, memory: Memory
) -> list[Evaluated]:
    """The facts of each stack: remembered where nothing they depend on changed, else evaluated."""
    roots = _Roots(estate)
    subjects = _subjects(estate, stacks, config_value, roots)
    known = [memory.recall(str(stack.name), subject) for stack, subject in zip(stacks, subjects, strict=True)]
    if None not in known:
        return [each for each in known if each is not None]
    shared = Shared(roots.reach)
    starts: dict[Path, Source | None] = {}
    for stack, facts in zip(stacks, known, strict=True):
        if facts is None and stack.project.path not in starts:
            starts[stack.project.path] = shared.sources.read(program_file(stack.project) or Path())
    for subject in {subject.folder: subject for subject in subjects}.values():
        if (program := starts.get(subject.folder)) is not None:
            shared.learn(program, subject.roots)
    shared.find_sinks()
    found = []
    for stack, subject, facts in zip(stacks, subjects, known, strict=True):
        if facts is None:
            facts = _evaluated(starts[stack.project.path], stack, subject, shared)
            memory.keep(str(stack.name), subject, *facts)
        found.append(facts)
    return found


class _Reading:
    """Facts of stacks whose programs are in other languages: remembered, or read."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._parsed: tuple[Project, dict[str, str], programs.Sources] | None = None

    def of(self, stack: Stack, subject: Subject) -> Evaluated:
        """The facts of one stack, and its files."""
        project = stack.project
        place = project.position.path if project.position else ""
        more = "\0".join((programs.READER, project.runtime, project.main, place))
        known = self._memory.recall(str(stack.name), subject, more)
        if known is None:
            states, sources = self._sources(project)
            facts, files = programs.read(project, subject, sources)
            known = showing.shown(facts, project), files
            self._memory.keep_read(str(stack.name), subject, more, known, states)
        return known

    def _sources(self, project: Project) -> tuple[dict[str, str], programs.Sources]:
        """What a project's sources are, and that they are: taken in once for its stacks, which follow one another."""
        if self._parsed is None or self._parsed[0] is not project:
            self._parsed = project, self._memory.states(finding.inputs(project)), programs.parsed(project)
        return self._parsed[1:]


def _evaluated(program: Source | None, stack: Stack, subject: Subject, shared: Shared) -> tuple[Facts, frozenset[Path]]:
    if program is not None and program.fault is None:
        return machine.evaluate(program, subject, shared)
    file = program_file(stack.project) or stack.project.path / PROGRAM
    facts = Facts()
    facts.stopped = (program and program.fault) or (Position(str(file)), "its source cannot be read")
    return facts, frozenset({file})


def program_file(project: Project) -> Path | None:
    """The file that a Python project's program starts in; None for other languages, and where there is none."""
    if project.runtime != "python":
        return None
    start = project.path / project.main if project.main else project.path
    file = start / PROGRAM if start.is_dir() else start
    return file if file.is_file() else None


class _Roots:
    """Where programs' imports are looked up: as Python would beside them, then upwards, then in shared sources."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self.reach = self._reach()
        self._above: dict[Path, tuple[Path, ...]] = {}

    def _reach(self) -> Path:
        """The folder that shared modules are looked for in: the estate's root, or a lone project's repository."""
        root = self._estate.root
        if self._estate.manifest is None:
            return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
        return root

    def of(self, project: Project) -> tuple[Path, ...]:
        """The folders for one project, in order."""
        start = project.path / project.main if project.main else project.path
        own = [start if not project.main or start.is_dir() else start.parent, project.path, project.path / "src"]
        return tuple(dict.fromkeys((*own[:2], *_folders(own[2:]), *self._upwards(project.path.parent))))

    def _upwards(self, folder: Path) -> tuple[Path, ...]:
        """`folder` and those above it, each with its `src`, then what the manifest names."""
        if folder not in self._above:
            if folder.is_relative_to(self.reach):
                here = (folder, *_folders([folder / "src"]))
                self._above[folder] = here + self._upwards(folder.parent)
            else:
                self._above[folder] = _folders(self._estate.root / name for name in self._estate.sources)
        return self._above[folder]


def _folders(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(path for path in paths if path.is_dir())


def _subjects(
    estate: Estate, stacks: list[Stack], config_value: configuration.ConfigValue, roots: _Roots
) -> list[Subject]:
    of: dict[str, tuple[Path, ...]] = {}
    for stack in stacks:
        if stack.project.name not in of:
            of[stack.project.name] = roots.of(stack.project)
    return [_subject(estate, stack, config_value, of[stack.project.name]) for stack in stacks]


def _subject(
    estate: Estate, stack: Stack, config_value: configuration.ConfigValue, roots: tuple[Path, ...] = ()
) -> Subject:
    return Subject(
        organization=estate.organization,
        project=stack.project.name,
        stack=stack.name.stack,
        folder=stack.project.path,
        roots=roots,
        config_value=functools.partial(config_value, stack),
    )


def _resolved(stack: Stack, facts: Facts, namer: Namer) -> Iterator[Reference | Diagnostic]:
    """The references of one stack, and what is to be said about the rest."""
    short = stack.name.short
    for found in facts.references.values():
        if found.reason:
            message = f"cannot tell which stack this refers to: it depends on {found.reason}"
            hint = f"say it in the manifest: stacks: {{{stack.name.project}/*: {{depends_on: [...]}}}}"
            if found.reason.endswith("which is not set"):
                hint = "set it: stackyard config set"
            yield warning(message, hint=hint, position=found.position, stack=short)
            continue
        try:
            target = namer.resolve(found.name, stack.name)
        except ValueError as fault:
            hint = "" if isinstance(fault, naming.Ambiguous) else "a stack is named organization/project/stack"
            yield warning(str(fault), hint=hint or "write project/stack", position=found.position, stack=short)
            continue
        reads = tuple(OutputRead(r.key, r.position, r.required, r.conditional) for r in found.reads.values())
        keys = tuple(sorted(found.keys))
        evidence = Evidence(EvidenceKind.EVALUATED, found.position, found.conditional, keys, reads)
        yield Reference(stack.name, target, (evidence,), external=namer.stack(target) is None)
    if facts.stopped is not None:
        position, reason = facts.stopped
        message = f"the program could not be evaluated to its end: {reason}"
        hint = "references behind this place are known only when it runs, or when the manifest declares them"
        yield warning(message, hint=hint, position=position, stack=short)


def _asked(resolved: Iterable[Reference | Diagnostic]) -> dict[tuple[StackName, StackName], frozenset[str]]:
    """The keys that one program asks for of each stack, where each is told, and nothing else about it is open."""
    found: dict[tuple[StackName, StackName], set[str]] = {}
    for item in resolved:
        if not isinstance(item, Reference):
            return {}
        keys = found.setdefault((item.reader, item.target), set())
        keys.update(*(evidence.keys for evidence in item.evidence))
    return {ends: frozenset(keys) for ends, keys in found.items() if keys and ALL_KEYS not in keys}


def _once(alike: list[Diagnostic]) -> Diagnostic:
    """One diagnostic for the same fault in several stacks."""
    first = alike[0]
    if len(alike) == 1:
        return first
    stacks = sorted({each.stack for each in alike})
    some = ", ".join(stacks[:3]) + (f" and {len(stacks) - 3} more" if len(stacks) > 3 else "")
    return dataclasses.replace(first, message=f"{first.message} (in {some})", stack=stacks[0])


__all__ = ["Evaluation", "Hidden", "evaluate", "program_file"]
