"""Which statements matter: backward slices of a body by the names that statements define and use.

A program makes hundreds of resources around a handful of stack references. Only statements that mention one of
the *sinks* (the names through which references are made and read, and outputs exported), or that define a name
which such a statement uses, are evaluated. The slice is by name alone, so it errs towards too much.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

from stackyard.graph.evaluation.sources import Source

SINKS: Final = frozenset(
    {"StackReference", "get_output", "require_output", "get_output_details", "outputs", "export"}
    | {"import_module", "__import__", "exec", "eval"}
)
_MUTATORS: Final = frozenset(
    {"append", "extend", "insert", "pop", "popitem", "remove", "clear", "update", "setdefault", "add", "discard"}
    | {"sort", "reverse", "__setitem__", "move_to_end"}
)
_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_COMPOUND: Final = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.Match
)  # fmt: skip
_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Facets:
    """What one statement defines, uses and mentions; of a compound statement only its head.

    It `binds` names, and may change others that it `defines` too. `value` is the value of an export: it matters
    only when it mentions a sink itself.
    """

    __slots__ = ("binds", "defines", "mentions", "node", "parents", "uses", "value", "yields")

    def __init__(self, node: ast.stmt, parents: tuple[Facets, ...]) -> None:
        self.node = node
        self.parents = parents
        self.binds: set[str] = set()
        self.defines: set[str] = set()
        self.uses: set[str] = set()
        self.mentions: set[str] = set()
        self.yields = False
        self.value: tuple[ast.expr, set[str]] | None = None
        for part in _head(node):
            self._look(part)
        exported = exported_value(node.value) if isinstance(node, ast.Expr) else None
        if exported is not None:
            self.value = (exported, self.uses)
            self.mentions, self.uses = {"export"}, set()
            for part in _call_without(cast(ast.Expr, node).value, exported):
                self._look(part)
        if isinstance(node, _DEFINITIONS):
            self.binds.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            self.binds |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        self.defines |= self.binds

    def _look(self, root: ast.AST) -> None:
        for node in walk(root):
            if isinstance(node, ast.Name):
                self.mentions.add(node.id)
                (self.uses if isinstance(node.ctx, ast.Load) else self.binds).add(node.id)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self.mentions |= {node.value} & SINKS
            elif isinstance(node, ast.Attribute):
                self.mentions.add(node.attr)
                if not isinstance(node.ctx, ast.Load):
                    self._touch(node)
            elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
                self._touch(node)
            elif isinstance(node, ast.Call):
                self._call(node)
            elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
                self.binds.add(node.name)
            elif isinstance(node, (ast.Yield, ast.YieldFrom)):
                self.yields = True
        if isinstance(root, ast.AugAssign):
            self._touch(root.target)

    def _call(self, node: ast.Call) -> None:
        """A call may change what it is called on and, as a statement of its own, what it is given."""
        alone = isinstance(self.node, ast.Expr)
        if isinstance(node.func, ast.Attribute) and (alone or node.func.attr in _MUTATORS):
            self._touch(node.func)
        if alone:
            self.defines |= {argument.id for argument in node.args if isinstance(argument, ast.Name)}

    def _touch(self, node: ast.AST) -> None:
        while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
            node = node.func if isinstance(node, ast.Call) else node.value
        if isinstance(node, ast.Name):
            self.defines.add(node.id)
            self.uses.add(node.id)


def _head(node: ast.stmt) -> Iterator[ast.AST]:
    """The parts of a statement that run when it is reached, apart from the bodies it holds."""
    if isinstance(node, ast.ClassDef):
        yield from (*node.bases, *node.keywords, *node.decorator_list)
        for item in node.body:
            if not isinstance(item, _DEFINITIONS):
                yield item
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from (*node.decorator_list, *node.args.defaults)
        yield from (default for default in node.args.kw_defaults if default)
    elif isinstance(node, (ast.If, ast.While)):
        yield node.test
    elif isinstance(node, (ast.For, ast.AsyncFor)):
        yield from (node.target, node.iter)
    elif isinstance(node, (ast.With, ast.AsyncWith)):
        yield from node.items
    elif isinstance(node, ast.Match):
        yield node.subject
        for case in node.cases:
            yield case.pattern
            if case.guard:
                yield case.guard
    elif not isinstance(node, (ast.Try, ast.TryStar)):
        yield node


def exported_value(node: ast.AST) -> ast.expr | None:
    """The value in `export(key, value)`."""
    if isinstance(node, ast.Call) and (getattr(node.func, "id", "") or getattr(node.func, "attr", "")) == "export":
        if len(node.args) == 2 and not isinstance(node.args[0], ast.Starred):
            return node.args[1]
        return next((keyword.value for keyword in node.keywords if keyword.arg == "value"), None)
    return None


def _call_without(node: ast.expr, left_out: ast.expr) -> Iterator[ast.AST]:
    assert isinstance(node, ast.Call)
    yield node.func
    yield from (part for part in (*node.args, *(k.value for k in node.keywords)) if part is not left_out)


def bodies(node: ast.stmt) -> Iterator[Sequence[ast.stmt]]:
    """The statement lists inside a compound statement."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


