"""How many tasks run at once on this machine; the others wait for their turn in the order they came."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Slots:
    """`size` places. Safe to use from any thread."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._waiting: list[str] = []
        self._changed = threading.Condition()

    def take(self, name: str, given_up: Callable[[], bool]) -> bool:
        """Wait for a place; False when `given_up`, asked whenever `stir` is called, says so first."""
        with self._changed:
            self._waiting.append(name)
            try:
                self._changed.wait_for(lambda: given_up() or (self._free > 0 and self._waiting[0] == name))
                if given_up():
                    return False
                self._free -= 1
                return True
            finally:
                self._waiting.remove(name)
                self._changed.notify_all()

    def give_back(self) -> None:
        """Leave a place to the next."""
        with self._changed:
            self._free += 1
            self._changed.notify_all()

    def stir(self) -> None:
        """Have everybody who waits ask whether it has been given up."""
        with self._changed:
            self._changed.notify_all()

    def waiting(self) -> int:
        """How many wait now."""
        with self._changed:
            return len(self._waiting)
