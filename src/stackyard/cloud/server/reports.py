"""What `stackyard cloud status` shows beyond the server itself, told by whatever runs inside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_TELLERS: dict[str, Callable[[], Any]] = {}
_LOCK = threading.Lock()


def add(name: str, teller: Callable[[], Any]) -> None:
    """Show what `teller` returns, which JSON must be able to say, under `name`."""
    with _LOCK:
        _TELLERS[name] = teller


def gathered() -> dict[str, Any]:
    """What everybody tells now."""
    with _LOCK:
        tellers = dict(_TELLERS)
    return {name: teller() for name, teller in tellers.items()}
