"""Evaluations of earlier runs, as long as everything they depended on is as it was."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from stackyard.errors import Position
from stackyard.estate import index as indexes
from stackyard.estate.index import Index
from stackyard.estate.walking import PRUNED
from stackyard.graph.evaluation.facts import Facts, FoundExport, FoundRead, FoundReference
from stackyard.graph.evaluation.state import Hidden, Subject

_KIND: Final = "facts"
# Raised with every change to what an evaluation finds.
_FORMAT: Final = "5"
_GONE: Final = "gone"

Evaluated = tuple[Facts, frozenset[Path]]


class Memory:
    """Facts by stack in the estate's index.

    They hold while no source they were made from changed, no module appeared or went in a folder where imports
    were looked up, and every configuration value that was asked for is the same (only its digest is kept).
    `more` is, as text, whatever else they were made with.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._states: dict[str, str] = {}
        self._listings: dict[str, str] = {}

    def recall(self, name: str, subject: Subject, more: str = "") -> Evaluated | None:
        """What was found for a stack, if it still holds."""
        payload = self._index.get(_KIND, name, _mark(subject, more))
        try:
            if not payload or not self._holds(payload, subject):
                return None
            return _decoded(payload), frozenset(Path(path) for path in payload["files"])
        except (TypeError, ValueError, KeyError, AttributeError):
            return None

    def keep(self, name: str, subject: Subject, facts: Facts, files: frozenset[Path]) -> None:
        """Remember what an evaluation found, unless a source changed just now."""
        states = self.states(files)
        if _GONE not in states.values():
            folders = {str(folder) for folder in (*subject.roots, *(path.parent for path in files))}
            listings = {folder: self._listing(folder) for folder in sorted(folders)}
            self._put(name, subject, "", _encoded(facts) | {"files": states, "beside": {}, "folders": listings})

    def states(self, paths: Iterable[Path]) -> dict[str, str]:
        """What tells whether files, and the names in folders, stay as they are: to be asked before they are read."""
        return {str(path): self._state(str(path)) for path in paths}

    def keep_read(
        self, name: str, subject: Subject, more: str, evaluated: Evaluated, states: Mapping[str, str]
    ) -> None:
        """Remember what was read, unless something that decided it changed just before; `states` are of all that."""
        facts, read = evaluated
        files = {str(path): states.get(str(path), "") for path in read}
        beside = {path: state for path, state in states.items() if path not in files}
        self._put(name, subject, more, _encoded(facts) | {"files": files, "beside": beside, "folders": {}})

    def _put(self, name: str, subject: Subject, more: str, payload: dict[str, Any]) -> None:
        if all(payload["files"].values()) and all(payload["beside"].values()):
            self._index.put(_KIND, name, _mark(subject, more), payload)

    def _holds(self, payload: Any, subject: Subject) -> bool:
        return (
            all(self._state(path) == state for path, state in (payload["files"] | payload["beside"]).items())
            and all(self._listing(folder) == listing for folder, listing in payload["folders"].items())
            and all(_asked(subject, key) == digest for key, digest in payload["config"].items())
        )

    def _state(self, path: str) -> str:
        """The stamp of a file or folder, or that it is gone; empty when it changed just now, and for a link."""
        if path not in self._states:
            try:
                status = os.stat(path, follow_symlinks=False)
                is_sure = indexes.settled(status) and not stat.S_ISLNK(status.st_mode)
                self._states[path] = indexes.stamp(status) if is_sure else ""
            except FileNotFoundError:
                self._states[path] = _GONE
            except OSError:
                self._states[path] = ""
        return self._states[path]

    def _listing(self, folder: str) -> str:
        """A digest of the names in a folder that an import could mean."""
        if folder not in self._listings:
            try:
                with os.scandir(folder) as entries:
                    names = sorted(e.name for e in entries if _importable(e.name))
            except OSError:
                names = []
            self._listings[folder] = _digest(names)
        return self._listings[folder]


def _importable(name: str) -> bool:
    return name.endswith(".py") or ("." not in name and name not in PRUNED)


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\0".join(parts).encode(errors="surrogateescape"), digest_size=12).hexdigest()


def _mark(subject: Subject, more: str) -> str:
    roots = map(str, subject.roots)
    return _digest((_FORMAT, subject.organization, subject.project, subject.stack, str(subject.folder), *roots, more))


def _asked(subject: Subject, key: str) -> str:
    try:
        return _value(subject.config_value(key))
    except Hidden:
        return "hidden"


def _value(value: str | None) -> str:
    return "unset" if value is None else _digest(("set", value))


def _encoded(facts: Facts) -> dict[str, Any]:
    return {
        "references": [
            [_place(r.position), r.name, r.reason, r.conditional, sorted(r.keys), _reads(r)]
            for r in facts.references.values()
        ],
        "exports": [[e.key, _place(e.position), e.conditional] for e in facts.exports.values()],
        "open": [[_place(position), reason] for position, reason in facts.open_.items()],
        "stopped": facts.stopped and [_place(facts.stopped[0]), facts.stopped[1]],
        "config": {key: _value(value) for key, value in facts.config.items()} | dict.fromkeys(facts.hidden, "hidden"),
    }


def _reads(reference: FoundReference) -> list[list[Any]]:
    return [[read.key, _place(read.position), read.required, read.conditional] for read in reference.reads.values()]


def _decoded(payload: Any) -> Facts:
    facts = Facts()
    for place, name, reason, conditional, keys, reads in payload["references"]:
        position = Position(*place)
        found = FoundReference(position, str(name), str(reason), bool(conditional), set(map(str, keys)))
        for key, where, required, sometimes in reads:
            read = FoundRead(str(key), Position(*where), bool(required), bool(sometimes))
            found.reads[read.position, read.key] = read
        facts.references[position, found.name or f"?{found.reason}"] = found
    for key, place, conditional in payload["exports"]:
        facts.exports[str(key)] = FoundExport(str(key), Position(*place), bool(conditional))
    facts.open_ = {Position(*place): str(reason) for place, reason in payload["open"]}
    if payload["stopped"]:
        facts.stopped = (Position(*payload["stopped"][0]), str(payload["stopped"][1]))
    return facts


def _place(position: Position) -> list[str | int]:
    return [position.path, position.line, position.column]
