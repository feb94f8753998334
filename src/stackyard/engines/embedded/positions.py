"""Source positions as checkpoints write them: `project:///main.py#12,4`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from stackyard.errors import Position

_SCHEME: Final = "project://"
_TEXT: Final = re.compile(r"project://(/?[^#]*)(?:#(\d+)(?:,(\d+))?)?")


def render(position: Position | None, directory: Path) -> str:
    """The text of a position, relative to the project's folder; empty for none."""
    if position is None:
        return ""
    path = position.path
    if os.path.isabs(path):
        path = os.path.relpath(path, directory)
    where = ",".join(str(part) for part in (position.line, position.column) if part)
    return f"{_SCHEME}/{Path(path).as_posix()}" + (f"#{where}" if where else "")


def parse(text: str, directory: Path) -> Position | None:
    """The position that `text` writes, as an absolute path; None when it writes none."""
    match = _TEXT.fullmatch(text)
    if not match:
        return None
    path, line, column = match.groups()
    return Position(os.path.normpath(directory / path.lstrip("/")), int(line or 0), int(column or 0))
