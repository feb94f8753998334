"""Statements: the wanted ones of a body, along every path that cannot be ruled out."""

from __future__ import annotations

import ast
import enum
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from stackyard.graph.evaluation import pure, scopes, values
from stackyard.graph.evaluation.expressions import Expressions
from stackyard.graph.evaluation.frames import Frame
from stackyard.graph.evaluation.values import Class, Function, Instance, Unknown, Value


class Leave(enum.Enum):
    """How a body was left before its end. FAIL: it raised, so nothing after it happens."""

    RETURN = enum.auto()
    BREAK = enum.auto()
    CONTINUE = enum.auto()
    FAIL = enum.auto()


Body = Sequence[ast.stmt]
Loop = ast.For | ast.AsyncFor | ast.While
Path = Callable[[], "Leave | None"]
_UNDECIDED_ROUNDS: Final = 3


class Statements(Expressions):
    """Evaluates statements."""

    def run(self, frame: Frame, body: Body) -> None:
        """Evaluate the wanted statements of a whole body."""
        before = self.conditional
        try:
            self.execute(body, frame)
        finally:
            self.conditional = before

    def execute(self, body: Body, frame: Frame) -> Leave | None:
        """Evaluate the wanted statements until one leaves the body."""
        for node in body:
            if id(node) in frame.wanted:
                self.step(node, frame)
                leave = _RULES.get(type(node), _nothing)(self, node, frame)
                if leave is not None:
                    return leave
        return None

    # paths

    def split(self, node: ast.stmt, frame: Frame, *paths: Path) -> Leave | None:
        """Take one of several paths through a compound statement, nobody knows which.

        Names that they set become a choice. What comes after a path that may have left the body is undecided.
        """
        names = frame.names
        affected = self.shared.inside.get(id(node), set())
        start = {name: names[name] for name in affected if name in names}
        ends: list[dict[str, Value]] = []
        leaves: list[Leave | None] = []
        for path in paths:
            memo: dict[int, Value] = {}
            with self.undecided():
                _restore(names, affected, {name: values.copied(value, memo) for name, value in start.items()})
                for copy in memo.values():
                    self.fresh(copy)
                leave = path()
            leaves.append(leave)
            if leave is None:
                ends.append({name: names[name] for name in affected if name in names})
            elif leave in (Leave.BREAK, Leave.CONTINUE):
                parked = frame.broken if leave is Leave.BREAK else frame.continued
                parked.append({name: names[name] for name in frame.looped if name in names})
        if ends:
            _restore(names, affected, _joined(ends))
            self.conditional += any(leave in (Leave.RETURN, Leave.BREAK, Leave.CONTINUE) for leave in leaves)
            frame.left += Leave.RETURN in leaves
            return None
        jumps = [leave for leave in leaves if leave is not Leave.FAIL]
        if jumps and Leave.RETURN in jumps and set(jumps) != {Leave.RETURN}:
            frame.left += 1
        return next((leave for leave in jumps if leave is not Leave.RETURN), jumps[0] if jumps else Leave.FAIL)

    # simple statements

    def expression(self, node: ast.Expr, frame: Frame) -> Leave | None:
        """A call for its effect."""
        self.evaluate(node.value, frame)
        called = node.value.func if isinstance(node.value, ast.Call) else None
        if isinstance(called, (ast.Attribute, ast.Name)) and ast.unparse(called) in ("sys.exit", "exit", "quit"):
            return Leave.FAIL
        return None

    def assignment(self, node: ast.Assign, frame: Frame) -> Leave | None:
        """`a = b = value`."""
        value = self.evaluate(node.value, frame)
        for target in node.targets:
            self.assign(target, value, frame)
        return None

    def annotated(self, node: ast.AnnAssign, frame: Frame) -> Leave | None:
        """`a: type = value`."""
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, frame), frame)
        return None

    def augmented(self, node: ast.AugAssign, frame: Frame) -> Leave | None:
        """`a += value`; a list is extended in place."""
        load = _loading(node.target)
        left, right = self.evaluate(load, frame), self.evaluate(node.value, frame)
        if isinstance(left, list) and isinstance(node.op, ast.Add):
            self.change(values.Method(left, "extend"), (right,), {})
            return None
        self.assign(node.target, values.lift(lambda a, b: pure.binary(node.op, a, b), left, right), frame)
        return None

    def assign(self, target: ast.expr, value: Value, frame: Frame) -> None:
        """Bind a value to a target."""
        if isinstance(target, ast.Name):
            home = frame.module.names if target.id in frame.globals_ else frame.names
            home[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            self.unpack(target.elts, value, frame)
        elif isinstance(target, ast.Starred):
            self.assign(target.value, value, frame)
        elif isinstance(target, ast.Attribute):
            owner = self.evaluate(target.value, frame)
            if isinstance(owner, Instance):
                if not owner.initialised and not owner.initialising:
                    self.initialise(owner, target)
                known = owner.fields.get(target.attr, value)
                owner.fields[target.attr] = values.choice([known, value]) if self.conditional else value
        elif isinstance(target, ast.Subscript):
            container, key = self.evaluate(target.value, frame), self.evaluate(target.slice, frame)
            self.change_any(container, "__setitem__", self.plain_member(key), value)

    def initialise(self, instance: Instance, node: ast.AST) -> None:
        """Set every field that making the object sets, before anything else sets one."""
        raise NotImplementedError

    def unpack(self, targets: Sequence[ast.expr], value: Value, frame: Frame) -> None:
        """Bind the items of a value to several targets."""
        items = pure.iterated(value)
        stars = [index for index, target in enumerate(targets) if isinstance(target, ast.Starred)]
        if items is None or (len(items) != len(targets) and not stars) or len(items) < len(targets) - len(stars):
            reason = value if isinstance(value, Unknown) else Unknown("a part of something unknown")
            items = [reason] * len(targets)
        elif stars:
            before, after = stars[0], len(targets) - stars[0] - 1
            end = len(items) - after
            items = [*items[:before], items[before:end], *items[end:]]
        for target, item in zip(targets, items, strict=True):
            self.assign(target, item, frame)

    def delete(self, node: ast.Delete, frame: Frame) -> Leave | None:
        """`del a, b[c]`."""
        for target in node.targets:
            if isinstance(target, ast.Name):
                frame.names.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                container, key = self.evaluate(target.value, frame), self.evaluate(target.slice, frame)
                self.change_any(container, "pop", self.plain_member(key))
        return None

    def change_any(self, container: Value, method: str, *positional: Value) -> None:
        """Change a collection in place, or each that it may be."""
        if isinstance(container, values.Choice):
            with self.undecided():
                for option in container.options:
                    self.change_any(option, method, *positional)
        elif isinstance(container, (dict, list)):
            self.change(values.Method(container, method), positional, {})

    def returned(self, node: ast.Return, frame: Frame) -> Leave | None:
        """`return value`."""
        frame.returned.append(self.evaluate(node.value, frame) if node.value else None)
        return Leave.RETURN

    def raised(self, node: ast.Raise, frame: Frame) -> Leave | None:
        """`raise`: the program fails here, if it gets here."""
        return Leave.FAIL

    def asserted(self, node: ast.Assert, frame: Frame) -> Leave | None:
        """`assert test`."""
        return Leave.FAIL if values.truth(self.evaluate(node.test, frame)) is False else None

    def definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, frame: Frame) -> Leave | None:
        """`def`: nothing runs before it is called. A decorator of the estate is applied, others are seen through."""
        value: Value = Function(node, frame)
        for decorator in reversed(node.decorator_list):
            wrapper = self.evaluate(decorator, frame)
            if isinstance(wrapper, Function):
                value = self.call(wrapper, values.Arguments((value,)), decorator, frame)
        frame.names[node.name] = value
        return None

    def class_definition(self, node: ast.ClassDef, frame: Frame) -> Leave | None:
        """`class`: its body is evaluated name by name when something asks."""
        frame.names[node.name] = Class(node, frame)
        return None

    def global_names(self, node: ast.Global, frame: Frame) -> Leave | None:
        """`global name`."""
        frame.globals_ = frame.globals_.union(node.names)
        return None

    def imported(self, node: ast.Import | ast.ImportFrom, frame: Frame) -> Leave | None:
        """`import`: added by the part that knows modules."""
        raise NotImplementedError

    # compound statements

    def branch(self, node: ast.If, frame: Frame) -> Leave | None:
        """`if`."""
        known = values.truth(self.evaluate(node.test, frame))
        if known is not None:
            return self.execute(node.body if known else node.orelse, frame)
        return self.split(node, frame, lambda: self.execute(node.body, frame), lambda: self.execute(node.orelse, frame))

    def loop(self, node: ast.For | ast.AsyncFor, frame: Frame) -> Leave | None:
        """`for`: once for each item; each item that may be there, or not, is a round that may happen."""
        iterable = self.evaluate(node.iter, frame)
        options = iterable.options if isinstance(iterable, values.Choice) else (iterable,)
        paths = [functools.partial(self.loop_over, node, option, frame) for option in options]
        return paths[0]() if len(paths) == 1 else self.split(node, frame, *paths)

    def loop_over(self, node: ast.For | ast.AsyncFor, iterable: Value, frame: Frame) -> Leave | None:
        """The rounds over one iterable."""
        items = pure.iterated(iterable)
        if items is not None:
            if not items and "export" in scopes.words(node):
                # Who fills it may be a decorator or the like, which a slice by names does not see.
                self.facts.open_.setdefault(self.place(node, frame), "a loop over what is empty as far as one can tell")
            return self.rounds_of(node, frame, self.bound(node.target, items, frame))
        for item in pure.possible(iterable):
            perhaps = functools.partial(self.rounds_of, node, frame, self.bound(node.target, [item], frame))
            self.split(node, frame, perhaps, lambda: None)
        return None

    def bound(self, target: ast.expr, items: Sequence[Value], frame: Frame) -> Iterator[None]:
        """One round for each item, which is bound to the loop's target."""
        for item in items:
            self.assign(target, item, frame)
            yield

    def while_loop(self, node: ast.While, frame: Frame) -> Leave | None:
        """`while`: as long as its test is known to hold, and a few rounds more when it may."""
        return self.rounds_of(node, frame, self.tested(node, frame))

    def tested(self, node: ast.While, frame: Frame) -> Iterator[None]:
        """One round for each time the test holds, or may hold: then the loop may also end there."""
        while True:
            known = values.truth(self.evaluate(node.test, frame))
            if known is False:
                return
            if known is None:
                frame.broken.append({name: frame.names[name] for name in frame.looped if name in frame.names})
                self.conditional += 1
            yield

    def rounds_of(self, node: Loop, frame: Frame, rounds: Iterator[None]) -> Leave | None:
        """The rounds of a loop. Once a round may have left it, further rounds are undecided; of `while`, a few."""
        outer = frame.broken, frame.continued, frame.looped
        frame.broken, frame.continued = [], []
        frame.looped = self.shared.inside.get(id(node), set())
        before, left = self.conditional, frame.left
        leave: Leave | None = None
        undecided, limit = 0, _UNDECIDED_ROUNDS if isinstance(node, ast.While) else pure.LIST_LIMIT
        for _ in rounds:
            self.step(node, frame)
            leave = self.execute(node.body, frame)
            if frame.continued:
                self.join(node, frame, frame.continued, alive=leave in (None, Leave.CONTINUE))
                self.conditional = before + len(frame.broken) + frame.left - left
                leave = None if leave is not Leave.RETURN else leave
            undecided += self.conditional > before
            if leave in (Leave.BREAK, Leave.RETURN, Leave.FAIL) or undecided > limit:
                break
        ended = leave in (None, Leave.CONTINUE, Leave.BREAK)
        result = leave if not ended else None
        if leave is not Leave.BREAK and ended:
            result = self.execute(node.orelse, frame)
        if frame.broken:
            self.join(node, frame, frame.broken, alive=ended and result is None)
            result = None
        frame.broken, frame.continued, frame.looped = outer
        self.conditional = before + frame.left - left
        return result

    def join(self, node: ast.stmt, frame: Frame, parked: list[dict[str, Value]], *, alive: bool) -> None:
        """Let names be what they were where the body may have been left, or what they are now."""
        affected = self.shared.inside.get(id(node), set())
        now = [{name: frame.names[name] for name in affected if name in frame.names}] if alive else []
        _restore(frame.names, affected, _joined([*parked, *now]))
        parked.clear()

    def attempt(self, node: ast.Try | ast.TryStar, frame: Frame) -> Leave | None:
        """`try`: the body as if nothing failed, or any handler instead."""
        handlers = [handler for handler in node.handlers if any(id(part) in frame.wanted for part in handler.body)]

        def whole() -> Leave | None:
            return self.execute(node.body, frame) or self.execute(node.orelse, frame)

        if not handlers:
            leave = whole()
            leave = None if leave is Leave.FAIL and node.handlers else leave
        else:
            leave = self.with_handlers(node, whole, handlers, frame)
        return self.execute(node.finalbody, frame) or leave

    def with_handlers(
        self, node: ast.Try | ast.TryStar, whole: Path, handlers: Sequence[ast.ExceptHandler], frame: Frame
    ) -> Leave | None:
        """The body for certain, and each handler perhaps; what they set becomes a choice."""
        names = frame.names
        affected = self.shared.inside.get(id(node), set())
        memo: dict[int, Value] = {}
        before = {name: values.copied(names[name], memo) for name in affected if name in names}
        leave = whole()
        after = {name: names[name] for name in affected if name in names}

        def handled(handler: ast.ExceptHandler) -> Leave | None:
            _restore(names, affected, before)
            if handler.name:
                names[handler.name] = Unknown("an exception")
            return self.execute(handler.body, frame)

        def done() -> Leave | None:
            _restore(names, affected, after)
            return leave if leave is not Leave.FAIL else None

        certain, left = self.conditional, frame.left
        result = self.split(node, frame, done, *(functools.partial(handled, handler) for handler in handlers))
        # A handler that leaves makes what follows no less certain: the body is what is expected.
        self.conditional, frame.left = certain, left
        return leave if leave in (Leave.RETURN, Leave.BREAK, Leave.CONTINUE) else result

    def context(self, node: ast.With | ast.AsyncWith, frame: Frame) -> Leave | None:
        """`with`."""
        for item in node.items:
            value = self.evaluate(item.context_expr, frame)
            if item.optional_vars is not None:
                entered: Value = Unknown("what a context manager gives")
                if isinstance(value, Instance):
                    method = self.attribute(value, "__enter__", item.context_expr, frame)
                    entered = self.call(method, values.Arguments(), item.context_expr, frame)
                elif isinstance(value, list) and len(value) == 1:
                    entered = value[0]  # A generator made a context manager by its decorator.
                self.assign(item.optional_vars, entered, frame)
        return self.execute(node.body, frame)

    def match(self, node: ast.Match, frame: Frame) -> Leave | None:
        """`match`: cases of constants are told apart, all others may match or not."""
        subject = self.evaluate(node.subject, frame)
        possible: list[Path] = []
        for case in node.cases:
            known = self.matched(case.pattern, subject, frame)
            if known and case.guard is not None:
                known = values.truth(self.evaluate(case.guard, frame))
            if known is False:
                continue
            possible.append(lambda body=case.body: self.execute(body, frame))  # type: ignore[misc]
            if known:
                break
        else:
            possible.append(lambda: None)
        return possible[0]() if len(possible) == 1 else self.split(node, frame, *possible)

    def matched(self, pattern: ast.pattern, subject: Value, frame: Frame) -> bool | None:
        """Whether a pattern matches; names it binds are bound."""
        if isinstance(pattern, ast.MatchValue):
            wanted = self.evaluate(pattern.value, frame)
            return values.truth(values.lift(lambda a, b: self.compared(ast.Eq(), a, b), subject, wanted))
        if isinstance(pattern, ast.MatchSingleton):
            return values.truth(values.lift(lambda a: self.compared(ast.Is(), a, pattern.value), subject))
        if isinstance(pattern, ast.MatchOr):
            found = [self.matched(each, subject, frame) for each in pattern.patterns]
            return True if True in found else None if None in found else False
        if isinstance(pattern, ast.MatchAs):
            inner = self.matched(pattern.pattern, subject, frame) if pattern.pattern else True
            if pattern.name:
                frame.names[pattern.name] = subject
            return inner
        for part in ast.walk(pattern):
            if isinstance(part, (ast.MatchAs, ast.MatchStar)) and part.name:
                frame.names[part.name] = Unknown("a part of what is matched")
        return None


