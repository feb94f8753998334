"""The functions of Pulumi YAML that need nothing but their arguments and files of the project.

What they take, and how values look in text, follows pulumi/pulumi-yaml pkg/pulumiyaml/run.go.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import unicodedata
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from stackyard.model import values
from stackyard.model.values import UNKNOWN, Archive, Asset, Secret, Value

PREFIX: Final = "fn::"


def call(name: str, argument: Value, folder: Path) -> Value:
    """The value of a function. What it makes of a secret is secret, of something unknown is unknown.

    Raises KeyError for a name that is no function, ValueError with a sentence for a wrong argument.
    """
    function = PURE[name]
    if name == "secret":
        return argument if isinstance(argument, Secret) else Secret(argument)
    if name == "unsecret":
        return values.reveal(argument)
    secret = values.has_secret(argument)
    result = UNKNOWN if values.has_unknown(argument) else function(values.reveal(argument), folder)
    return Secret(result) if secret else result


def spelling(key: str) -> str:
    """The key of a function as it is spelt, whatever its capitals; empty when there is no such function."""
    return _SPELLINGS.get(key.lower(), "")


def text(value: Value) -> str:
    """A value inside of text, as Go's `%v` writes it. Raises ValueError for what has no text."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(float(value), digits=6, decimals=4, places=2)
    if isinstance(value, list):
        return f"[{' '.join(map(text, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, str):
        return value
    raise ValueError(f"{kind(value)} cannot stand in text")


def kind(value: Value) -> str:
    """What a value is, in words."""
    names = {dict: "a mapping", list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "a resource or an asset")


def _number(value: float, *, digits: int, decimals: int, places: int) -> str:
    """A double with its shortest digits, as Go's strconv has it: plain, or with an exponent of so many places.

    It is plain up to so many digits before the point, and so many zeros behind it.
    """
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    shortest = Decimal(repr(value))
    exponent = shortest.adjusted() if value else 0
    if -decimals <= exponent < digits:
        plain = format(shortest, "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    sign, figures, _ = shortest.normalize().as_tuple()
    tail = "".join(map(str, figures[1:]))
    mantissa = f"{'-' if sign else ''}{figures[0]}{'.' if tail else ''}{tail}"
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):0{places}d}"


def _join(argument: Value, folder: Path) -> Value:
    separator, items = _pair(argument, "join", "a separator and a list")
    if not isinstance(items, list):
        raise ValueError(f"fn::join joins a list, not {kind(items)}")
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise ValueError(f"fn::join joins texts: item {index} is {kind(item)}")
    return ("" if separator is None else _given(separator, "join")).join(items)


def _split(argument: Value, folder: Path) -> Value:
    separator, whole = (_given(each, "split") for each in _pair(argument, "split", "a separator and a text"))
    return whole.split(separator) if separator else list(whole)


def _select(argument: Value, folder: Path) -> Value:
    index, items = _pair(argument, "select", "an index and a list")
    if not isinstance(items, list):
        raise ValueError(f"fn::select takes an index and a list, not {kind(items)}")
    if isinstance(index, bool) or not isinstance(index, int | float):
        raise ValueError(f"fn::select takes a number and a list: {kind(index)} is no number")
    if index != int(index) or index < 0:
        raise ValueError(f"fn::select takes a whole number from 0 on, not {text(index)}")
    if index >= len(items):
        raise ValueError(f"fn::select: there is no item {int(index)} in a list of {len(items)}")
    return items[int(index)]


def _to_json(argument: Value, folder: Path) -> Value:
    """As Go's encoder writes it, so that documents are the same as those of the Pulumi CLI."""
    if isinstance(argument, dict):
        pairs = (f"{_quoted(key)}:{_to_json(argument[key], folder)}" for key in sorted(argument))
        return f"{{{','.join(pairs)}}}"
    if isinstance(argument, list):
        return f"[{','.join(_to_json(item, folder) for item in argument)}]"
    if isinstance(argument, bool) or argument is None:
        return json.dumps(argument)
    if isinstance(argument, int | float) and math.isfinite(argument):
        return _number(float(argument), digits=21, decimals=6, places=1)
    if isinstance(argument, str):
        return _quoted(argument)
    raise ValueError(f"fn::toJSON: {kind(argument)} has no JSON")