class Scope:
    """One body: a module's, a function's or a class's. Slices of it are remembered.

    `inside` are, by the id of a compound statement, the names that anything in it defines; `bound` all names
    that get a value here, `touched` those whose value is changed in place, or may be.
    """

    def __init__(self, body: Sequence[ast.stmt]) -> None:
        self.facets: list[Facets] = []
        self.inside: dict[int, set[str]] = {}
        self._collect(body, ())
        self.yields = any(facets.yields for facets in self.facets)
        self.bound = frozenset(name for facets in self.facets for name in facets.binds)
        self.touched = frozenset(name for facets in self.facets for name in facets.defines - facets.binds)
        self._alias()
        self.defined: dict[str, list[Facets]] = {}
        for facets in self.facets:
            for name in facets.defines:
                self.defined.setdefault(name, []).append(facets)
        self._slices: dict[tuple[frozenset[str], frozenset[str]], frozenset[int]] = {}

    def _collect(self, body: Sequence[ast.stmt], parents: tuple[Facets, ...]) -> None:
        for node in body:
            facets = Facets(node, parents)
            self.facets.append(facets)
            for parent in parents:
                self.inside[id(parent.node)] |= facets.defines
            if isinstance(node, _COMPOUND):
                self.inside[id(node)] = set(facets.defines)
                for inner in bodies(node):
                    self._collect(inner, (*parents, facets))

    def _alias(self) -> None:
        """After `a = b`, what changes the one in place changes the other too."""
        alike: dict[str, set[str]] = {}
        for facets in self.facets:
            node = facets.node
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                names = {node.value.id, *(target.id for target in node.targets if isinstance(target, ast.Name))}
                whole = names.union(*(alike.get(name, ()) for name in names))
                alike.update(dict.fromkeys(whole, whole))
        if alike:
            for facets in self.facets:
                for name in facets.defines - facets.binds:
                    facets.defines |= alike.get(name, set())
                for parent in facets.parents:
                    self.inside[id(parent.node)] |= facets.defines

    @functools.cached_property
    def shared(self) -> frozenset[str]:
        """Names of the module that functions set through `global`: their value depends on who was called when."""
        walked = (node for facets in self.facets for node in walk(facets.node))
        return frozenset(name for node in walked if isinstance(node, ast.Global) for name in node.names)

    @functools.cached_property
    def changers(self) -> Mapping[str, frozenset[str]]:
        """Collections of the module that its functions change in place: name to those functions and classes."""
        return changers([facets.node for facets in self.facets])

    @functools.cached_property
    def stars(self) -> tuple[ast.ImportFrom, ...]:
        """Imports of `*`."""
        found = (facets.node for facets in self.facets)
        return tuple(node for node in found if isinstance(node, ast.ImportFrom) and node.names[0].name == "*")

    @functools.cached_property
    def imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        """Every import statement of the body."""
        return tuple(f.node for f in self.facets if isinstance(f.node, (ast.Import, ast.ImportFrom)))

    def slice(self, names: frozenset[str], sinks: frozenset[str]) -> frozenset[int]:
        """Ids of the statements that matter for the final values of `names` and for the mentions of `sinks`."""
        key = (names, sinks)
        if key not in self._slices:
            self._slices[key] = self._sliced(names, sinks)
        return self._slices[key]

    def _sliced(self, names: frozenset[str], sinks: frozenset[str]) -> frozenset[int]:
        waiting = [facets for facets in self.facets if self._starts(facets, sinks)]
        for name in names:
            waiting += self.defined.get(name, ())
        wanted: set[int] = set()
        known: set[str] = set(names)
        while waiting:
            facets = waiting.pop()
            if id(facets.node) not in wanted:
                wanted.add(id(facets.node))
                waiting += facets.parents
                for name in self._needs(facets, sinks) - known:
                    known.add(name)
                    waiting += self.defined.get(name, ())
            if not waiting:
                waiting = [each for each in self.facets if self._leaves(each, wanted)]
        return frozenset(wanted)

    @staticmethod
    def _starts(facets: Facets, sinks: frozenset[str]) -> bool:
        """Whether a statement matters by itself. Nothing does when only a name's value is asked for."""
        if not sinks:
            return False
        if isinstance(facets.node, (ast.Return, ast.Raise)) or facets.yields:
            return True
        is_function = isinstance(facets.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom))
        return not is_function and not sinks.isdisjoint(facets.mentions)

    @staticmethod
    def _leaves(facets: Facets, wanted: set[int]) -> bool:
        """Whether a statement that is not wanted yet leaves a loop that is."""
        if not isinstance(facets.node, (ast.Break, ast.Continue)) or id(facets.node) in wanted:
            return False
        return any(isinstance(p.node, _LOOPS) and id(p.node) in wanted for p in facets.parents)

    def _needs(self, facets: Facets, sinks: frozenset[str]) -> set[str]:
        """Names a statement uses; a function's body only those that are set in several places.

        All others have one value for good and are looked up when the function is called.
        """
        if facets.value is not None and not sinks.isdisjoint(words(facets.value[0])):
            return facets.uses | facets.value[1]
        if not isinstance(facets.node, _DEFINITIONS):
            return facets.uses
        inside = {node.id for node in walk(facets.node) if isinstance(node, ast.Name)}
        return facets.uses | {name for name in inside if len(self.defined.get(name, ())) > 1}


