"""What one evaluation carries along: budget, call sites, what it found, and what it was asked with."""

from __future__ import annotations

import ast
import builtins
import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.graph.evaluation import scopes
from stackyard.graph.evaluation.facts import ALL_KEYS, Facts, FoundExport, FoundRead, FoundReference
from stackyard.graph.evaluation.frames import Frame, Module
from stackyard.graph.evaluation.scopes import Scope
from stackyard.graph.evaluation.sources import Source, Sources
from stackyard.graph.evaluation.values import Arguments, Choice, Function, Reference, Unknown, Value

STEPS: Final = 200_000
CALL_STEPS: Final = 5_000
_DEPTH: Final = 120
_CALLS: Final = 24
_REFERENCES: Final = 2_000
BUILTIN_NAMES: Final = frozenset(dir(builtins))


class Exhausted(Exception):
    """The budget is used up."""


class TooLong(Exception):
    """A call that leads to no reference takes too many steps: its result is unknown, everything else goes on."""


class Restart(Exception):
    """A module was imported by a name that only the evaluation could tell: it is taken in now, begin again."""


class Hidden(Exception):
    """A configuration value that may not be looked at, or cannot be known yet; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """The stack whose program is evaluated. `roots` are the folders that imports are looked up in, in order.

    `config_value` gives a value by its full key (`project:key`) as text, None when it is not set, and raises
    `Hidden` for one that must not be looked at.
    """

    organization: str
    project: str
    stack: str
    folder: Path
    roots: tuple[Path, ...]
    config_value: Callable[[str], str | None]


class Shared:
    """What the evaluations of all stacks of an estate share: sources, their scopes, and the sinks."""

    def __init__(self, root: Path) -> None:
        self.sources = Sources(root)
        self.sinks = scopes.SINKS
        self._known: dict[Path, Source] = {}
        self.inside: dict[int, set[str]] = {}
        self._scopes: dict[int, Scope] = {}
        self._words: dict[int, frozenset[str]] = {}

    def learn(self, start: Source, roots: tuple[Path, ...]) -> bool:
        """Take in everything that a source imports; whether any of it is new. `find_sinks` follows."""
        before = len(self._known)
        self._known.update(self.sources.closure(start, roots))
        return len(self._known) > before

    def find_sinks(self) -> None:
        """Find the functions and classes of all sources taken in that lead to a reference."""
        self.sinks = scopes.makers(self._known.values())

    def scope(self, owner: ast.AST) -> Scope:
        """The scope of a module, function, lambda or class."""
        found = self._scopes.get(id(owner))
        if found is None:
            body = getattr(owner, "body", [])
            # The body of a lambda is an expression.
            found = self._scopes[id(owner)] = Scope(body if isinstance(body, list) else [ast.Expr(body)])
            self.inside.update(found.inside)
        return found

    def matters(self, node: ast.AST) -> bool:
        """Whether a node mentions a sink."""
        words = self._words.get(id(node))
        if words is None:
            words = self._words[id(node)] = scopes.words(node)
        return not words.isdisjoint(self.sinks)


class State:
    """The base of the machine. Its parts in the other modules add how things are evaluated."""

    def __init__(self, subject: Subject, shared: Shared) -> None:
        self.subject = subject
        self.shared = shared
        self.facts = Facts()
        self.modules: dict[Path, Module] = {}
        self.steps = 0
        self.limit = STEPS
        self.conditional = 0
        self.depth = 0
        self.nested = 0
        self.region = 0
        self.regions = 0
        self.born: dict[int, tuple[Value, tuple[int, int]]] = {}
        self.sites: list[tuple[Source, ast.AST]] = []
        self.files: set[Path] = set()

    # what the other parts add

    def evaluate(self, node: ast.expr, frame: Frame) -> Value:
        """The value of an expression."""
        raise NotImplementedError

    def call(self, function: Value, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """The result of a call."""
        raise NotImplementedError

    def attribute(self, value: Value, name: str, node: ast.AST, frame: Frame) -> Value:
        """`value.name`."""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        """Bind a value to an assignment target."""
        raise NotImplementedError

    def run(self, frame: Frame, body: Sequence[ast.stmt]) -> None:
        """Evaluate the wanted statements of a body."""
        raise NotImplementedError

    def invoke(self, function: Function, arguments: Arguments, node: ast.AST) -> Value:
        """Call a function of the estate."""
        raise NotImplementedError

    def look_up(self, module: Module, name: str) -> Value:
        """The value that a name of a module has in the end."""
        raise NotImplementedError

    # budget

    def step(self, node: ast.AST, frame: Frame) -> None:
        """Count one step. Raises Exhausted."""
        self.steps += 1
        if self.steps > self.limit:
            if self.limit < STEPS:
                raise TooLong
            self.stop(node, frame, f"its evaluation takes more than {STEPS:,} steps")

    def nests(self, node: ast.AST, frame: Frame) -> bool:
        """Whether an expression is too deep to be evaluated; then something may be missing."""
        if self.depth > _DEPTH and self.facts.stopped is None:
            self.facts.stopped = (frame.module.source.position(node), "its expressions are nested too deeply")
        return self.depth > _DEPTH

    def stop(self, node: ast.AST, frame: Frame, reason: str) -> None:
        """End the evaluation. Raises Exhausted."""
        if self.facts.stopped is None:
            self.facts.stopped = (frame.module.source.position(node), reason)
        raise Exhausted

    @contextlib.contextmanager
    def undecided(self) -> Iterator[None]:
        """What happens inside may happen or not."""
        before = self.region
        self.conditional += 1
        self.regions += 1
        self.region = self.regions
        try:
            yield
        finally:
            self.conditional -= 1
            self.region = before

    def perhaps(self, certain: bool) -> contextlib.AbstractContextManager[None]:
        """What happens inside happens for certain, or not."""
        return contextlib.nullcontext() if certain else self.undecided()

    def fresh(self, collection: Value) -> Value:
        """A collection that was just made: changes of it are certain where its making is."""
        if self.conditional:
            self.born[id(collection)] = (collection, (self.conditional, self.region))
        return collection

    def changes_for_certain(self, collection: Value) -> bool:
        """Whether what now changes a collection certainly happens, once the collection is there."""
        _, made = self.born.get(id(collection), (None, (0, 0)))
        return not self.conditional or made == (self.conditional, self.region)

    @contextlib.contextmanager
    def elsewhere(self, sites: Sequence[tuple[Source, ast.AST]], conditional: int) -> Iterator[None]:
        """What happens inside happens at other call sites than where it was noticed that it matters."""
        before = self.sites, self.conditional
        self.sites, self.conditional = list(sites), conditional
        self.nested += len(before[0])
        try:
            yield
        finally:
            self.nested -= len(before[0])
            self.sites, self.conditional = before

    @property
    def too_deep(self) -> bool:
        """Whether another call of an estate's function is refused."""
        return self.nested + len(self.sites) >= _CALLS

    # what is found

    def place(self, node: ast.AST, frame: Frame) -> Position:
        """Where the user would look: the innermost call in the project's own folder, else the node itself."""
        own = self.subject.folder
        for source, site in ((frame.module.source, node), *reversed(self.sites)):
            if source.path.is_relative_to(own):
                return source.position(site)
        return frame.module.source.position(node)

    def refer(self, name: Value, node: ast.AST, frame: Frame) -> Reference:
        """Record a reference to the stack `name`, which may be unknown or one of several."""
        place = self.place(node, frame)
        options = name.options if isinstance(name, Choice) else (name,)
        conditional = bool(self.conditional) or len(options) > 1
        found = []
        for option in options:
            text, reason = "", ""
            if isinstance(option, str):
                text = option
            else:
                reason = option.reason if isinstance(option, Unknown) else "something that is not text"
            key = (place, text or f"?{reason}")
            if len(self.facts.references) >= _REFERENCES:
                self.stop(node, frame, f"it makes more than {_REFERENCES:,} references")
            each = self.facts.references.setdefault(key, FoundReference(place, text, reason))
            each.conditional = each.conditional and conditional
            found.append(each)
        return Reference(tuple(found))

    def read_key(
        self, reference: Reference, key: Value, node: ast.AST, frame: Frame, *, required: bool = False
    ) -> None:
        """Record that an output of a reference is read."""
        place = self.place(node, frame)
        options = key.options if isinstance(key, Choice) else (key,)
        conditional = bool(self.conditional) or len(options) > 1 or len(reference.found) > 1
        for each in reference.found:
            each.keys.update(option if isinstance(option, str) else ALL_KEYS for option in options)
            for option in options:
                if isinstance(option, str) and option != ALL_KEYS:
                    read = each.reads.setdefault((place, option), FoundRead(option, place))
                    read.required = read.required or required
                    read.conditional = read.conditional and conditional

    def export(self, key: Value, node: ast.AST, frame: Frame) -> None:
        """Record that an output is exported."""
        place = self.place(node, frame)
        options = key.options if isinstance(key, Choice) else (key,)
        conditional = bool(self.conditional) or len(options) > 1
        for option in options:
            if isinstance(option, str):
                each = self.facts.exports.setdefault(option, FoundExport(option, place))
                each.conditional = each.conditional and conditional
            else:
                self.facts.open_[place] = option.reason if isinstance(option, Unknown) else "a key that is not text"

    def configured(self, key: str) -> Value:
        """A configuration value as text, None when it is not set, Unknown when it must not be looked at."""
        if key in self.facts.config:
            return self.facts.config[key]
        try:
            value = self.subject.config_value(key)
        except Hidden as hidden:
            self.facts.hidden.add(key)
            self.facts.hidden.add(key)
            return Unknown(str(hidden) or f"the configuration value {key}")
        self.facts.config[key] = value
        return value
