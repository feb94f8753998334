"""The functions of Pulumi YAML that need nothing but their arguments and files of the project."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stackyard.model import values
from stackyard.model.values import UNKNOWN, Archive, Asset, Secret, Value


def call(name: str, argument: Value, folder: Path) -> Value:
    """The value of a function. What it makes of a secret is secret, of something unknown is unknown.

    Raises KeyError for a name that is no function, ValueError with a sentence for a wrong argument.
    """
    function = PURE[name]
    if name == "secret":
        return argument if isinstance(argument, Secret) else Secret(argument)
    secret = values.has_secret(argument)
    result = UNKNOWN if values.has_unknown(argument) else function(values.reveal(argument), folder)
    return Secret(result) if secret else result


def text(value: Value) -> str:
    """A scalar inside of text. Raises ValueError for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{_kind(value)} cannot stand in text: use fn::toJSON")


def _join(argument: Value, folder: Path) -> Value:
    separator, items = _pair(argument, "join", "a separator and a list")
    if not isinstance(items, list):
        raise ValueError(f"fn::join joins a list, not {_kind(items)}")
    return text(separator).join(text(item) for item in items)


def _split(argument: Value, folder: Path) -> Value:
    separator, whole = _pair(argument, "split", "a separator and a text")
    separator, whole = text(separator), text(whole)
    return whole.split(separator) if separator else list(whole)


def _select(argument: Value, folder: Path) -> Value:
    index, items = _pair(argument, "select", "an index and a list")
    if isinstance(index, bool) or not isinstance(index, int) or not isinstance(items, list):
        raise ValueError("fn::select takes an index and a list")
    if not 0 <= index < len(items):
        raise ValueError(f"fn::select: there is no item {index} in a list of {len(items)}")
    return items[index]


def _to_json(argument: Value, folder: Path) -> Value:
    try:
        made = json.dumps(argument, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    except TypeError:
        raise ValueError("fn::toJSON: assets and resources have no JSON") from None
    # As Go's encoder writes it, so that documents are the same as those of the Pulumi CLI.
    for char in "<>&\u2028\u2029":
        made = made.replace(char, f"\\u{ord(char):04x}")
    return made


def _to_base64(argument: Value, folder: Path) -> Value:
    return base64.b64encode(_given(argument, "toBase64").encode()).decode()


def _from_base64(argument: Value, folder: Path) -> Value:
    try:
        return base64.b64decode(_given(argument, "fromBase64"), validate=True).decode()
    except ValueError:
        raise ValueError("fn::fromBase64: that is no base64 of text") from None


def _read_file(argument: Value, folder: Path) -> Value:
    path = folder / _given(argument, "readFile")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ValueError(f"fn::readFile: {path} cannot be read: {fault}") from fault


def _archive(argument: Value, folder: Path) -> Value:
    if not isinstance(argument, dict) or not all(isinstance(item, Asset | Archive) for item in argument.values()):
        raise ValueError("fn::assetArchive takes a mapping of names to assets and archives")
    return Archive(assets=argument)


def _given(argument: Value, name: str) -> str:
    if not isinstance(argument, str):
        raise ValueError(f"fn::{name} takes text, not {_kind(argument)}")
    return argument


def _pair(argument: Value, name: str, what: str) -> tuple[Value, Value]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise ValueError(f"fn::{name} takes {what}")
    return argument[0], argument[1]


def _kind(value: Value) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "a resource or an asset")


PURE: Final[dict[str, Callable[[Value, Path], Value]]] = {
    "join": _join,
    "split": _split,
    "select": _select,
    "toJSON": _to_json,
    "toBase64": _to_base64,
    "fromBase64": _from_base64,
    "readFile": _read_file,
    "secret": lambda argument, folder: argument,
    "stringAsset": lambda argument, folder: Asset(text=_given(argument, "stringAsset")),
    "fileAsset": lambda argument, folder: Asset(path=_given(argument, "fileAsset")),
    "remoteAsset": lambda argument, folder: Asset(uri=_given(argument, "remoteAsset")),
    "fileArchive": lambda argument, folder: Archive(path=_given(argument, "fileArchive")),
    "remoteArchive": lambda argument, folder: Archive(uri=_given(argument, "remoteArchive")),
    "assetArchive": _archive,
}
