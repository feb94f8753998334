"""Property paths: `tags.Name`, `ingress[0].fromPort`, `data["a.b"]`, with `*` for any key or index.

The syntax is that of `ignoreChanges` and `replaceOnChanges`
(pulumi/pulumi sdk/go/common/resource/property_path.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TypeAlias

from stackyard.model.values import Secret, Value

Path: TypeAlias = tuple[str | int, ...]
_PART: Final = re.compile(r"""\[\s*(?:(\d+)|"((?:[^"\\]|\\.)*)"|(\*))\s*\]|\.?([^.\[\]]+)""")
_PLAIN: Final = re.compile(r"[^.\[\]\"]+")


def parse(text: str) -> Path:
    """The parts of a path; `*` stays a string. Raises ValueError, saying where, when it is malformed."""
    parts: list[str | int] = []
    index = 0
    while index < len(text):
        match = _PART.match(text, index)
        if not match or match.end() == index:
            raise ValueError(f"malformed property path {text!r} at character {index + 1}")
        number, quoted, star, plain = match.groups()
        if number is not None:
            parts.append(int(number))
        elif quoted is not None:
            parts.append(re.sub(r"\\(.)", r"\1", quoted))
        else:
            parts.append(star or plain)
        index = match.end()
    return tuple(parts)


def render(path: Path) -> str:
    """The text of a path: the inverse of `parse`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            escaped = part.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def matches(pattern: Path, path: Path) -> bool:
    """Whether `pattern` names `path` or something that contains it."""
    return len(pattern) <= len(path) and all(p in ("*", q) for p, q in zip(pattern, path, strict=False))


def overlaps(pattern: Path, path: Path) -> bool:
    """Whether one of them contains the other."""
    shared = min(len(pattern), len(path))
    return all(p in ("*", q) for p, q in zip(pattern[:shared], path[:shared], strict=True))


def find(value: Value, pattern: Path) -> Iterator[Path]:
    """The concrete paths of `value` that `pattern` names."""
    value = value.value if isinstance(value, Secret) else value
    if not pattern:
        yield ()
        return
    head, rest = pattern[0], pattern[1:]
    keys: list[str | int] = []
    if isinstance(value, dict):
        keys = list(value) if head == "*" else [head] if head in value else []
    elif isinstance(value, list):
        keys = list(range(len(value))) if head == "*" else [head] if isinstance(head, int) and head < len(value) else []
    for key in keys:
        for tail in find(value[key], rest):
            yield (key, *tail)


def get(value: Value, path: Path) -> Value:
    """The part of `value` at a concrete path. Raises KeyError when there is none."""
    for part in path:
        value = value.value if isinstance(value, Secret) else value
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            raise KeyError(render(path)) from None
    return value


_MISSING: Final[Value] = object()


def _bare(value: Value) -> Value:
    return value.value if isinstance(value, Secret) else value


def reset(new: Value, old: Value, path: Path) -> Value:
    """`new` with what `path` names made as it is in `old`: also absent where it is absent there."""
    result = _reset(new, old, path)
    return {} if result is _MISSING else result


def _reset(new: Value, old: Value, path: Path) -> Value:
    if not path:
        return old
    if isinstance(new, Secret) or isinstance(old, Secret):
        inner = _reset(_bare(new), _bare(old), path)
        return inner if inner is _MISSING else Secret(inner)
    head, rest = path[0], path[1:]
    if isinstance(new, dict) or (new is _MISSING and isinstance(old, dict) and isinstance(head, str)):
        mine: dict[str, Value] = {} if new is _MISSING else new
        other = old if isinstance(old, dict) else {}
        return _reset_keys(mine, other, head, rest)
    if isinstance(new, list):
        other_items = old if isinstance(old, list) else []
        wanted = range(len(new)) if head == "*" else [head] if isinstance(head, int) and head < len(new) else []
        items = list(new)
        for index in wanted:
            item = _reset(new[index], other_items[index] if index < len(other_items) else _MISSING, rest)
            items[index] = new[index] if item is _MISSING else item
        return items
    return new


def _reset_keys(new: dict[str, Value], old: dict[str, Value], head: str | int, rest: Path) -> Value:
    keys = [*new, *(k for k in old if k not in new)] if head == "*" else [str(head)]
    result = dict(new)
    for key in keys:
        item = _reset(new.get(key, _MISSING), old.get(key, _MISSING), rest)
        if item is _MISSING:
            result.pop(key, None)
        else:
            result[key] = item
    return result
