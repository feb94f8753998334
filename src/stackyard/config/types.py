"""What a project file declares of a configuration key, and whether a value fits it."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, Final

_SCALARS: Final = ("string", "integer", "boolean", "object")
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Declared:
    """One key: its type (empty: any), its items' for an array, what it is when nobody sets it."""

    type: str = ""
    items: Declared | None = None
    has_value: bool = False
    value: Any = None
    secret: bool = False
    required: bool = False

    @property
    def type_name(self) -> str:
        """`string`, `array<integer>`, …"""
        return f"array<{self.items.type_name}>" if self.items else self.type


def declared(raw: Any, *, is_own: bool) -> Declared:
    """Read one key's declaration; `is_own`: it is of the project's namespace, so it may have a type.

    A plain value stands for a default. Raises ValueError, saying what is wrong.
    """
    if not isinstance(raw, dict):
        return Declared(has_value=raw is not None, value=raw, required=is_own)
    type_ = raw.get("type")
    if raw.get("default") is not None and raw.get("value") is not None:
        raise ValueError("it cannot have both `default` and `value`")
    if not is_own and (type_ is not None or raw.get("default") is not None):
        raise ValueError("only keys of the project itself have a `type` or a `default`; use `value`")
    value = raw.get("default") if raw.get("default") is not None else raw.get("value")
    shape = _shape(type_, raw.get("items")) if type_ is not None else Declared()
    if raw.get("default") is not None and shape.type and not fits(value, shape):
        raise ValueError(f"its default is not of type {shape.type_name}")
    return dataclasses.replace(
        shape, has_value=value is not None, value=value, secret=raw.get("secret") is True, required=is_own
    )


def _shape(type_: Any, items: Any) -> Declared:
    if type_ in _SCALARS:
        return Declared(type=type_)
    if type_ != "array":
        raise ValueError(f"there is no type {type_!r}: use string, integer, boolean, array or object")
    if not isinstance(items, dict) or "type" not in items:
        raise ValueError("an array needs `items:` with the `type` of its elements")
    return Declared(type="array", items=_shape(items["type"], items.get("items")))


def fits(value: Any, shape: Declared) -> bool:
    """Whether a value is of the type. Scalars of a file may be written as text, as the CLI has it."""
    if shape.type == "string":
        return not isinstance(value, dict | list)
    if shape.type == "integer":
        if isinstance(value, str):
            return bool(_INTEGER.fullmatch(value))
        return isinstance(value, int | float) and not isinstance(value, bool) and float(value).is_integer()
    if shape.type == "boolean":
        return isinstance(value, bool) or value in ("true", "false")
    if shape.type == "object":
        return isinstance(value, dict)
    if shape.type == "array":
        return isinstance(value, list) and all(_fits_item(item, shape.items) for item in value)
    return True


def _fits_item(item: Any, shape: Declared | None) -> bool:
    if shape is None:
        return True
    return isinstance(item, str) if shape.type == "string" else fits(item, shape)
