"""What must be ended with the server when it is told to stop. Whatever is killed instead ends by other means."""

from __future__ import annotations

import logging
from collections.abc import Callable

_CLOSERS: list[Callable[[], None]] = []
_log = logging.getLogger("stackyard.cloud")


def at_end(closer: Callable[[], None]) -> None:
    """Have `closer` called, in a thread, when the server has answered its last request."""
    _CLOSERS.append(closer)


def end() -> None:
    """Call every closer, the last first; one that fails does not keep the others from theirs."""
    while _CLOSERS:
        closer = _CLOSERS.pop()
        try:
            closer()
        except Exception:  # noqa: BLE001 - whatever it is, the rest must still be ended
            _log.exception("%s could not be ended", closer)
