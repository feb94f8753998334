"""One evaluation of one stack's program: calls, and what is known of pulumi and Python."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from stackyard.graph.evaluation import modules, pure, values
from stackyard.graph.evaluation.facts import ALL_KEYS, Facts
from stackyard.graph.evaluation.frames import Frame
from stackyard.graph.evaluation.modules import Modules
from stackyard.graph.evaluation.objects import READS
from stackyard.graph.evaluation.sources import Source
from stackyard.graph.evaluation.state import CALL_STEPS, STEPS, Exhausted, Restart, Shared, Subject, TooLong
from stackyard.graph.evaluation.values import (
    Arguments,
    Choice,
    Class,
    Config,
    External,
    Function,
    Instance,
    Method,
    Outputs,
    Partial,
    Reference,
    Super,
    Unknown,
    Value,
)

_FAULTS: Final = (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError)
_RESTARTS: Final = 20
_SEEN_THROUGH: Final = frozenset({"functools.cache", "functools.lru_cache", "functools.wraps", "typing.cast"})


def evaluate(program: Source, subject: Subject, shared: Shared) -> tuple[Facts, frozenset[Path]]:
    """What a program refers to and exports, and the files on which that depends."""
    for _ in range(_RESTARTS):
        machine = Machine(subject, shared)
        try:
            machine.enter(machine.module("__main__", program))
        except Restart:
            shared.find_sinks()
            continue
        except Exhausted:
            pass  # `facts.stopped` says where and why.
        except RecursionError:
            machine.facts.stopped = (program.position(modules.EMPTY), "it is nested too deeply")
        except _FAULTS as fault:
            # A fault of ours in one program must not take the whole estate's graph away; it is told as a warning.
            reason = f"a fault of Stackyard itself ({type(fault).__name__}: {fault})"
            machine.facts.stopped = (program.position(modules.EMPTY), reason)
        break
    return machine.facts, frozenset(machine.files)


class Machine(Modules):
    """Evaluates a program."""

    def call(self, function: Value, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """The result of a call."""
        if isinstance(function, Choice):
            with self.undecided():
                return values.choice([self.call(option, arguments, node, frame) for option in function.options])
        if isinstance(function, Partial):
            given = function.arguments
            named = {**given.named, **arguments.named}
            whole = Arguments((*given.positional, *arguments.positional), named, given.open_ or arguments.open_)
            return self.call(function.function, whole, node, frame)
        if isinstance(function, Function):
            self.sites.append((frame.module.source, node))
            try:
                return self.invoke(function, arguments, node)
            finally:
                self.sites.pop()
        if isinstance(function, Class):
            self.sites.append((frame.module.source, node))
            try:
                return self.construct(function, arguments, node, frame)
            finally:
                self.sites.pop()
        if isinstance(function, Method):
            return self.call_method(function, arguments, node, frame)
        if isinstance(function, External):
            return self.call_external(function, arguments, node, frame)
        if isinstance(function, Instance):
            method = self.attribute(function, "__call__", node, frame)
            return self.call(method, arguments, node, frame) if isinstance(method, Function) else method
        self.hand_over(arguments, node, frame)
        return function if isinstance(function, Unknown) else Unknown("a call of something unknown")

    def hand_over(self, arguments: Arguments, node: ast.AST, frame: Frame) -> None:
        """Functions given to something unknown may be called by it, with arguments nobody knows."""
        for value in (*arguments.positional, *arguments.named.values()):
            if isinstance(value, Function) and self.shared.matters(value.node):
                with self.undecided():
                    self.call(value, Arguments(open_=True), node, frame)

    def invoke(self, function: Function, arguments: Arguments, node: ast.AST) -> Value:
        """Call a function of the estate, and give what it may return."""
        if self.too_deep:
            return Unknown(f"a call of {function.name}, too many calls deep")
        frame = Frame(function.frame.module, {}, frozenset(), function.frame, function.node)
        if function.bound is not None and function.owner is not None:
            frame.method = (function.bound, function.owner)
        self.bind(function, arguments, frame)
        if isinstance(function.node, ast.Lambda):
            return self.evaluate(function.node.body, frame)
        if self.shared.matters(function.node) or self.limit < STEPS:
            return self.invoked(function, frame)
        before = self.sites[:], self.conditional, self.region, self.depth, self.nested
        self.limit = min(STEPS, self.steps + CALL_STEPS)
        try:
            return self.invoked(function, frame)
        except TooLong:
            self.sites, self.conditional, self.region, self.depth, self.nested = before
            return Unknown(f"a call of {function.name}, which takes too long")
        finally:
            self.limit = STEPS

    def invoked(self, function: Function, frame: Frame) -> Value:
        """Run a function's body as far as it matters."""
        assert not isinstance(function.node, ast.Lambda)
        scope = self.shared.scope(function.node)
        changed = scope.touched & (frame.names.keys() | function.frame.module.scope.changers.keys())
        frame.wanted = scope.slice(changed, self.shared.sinks)
        return self.result(frame, function.node)

    def result(self, frame: Frame, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Value:
        """Run a function's body."""
        before = frame.start = self.conditional
        try:
            leave = self.execute(node.body, frame)
        finally:
            self.conditional = before
        if self.shared.scope(node).yields:
            return self.fresh(frame.yielded)
        if leave is None:
            frame.returned.append(None)
        return values.choice(frame.returned) if frame.returned else Unknown(f"a call of {node.name} that fails")

    def call_init(self, init: Function, arguments: Arguments, node: ast.AST, *, whole: bool) -> None:
        """Evaluate `__init__`: as far as references need it, or wholly."""
        if self.too_deep or isinstance(init.node, ast.Lambda):
            return
        scope = self.shared.scope(init.node)
        frame = Frame(init.frame.module, {}, frozenset(), init.frame, init.node)
        frame.method = (init.bound, init.owner)
        self.bind(init, arguments, frame)
        first = (*init.node.args.posonlyargs, *init.node.args.args)[:1]
        names = frozenset(init.frame.module.scope.changers)
        names |= {"super", *(argument.arg for argument in first)} if whole else set()
        frame.wanted = scope.slice(names, self.shared.sinks)
        before, init.bound.initialising = init.bound.initialising, True
        try:
            self.result(frame, init.node)
        finally:
            init.bound.initialising = before

    def bind(self, function: Function, arguments: Arguments, frame: Frame) -> None:
        """Set a function's parameters."""
        parameters = function.node.args
        order = [argument.arg for argument in (*parameters.posonlyargs, *parameters.args)]
        given = list(arguments.positional)
        if function.bound is not None:
            given.insert(0, function.bound)
        names = frame.names
        names.update(zip(order, given, strict=False))
        rest = {name: value for name, value in arguments.named.items() if name not in names}
        only = [argument.arg for argument in parameters.kwonlyargs]
        for name in (*order, *only):
            if name in rest:
                names[name] = rest.pop(name)
        defaults = dict(zip(reversed(order), reversed(parameters.defaults), strict=False))
        defaults |= {name: each for name, each in zip(only, parameters.kw_defaults, strict=True) if each}
        for name in (*order, *only):
            if name not in names:
                missing = Unknown(f"the parameter {name} of {function.name}")
                default = defaults.get(name) if not arguments.open_ else None
                names[name] = self.evaluate(default, function.frame) if default else missing
        if parameters.vararg:
            names[parameters.vararg.arg] = tuple(given[len(order) :])
        if parameters.kwarg:
            names[parameters.kwarg.arg] = rest | ({values.TAINT: Unknown("arguments")} if arguments.open_ else {})

    def call_method(self, method: Method, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """Call a method of plain data or of one of ours."""
        target = method.target
        if isinstance(target, Reference):
            return self.read_output(target, method.name, arguments, node, frame)
        if isinstance(target, Config):
            return self.call_config(target, method.name, arguments)
        if isinstance(target, Super):
            return self.call_super(target, method.name, arguments, node, frame)
        if isinstance(target, Outputs):
            return self.call_outputs(target, method.name, arguments, node, frame)
        if method.name == "apply":
            certain = not isinstance(target, Unknown)
            self.conditional += not certain
            try:
                return (
                    self.call(arguments.positional[0], Arguments((target,)), node, frame)
                    if arguments.positional
                    else target
                )
            finally:
                self.conditional -= not certain
        if arguments.open_:
            return Unknown("arguments that cannot be told")
        positional = tuple(self.plain_text(value) for value in arguments.positional)
        if any(isinstance(value, Choice) for value in (*positional, *arguments.named.values())) and isinstance(
            target, str
        ):
            return values.lift(lambda *each: pure.call_method(method, each, arguments.named), *positional)
        if isinstance(target, dict) and method.name == "get" and positional:
            return self.get_item(method, positional)
        return self.change(method, positional, arguments.named)

    @staticmethod
    def get_item(method: Method, positional: tuple[Value, ...]) -> Value:
        """`mapping.get(key, default)`."""
        key, rest = positional[0], positional[1:]
        if isinstance(key, Choice) and method.name == "get":
            return values.choice(pure.call_method(method, (option, *rest), {}) for option in key.options)
        if not pure.deep(key):
            return key if isinstance(key, Unknown) else Unknown("a key that cannot be told")
        return pure.call_method(method, positional, {})

    def call_outputs(self, outputs: Outputs, name: str, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """A method of `reference.outputs`: `get` reads one key, everything else may read all."""
        key = arguments.positional[0] if name in ("get", "__getitem__") and arguments.positional else ALL_KEYS
        self.read_key(outputs.reference, key, node, frame, required=name == "__getitem__")
        if name == "apply":
            self.hand_over(arguments, node, frame)
        return Unknown("an output of another stack")

    def call_super(self, value: Super, name: str, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """A method that a class outside the estate has: `__init__` of StackReference makes the reference."""
        instance = value.instance
        if isinstance(instance, Instance) and self.is_reference(instance.cls):
            if name == "__init__":
                instance.reference = self.reference_to(arguments, node, frame)
                return None
            if name in READS and instance.reference is not None:
                return self.read_output(instance.reference, name, arguments, node, frame)
        return Unknown(f"a call of super().{name}()")

    def call_config(self, config: Config, name: str, arguments: Arguments) -> Value:
        """`config.get(key, default)`, `require_int` and so on (pulumi.Config)."""
        given = dict(zip(("key", "default"), arguments.positional, strict=False)) | arguments.named
        key, default = self.plain_text(given.get("key", Unknown("a configuration key"))), given.get("default")
        if "secret" in name:
            return Unknown("a secret of the configuration")
        if not isinstance(key, str):
            return values.lift(lambda each: self.call_config(config, name, Arguments((each, default))), key)
        value = self.configured(f"{config.namespace}:{key}")
        if value is None:
            missing = Unknown(f"the configuration value {config.namespace}:{key}, which is not set")
            return missing if name.startswith("require") else default
        return values.lift(lambda text: _converted(text, name.rpartition("_")[2], key), value)

    def call_external(self, function: External, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """Call something outside the estate: what we know of pulumi and Python, else nobody knows what it gives."""
        if function.name.partition(".")[0] == "pulumi":
            known = _PULUMI.get(function.last)
            if known is not None:
                return known(self, arguments, node, frame)
        head, _, last = function.name.rpartition(".")
        if head == "builtins":
            return self.call_builtin(last, arguments, node, frame)
        if function.name in ("functools.partial",) and arguments.positional:
            return Partial(
                arguments.positional[0], Arguments(arguments.positional[1:], arguments.named, arguments.open_)
            )
        if function.name in _SEEN_THROUGH:
            return arguments.positional[-1] if arguments.positional else Unknown("a decorator")
        if function.name in ("importlib.import_module",):
            return self.import_by_name(arguments, node, frame)
        if function.name in ("os.environ.get", "os.getenv"):
            return Unknown("an environment variable")
        if last == "field" and "default" in arguments.named:
            return arguments.named["default"]
        if last == "field" and isinstance(arguments.named.get("default_factory"), (Function, Class, External)):
            return self.call(arguments.named["default_factory"], Arguments(), node, frame)
        self.hand_over(arguments, node, frame)
        return Unknown(f"a call of {function.name}()", frame.module.source.position(node))

    def import_by_name(self, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """`importlib.import_module(name)`."""
        name = arguments.positional[0] if arguments.positional else Unknown("a module")
        if not isinstance(name, str) or name.startswith("."):
            self.facts.open_[self.place(node, frame)] = "a module whose name cannot be told"
            return Unknown("a module whose name cannot be told")
        found = self.find(frame.module, name)
        if found is None:
            return External(name)
        if found.source is not None:
            if self.shared.learn(found.source, self.subject.roots):
                raise Restart
            self.enter(self.module(name, found.source))
        return self.as_value(found, name)

    def call_builtin(self, name: str, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
        """Call a builtin function."""
        positional = arguments.positional
        if name == "super":
            return self.make_super(positional, frame)
        if name == "getattr" and len(positional) >= 2 and isinstance(positional[1], str):
            return self.attribute(positional[0], positional[1], node, frame)
        if name in ("map", "filter") and len(positional) == 2:
            items = pure.iterated(positional[1])
            if items is not None:
                found = [self.call(positional[0], Arguments((item,)), node, frame) for item in items]
                return found if name == "map" else Unknown("a call of filter()")
        if name in ("exec", "eval", "__import__"):
            self.facts.open_[self.place(node, frame)] = f"code that is made at run time ({name})"
        if name == "isinstance" and len(positional) == 2:
            return _is_instance(*positional)
        if name == "print":
            return None
        if arguments.open_:
            return Unknown("arguments that cannot be told")
        self.hand_over(arguments, node, frame)
        if name == "str" and len(positional) == 1:
            return values.lift(lambda value: pure.builtin("str", (value,), {}), self.text_of(positional[0]))
        return values.lift(lambda *each: pure.builtin(name, each, arguments.named), *positional)

    @staticmethod
    def make_super(positional: tuple[Value, ...], frame: Frame) -> Value:
        """`super()`, in a method or in what is defined inside one."""
        around: Frame | None = frame
        while around is not None:
            if around.method is not None:
                instance, owner = around.method
                return Super(instance, owner) if isinstance(owner, Class) else Unknown("super()")
            around = around.parent
        return Unknown("super()")


def _converted(text: Value, kind: str, key: str) -> Value:
    """A configuration value as `get_bool`, `get_int`, `get_object` give it."""
    if kind == "bool":
        known = {"true": True, "True": True, "false": False, "False": False}
        return known.get(text, Unknown(f"the configuration value {key}, which is no boolean"))
    try:
        if kind in ("int", "float"):
            return int(text) if kind == "int" else float(text)
        return json.loads(text) if kind == "object" else text
    except (ValueError, RecursionError):
        return Unknown(f"the configuration value {key}, which is no {kind}")


def _is_instance(value: Value, kind: Value) -> Value:
    kinds = {External(f"builtins.{each.__name__}"): each for each in (str, int, float, bool, list, dict, tuple, set)}
    wanted = kind if isinstance(kind, tuple) else (kind,)
    if pure.plain(value) and all(isinstance(each, External) and each in kinds for each in wanted):
        return isinstance(value, tuple(kinds[each] for each in wanted))
    return Unknown("a type check")


Known = Callable[[Machine, Arguments, ast.AST, Frame], Value]


def _make_config(machine: Machine, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
    given = [*arguments.positional, *arguments.named.values()]
    name = given[0] if given else None
    return values.lift(lambda each: Config(each or machine.subject.project), name)


def _export(machine: Machine, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
    key = arguments.positional[0] if arguments.positional else arguments.named.get("name", Unknown("a key"))
    machine.export(machine.plain_text(key), node, frame)
    return None


def _concatenated(machine: Machine, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
    parts = [machine.text_of(value) for value in arguments.positional]
    if arguments.open_:
        return Unknown("arguments that cannot be told")
    return values.lift(
        lambda *each: pure.bounded("".join(map(str, each))) if pure.deep(list(each)) else Unknown("an output"), *parts
    )


def _output_format(machine: Machine, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
    if not arguments.positional or arguments.open_:
        return Unknown("arguments that cannot be told")
    text, rest = arguments.positional[0], arguments.positional[1:]
    if isinstance(text, str):
        return machine.call_method(Method(text, "format"), Arguments(rest, arguments.named), node, frame)
    return text if isinstance(text, Unknown) else Unknown("a format that cannot be told")


def _all(machine: Machine, arguments: Arguments, node: ast.AST, frame: Frame) -> Value:
    items = list(arguments.positional) if arguments.positional else dict(arguments.named)
    if pure.deep(items) and not arguments.open_:
        return items
    return Unknown("outputs that are known only when the program runs")


_PULUMI: Final[Mapping[str, Known]] = {
    "StackReference": lambda m, a, n, f: m.reference_to(a, n, f),
    "Config": _make_config,
    "export": _export,
    "get_stack": lambda m, a, n, f: m.subject.stack,
    "get_project": lambda m, a, n, f: m.subject.project,
    "get_organization": lambda m, a, n, f: m.subject.organization,
    "concat": _concatenated,
    "format": _output_format,
    "from_input": lambda m, a, n, f: a.positional[0] if a.positional else Unknown("an output"),
    "all": _all,
}
