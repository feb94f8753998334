"""Expressions: what each kind of syntax evaluates to."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from stackyard.graph.evaluation import pure, scopes, values
from stackyard.graph.evaluation.frames import Frame
from stackyard.graph.evaluation.state import BUILTIN_NAMES, State
from stackyard.graph.evaluation.values import (
    SCALARS,
    TAINT,
    Arguments,
    Choice,
    Config,
    External,
    Function,
    Instance,
    Outputs,
    Reference,
    Unknown,
    Value,
)

Rule = Callable[["Expressions", Any, Frame], Value]


class Expressions(State):
    """Evaluates expressions. Unknown in, Unknown out; a choice in, a choice out."""

    def evaluate(self, node: ast.expr, frame: Frame) -> Value:
        """The value of an expression."""
        rule = _RULES.get(type(node))
        if rule is None:
            return Unknown("an expression that is not evaluated", frame.module.source.position(node))
        self.depth += 1
        try:
            self.step(node, frame)
            value = (
                rule(self, node, frame) if not self.nests(node, frame) else Unknown("an expression nested too deeply")
            )
        finally:
            self.depth -= 1
        return value

    def name(self, node: ast.Name, frame: Frame) -> Value:
        """A name: of the frame, of those around it, of the module, or a builtin."""
        return self.named(node.id, frame)

    def named(self, name: str, frame: Frame) -> Value:
        """The value of a name as seen in a frame."""
        around: Frame | None = frame
        while around is not None:
            if around.owner is None and "global" in around.module.source.words and name in around.module.scope.shared:
                break
            if name in around.names and name not in around.globals_:
                return around.names[name]
            around = around.parent
        found = self.look_up(frame.module, name)
        if found == values.undefined(name) and name in BUILTIN_NAMES:
            return External(f"builtins.{name}")
        return found

    def attribute_of(self, node: ast.Attribute, frame: Frame) -> Value:
        """`value.name`."""
        value = self.evaluate(node.value, frame)
        if isinstance(value, Choice):
            with self.undecided():
                return values.choice(self.attribute(option, node.attr, node, frame) for option in value.options)
        return self.attribute(value, node.attr, node, frame)

    def call_of(self, node: ast.Call, frame: Frame) -> Value:
        """A call."""
        function = self.evaluate(node.func, frame)
        if isinstance(function, External) and function.name == "builtins.super" and frame.method:
            node_arguments = Arguments()
        else:
            node_arguments = self.arguments(node, frame)
        return self.call(function, node_arguments, node, frame)

    def arguments(self, node: ast.Call, frame: Frame) -> Arguments:
        """The evaluated arguments of a call."""
        positional: list[Value] = []
        named: dict[str, Value] = {}
        open_ = False
        exported = scopes.exported_value(node)
        if exported is not None and not self.shared.matters(exported):
            return Arguments(
                tuple(self.evaluate(a, frame) for a in node.args if a is not exported),
                {k.arg: self.evaluate(k.value, frame) for k in node.keywords if k.arg and k.value is not exported},
            )
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                items = pure.iterated(self.evaluate(argument.value, frame))
                open_ = open_ or items is None
                positional += items or []
            else:
                positional.append(self.evaluate(argument, frame))
        for keyword in node.keywords:
            value = self.evaluate(keyword.value, frame)
            if keyword.arg is not None:
                named[keyword.arg] = value
            elif isinstance(value, dict) and TAINT not in value and all(isinstance(key, str) for key in value):
                named.update(value)
            else:
                open_ = True
        return Arguments(tuple(positional), named, open_)

    def joined(self, node: ast.JoinedStr, frame: Frame) -> Value:
        """An f-string."""
        parts = [self.evaluate(part, frame) for part in node.values]
        return values.lift(lambda *texts: pure.bounded("".join(texts)), *parts)

    def formatted(self, node: ast.FormattedValue, frame: Frame) -> Value:
        """One field of an f-string."""
        value = self.text_of(self.evaluate(node.value, frame))
        specification = self.evaluate(node.format_spec, frame) if node.format_spec else ""
        return values.lift(lambda v, s: pure.formatted(v, node.conversion, s), value, specification)

    def text_of(self, value: Value) -> Value:
        """What an enum member is as text; any other value as it is."""
        if isinstance(value, Choice):
            return values.choice(map(self.text_of, value.options))
        if isinstance(value, Instance) and value.member:
            return self.member_text(value)
        return value

    def member_text(self, member: Instance) -> Value:
        """`str(member)`."""
        raise NotImplementedError

    def binary(self, node: ast.BinOp, frame: Frame) -> Value:
        """`left + right`."""
        left, right = self.evaluate(node.left, frame), self.evaluate(node.right, frame)
        return values.lift(lambda a, b: pure.binary(node.op, a, b), left, right)

    def unary(self, node: ast.UnaryOp, frame: Frame) -> Value:
        """`not value`, `-value`."""
        value = self.evaluate(node.operand, frame)
        if isinstance(node.op, ast.Not):
            known = values.truth(value)
            return (not known) if known is not None else _because(value)
        return values.lift(lambda each: pure.unary(node.op, each), value)

    def boolean(self, node: ast.BoolOp, frame: Frame) -> Value:
        """`a or b`, `a and b`: each part as far as it can be told whether it is reached."""
        stops = isinstance(node.op, ast.Or)
        found: list[Value] = []
        undecided = 0
        try:
            for index, part in enumerate(node.values):
                value = self.evaluate(part, frame)
                known = values.truth(value)
                if known is stops or index == len(node.values) - 1:
                    found.append(value)
                    break
                if known is None:
                    found += self.possible(value, stops)
                    self.conditional += 1
                    undecided += 1
        finally:
            self.conditional -= undecided
        return values.choice(found)

    @staticmethod
    def possible(value: Value, wanted: bool) -> list[Value]:
        """The options of an undecided value that may have the wanted truth."""
        options = value.options if isinstance(value, Choice) else (value,)
        return [option for option in options if values.truth(option) in (wanted, None)]

    def compare(self, node: ast.Compare, frame: Frame) -> Value:
        """`a < b <= c`."""
        left = self.evaluate(node.left, frame)
        result: Value = True
        for operation, right_node in zip(node.ops, node.comparators, strict=True):
            right = self.evaluate(right_node, frame)
            result = values.lift(lambda a, b, op=operation: self.compared(op, a, b), left, right)
            if values.truth(result) is not True:
                return result
            left = right
        return result

    def compared(self, operation: ast.cmpop, left: Value, right: Value) -> Value:
        """One comparison of two known values."""
        if isinstance(operation, (ast.Is, ast.IsNot)):
            if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
                known = isinstance(left, (*SCALARS, Reference, Config, Function, Instance, list, dict, tuple))
                known = known and isinstance(
                    right, (*SCALARS, Reference, Config, Function, Instance, list, dict, tuple)
                )
                return (left is right) == isinstance(operation, ast.Is) if known else Unknown("an identity")
            if isinstance(left, Instance) and isinstance(right, Instance) and left.member and right.member:
                return self.same_member(left, right) == isinstance(operation, ast.Is)
            return Unknown("an identity")
        equality = isinstance(operation, (ast.Eq, ast.NotEq))
        if equality and isinstance(left, Instance) and isinstance(right, Instance) and left.member and right.member:
            return self.same_member(left, right) == isinstance(operation, ast.Eq)
        return pure.compare(operation, self.plain_member(left), self.plain_member(right))

    @staticmethod
    def same_member(left: Instance, right: Instance) -> bool:
        """Whether two enum members are one."""
        return left.cls.node is right.cls.node and left.member == right.member

    def plain_member(self, value: Value) -> Value:
        """A member of an enum that is text or a number too, as that; any other value as it is."""
        return value

    def conditional_expression(self, node: ast.IfExp, frame: Frame) -> Value:
        """`a if test else b`."""
        known = values.truth(self.evaluate(node.test, frame))
        if known is not None:
            return self.evaluate(node.body if known else node.orelse, frame)
        with self.undecided():
            return values.choice([self.evaluate(node.body, frame), self.evaluate(node.orelse, frame)])

    def subscript(self, node: ast.Subscript, frame: Frame) -> Value:
        """`container[key]`."""
        container, key = self.evaluate(node.value, frame), self.evaluate(node.slice, frame)
        if isinstance(container, Outputs):
            self.read_key(container.reference, key, node, frame, required=True)
            return Unknown("an output of another stack")
        return values.lift(lambda c, k: self.item(c, self.plain_member(k)), container, key)

    def item(self, container: Value, key: Value) -> Value:
        """`container[key]` of known values."""
        if isinstance(container, External) and container.name in ("os.environ",):
            return Unknown("an environment variable")
        return pure.item(container, key)

    def slice_of(self, node: ast.Slice, frame: Frame) -> Value:
        """`a:b:c` in a subscript."""
        parts = [self.evaluate(part, frame) if part else None for part in (node.lower, node.upper, node.step)]
        return values.lift(lambda *each: slice(*each), *parts)

    def collection(self, node: ast.List | ast.Tuple | ast.Set, frame: Frame) -> Value:
        """`[a, *b]`, `(a, b)`, `{a, b}`."""
        found: list[Value] = []
        for element in node.elts:
            if isinstance(element, ast.Starred):
                items = pure.iterated(self.evaluate(element.value, frame))
                if items is None:
                    return Unknown("a list that holds something unknown")
                found += items
            else:
                found.append(self.evaluate(element, frame))
        if isinstance(node, ast.List):
            return pure.bounded(self.fresh(found))
        if isinstance(node, ast.Tuple):
            return pure.bounded(tuple(found))
        return self.fresh(set(found)) if pure.deep(found) else Unknown("a set that holds something unknown")

    def mapping(self, node: ast.Dict, frame: Frame) -> Value:
        """`{a: b, **c}`."""
        found: dict[Any, Value] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.evaluate(value_node, frame)
            if key_node is None:
                self.change(values.Method(self.fresh(found), "update"), (value,), {})
                continue
            self.put(found, self.plain_member(self.evaluate(key_node, frame)), value)
        return pure.bounded(self.fresh(found))

    def change(self, method: values.Method, positional: tuple[Value, ...], named: Mapping[str, Value]) -> Value:
        """Call a method of plain data; a collection that may be changed, or not, is changed as it may be."""
        if not self.changes_for_certain(method.target) or not pure.decided(method, positional):
            return pure.may_change(method, positional, named)
        result = pure.call_method(method, positional, named)
        return self.fresh(result) if isinstance(result, (list, dict, set)) and result is not method.target else result

    @staticmethod
    def put(container: dict[Any, Value], key: Value, value: Value) -> None:
        """`container[key] = value`; an unknown key leaves nothing that can be told."""
        if isinstance(key, (*SCALARS, tuple)) and pure.deep(key):
            container[key] = value
        else:
            container[TAINT] = Unknown("an item whose key cannot be told")

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp, frame: Frame) -> Value:
        """`[f(x) for x in xs if p(x)]`, as a list."""
        found: list[Value] = []
        whole = True
        for inner, certain in self.rounds(node.generators, frame):
            with self.perhaps(certain):
                value = self.evaluate(node.elt, inner)
            whole = whole and certain
            found.append(value)
            if len(found) > pure.LIST_LIMIT:
                return Unknown("a collection that is too large")
        if not whole:
            found.append(TAINT)
        return self.fresh(found)

    def mapping_comprehension(self, node: ast.DictComp, frame: Frame) -> Value:
        """`{k: v for ...}`."""
        found: dict[Any, Value] = {}
        for inner, certain in self.rounds(node.generators, frame):
            with self.perhaps(certain):
                key, value = self.evaluate(node.key, inner), self.evaluate(node.value, inner)
            self.put(found, key if certain else Unknown("an item that may not be there"), value)
        return pure.bounded(self.fresh(found))

    def rounds(
        self, generators: list[ast.comprehension], frame: Frame, *, sure: bool = True
    ) -> Iterator[tuple[Frame, bool]]:
        """The frames in which a comprehension's element is evaluated, and whether each certainly is."""
        first, rest = generators[0], generators[1:]
        with self.perhaps(sure):
            iterable = self.evaluate(first.iter, frame)
        items = pure.iterated(iterable)
        for item in items if items is not None else pure.possible(iterable):
            inner = Frame(frame.module, {}, frame.wanted, frame, frame.owner, method=frame.method)
            with self.perhaps(sure and items is not None):
                self.assign(first.target, item, inner)
                tests = [values.truth(self.evaluate(test, inner)) for test in first.ifs]
            if False not in tests:
                certain = sure and items is not None and None not in tests
                yield from self.rounds(rest, inner, sure=certain) if rest else ((inner, certain),)

    def walrus(self, node: ast.NamedExpr, frame: Frame) -> Value:
        """`(name := value)`."""
        value = self.evaluate(node.value, frame)
        self.assign(node.target, value, frame)
        return value

    def produced(self, node: ast.Yield | ast.YieldFrom, frame: Frame) -> Value:
        """`yield value`: what a generator gives is collected as a list."""
        value = self.evaluate(node.value, frame) if node.value else None
        if isinstance(node, ast.Yield):
            frame.yielded.append(value)
        else:
            items = pure.iterated(value)
            frame.yielded += items if items is not None else [*pure.possible(value), TAINT]
        if self.conditional > frame.start:
            frame.yielded.append(TAINT)
        return Unknown("what a generator is sent")