def _restore(names: dict[str, Value], affected: Iterable[str], wanted: Mapping[str, Value]) -> None:
    """Make the affected names what they are in `wanted`, and undefined where they are not there."""
    for name in affected:
        if name in wanted:
            names[name] = wanted[name]
        else:
            names.pop(name, None)


def _joined(ends: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """What names may be after any of several ends."""
    found = dict.fromkeys(name for end in ends for name in end)
    return {name: values.choice(end[name] for end in ends if name in end) for name in found}


def _loading(target: ast.expr) -> ast.expr:
    """The target of `+=` as an expression that reads it."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    return target


def _nothing(machine: Statements, node: Any, frame: Frame) -> Leave | None:
    return None


_RULES: Final[dict[type[ast.AST], Callable[[Statements, Any, Frame], Leave | None]]] = {
    ast.Expr: Statements.expression,
    ast.Assign: Statements.assignment,
    ast.AnnAssign: Statements.annotated,
    ast.AugAssign: Statements.augmented,
    ast.Delete: Statements.delete,
    ast.Return: Statements.returned,
    ast.Raise: Statements.raised,
    ast.Assert: Statements.asserted,
    ast.FunctionDef: Statements.definition,
    ast.AsyncFunctionDef: Statements.definition,
    ast.ClassDef: Statements.class_definition,
    ast.Global: Statements.global_names,
    ast.Import: lambda machine, node, frame: machine.imported(node, frame),
    ast.ImportFrom: lambda machine, node, frame: machine.imported(node, frame),
    ast.If: Statements.branch,
    ast.For: Statements.loop,
    ast.AsyncFor: Statements.loop,
    ast.While: Statements.while_loop,
    ast.Try: Statements.attempt,
    ast.TryStar: Statements.attempt,
    ast.With: Statements.context,
    ast.AsyncWith: Statements.context,
    ast.Match: Statements.match,
    ast.Break: lambda machine, node, frame: Leave.BREAK,
    ast.Continue: lambda machine, node, frame: Leave.CONTINUE,
}
