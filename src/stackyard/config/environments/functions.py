"""The functions of environments, `fn::join` and the like (pulumi/esc ast/expr.go, eval/eval.go)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, Final, Protocol

from stackyard.config.environments import values
from stackyard.config.environments.values import SIZE_LIMIT, TEXT_LIMIT, Value
from stackyard.errors import Position
from stackyard.estate.documents import DEPTH_LIMIT, Node
from stackyard.kit import jsontext
from stackyard.model import paths
from stackyard.model.diagnostics import warning

PREFIX: Final = "fn::"
CIPHERTEXT: Final = "ciphertext"
_FOREIGN: Final = "ZXN"


class Fault(Exception):
    """What is wrong with one value, and where."""

    def __init__(self, message: str, position: Position, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.hint = hint


class Library(Protocol):
    """What a function may ask of the estate."""

    found: list[Any]

    def opened(self, ciphertext: str, position: Position) -> Value:
        """The secret behind a ciphertext."""


class Environment(Protocol):
    """Where a function is called."""

    @property
    def library(self) -> Library:
        """The estate's environments."""

    def evaluate(self, node: Node, base: Value | None, path: paths.Path) -> Value:
        """The value of a node."""


def called(node: Node) -> str | None:
    """The function that a mapping calls, if it does: it has one key, and that begins with `fn::`."""
    if node.fields is None or len(node.fields) != 1:
        return None
    key = next(iter(node.fields))
    return key if key.lower().startswith(PREFIX) else None


def call(environment: Environment, name: str, argument: Node, path: paths.Path) -> Value:
    """The value of a call. Raises Fault."""
    short = name[len(PREFIX) :]
    if short == "secret":
        return _secret(environment, argument, path)
    if short.split("::")[0] in ("open", "rotate"):
        raise _refused(short, argument)
    if short not in _FUNCTIONS:
        known = ", ".join(PREFIX + each for each in sorted((*_FUNCTIONS, "secret")))
        raise Fault(f"unknown function {name}", argument.position, f"known are: {known}")
    value = environment.evaluate(argument, None, path)
    missing, secret = value.missing, value.is_secret
    origins = (*value.parts, *_parts(value))
    if missing is not None:
        return Value(missing, argument.position, secret, (), origins)
    made = _FUNCTIONS[short](value, name, argument.position)
    if isinstance(made, str) and len(made) > TEXT_LIMIT:
        raise Fault(f"{name} makes a text of more than {TEXT_LIMIT} characters", argument.position)
    result = values.built(made, argument.position, secret=secret, parts=origins)
    if result.size > SIZE_LIMIT:
        raise Fault(f"{name} makes more than {SIZE_LIMIT} values", argument.position)
    return result


def _parts(value: Value) -> tuple[Position, ...]:
    """Where the elements of an argument came from."""
    found: list[Position] = []
    for each in value.data if isinstance(value.data, list) else ():
        found += each.parts
        found += _parts(each)
    return tuple(dict.fromkeys(found))


def _secret(environment: Environment, argument: Node, path: paths.Path) -> Value:
    if argument.fields is not None and argument.fields.keys() == {CIPHERTEXT}:
        text = argument.fields[CIPHERTEXT].text
        if text.startswith(_FOREIGN):
            hint = "write the plain text after fn::secret and encrypt it with `stackyard config encrypt`"
            raise Fault("this ciphertext is of Pulumi's service, which alone can open it", argument.position, hint)
        return environment.library.opened(text, argument.position)
    value = environment.evaluate(argument, None, path)
    if argument.kind == "string" and not value.parts:
        hint = "encrypt it in place: stackyard config encrypt"
        environment.library.found.append(warning("a secret in clear", hint=hint, position=argument.position))
    return Value(value.data, argument.position, True, (), value.parts)


def _refused(short: str, argument: Node) -> Fault:
    verb, _, provider = short.partition("::")
    if not provider:
        provider = argument.at("provider").text if argument.fields and "provider" in argument.fields else "?"
    hint = "write the value down, with fn::secret if it is secret, or give it to the program some other way"
    return Fault(f"fn::{verb} of {provider} is not possible: nothing outside is asked", argument.position, hint)


def _text(value: Value, name: str, position: Position) -> str:
    if not isinstance(value.data, str):
        raise Fault(f"{name} needs text", position)
    return value.data


def _list(value: Value, name: str, position: Position, length: int = -1) -> list[Value]:
    if not isinstance(value.data, list) or length not in (-1, len(value.data)):
        wanted = f"a list of {length}" if length >= 0 else "a list"
        raise Fault(f"{name} needs {wanted}", position, _SHAPES.get(name, ""))
    return value.data


_SHAPES: Final = {
    "fn::join": "[DELIMITER, [TEXT, …]]",
    "fn::split": "[DELIMITER, TEXT]",
    "fn::concat": "[[…], […]]",
}


def _join(value: Value, name: str, position: Position) -> str:
    delimiter, items = _list(value, name, position, 2)
    return _text(delimiter, name, position).join(_text(each, name, position) for each in _list(items, name, position))


def _split(value: Value, name: str, position: Position) -> list[str]:
    delimiter, text = (_text(each, name, position) for each in _list(value, name, position, 2))
    return text.split(delimiter) if delimiter else list(text)


def _concat(value: Value, name: str, position: Position) -> list[Any]:
    return [item.plain() for each in _list(value, name, position) for item in _list(each, name, position)]


def _to_json(value: Value, name: str, position: Position) -> str:
    try:
        return jsontext.dumps(_ordered(value.plain()))
    except (ValueError, OverflowError):
        raise Fault(f"{name} cannot write a number that is not finite", position) from None


def _ordered(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _ordered(data[key]) for key in sorted(data)}
    if isinstance(data, float):
        return values.number(data)
    return [_ordered(each) for each in data] if isinstance(data, list) else data


def _from_json(value: Value, name: str, position: Position) -> Any:
    try:
        data = json.loads(_text(value, name, position))
        json.dumps(data, ensure_ascii=False).encode()  # Half a character, "\ud800", is no text.
    except (ValueError, RecursionError):
        raise Fault(f"{name} needs the text of a JSON document", position) from None
    level = [data]
    for _ in range(DEPTH_LIMIT):
        level = [inner for each in level for inner in _inside(each)]
    if level:
        raise Fault(f"{name}: the document is nested more than {DEPTH_LIMIT} deep", position)
    return data


def _inside(data: Any) -> list[Any]:
    return list(data.values()) if isinstance(data, dict) else data if isinstance(data, list) else []


def _to_base64(value: Value, name: str, position: Position) -> str:
    return base64.b64encode(_text(value, name, position).encode()).decode()


def _from_base64(value: Value, name: str, position: Position) -> str:
    try:
        return base64.b64decode(_text(value, name, position), validate=True).decode()
    except ValueError:
        raise Fault(f"{name} needs base64 of UTF-8 text", position) from None


def _to_string(value: Value, name: str, position: Position) -> str:
    try:
        return values.text_of(value)
    except (ValueError, OverflowError):
        raise Fault(f"{name} cannot write a number that is not finite", position) from None


_FUNCTIONS: Final[dict[str, Callable[[Value, str, Position], Any]]] = {
    "join": _join,
    "split": _split,
    "concat": _concat,
    "toJSON": _to_json,
    "fromJSON": _from_json,
    "toBase64": _to_base64,
    "fromBase64": _from_base64,
    "toString": _to_string,
}
