"""The last lines of a terminal, repainted in place: only the lines that changed are written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, TextIO

from stackyard.views.streams import Stream

_HIDE_CURSOR: Final = "\x1b[?25l"
_SHOW_CURSOR: Final = "\x1b[?25h"
_ERASE_TO_END_OF_LINE: Final = "\x1b[K"
_ERASE_BELOW: Final = "\x1b[J"
# Synchronized output: terminals that know it show a frame at once, others ignore it.
_BEGIN_FRAME: Final = "\x1b[?2026h"
_END_FRAME: Final = "\x1b[?2026l"


class Region:
    """Owns the rows at the bottom. Lines must fit the width; there may be at most `size()[1] - 1` of them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = Stream(stream)
        self._lines: list[str] = []
        self._size = (0, 0)

    def size(self) -> tuple[int, int]:
        """Columns and rows of the terminal now."""
        try:
            columns, rows = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            columns, rows = 80, 24
        return columns or 80, rows or 24

    def draw(self, lines: Sequence[str], above: Sequence[str] = ()) -> None:
        """Show `lines` in place of what was there; `above` scrolls up and stays for good."""
        size = self.size()
        resized, self._size = self._lines and size != self._size, size
        if list(lines) == self._lines and not above and not resized:
            return
        out = [_BEGIN_FRAME, _HIDE_CURSOR if lines else "", self._to_top()]
        if above or resized:
            out += [_ERASE_BELOW, *(f"{line}\n" for line in above)]
            self._lines = []
        out.append(self._changes(lines))
        out += [_SHOW_CURSOR if not lines else "", _END_FRAME]
        self._lines = list(lines)
        self._stream.write("".join(out))

    def clear(self, above: Sequence[str] = ()) -> None:
        """Take the region off the screen and give the cursor back; `above` stays for good."""
        if self._lines or above:
            self.draw((), above)

    def _to_top(self) -> str:
        """The cursor rests at the start of the line below the region."""
        return f"\r\x1b[{len(self._lines)}A" if self._lines else "\r"

    def _changes(self, lines: Sequence[str]) -> str:
        parts = []
        for index, line in enumerate(lines):
            same = index < len(self._lines) and self._lines[index] == line
            parts.append("\n" if same else f"{line}{_ERASE_TO_END_OF_LINE}\n")
        if len(lines) < len(self._lines):
            parts.append(_ERASE_BELOW)
        return "".join(parts)
