"""Evaluates environments: imports left to right, own values over them, references where they are needed."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.config import stack_files
from stackyard.config.environments import functions, syntax
from stackyard.config.environments.functions import Fault
from stackyard.config.environments.syntax import Definition, Import
from stackyard.config.environments.values import BROKEN, HIDDEN, SIZE_LIMIT, TEXT_LIMIT, Value, over, text_of
from stackyard.errors import Position
from stackyard.estate.documents import Node
from stackyard.model import paths
from stackyard.model.diagnostics import Diagnostic, error

_DEPTH: Final = 100
_IMPORT_DEPTH: Final = 20
_TOO_DEEP: Final = f"values refer to each other more than {_DEPTH} deep"
_OUTSIDE: Final = ("context", "environments")

Open = Callable[[str], str]
"""The text behind a ciphertext. Raises SecretsError."""


class Library:
    """The environments of one estate, each evaluated at most once. Faults gather in `found`.

    Without `open_secret`, secrets stay closed: what depends on them is hidden. `locked` is the first fault of the
    passphrase, located.
    """

    def __init__(self, root: Path, open_secret: Open | None = None) -> None:
        self.root = root
        self.open_secret = open_secret
        self.found: list[Diagnostic] = []
        self.locked: errors.SecretsError | None = None
        self._known: dict[str, Value | None] = {}
        self._loading: list[str] = []
        self.read: dict[str, Definition] = {}

    def compose(self, imports: Sequence[Import], last: Definition | None = None) -> Value | None:
        """The values of environments, the later over the earlier, and of a definition written into a stack file."""
        made = Definition(last.position if last else Position(""), (*imports, *(last.imports if last else ())))
        values = last.values if last else None
        self.found += last.diagnostics if last else ()
        return _Environment(self, Definition(made.position, made.imports, values)).value()

    def environment(self, wanted: Import) -> Value | None:
        """One environment by name; None, and a fault, when there is none."""
        name = wanted.name
        if name in self._loading:
            path = " → ".join((*self._loading[self._loading.index(name) :], name))
            self.found.append(error(f"environments import each other: {path}", position=wanted.position))
            return None
        if name not in self._known:
            self._known[name] = self._evaluated(wanted)
        return self._known[name]

    def _evaluated(self, wanted: Import) -> Value | None:
        made = syntax.read(self.root, wanted.name)
        if made is None:
            message = f"there is no environment {wanted.name!r} ({syntax.shown(wanted.name)})"
            self.found.append(error(message, hint=self._nearest(wanted.name), position=wanted.position))
            return None
        if len(self._loading) >= _IMPORT_DEPTH:
            self.found.append(error(f"imports are more than {_IMPORT_DEPTH} deep", position=wanted.position))
            return None
        self.read[wanted.name] = made
        self.found += made.diagnostics
        self._loading.append(wanted.name)
        try:
            return _Environment(self, made).value()
        finally:
            self._loading.pop()

    def _nearest(self, name: str) -> str:
        known = syntax.names(self.root)
        near = difflib.get_close_matches(name, known, n=1)
        return f"did you mean {near[0]!r}?" if near else "make that file, or take the name away"

    def opened(self, ciphertext: str, position: Position) -> Value:
        """The secret behind a ciphertext."""
        if self.open_secret is None:
            return Value(HIDDEN, position, secret=True)
        try:
            return Value(self.open_secret(ciphertext), position, secret=True)
        except errors.SecretsError as fault:
            message = f"the secret cannot be decrypted: {fault.message}"
            self.locked = self.locked or errors.SecretsError(message, hint=fault.hint, position=position)
            return Value(BROKEN, position, secret=True)


class _Environment:
    """One environment while it is evaluated. A value is evaluated when something first asks for it."""

    def __init__(self, library: Library, made: Definition) -> None:
        self.library = library
        self._made = made
        self._imports: dict[str, Value] = {}
        self._base = self._imported()
        self._values: dict[paths.Path, Value] = {}
        self._busy: list[paths.Path] = []

    def _imported(self) -> Value | None:
        base: Value | None = None
        for wanted in self._made.imports:
            found = self.library.environment(wanted)
            if found is None:
                continue
            self._imports[wanted.name] = found
            if wanted.merge:
                base = over(base, found)
        return base

    def value(self) -> Value | None:
        """All of it; None when it says nothing."""
        own = self._made.values
        return self.evaluate(own, self._base, ()) if own is not None else self._base

    def evaluate(self, node: Node, base: Value | None, path: paths.Path, position: Position | None = None) -> Value:
        """The value at `path`, over what the imports have there; `position` is its key's.

        A fault is reported and leaves a broken value.
        """
        if path in self._values:
            return self._values[path]
        try:
            if path in self._busy:
                chain = " → ".join(paths.render(each) for each in (*self._busy[self._busy.index(path) :], path))
                raise Fault(f"values refer to each other: {chain}", node.position)
            if len(self._busy) >= _DEPTH:
                raise Fault(_TOO_DEEP, node.position)
            self._busy.append(path)
            try:
                made = dataclasses.replace(self.own(node, base, path), position=position or node.position)
                made = over(base, made)
                if made.size > SIZE_LIMIT:
                    raise Fault(f"more than {SIZE_LIMIT} values", node.position)
            finally:
                self._busy.pop()
        except Fault as fault:
            self.library.found.append(error(fault.message, hint=fault.hint, position=fault.position))
            made = Value(BROKEN, position or node.position)
        self._values[path] = made
        return made

    def own(self, node: Node, base: Value | None, path: paths.Path) -> Value:
        """What a node says by itself."""
        if node.fields is not None:
            if (called := functions.called(node)) is not None:
                return functions.call(self, called, node.fields[called], (*path, called))
            below = base.fields if base is not None and base.fields else {}
            made = {
                key: self.evaluate(each, below.get(key), (*path, key), node.keys.get(key))
                for key, each in node.fields.items()
            }
            return Value(made, node.position)
        if node.items is not None:
            items = [self.evaluate(each, None, (*path, index)) for index, each in enumerate(node.items)]
            return Value(items, node.position)
        if node.kind == "string":
            return self.interpolated(node)
        return Value(stack_files.scalar(node), node.position)

    def interpolated(self, node: Node) -> Value:
        """A string: a lone `${…}` is the value itself, anything else is text."""
        try:
            parts = syntax.parts_of(node.text)
        except syntax.Malformed as fault:
            raise Fault(str(fault), node.position) from None
        values = [part if isinstance(part, str) else self.at(part, node.position) for part in parts]
        origins = tuple(value.position for value in values if isinstance(value, Value))
        if len(values) == 1 and isinstance(values[0], Value):
            one = values[0]
            return Value(one.data, node.position, one.secret, (), (*origins, *one.parts))
        secret = any(isinstance(value, Value) and value.is_secret for value in values)
        missing = next(filter(None, (value.missing for value in values if isinstance(value, Value))), None)
        if missing is not None:
            return Value(missing, node.position, secret, (), origins)
        try:
            text = "".join(value if isinstance(value, str) else text_of(value) for value in values)
        except ValueError as fault:
            raise Fault(str(fault), node.position) from None
        if len(text) > TEXT_LIMIT:
            raise Fault(f"the text would be longer than {TEXT_LIMIT} characters", node.position)
        return Value(text, node.position, secret, (), origins)

    def at(self, path: paths.Path, position: Position) -> Value:
        """The value that `${path}` means. Raises Fault when there is none."""
        if path[0] == "imports" and len(path) > 1 and not self._has("imports"):
            name = str(path[1])
            if name not in self._imports:
                raise Fault(f"${{{paths.render(path)}}}: {name!r} is not imported", position)
            return self._within(self._imports[name], path, 2, position)
        if path[0] in _OUTSIDE and not self._has(str(path[0])):
            raise Fault(f"${{{paths.render(path)}}}: there is no `{path[0]}` here", position, "import the environment")
        node, base, place = self._made.values, self._base, None
        for depth, part in enumerate(path):
            below = base.fields.get(str(part)) if base is not None and base.fields else None
            if node is None:
                return self._rest(below, path, depth + 1, position)
            if node.fields is not None and functions.called(node) is None:
                place, node, base = node.keys.get(str(part)), node.fields.get(str(part)), below
                if node is None:
                    return self._rest(base, path, depth + 1, position)
            elif node.items is not None and isinstance(part, int) and part < len(node.items):
                node, base, place = node.items[part], None, None
            else:
                return self._within(self.evaluate(node, base, path[:depth], place), path, depth, position)
        assert node is not None
        return self.evaluate(node, base, path, place)

    def _has(self, name: str) -> bool:
        own, base = self._made.values, self._base
        return bool(own and own.fields and name in own.fields) or bool(base and base.fields and name in base.fields)

    def _rest(self, value: Value | None, path: paths.Path, depth: int, position: Position) -> Value:
        if value is None:
            raise Fault(f"${{{paths.render(path)}}}: there is no `{paths.render(path[:depth])}`", position)
        return self._within(value, path, depth, position)

    def _within(self, value: Value, path: paths.Path, depth: int, position: Position) -> Value:
        """What is at the rest of a path in an evaluated value."""
        for index, part in enumerate(path[depth:], start=depth + 1):
            data, secret = value.data, value.secret
            below: Value | None = None
            if data is BROKEN or data is HIDDEN:
                return value
            if isinstance(data, dict):
                below = data.get(str(part))
            elif isinstance(data, list) and isinstance(part, int) and part < len(data):
                below = data[part]
            if below is None:
                raise Fault(f"${{{paths.render(path)}}}: there is no `{paths.render(path[:index])}`", position)
            value = below if not secret else Value(below.data, below.position, True, below.under, below.parts)
        return value
