"""Globs over slash-separated paths: `*`, `?` and `[...]` stay within one part, `**` is any number of parts."""

from __future__ import annotations

import fnmatch
import functools
import re


@functools.lru_cache(maxsize=4096)
def _part(text: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(text))


@functools.lru_cache(maxsize=4096)
def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(part for part in pattern.strip("/").split("/") if part not in ("", "."))


def is_glob(text: str) -> bool:
    """Whether `text` has a character that globs treat specially."""
    return any(character in text for character in "*?[")


def matches(pattern: str, path: str) -> bool:
    """Whether `pattern` names exactly `path`. Time is bounded by the product of their numbers of parts."""
    return _reached(pattern, path)[1]


def covers(pattern: str, path: str) -> bool:
    """Whether `pattern` names `path` or a folder that contains it."""
    return _reached(pattern, path)[0]


def _reached(pattern: str, path: str) -> tuple[bool, bool]:
    """Whether some leading parts of `path` match, and whether all of it does."""
    parts = _parts(pattern)
    # Positions of the pattern that can be next; `**` may match nothing, so it lets its successor in too.
    states = _skip({0}, parts)
    some = len(parts) in states
    for name in _parts(path):
        states = _skip({after for state in states for after in _step(state, parts, name)}, parts)
        some = some or len(parts) in states
    return some, len(parts) in states


def _step(state: int, parts: tuple[str, ...], name: str) -> tuple[int, ...]:
    if state == len(parts):
        return ()
    if parts[state] == "**":
        return (state,)
    return (state + 1,) if _part(parts[state]).match(name) else ()


def _skip(states: set[int], parts: tuple[str, ...]) -> set[int]:
    reached = set(states)
    for state in states:
        while state < len(parts) and parts[state] == "**":
            state += 1
            reached.add(state)
    return reached