def _because(value: Value) -> Unknown:
    return value if isinstance(value, Unknown) else Unknown("a condition that cannot be told")


_RULES: Final[dict[type[ast.AST], Rule]] = {
    ast.Constant: lambda m, n, f: n.value if isinstance(n.value, SCALARS) else Unknown("a constant of another kind"),
    ast.Name: Expressions.name,
    ast.Attribute: Expressions.attribute_of,
    ast.Call: Expressions.call_of,
    ast.JoinedStr: Expressions.joined,
    ast.FormattedValue: Expressions.formatted,
    ast.BinOp: Expressions.binary,
    ast.UnaryOp: Expressions.unary,
    ast.BoolOp: Expressions.boolean,
    ast.Compare: Expressions.compare,
    ast.IfExp: Expressions.conditional_expression,
    ast.Subscript: Expressions.subscript,
    ast.Slice: Expressions.slice_of,
    ast.List: Expressions.collection,
    ast.Tuple: Expressions.collection,
    ast.Set: Expressions.collection,
    ast.Dict: Expressions.mapping,
    ast.ListComp: Expressions.comprehension,
    ast.SetComp: Expressions.comprehension,
    ast.GeneratorExp: Expressions.comprehension,
    ast.DictComp: Expressions.mapping_comprehension,
    ast.Lambda: lambda m, n, f: Function(cast(ast.Lambda, n), f),
    ast.NamedExpr: Expressions.walrus,
    ast.Await: lambda m, n, f: m.evaluate(n.value, f),
    ast.Yield: Expressions.produced,
    ast.YieldFrom: Expressions.produced,
    ast.Starred: lambda m, n, f: m.evaluate(n.value, f),
}
