"""Operations on plain data, as Python does them, refused where they could grow without bound.

Every function takes known values and returns a known value or Unknown. None of them raises: what Python would
raise is Unknown, since the program fails there.
"""

from __future__ import annotations

import ast
import operator
import re
import string
from collections.abc import Callable, Mapping
from typing import Any, Final

from stackyard.graph.evaluation.values import (
    MAYBE,
    PLAIN,
    SCALARS,
    TAINT,
    Choice,
    Method,
    Unknown,
    Value,
    choice,
    tainted,
)

TEXT_LIMIT: Final = 65_536
LIST_LIMIT: Final = 10_000
_NUMBER_LIMIT: Final = 10**15
_WIDTH: Final = re.compile(r"\d{4,}|\*")
_FAULTS: Final = (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError)

_BINARY: Final[Mapping[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_COMPARE: Final[Mapping[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
CHANGING: Final = frozenset(
    {
        "append",
        "extend",
        "insert",
        "pop",
        "remove",
        "reverse",
        "clear",
        "sort",
        "add",
        "discard",
        "update",
        "setdefault",
    }
    | {"__setitem__"}
)
_METHODS: Final = tuple(
    (kind, frozenset(names.split()))
    for kind, names in (
        (
            str,
            "lower upper title capitalize casefold swapcase strip lstrip rstrip removeprefix removesuffix split rsplit",
        ),
        (str, "partition rpartition splitlines join replace startswith endswith format count find rfind index isdigit"),
        (str, "isalpha isalnum isupper islower isidentifier zfill ljust rjust center expandtabs"),
        (dict, "get keys values items copy pop setdefault update"),
        (list, "append extend insert index count copy pop remove reverse clear sort"),
        (tuple, "index count"),
        (set, "add discard remove union intersection difference issubset issuperset copy update"),
    )
)


def bounded(value: Value) -> Value:
    """The value, or Unknown when it is larger than any name or list of names needs to be."""
    if isinstance(value, str) and len(value) > TEXT_LIMIT:
        return Unknown("a text that is too long")
    if isinstance(value, (list, tuple, dict, set)) and len(value) > LIST_LIMIT:
        return Unknown("a collection that is too large")
    if isinstance(value, int) and abs(value) > _NUMBER_LIMIT:
        return Unknown("a number that is too large")
    return value


def _size(value: Value) -> int:
    return len(value) if isinstance(value, (str, list, tuple, dict, set)) else 1


def plain(*values: Value) -> bool:
    """Whether all are plain data, at least on their surface."""
    return all(isinstance(value, PLAIN) and not tainted(value) for value in values)


def deep(value: Value, depth: int = 20) -> bool:
    """Whether a value is plain data all the way down."""
    if isinstance(value, SCALARS):
        return True
    if not depth or not plain(value):
        return False
    inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return all(deep(item, depth - 1) for item in inner)


def binary(operation: ast.operator, left: Value, right: Value) -> Value:
    """`left + right` and the like."""
    function = _BINARY.get(type(operation))
    if function is None or not plain(left, right):
        return Unknown("an operation on something that is not plain data")
    if isinstance(operation, ast.Mult) and _product(left, right) > LIST_LIMIT:
        return Unknown("a repetition that is too long")
    if isinstance(operation, ast.Mod) and isinstance(left, str) and (_WIDTH.search(left) or not deep(right)):
        return Unknown("a format that cannot be told")
    try:
        return bounded(function(left, right))
    except _FAULTS as fault:
        return Unknown(f"an operation that fails ({fault})")


def _product(left: Value, right: Value) -> int:
    """How many items a repetition has; 0 for numbers among themselves."""
    for text, count in ((left, right), (right, left)):
        if isinstance(text, (str, list, tuple)) and isinstance(count, int):
            return len(text) * max(count, 0)
    return 0


def compare(operation: ast.cmpop, left: Value, right: Value) -> Value:
    """`left == right` and the like, on plain data."""
    function = _COMPARE.get(type(operation))
    if function is None or not plain(left, right):
        return Unknown("a comparison of something that is not plain data")
    if isinstance(operation, (ast.In, ast.NotIn)) and isinstance(right, (list, tuple, set)):
        # One unknown among the items leaves only a find certain.
        if any(type(item) is type(left) and isinstance(item, SCALARS) and item == left for item in right):
            return isinstance(operation, ast.In)
        if not deep(left) or not deep(right):
            return Unknown("whether something is among items that cannot be told")
    elif not deep(left) or not (deep(right) or isinstance(right, dict)):
        return Unknown("a comparison of something that is not plain data")
    try:
        return bool(function(left, right))
    except _FAULTS as fault:
        return Unknown(f"a comparison that fails ({fault})")


def unary(operation: ast.unaryop, value: Value) -> Value:
    """`-value` and the like; `not` is not among them."""
    try:
        if isinstance(operation, ast.USub) and isinstance(value, (int, float)):
            return -value
        if isinstance(operation, ast.UAdd) and isinstance(value, (int, float)):
            return +value
    except _FAULTS:
        pass  # Falls through to what cannot be told.
    return Unknown("an operation on something that is not a number")


def formatted(value: Value, conversion: int, specification: str) -> Value:
    """One `{value!r:>10}` of an f-string."""
    if not deep(value) or _WIDTH.search(specification):
        return Unknown("a format that cannot be told")
    try:
        if conversion in (ord("r"), ord("a")):
            value = repr(value) if conversion == ord("r") else ascii(value)
        elif conversion == ord("s"):
            value = str(value)
        return bounded(format(value, specification))
    except _FAULTS as fault:
        return Unknown(f"a format that fails ({fault})")


def item(container: Value, key: Any) -> Value:
    """`container[key]`."""
    if tainted(container):
        if isinstance(container, dict) and container[TAINT] is MAYBE and is_key(key) and key in container:
            return container[key]
        reason = container[TAINT] if isinstance(container, dict) else None
        return reason if isinstance(reason, Unknown) else Unknown("an item of a collection that cannot be told")
    if not isinstance(container, (str, list, tuple, dict)) or not (is_key(key) or isinstance(key, slice)):
        return Unknown("an item of something that is not plain data")
    try:
        return container[key]
    except _FAULTS:
        return Unknown(f"an item {key!r} that is not there")


def is_key(key: Value) -> bool:
    """Whether a value can be a key."""
    return isinstance(key, (*SCALARS, tuple)) and deep(key)


def iterated(value: Value) -> list[Value] | None:
    """The items of an iterable; None when they cannot be told."""
    if tainted(value):
        return None
    if isinstance(value, set):
        try:
            return sorted(value, key=lambda each: (str(type(each)), each))
        except TypeError:
            return None
    if isinstance(value, (list, tuple, dict, str)):
        return list(value)
    return None


def possible(value: Value) -> list[Value]:
    """What may be among the items of an iterable that cannot be told."""
    found: list[Value] = []
    for option in value.options if isinstance(value, Choice) else (value,):
        if isinstance(option, Unknown):
            found.append(option)
        elif isinstance(option, (list, tuple, dict, str)) and not (
            isinstance(option, dict) and not _listed_keys(option)
        ):
            found += [each for each in option if each is not TAINT]
        elif isinstance(option, set):
            found += sorted((each for each in option if each is not TAINT), key=repr)
        else:
            found.append(Unknown("an item of something unknown"))
    return found


def _listed_keys(mapping: dict[Any, Value]) -> bool:
    """Whether a mapping's keys are all that it may have."""
    return TAINT not in mapping or mapping[TAINT] is MAYBE


def has_method(value: Value, name: str) -> bool:
    """Whether `name` is a method of plain data that can be evaluated."""
    return any(isinstance(value, kind) and name in known for kind, known in _METHODS)


def call_method(method: Method, positional: tuple[Value, ...], named: Mapping[str, Value]) -> Value:
    """Call a method of plain data; those that change a container change it."""
    target, name = method.target, method.name
    if isinstance(target, str):
        return _text_method(target, name, positional, named)
    if tainted(target):
        return _of_tainted(method, positional)
    if name in ("index", "count", "remove", "union", "sort") and (named or not deep([target, *positional])):
        return Unknown(f"a {name} of something that is not plain data")
    if name == "update" and isinstance(target, dict):
        target.update(*positional, **named)
        return None
    if name == "extend":
        positional = (iterated(positional[0]) or [],)
    try:
        result = getattr(target, name)(*positional, **named)
    except _FAULTS as fault:
        return Unknown(f"a call that fails ({fault})")
    if isinstance(bounded(target), Unknown):
        target.clear()
        return Unknown("a collection that is too large")
    return list(result) if name in ("keys", "values", "items") else result


def decided(method: Method, positional: tuple[Value, ...]) -> bool:
    """Whether the effect of a method on a collection is known."""
    target, name = method.target, method.name
    if not isinstance(target, (list, dict, set)) or name not in CHANGING:
        return True
    first = positional[0] if positional else None
    if name in ("extend", "update"):
        return all(iterated(each) is not None and (isinstance(each, dict) or name == "extend") for each in positional)
    if isinstance(target, list) and name == "__setitem__":
        return isinstance(first, int) and -len(target) <= first < len(target)
    return is_key(first) if name in ("__setitem__", "pop", "setdefault", "add", "discard", "remove") else True


def may_change(method: Method, positional: tuple[Value, ...], named: Mapping[str, Value]) -> Value:
    """Change a collection as it may be changed: what is possible is added, nothing is taken away."""
    target, name = method.target, method.name
    if not isinstance(target, (list, dict, set)) or name not in CHANGING:
        return call_method(method, positional, named)
    if isinstance(target, dict):
        _may_set(target, name, positional, named)
    else:
        added: list[Value] = []
        if name in ("append", "add"):
            added = list(positional)
        elif name in ("insert", "__setitem__"):
            added = list(positional[1:])
        elif name in ("extend", "update"):
            added = [item for each in positional for item in possible(each)]
        kept = [each for each in added if isinstance(target, list) or (isinstance(each, SCALARS))]
        for each in (*kept, TAINT):
            target.append(each) if isinstance(target, list) else target.add(each)
    return Unknown("what a change that may not happen gives")


def _may_set(target: dict[Any, Value], name: str, positional: tuple[Value, ...], named: Mapping[str, Value]) -> None:
    """A change of a dict that may not happen. Keys that nobody knows make everything unknown."""
    new: dict[Any, Value] | None = None
    if name in ("__setitem__", "setdefault") and positional and is_key(positional[0]):
        new = {positional[0]: positional[1] if len(positional) > 1 else None}
    elif name == "update" and all(isinstance(each, dict) and not tainted(each) for each in positional):
        new = {key: value for each in positional for key, value in each.items()} | dict(named)
    if new is None:
        target[TAINT] = Unknown("a mapping that something unknown may have changed")
        return
    for key, value in new.items():
        target[key] = choice([target.get(key, Unknown(f"an item {key!r} that may not be there")), value])
    target.setdefault(TAINT, MAYBE)


def _of_tainted(method: Method, positional: tuple[Value, ...]) -> Value:
    """A method of a collection that cannot be told, changing or not."""
    target, name = method.target, method.name
    if name == "get" and isinstance(target, dict) and positional:
        return item(target, positional[0])
    if name in CHANGING:
        return may_change(method, positional, {})
    if name in ("values", "keys", "items", "copy") and isinstance(target, dict) and target[TAINT] is MAYBE:
        known = {key: value for key, value in target.items() if key is not TAINT}
        return [*getattr(known, name)(), TAINT] if name != "copy" else dict(target)
    return Unknown(f"a {name} of a collection that cannot be told")


def _text_method(text: str, name: str, positional: tuple[Value, ...], named: Mapping[str, Value]) -> Value:
    if not deep(list(positional)) or not deep(dict(named)):
        reason = next(
            (v.reason for v in positional if isinstance(v, Unknown)), f"arguments of {name} that are not plain"
        )
        return Unknown(reason)
    if name == "format" and not _formattable(text):
        return Unknown("a format that cannot be told")
    if any(isinstance(value, int) and abs(value) > LIST_LIMIT for value in positional):
        return Unknown("a text that is too long")
    if name == "replace" and len(positional) >= 2 and (len(text) + 1) * (_size(positional[1]) + 1) > TEXT_LIMIT * 16:
        return Unknown("a text that is too long")
    if name == "join" and sum(map(_size, positional[0] if positional and positional[0] else ())) > TEXT_LIMIT:
        return Unknown("a text that is too long")
    try:
        return bounded(getattr(text, name)(*positional, **named))
    except _FAULTS as fault:
        return Unknown(f"a call that fails ({fault})")


def _formattable(text: str) -> bool:
    """Whether a format string has nothing but plain fields: no attributes, no widths without bound."""
    try:
        for _, field, specification, _ in string.Formatter().parse(text):
            if field is not None and (
                "." in field or _WIDTH.search(specification or "") or "{" in (specification or "")
            ):
                return False
    except ValueError:
        return False
    return True


def _range(*values: Any) -> Value:
    found = range(*values)
    return list(found) if len(found) <= LIST_LIMIT else Unknown("a range that is too long")


BUILTINS: Final[Mapping[str, Callable[..., Any]]] = {
    "str": str, "int": int, "float": float, "bool": bool, "len": len, "abs": abs, "min": min, "max": max, "sum": sum,
    "any": any, "all": all, "round": round, "range": _range, "repr": repr, "ord": ord, "chr": chr,
}  # fmt: skip
CONTAINERS: Final[Mapping[str, Callable[..., Any]]] = {
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "set": set,
    "frozenset": set,
    "enumerate": lambda *a, **k: [tuple(pair) for pair in enumerate(*a, **k)],
    "zip": lambda *a, **_: [tuple(row) for row in zip(*a, strict=False)],
    "reversed": lambda items: list(reversed(items)),
    "iter": lambda items: items,
}


def builtin(name: str, positional: tuple[Value, ...], named: Mapping[str, Value]) -> Value:
    """Call a builtin function on known values."""
    if name == "sorted" and deep(list(positional)) and set(named) <= {"reverse"}:
        function: Callable[..., Any] = sorted
    elif name in CONTAINERS and plain(*positional):
        function = CONTAINERS[name]
        positional = tuple(_listed(value) for value in positional)
    elif name in BUILTINS and deep(list(positional)) and deep(dict(named)):
        function = BUILTINS[name]
    else:
        return Unknown(f"a call of {name}()")
    try:
        return bounded(function(*positional, **named))
    except _FAULTS as fault:
        return Unknown(f"a call that fails ({fault})")


def _listed(value: Value) -> Value:
    return (iterated(value) or []) if isinstance(value, set) else value
