"""What an expression can be: plain data as itself, everything else as one of these."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable, Iterable
from itertools import product
from typing import TYPE_CHECKING, Any, Final

from stackyard.errors import Position

if TYPE_CHECKING:
    from stackyard.graph.evaluation.facts import FoundReference
    from stackyard.graph.evaluation.frames import Frame, Module

CHOICES: Final = 8
_COMBINATIONS: Final = 16
SCALARS: Final = (str, int, float, bool, type(None))
PLAIN: Final = (*SCALARS, list, dict, tuple, set)
TAINT: Final = object()
"""A key of dicts, or an item of lists and sets, about which nobody knows what else is in them."""
MAYBE: Final = object()
"""What TAINT stands for in a dict whose items are known as far as they are there, but perhaps are not."""

Value = Any


@dataclasses.dataclass(frozen=True, slots=True)
class Unknown:
    """A value that cannot be told from the source, because it depends on `reason`."""

    reason: str
    position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """One of several values; which of them cannot be told."""

    options: tuple[Value, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class External:
    """Something of a module outside the estate, or a builtin: `pulumi.StackReference`, `builtins.len`."""

    name: str

    @property
    def last(self) -> str:
        return self.name.rpartition(".")[2]

    def is_pulumi(self, *names: str) -> bool:
        """Whether it is one of these names of the Pulumi SDK, wherever in it they are imported from."""
        return self.last in names and self.name.partition(".")[0] == "pulumi"


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function or lambda of the estate, with the frame it was defined in, and the object it is bound to."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    frame: Frame
    bound: Value = None
    owner: Class | None = None

    @property
    def name(self) -> str:
        return getattr(self.node, "name", "<lambda>")


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class of the estate."""

    node: ast.ClassDef
    frame: Frame


@dataclasses.dataclass(slots=True, eq=False)
class Instance:
    """An object of an estate's class. `arguments` are kept so that `__init__` can be evaluated when it matters.

    `reference` is set when the class is a kind of StackReference; `member` is an enum member's name.
    `origin` is where it was made: the call sites, and how undecided it was that it is made at all.
    """

    cls: Class
    arguments: Arguments
    fields: dict[str, Value] = dataclasses.field(default_factory=dict)
    reference: Reference | None = None
    member: str = ""
    initialised: bool = False
    initialising: bool = False
    origin: tuple[tuple[Any, ...], int] = ((), 0)


@dataclasses.dataclass(frozen=True, slots=True)
class Arguments:
    """Evaluated arguments of a call. `open_`: there may be more, from something unknown."""

    positional: tuple[Value, ...] = ()
    named: dict[str, Value] = dataclasses.field(default_factory=dict)
    open_: bool = False


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A StackReference: the places and names it may stand for."""

    found: tuple[FoundReference, ...]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """The `outputs` of a StackReference."""

    reference: Reference


@dataclasses.dataclass(frozen=True, slots=True)
class Config:
    """A `pulumi.Config` of one namespace."""

    namespace: str


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Method:
    """A method of plain data or of one of ours, not called yet."""

    target: Value
    name: str


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Super:
    """`super()` inside a method of `owner`."""

    instance: Value
    owner: Class


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """`functools.partial`."""

    function: Value
    arguments: Arguments


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A module of the estate."""

    module: Module


def undefined(name: str) -> Unknown:
    """What a name that nothing defines gives."""
    return Unknown(f"the name {name}")


def choice(values: Iterable[Value]) -> Value:
    """One of `values`: the value itself when they are all the same, Unknown when there are too many."""
    options: list[Value] = []
    for value in values:
        for option in value.options if isinstance(value, Choice) else (value,):
            if not any(same(option, other) for other in options):
                options.append(option)
    if len(options) == 1:
        return options[0]
    if len(options) > CHOICES:
        return next((o for o in options if isinstance(o, Unknown)), Unknown("too many possibilities"))
    return Choice(tuple(options)) if options else Unknown("nothing")


def same(left: Value, right: Value) -> bool:
    """Whether two values are certainly the same."""
    if left is right:
        return True
    if type(left) is not type(right):
        return False
    try:
        return bool(left == right)
    except (RecursionError, TypeError):
        return False


def lift(function: Callable[..., Value], *values: Value) -> Value:
    """Apply a function of known values to values that may be unknown or a choice."""
    for value in values:
        if isinstance(value, Unknown):
            return value
    if not any(isinstance(value, Choice) for value in values):
        return function(*values)
    ways = [value.options if isinstance(value, Choice) else (value,) for value in values]
    size = 1
    for way in ways:
        size *= len(way)
    if size > _COMBINATIONS:
        return Unknown("too many possibilities")
    return choice(lift(function, *each) for each in product(*ways))


def tainted(value: Value) -> bool:
    """Whether a collection may hold more, or less, than it seems to."""
    if isinstance(value, (dict, set)):
        return TAINT in value
    return isinstance(value, list) and any(item is TAINT for item in value)


def truth(value: Value) -> bool | None:
    """Whether a value counts as true; None when that cannot be told."""
    if isinstance(value, Choice):
        answers = {truth(option) for option in value.options}
        return answers.pop() if len(answers) == 1 else None
    if tainted(value):
        return None
    if isinstance(value, PLAIN):
        return bool(value)
    if isinstance(value, (Function, Class, Reference, Config, Method, Imported, Partial)):
        return True
    return None


def copied(value: Value, memo: dict[int, Value]) -> Value:
    """The same value in containers of its own; `memo` keeps what is shared shared."""
    if not isinstance(value, (list, dict, set)):
        return value
    if id(value) not in memo:
        if isinstance(value, list):
            fresh: Value = []
            memo[id(value)] = fresh
            fresh.extend(copied(item, memo) for item in value)
        elif isinstance(value, dict):
            fresh = {}
            memo[id(value)] = fresh
            fresh.update((key, copied(item, memo)) for key, item in value.items())
        else:
            memo[id(value)] = set(value)
    return memo[id(value)]
