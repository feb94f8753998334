"""What the programs of one project refer to, read and export, for one stack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.graph.evaluation.facts import ALL_KEYS, Facts, FoundExport, FoundRead, FoundReference
from stackyard.graph.evaluation.state import Subject
from stackyard.graph.evaluation.values import Unknown
from stackyard.graph.reading import documents, finding, settings
from stackyard.graph.reading.constants import Constants
from stackyard.graph.reading.sources import Source
from stackyard.graph.reading.tokens import NAME, TEXT
from stackyard.model.estates import Project

_OUTPUT: Final = re.compile(r"(get|require|Get)\w*Output\w*")

READER: Final = "2"
"""Raised with every change to what a reading finds: what was found before counts no more."""

Found = tuple[Facts, frozenset[Path]]
Sources = dict[Path, Source | OSError]


def is_read(project: Project) -> bool:
    """Whether programs of a project are read here."""
    return project.runtime in finding.SUFFIXES or project.runtime == "yaml"


def parsed(project: Project) -> Sources:
    """The sources of a project, which are the same for all its stacks; of one that cannot be read, why."""
    found: Sources = {}
    for path in finding.files(project) if project.runtime in finding.SUFFIXES else ():
        try:
            found[path] = Source.read(path)
        except OSError as fault:
            found[path] = fault
    return found


def read(project: Project, subject: Subject, known: Sources | None = None) -> Found:
    """What the programs of a project say for one stack, and the files that were looked at.

    `known` are the project's `parsed` sources, where they are known already.
    """
    if project.runtime == "yaml":
        return documents.read(project, subject)
    facts, sources = Facts(), dict[Path, Source]()
    for path, each in (parsed(project) if known is None else known).items():
        if isinstance(each, OSError):
            facts.stopped = (Position(str(path)), f"it cannot be read: {each.strerror}")
        else:
            sources[path] = each
    reader = _Reader(Constants(settings.noted(subject, facts), sources), facts)
    entry = _entry(project, sources)
    for source in sources.values():
        reader.references(source, source is entry or source.go)
    for source in sources.values():
        if source.go:
            reader.go_exports(source)
    if project.runtime == "nodejs" and entry is not None:
        reader.exports(entry)
    elif project.runtime == "nodejs":
        facts.open_[Position(str(project.path))] = "the file that it starts in is not found"
    return facts, frozenset(sources)


def _entry(project: Project, sources: Mapping[Path, Source]) -> Source | None:
    """The file that a Node.js program starts in, as the SDK's runner chooses it."""
    return next((sources[path] for path in finding.entries(project) if path in sources), None)