def _quoted(said: str) -> str:
    made = json.dumps(said, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        made = made.replace(char, f"\\u{ord(char):04x}")
    return made


def _to_base64(argument: Value, folder: Path) -> Value:
    return base64.b64encode(_given(argument, "toBase64").encode()).decode()


def _from_base64(argument: Value, folder: Path) -> Value:
    encoded = _given(argument, "fromBase64").replace("\r", "").replace("\n", "")
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except ValueError:
        raise ValueError("fn::fromBase64: that is no base64 of text") from None


def _read_file(argument: Value, folder: Path) -> Value:
    path = folder / _given(argument, "readFile")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise ValueError(f"fn::readFile: {path} cannot be read: {fault}") from fault


def _bytes(argument: Value, folder: Path, name: str) -> bytes:
    path = folder / _given(argument, name)
    try:
        return path.read_bytes()
    except OSError as fault:
        raise ValueError(f"fn::{name}: {path} cannot be read: {fault}") from fault


def _file_base64(argument: Value, folder: Path) -> Value:
    return base64.b64encode(_bytes(argument, folder, "filebase64")).decode()


def _file_digest(argument: Value, folder: Path) -> Value:
    return base64.b64encode(hashlib.sha256(_bytes(argument, folder, "filebase64sha256")).digest()).decode()


def _sha1(argument: Value, folder: Path) -> Value:
    return hashlib.sha1(_given(argument, "sha1").encode(), usedforsecurity=False).hexdigest()


def _length(argument: Value, folder: Path) -> Value:
    if isinstance(argument, str):
        return _graphemes(argument)
    if isinstance(argument, list | dict):
        return len(argument)
    raise ValueError(f"fn::length takes a list, a mapping or text, not {kind(argument)}")


def _graphemes(said: str) -> int:
    """How many characters a reader sees: marks, joined emoji and pairs of flags count once (UAX 29, near enough)."""
    count, flags, previous = 0, 0, ""
    for char in said:
        flag = "\U0001f1e6" <= char <= "\U0001f1ff"
        continues = (
            unicodedata.category(char) in ("Mn", "Me", "Mc")
            or char == "\u200d"
            or "\U0001f3fb" <= char <= "\U0001f3ff"
            or (previous == "\u200d" and unicodedata.category(char) == "So")
            or (previous, char) == ("\r", "\n")
            or (flag and flags % 2 == 1)
        )
        flags = flags + 1 if flag else 0
        count += not (continues and previous)
        previous = char
    return count


def _single(argument: Value, folder: Path) -> Value:
    if not isinstance(argument, list):
        raise ValueError(f"fn::singleOrNone takes a list, not {kind(argument)}")
    if len(argument) > 1:
        raise ValueError(f"fn::singleOrNone takes a list of one item or none, not of {len(argument)}")
    return argument[0] if argument else None


def _archive(argument: Value, folder: Path) -> Value:
    if not isinstance(argument, dict) or not all(isinstance(item, Asset | Archive) for item in argument.values()):
        raise ValueError("fn::assetArchive takes a mapping of names to assets and archives")
    return Archive(assets=argument)


def _given(argument: Value, name: str) -> str:
    if not isinstance(argument, str):
        raise ValueError(f"fn::{name} takes text, not {kind(argument)}")
    return argument


def _pair(argument: Value, name: str, what: str) -> tuple[Value, Value]:
    if not isinstance(argument, list) or len(argument) != 2:
        raise ValueError(f"fn::{name} takes {what}")
    return argument[0], argument[1]


PURE: Final[dict[str, Callable[[Value, Path], Value]]] = {
    "join": _join,
    "split": _split,
    "select": _select,
    "toJSON": _to_json,
    "toBase64": _to_base64,
    "fromBase64": _from_base64,
    "readFile": _read_file,
    "filebase64": _file_base64,
    "filebase64sha256": _file_digest,
    "length": _length,
    "secret": lambda argument, folder: argument,
    "sha1": _sha1,
    "singleOrNone": _single,
    "unsecret": lambda argument, folder: argument,
    "stringAsset": lambda argument, folder: Asset(text=_given(argument, "stringAsset")),
    "fileAsset": lambda argument, folder: Asset(path=_given(argument, "fileAsset")),
    "remoteAsset": lambda argument, folder: Asset(uri=_given(argument, "remoteAsset")),
    "fileArchive": lambda argument, folder: Archive(path=_given(argument, "fileArchive")),
    "remoteArchive": lambda argument, folder: Archive(uri=_given(argument, "remoteArchive")),
    "assetArchive": _archive,
}

PAIRS: Final = ("join", "select", "split")
"""Those whose argument is written as a list of two."""

OF_RESOURCES: Final = ("pulumiResourceName", "pulumiResourceType")
NAMES: Final = tuple(sorted((*PURE, *OF_RESOURCES, "invoke", "stackReference")))
_SPELLINGS: Final = {f"{PREFIX}{name}".lower(): f"{PREFIX}{name}" for name in NAMES}
