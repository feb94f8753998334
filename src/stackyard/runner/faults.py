"""Why a run ends before its commit."""

from __future__ import annotations

from typing import Final

USAGE: Final = 64
SOURCE: Final = 65
MISSING: Final = 66
REFUSED: Final = 73
TIME: Final = 124
STOPPED: Final = 143


class RunFault(Exception):
    """The run cannot go on: what is said in its log, and its exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code
