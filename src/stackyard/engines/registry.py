"""Engines by name. Built-ins register as third parties do, by an entry point in `stackyard.engines`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from stackyard import errors
from stackyard.engines.base import Engine
from stackyard.kit import registry

GROUP: Final = "stackyard.engines"


def names() -> tuple[str, ...]:
    """Every registered engine's name, sorted."""
    return registry.names(GROUP)


def load(name: str) -> Callable[..., Engine]:
    """The class of the engine called `name`. Raises UsageError, naming those there are."""
    try:
        found: Any = registry.load(GROUP, name)
    except KeyError:
        raise errors.UsageError(f"there is no engine {name!r}", hint=f"known: {', '.join(names())}") from None
    engine: Callable[..., Engine] = found
    return engine
