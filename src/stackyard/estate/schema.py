"""Reads a document by a JSON Schema: wrong values become located diagnostics, right ones plain data.

Only the keywords in `KEYWORDS` are understood; a schema with another one is a fault of ours (a test says so).
Reading by the published schema itself is what keeps the two from drifting apart.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from stackyard.estate.documents import Node
from stackyard.model.diagnostics import Diagnostic, error

KEYWORDS: Final = {
    "$schema", "$id", "$defs", "$ref", "title", "description", "default", "examples",
    "type", "properties", "additionalProperties", "required", "items", "enum", "pattern", "minLength",
}  # fmt: skip
_KINDS: Final = {
    "object": ("mapping",),
    "array": ("list",),
    "string": ("string",),
    "integer": ("integer",),
    "boolean": ("boolean",),
    "number": ("integer", "number"),
    "null": ("null",),
}
_WORDS: Final = {"object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number"}
OMITTED: Final = object()

Report = Callable[[Diagnostic], None]


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean "network"?`, or what there is, or nothing."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=2, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(f'"{name}"' for name in near) + "?"
    return f"known are: {', '.join(names)}" if 0 < len(names) <= 12 else ""


def read(node: Node, schema: Mapping[str, Any], report: Report) -> Any:
    """The plain data of `node`. What breaks the schema is reported and left out; the rest is returned.

    Returns OMITTED when nothing of it is left.
    """
    return _Reader(schema, report).read(node, schema, "")


class _Reader:
    def __init__(self, root: Mapping[str, Any], report: Report) -> None:
        self.root = root
        self.report = report

    def read(self, node: Node, schema: Mapping[str, Any], where: str) -> Any:
        if "$ref" in schema:
            schema = self.root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
        if not self.fits(node, schema, where):
            return OMITTED
        if node.fields is not None:
            return self.mapping(node, schema, where)
        if node.items is not None:
            below = schema.get("items", {})
            values = [self.read(item, below, f"{where}[{index}]") for index, item in enumerate(node.items)]
            return [value for value in values if value is not OMITTED]
        return node.scalar

    def fits(self, node: Node, schema: Mapping[str, Any], where: str) -> bool:
        """Whether the node itself, apart from what is below it, is what the schema asks for."""
        name = where or "the document"
        types = schema.get("type", ())
        types = (types,) if isinstance(types, str) else types
        if types and not any(node.kind in _KINDS[type_] for type_ in types):
            wanted = " or ".join(_WORDS.get(type_, f"a {type_}") for type_ in types)
            hint = 'put it in quotes: "…"' if "string" in types and node.text else schema.get("description", "")
            self.report(error(f"{name} must be {wanted}, not {_said(node)}", hint=hint, position=node.position))
            return False
        if "enum" in schema and node.scalar not in schema["enum"]:
            hint = suggest(node.text, map(str, schema["enum"]))
            self.report(error(f"{name} cannot be {_said(node)}", hint=hint, position=node.position))
            return False
        pattern = schema.get("pattern", "")
        if node.kind == "string" and (len(node.text) < schema.get("minLength", 0) or not re.search(pattern, node.text)):
            hint = schema.get("description", "")
            self.report(error(f"{name} cannot be {_said(node)}", hint=hint, position=node.position))
            return False
        return True

    def mapping(self, node: Node, schema: Mapping[str, Any], where: str) -> dict[str, Any]:
        assert node.fields is not None
        known = schema.get("properties", {})
        other = schema.get("additionalProperties", True)
        for key in schema.get("required", ()):
            if key not in node.fields:
                message = f"{where or 'the document'} lacks {key!r}"
                self.report(error(message, hint=known[key].get("description", ""), position=node.position))
        values = {}
        for key, below in node.fields.items():
            if key not in known and other is False:
                message = f"unknown key {key!r}" + (f" in {where}" if where else "")
                position = node.keys.get(key, below.position)
                self.report(error(message, hint=suggest(key, known), position=position))
                continue
            rule = known.get(key) or (other if isinstance(other, Mapping) else {})
            value = self.read(below, rule, f"{where}.{key}" if where else key)
            if value is not OMITTED:
                values[key] = value
        return values


def _said(node: Node) -> str:
    if node.kind in ("mapping", "list", "null"):
        return {"mapping": "a mapping", "list": "a list", "null": "nothing"}[node.kind]
    return repr(node.text if len(node.text) <= 60 else node.text[:57] + "...")
