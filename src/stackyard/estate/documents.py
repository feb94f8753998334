"""YAML documents with the position of every node, safe to read from files of unknown origin.

Scalars are resolved as by YAML 1.2's core schema (`on`, `yes` and dates are text), which is what the Pulumi CLI's
decoder does. The document is composed here from the parser's events, not by PyYAML's composer: that one recurses
in C, and a file of 100,000 open brackets ends the process.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

import yaml

from stackyard.errors import Position
from stackyard.model.diagnostics import Diagnostic, error

DEPTH_LIMIT: Final = 64
NODE_LIMIT: Final = 100_000
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,300}|0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]{1,300}|[0-9]{1,300}(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,4})?")
_WORDS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_WORDS.update({f(word): value for word, value in list(_WORDS.items()) for f in (str.title, str.upper)})
_FLOAT_WORDS: Final = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_TAGS: Final = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "seq", "map")}

Plain: TypeAlias = "dict[str, Any] | list[Any] | str | int | float | bool | None"


@dataclasses.dataclass(slots=True)
class Node:
    """One value of a document. Exactly one of `fields`, `items` is set, or neither for a scalar.

    `text` is a scalar as it was written; `size` counts the nodes below, aliases expanded.
    """

    position: Position
    scalar: str | int | float | bool | None = None
    text: str = ""
    fields: dict[str, Node] | None = None
    keys: dict[str, Position] = dataclasses.field(default_factory=dict)
    items: list[Node] | None = None
    size: int = 1

    @property
    def kind(self) -> str:
        """`mapping`, `list`, `string`, `integer`, `number`, `boolean` or `null`."""
        if self.fields is not None:
            return "mapping"
        if self.items is not None:
            return "list"
        names = {str: "string", bool: "boolean", int: "integer", float: "number"}
        return names.get(type(self.scalar), "null")

    def plain(self) -> Plain:
        """The value as Python data."""
        if self.fields is not None:
            return {key: node.plain() for key, node in self.fields.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return self.scalar

    def at(self, *path: str | int) -> Node:
        """The node at `path`, or the nearest one above it that exists."""
        node = self
        for part in path:
            below: Node | None = None
            if isinstance(part, int) and node.items is not None and part < len(node.items):
                below = node.items[part]
            elif isinstance(part, str) and node.fields is not None:
                below = node.fields.get(part)
            if below is None:
                return node
            node = below
        return node


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """What a file says, as far as it could be read, and what is wrong with it. An empty file has no root."""

    root: Node | None
    diagnostics: tuple[Diagnostic, ...] = ()


class _Fault(Exception):
    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def parse(text: str, path: str) -> Document:
    """Read one YAML document; `path` is how positions name the file."""
    composer = _Composer(path)
    try:
        root = composer.compose(yaml.parse(text, Loader=_LOADER))
    except _Fault as fault:
        return Document(None, (*composer.diagnostics, fault.diagnostic))
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        position = Position(path, mark.line + 1, mark.column + 1) if mark else Position(path)
        message = " ".join(part for part in (fault.context, fault.problem) if part)
        return Document(None, (error(f"malformed YAML: {message}", position=position),))
    except yaml.YAMLError as fault:
        return Document(None, (error(f"malformed YAML: {fault}", position=Position(path)),))
    return Document(root, tuple(composer.diagnostics))


@dataclasses.dataclass(slots=True)
class _Open:
    """A mapping or list whose end was not reached yet; `key` waits for its value."""

    node: Node
    anchor: str | None
    key: Node | None = None


class _Composer:
    def __init__(self, path: str) -> None:
        self.path = path
        self.diagnostics: list[Diagnostic] = []
        self.anchors: dict[str, Node] = {}
        self.open: list[_Open] = []
        self.root: Node | None = None
        self.total = 0

    def compose(self, events: Iterator[Any]) -> Node | None:
        """The first document's root. Raises _Fault for what makes the rest unreadable."""
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    hint = "keep one document in a file"
                    raise _Fault(error("a second YAML document", hint=hint, position=self.position(event)))
            else:
                self.take(event)
        return self.root

    def take(self, event: Any) -> None:
        if isinstance(event, yaml.AliasEvent):
            self.add(self.aliased(event), None)
        elif isinstance(event, yaml.ScalarEvent):
            self.check_tag(event)
            node = Node(self.position(event), _resolve(event), event.value)
            self.add(node, event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            self.check_tag(event)
            node = Node(self.position(event))
            if isinstance(event, yaml.MappingStartEvent):
                node.fields = {}
            else:
                node.items = []
            self.open.append(_Open(node, event.anchor))
            if len(self.open) > DEPTH_LIMIT:
                raise _Fault(error(f"nested more than {DEPTH_LIMIT} deep", position=node.position))
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self.open.pop()
            self.add(closed.node, closed.anchor)

    def position(self, event: Any) -> Position:
        return Position(self.path, event.start_mark.line + 1, event.start_mark.column + 1)

    def check_tag(self, event: Any) -> None:
        if event.tag and event.tag not in _TAGS:
            hint = "remove the tag; plain values are enough here"
            self.diagnostics.append(error(f"unknown YAML tag {event.tag}", hint=hint, position=self.position(event)))

    def aliased(self, event: Any) -> Node:
        target = self.anchors.get(event.anchor)
        if target is None:
            raise _Fault(error(f"alias *{event.anchor} has no anchor before it", position=self.position(event)))
        return dataclasses.replace(target, position=self.position(event))

    def add(self, node: Node, anchor: str | None) -> None:
        """Put a finished node where it belongs."""
        if anchor:
            self.anchors[anchor] = node
        if not self.open:
            self.root = node
            return
        parent = self.open[-1]
        parent.node.size += node.size
        if parent.node.size > NODE_LIMIT:
            hint = "aliases that repeat aliases grow without bound; write the values out"
            raise _Fault(error(f"more than {NODE_LIMIT} values", hint=hint, position=node.position))
        if parent.node.items is not None:
            parent.node.items.append(node)
        elif parent.key is None:
            parent.key = node
        else:
            self.put(parent.node, parent.key, node)
            parent.key = None

    def put(self, mapping: Node, key: Node, value: Node) -> None:
        assert mapping.fields is not None
        if key.fields is not None or key.items is not None:
            self.diagnostics.append(error("a key must be text", position=key.position))
        elif key.text == "<<" and (value.fields is not None or value.items):
            self.merge(mapping, value)
        elif key.text in mapping.keys:
            first = mapping.keys[key.text]
            message = f"duplicate key {key.text!r}: it is also on line {first.line}"
            self.diagnostics.append(error(message, hint="remove one of them", position=key.position))
        else:
            mapping.fields[key.text] = value
            mapping.keys[key.text] = key.position

    def merge(self, mapping: Node, value: Node) -> None:
        """A `<<` key: what is written in the mapping itself wins."""
        assert mapping.fields is not None
        for source in [value] if value.fields is not None else value.items or ():
            for key, node in (source.fields or {}).items():
                mapping.fields.setdefault(key, node)


def _resolve(event: Any) -> str | int | float | bool | None:
    text: str = event.value
    tag = (event.tag or "").rpartition(":")[2]
    if tag == "str" or not (event.implicit[0] or tag):
        return text
    if text in _WORDS:
        return _WORDS[text]
    for pattern, convert in _NUMBERS:
        if match := pattern.fullmatch(text):
            return convert(match)
    return text


def _float_word(match: re.Match[str]) -> float:
    return float(f"{match[1]}inf") if match[2] else float("nan")


_NUMBERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], int | float]], ...]] = (
    (_INTEGER, lambda match: int(match[0], 10 if match[0].lstrip("+-").isdigit() else 0)),
    (_FLOAT, lambda match: float(match[0])),
    (_FLOAT_WORDS, _float_word),
)