class _Reader:
    """Finds stack references, what is read of them, and exports."""

    def __init__(self, constants: Constants, facts: Facts) -> None:
        self._constants = constants
        self._facts = facts

    def references(self, source: Source, starts: bool) -> None:
        """Every place of a source that makes a stack reference. `starts`: the program runs this source itself."""
        for index, opening in _makers(source):
            named = self._name_argument(source, opening)
            conditional = not starts or source.conditional[index]
            value = self._constants.text(source, named) if named >= 0 else Unknown("arguments that are not followed")
            found = self._refer(source.position(index), value, conditional)
            self._reads(source, index, found)

    def _name_argument(self, source: Source, opening: int) -> int:
        """The argument that names the stack: the name of the resource, unless its arguments give another."""
        arguments = source.arguments(opening)
        if source.go:
            named = self._field(source, arguments[2], "Name") if len(arguments) > 2 else -1
            return named if named >= 0 else arguments[1] if len(arguments) > 1 else -1
        named = self._field(source, arguments[1], "name") if len(arguments) > 1 else -1
        return named if named >= 0 else arguments[0] if arguments else -1

    def _field(self, source: Source, index: int, name: str) -> int:
        """Where `{name: value}` gives its value, in an argument that begins here."""
        while source.at(index).text in ("&", ".") or (source.at(index).kind == NAME and not source.is_(index, "nil")):
            index += 1
        if not source.is_(index, "{"):
            return -1
        for start in source.arguments(index):
            if source.at(start).text == name and source.is_(start + 1, ":"):
                return start + 2
            if source.at(start).text == name and source.at(start + 1).text in (",", "}"):
                return start
        return -1

    def _refer(self, place: Position, value: str | Unknown, conditional: bool) -> FoundReference:
        text = value if isinstance(value, str) else ""
        reason = "" if isinstance(value, str) else value.reason
        key = (place, text or f"? {reason}")
        return self._facts.references.setdefault(key, FoundReference(place, text, reason, conditional))

    def _reads(self, source: Source, index: int, found: FoundReference) -> None:
        """What is read of the reference that is made here, where it is given one name in this file."""
        name = _given_name(source, index)
        if not name or len(source.given.get(name, ())) > 1:
            found.keys.add(ALL_KEYS)
            return
        declared = _declared(source, index)
        for part, outer in source.with_templates():
            for at, token in enumerate(part.tokens):
                if token.kind != NAME or token.text != name or part.is_(at - 1, "."):
                    continue
                if _OUTPUT.fullmatch(part.at(at + 2).text) and part.is_(at + 3, "("):
                    self._read(part, at, found, perhaps=source.conditional[at if outer < 0 else outer])
                elif part is not source or at != declared:
                    found.keys.add(ALL_KEYS)

    def _read(self, source: Source, at: int, found: FoundReference, *, perhaps: bool) -> None:
        arguments = source.arguments(at + 3)
        key = self._constants.text(source, arguments[0]) if arguments else Unknown("nothing")
        if not isinstance(key, str):
            found.keys.add(ALL_KEYS)
            return
        found.keys.add(key)
        place = source.position(at)
        required = source.at(at + 2).text.startswith("require")
        conditional = found.conditional or perhaps
        found.reads[place, key] = FoundRead(key, place, required, conditional)

    def exports(self, source: Source) -> None:
        """The outputs of a Node.js program: what the file that it starts in exports."""
        for index in range(len(source.tokens)):
            if source.is_(index, "export") and not source.is_(index - 1, "."):
                self._exported(source, index)
            elif source.is_(index, "module", ".", "exports") and source.at(index + 3).text in ("=", ".", "["):
                self._assigned(source, index + 3)
            elif source.is_(index, "exports") and not source.is_(index - 1, ".") and source.at(index + 1).text in ".[":
                self._assigned(source, index + 1)

    def _exported(self, source: Source, index: int) -> None:
        after = source.at(index + 1).text
        if after in ("const", "let", "var", "async", "function", "class"):
            at = index + 2 + (after == "async")
            if source.is_(at, "{"):
                for start in source.arguments(at):
                    renamed = start + 2 if source.is_(start + 1, ":") else start
                    self._export(source, renamed)
            else:
                self._export(source, at)
        elif after == "{":
            for start in source.arguments(index + 1):
                if not source.is_(start, "type"):
                    self._export(source, start + 2 if source.is_(start + 1, "as") else start)
        elif after not in ("type", "interface", "declare", "import"):
            self._facts.open_[source.position(index)] = f"it exports by `export {after}`"

    def _assigned(self, source: Source, index: int) -> None:
        """`exports.name = ...`, `module.exports = {...}`."""
        named = source.is_(index, ".") and source.is_(index + 2, "=")
        if named or (source.is_(index, "[") and source.at(index + 1).kind == TEXT):
            self._export(source, index + 1)
        elif source.is_(index, "=", "{"):
            for start in source.arguments(index + 1):
                if source.at(start).kind in (NAME, TEXT) and source.at(start + 1).text in (":", ",", "}"):
                    self._export(source, start)
                else:
                    self._facts.open_[source.position(start)] = "it exports what is not followed"
        else:
            self._facts.open_[source.position(index)] = "it exports what is not followed"

    def go_exports(self, source: Source) -> None:
        """The outputs of a Go program: `ctx.Export(key, value)`, wherever it stands."""
        for index in range(len(source.tokens)):
            if source.is_(index, ".", "Export", "("):
                arguments = source.arguments(index + 2)
                key = self._constants.text(source, arguments[0]) if arguments else Unknown("nothing")
                if isinstance(key, str):
                    self._note(key, source.position(index - 1), source.conditional[index])
                else:
                    self._facts.open_[source.position(index - 1)] = f"the name of an output depends on {key.reason}"

    def _export(self, source: Source, index: int) -> None:
        self._note(source.at(index).text, source.position(index), source.conditional[index])

    def _note(self, key: str, place: Position, conditional: bool) -> None:
        self._facts.exports.setdefault(key, FoundExport(key, place, conditional))


def _makers(source: Source) -> Iterator[tuple[int, int]]:
    """Where stack references are made: the first token, and the bracket that opens the arguments."""
    for index, token in enumerate(source.tokens):
        if token.kind != NAME:
            continue
        if source.go and token.text == "NewStackReference" and source.is_(index + 1, "("):
            yield index - 2 if source.is_(index - 1, ".") else index, index + 1
        elif not source.go and token.text == "StackReference" and source.is_(index + 1, "("):
            start = index - 2 if source.is_(index - 1, ".") else index
            if source.is_(start - 1, "new"):
                yield start - 1, index + 1


def _declared(source: Source, index: int) -> int:
    """The token that names what is made here: `name = new ...`, `name, err := ...`; -1 when there is none."""
    at = index - 1
    if source.at(at).text not in ("=", ":="):
        return -1
    at -= 1
    if source.go:
        while source.is_(at - 1, ","):
            at -= 2
        return at if source.at(at).kind == NAME else -1
    back = at
    while back > at - 6 and not source.is_(back, ":") and source.at(back).text not in ("const", "let", "var"):
        back -= 1
    at = back - 1 if source.is_(back, ":") else at
    return at if source.at(at).kind == NAME and not source.is_(at - 1, ".") else -1


def _given_name(source: Source, index: int) -> str:
    at = _declared(source, index)
    if at < 0 or source.is_(at - 1, "export") or (source.is_(at - 2, "export")):
        return ""
    return source.at(at).text
