"""Property values as text that may be shown: secrets masked, unknowns named, long ones cut."""

from __future__ import annotations

import json
from typing import Any, Final

from stackyard.model.paths import Path
from stackyard.model.values import (
    UNKNOWN,
    Archive,
    Asset,
    Properties,
    ResourceReference,
    Secret,
    Value,
)
from stackyard.views.painting import clean

SECRET: Final = "[secret]"
UNKNOWN_TEXT: Final = "[unknown]"
ABSENT: Final = object()
_LONGEST: Final = 400


def plain(value: Value) -> Any:
    """`value` as JSON can carry it: secrets and unknowns are words, files are what names them."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, Secret):
        return SECRET
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, (Asset, Archive)):
        return _file(value)
    if isinstance(value, ResourceReference):
        return value.urn
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def _file(value: Asset | Archive) -> str:
    kind = "asset" if isinstance(value, Asset) else "archive"
    members = getattr(value, "assets", None)
    inner = ", ".join(sorted(members)) if members is not None else value.path or value.uri or "text"
    digest = f" {value.hash[:8]}" if value.hash else ""
    return f"{kind}({inner}{digest})"


def one_line(value: Value) -> str:
    """A value on one line, as JSON does it; words for secrets, unknowns and files are not quoted."""
    if isinstance(value, Secret):
        return SECRET
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    if isinstance(value, (Asset, Archive)):
        return clean(_file(value))
    if isinstance(value, dict):
        inner = ", ".join(f"{clean(str(key))}: {one_line(item)}" for key, item in value.items() if _shown(key))
        return "{" + inner + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(one_line(item) for item in value) + "]"
    text = json.dumps(plain(value), ensure_ascii=False)
    text = clean(text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text) - _LONGEST} more characters)"


def _shown(key: str) -> bool:
    return not str(key).startswith("__")


def lines(value: Value, columns: int) -> list[str]:
    """A value on one line where it fits into `columns`, else as an indented block."""
    flat = one_line(value)
    if len(flat) <= columns or not isinstance(value, (dict, list)) or not value:
        return [flat]
    pairs: list[tuple[str, Value]]
    if isinstance(value, dict):
        pairs = [(f"{clean(str(key))}: ", item) for key, item in value.items() if _shown(key)]
    else:
        pairs = [("", item) for item in value]
    block = ["{" if isinstance(value, dict) else "["]
    for label, item in pairs:
        first, *rest = lines(item, columns - 4 - len(label))
        block += [f"    {label}{first}", *(f"    {line}" for line in rest)]
    return [*block, "}" if isinstance(value, dict) else "]"]


def at(properties: Properties, path: Path) -> Value:
    """The part of `properties` at `path`; what lies inside a secret is a Secret; ABSENT when there is nothing."""
    value: Any = properties
    for part in path:
        if isinstance(value, Secret):
            return Secret(None)
        inside_map = isinstance(value, dict) and part in value
        inside_list = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if not (inside_map or inside_list):
            return UNKNOWN if value is UNKNOWN else ABSENT
        value = value[part]
    return value
