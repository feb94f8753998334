"""Diagnostics as compilers write them: place, severity, message, the line in question, what to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from stackyard.errors import DiagnosedError, Position, StackyardError
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.urns import URN
from stackyard.views.painting import Painter, clean, plural

_STYLES: Final = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
    Severity.DEBUG: "dim",
}
_LONGEST_LINE: Final = 160
_LARGEST_FILE: Final = 2_000_000
_PRIVATE: Final = re.compile(r"(?i)(pass(word|phrase)?|secret|token|credential|private|api_?key|access_?key)")

Reader = Callable[[str], str]


def read_source(path: str) -> str:
    """The text of a file for an excerpt; empty when it cannot be read or is too large to be source."""
    try:
        file = Path(path)
        return file.read_text(encoding="utf-8", errors="replace") if file.stat().st_size <= _LARGEST_FILE else ""
    except OSError:
        return ""


def render(diagnostic: Diagnostic, painter: Painter, read: Reader = read_source) -> list[str]:
    """The lines of one diagnostic."""
    where = f"{diagnostic.position}: " if diagnostic.position else ""
    severity = painter.paint(f"{diagnostic.severity}:", _STYLES[diagnostic.severity])
    whose = f"{URN(diagnostic.urn).name}: " if diagnostic.urn else ""
    first, *rest = clean_lines(diagnostic.message) or [""]
    lines = [
        f"{painter.paint(clean(where), 'bold')}{severity} {clean(whose)}{first}",
        *(f"    {line}" for line in rest),
    ]
    lines += _excerpt(diagnostic.position, painter, read)
    lines += [f"    {painter.paint('hint:', 'cyan')} {line}" for line in clean_lines(diagnostic.hint)]
    return lines


def render_all(found: Iterable[Diagnostic], painter: Painter, read: Reader = read_source) -> list[str]:
    """Every diagnostic, the same one only once, errors after warnings, and how many there are."""
    order = [Severity.DEBUG, Severity.INFO, Severity.WARNING, Severity.ERROR]
    unique = sorted(dict.fromkeys(found), key=lambda one: order.index(one.severity))
    lines = [line for diagnostic in unique for line in render(diagnostic, painter, read)]
    totals = [
        plural(sum(one.severity is severity for one in unique), severity.value)
        for severity in (Severity.ERROR, Severity.WARNING)
        if any(one.severity is severity for one in unique)
    ]
    return [*lines, *([", ".join(totals)] if len(unique) > 1 and totals else [])]


def render_error(error: StackyardError, painter: Painter, read: Reader = read_source) -> list[str]:
    """An error that stopped the command; one that carries diagnostics shows them all."""
    if isinstance(error, DiagnosedError):
        return render_all(error.diagnostics, painter, read)
    found = Diagnostic(Severity.ERROR, error.message, error.hint, error.position)
    return render(found, painter, read)


def clean_lines(text: str) -> list[str]:
    """The lines of a text, each safe to print."""
    return [clean(line) for line in text.splitlines()]


def _excerpt(position: Position | None, painter: Painter, read: Reader) -> list[str]:
    """The line itself and a caret. A line that names a password or the like is not shown: it may hold one."""
    if position is None or not position.line:
        return []
    source = read(position.path).splitlines()
    if position.line > len(source):
        return []
    line = clean(source[position.line - 1].rstrip())
    if not line.strip() or len(line) > _LONGEST_LINE or _PRIVATE.search(line):
        return []
    number = f"{position.line:>6} "
    shown = [painter.paint(f"{number}| ", "dim") + line]
    if 0 < position.column <= len(line) + 1:
        caret = " " * (position.column - 1) + painter.paint("^", "bold red")
        shown.append(painter.paint(f"{' ' * len(number)}| ", "dim") + caret)
    return shown
