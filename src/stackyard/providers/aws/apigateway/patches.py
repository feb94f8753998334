"""JSON patches, with which API Gateway's settings are updated: values are text, and pointers name map keys.

docs.aws.amazon.com/apigateway/latest/api/patch-operations.html lists the pointers that each call understands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from stackyard.model.values import Properties, Value
from stackyard.providers.aws import schemas
from stackyard.providers.aws.kinds import Change

Operation = dict[str, str]


def escape(name: str) -> str:
    """`name` as one step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def replace(pointer: str, value: Value) -> Operation:
    """Set one value; None sets the empty text."""
    text = "" if value is None else str(schemas.coerce(value, "string"))
    return {"op": "replace", "path": pointer, "value": text}


def operations(change: Change, pointers: Mapping[str, str]) -> list[Operation]:
    """The patch that carries out the changed ones of these properties (property → pointer)."""
    found: list[Operation] = []
    for name in sorted(change.keys & pointers.keys()):
        found += between(pointers[name], change.old.get(name), change.new.get(name))
    return found


def between(pointer: str, old: Value, new: Value) -> Iterable[Operation]:
    """From one value to another: of a map by its keys, of a list by its items, otherwise whole."""
    if isinstance(old, dict) or isinstance(new, dict):
        return _between_maps(pointer, old or {}, new or {})
    if isinstance(old, list) or isinstance(new, list):
        before, after = set(old or ()), set(new or ())
        gone = [{"op": "remove", "path": f"{pointer}/{escape(item)}"} for item in sorted(before - after)]
        return gone + [{"op": "add", "path": f"{pointer}/{escape(item)}"} for item in sorted(after - before)]
    return [replace(pointer, new)]


def _between_maps(pointer: str, old: Properties, new: Properties) -> list[Operation]:
    found: list[Operation] = []
    for key in sorted(old.keys() - new.keys()):
        found.append({"op": "remove", "path": f"{pointer}/{escape(key)}"})
    for key in sorted(new):
        if key not in old or old[key] != new[key]:
            operation = replace(f"{pointer}/{escape(key)}", new[key])
            found.append(operation if key in old else {**operation, "op": "add"})
    return found
