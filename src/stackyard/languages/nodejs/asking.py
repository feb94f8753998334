"""Whether a Node.js program asked if it is being previewed: its process tells, see asking.cjs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Self

PRELOAD: Final = Path(__file__).with_name("asking.cjs")


class Watch:
    """A pipe from one program's process. Used as a context manager, around the whole life of that process."""

    def __init__(self) -> None:
        self._ours, self.theirs = os.pipe()
        os.set_blocking(self._ours, False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._ours)
        os.close(self.theirs)

    @property
    def environ(self) -> dict[str, str]:
        """What the process needs to know; the program does not see it."""
        return {"STACKYARD_ASKING": str(self.theirs)}

    def asked(self) -> bool:
        """Whether it asked, or its SDK is one that could not be watched. Asked once, when the process has ended."""
        try:
            told = os.read(self._ours, 4096)
        except BlockingIOError:
            return True
        return b"a" in told or b"w" not in told
