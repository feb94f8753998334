"""Faults found in the user's files, as values."""

from __future__ import annotations

import dataclasses
import enum

from stackyard.errors import Position


class Severity(enum.StrEnum):
    """How bad it is; an error stops the stack it belongs to."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    DEBUG = "debug"


@dataclasses.dataclass(frozen=True, slots=True)
class Diagnostic:
    """One fault: what is wrong, where, what to do; and whose it is, where that is known."""

    severity: Severity
    message: str
    hint: str = ""
    position: Position | None = None
    stack: str = ""
    urn: str = ""

    def __str__(self) -> str:
        where = f"{self.position}: " if self.position else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.severity}: {self.message}{hint}"


def error(
    message: str, *, hint: str = "", position: Position | None = None, stack: str = "", urn: str = ""
) -> Diagnostic:
    """A diagnostic that stops."""
    return Diagnostic(Severity.ERROR, message, hint, position, stack, urn)


def warning(
    message: str, *, hint: str = "", position: Position | None = None, stack: str = "", urn: str = ""
) -> Diagnostic:
    """A diagnostic that does not stop."""
    return Diagnostic(Severity.WARNING, message, hint, position, stack, urn)