def walk(root: ast.AST) -> Iterator[ast.AST]:
    """Every node below `root`, itself first: `ast.walk` in another order and twice as fast."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        for part in node.__dict__.values():
            if isinstance(part, ast.AST):
                waiting.append(part)
            elif isinstance(part, list):
                waiting += [each for each in part if isinstance(each, ast.AST)]


def words(root: ast.AST) -> frozenset[str]:
    """Every name and attribute inside a node."""
    return frozenset(
        getattr(node, "id", "")
        or getattr(node, "attr", "")
        or (
            node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in SINKS else ""
        )
        for node in walk(root)
    )


def changers(body: Iterable[ast.stmt]) -> Mapping[str, frozenset[str]]:
    """Names that a body sets to what may be a collection, to its functions and classes that change it in place."""
    collections = {
        part.id
        for node in body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and not isinstance(node.value, (ast.Constant, ast.JoinedStr))
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for part in walk(target)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    found: dict[str, set[str]] = {}
    for node in body if collections else ():
        if isinstance(node, _DEFINITIONS):
            for part in walk(node):
                name = _changed(part)
                if name in collections:
                    found.setdefault(name, set()).add(node.name)
    return {name: frozenset(names) for name, names in found.items()}


def _changed(node: ast.AST) -> str:
    """The name of what a node changes in place: `xs.append(...)`, `d[k] = ...`, `xs += ...`; else nothing."""
    root: ast.AST | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
        root = node.func.value
    elif isinstance(node, (ast.Attribute, ast.Subscript)) and not isinstance(node.ctx, ast.Load):
        root = node.value
    elif isinstance(node, ast.AugAssign):
        root = node.target
    while isinstance(root, (ast.Attribute, ast.Subscript)):
        root = root.value
    return root.id if isinstance(root, ast.Name) else ""


def makers(sources: Iterable[Source]) -> frozenset[str]:
    """The sinks, and the names of all functions, methods and classes through which a sink is reached.

    Only files that mention such a name are parsed.
    """
    found = set(SINKS)
    waiting = list(sources)
    definitions: list[tuple[str, frozenset[str]]] = []
    while True:
        before = len(found)
        left = []
        for source in waiting:
            if found.isdisjoint(source.words):
                left.append(source)
            elif source.tree is not None:
                definitions += _definitions(source.tree.body)
                found.update(*changers(source.tree.body).values())
        waiting = left
        for name, mentioned in definitions:
            if name not in found and not found.isdisjoint(mentioned):
                found.add(name)
        if len(found) == before:
            return frozenset(found)


def _definitions(body: Iterable[ast.stmt]) -> Iterator[tuple[str, frozenset[str]]]:
    for node in body:
        if isinstance(node, _DEFINITIONS):
            if not node.name.startswith("__"):
                yield node.name, words(node)
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body)
        elif isinstance(node, _COMPOUND):
            for inner in bodies(node):
                yield from _definitions(inner)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(
            node.value, (ast.Lambda, ast.Call, ast.Name, ast.Attribute)
        ):
            # `reference = partial(make, "x")`, `Net = StackReference`: the new name leads there too.
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and _callable_alias(node.value):
                    yield target.id, words(node.value)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.asname and alias.asname != alias.name:
                    yield alias.asname, frozenset({alias.name})


def _callable_alias(value: ast.expr) -> bool:
    """Whether an assigned value may itself be something to call."""
    if isinstance(value, ast.Call):
        called = value.func
        return (getattr(called, "id", "") or getattr(called, "attr", "")) == "partial"
    return True
