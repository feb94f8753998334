"""Colours, widths and safe text."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final, TextIO

from rich import cells

_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
}
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclasses.dataclass(frozen=True, slots=True)
class Painter:
    """Colours text, or leaves it as it is."""

    colour: bool = False

    def paint(self, text: str, style: str) -> str:
        """`text` in `style`: names joined by spaces, such as `bold red`; empty = as it is."""
        if not self.colour or not style or not text:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in style.split())}m{text}\x1b[0m"


PLAIN: Final = Painter()


def painter_for(stream: TextIO, environ: Mapping[str, str]) -> Painter:
    """Colours for a terminal, unless NO_COLOR (no-color.org) or TERM=dumb; FORCE_COLOR for anything."""
    if environ.get("NO_COLOR"):
        return PLAIN
    if environ.get("FORCE_COLOR"):
        return Painter(True)
    return Painter(stream.isatty() and environ.get("TERM", "") not in {"", "dumb"})


def is_interactive(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the cursor may be moved: a terminal that can, and nobody's build log."""
    return stream.isatty() and environ.get("TERM", "") not in {"", "dumb"} and not environ.get("CI")


def clean(text: str) -> str:
    """`text` without escape sequences and control characters, which could repaint the user's terminal."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.expandtabs(4))) if not text.isprintable() else text


def width(text: str) -> int:
    """Columns that `text` (without escapes) takes on a terminal."""
    return len(text) if text.isascii() else cells.cell_len(text)


def fit(text: str, columns: int) -> str:
    """`text` cut to at most `columns`, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    return "" if columns < 1 else cells.set_cell_size(text, columns - 1).rstrip() + "…"


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `columns`; `right` aligns to the right."""
    space = " " * max(0, columns - width(text))
    return space + text if right else text + space


def duration(seconds: float) -> str:
    """`0.4s`, `12s`, `3m05s`, `2h01m`."""
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}m{rest:02d}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02d}m"


def plural(count: int, noun: str) -> str:
    """`1 stack`, `2 stacks`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
