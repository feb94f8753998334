"""A lazy registry over entry points: built-ins register exactly as third parties do."""

from __future__ import annotations

import functools
from importlib import metadata
from typing import Any


@functools.cache
def entries(group: str) -> dict[str, metadata.EntryPoint]:
    """The entry points of `group` by name; nothing is imported."""
    return {entry.name: entry for entry in metadata.entry_points(group=group)}


def load(group: str, name: str) -> Any:
    """Import and return the object registered as `name`. Raises KeyError when there is none."""
    return entries(group)[name].load()


def names(group: str) -> tuple[str, ...]:
    """All registered names of `group`, sorted."""
    return tuple(sorted(entries(group)))
