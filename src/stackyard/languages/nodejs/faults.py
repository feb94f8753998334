"""Reads why a Node.js program ended, and at which line of the user's, from the errors that its SDK logs."""

from __future__ import annotations

import os
import re
import urllib.parse
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.languages.base import Exit

_COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m|<\{%[^%]*%\}>")
_LEAD: Final = re.compile(r"Running program '.*?' failed with an unhandled exception:\s*", re.DOTALL)
_WRAPPED: Final = re.compile(
    r"^(?:<ref \*\d+> )?(?:\w*Error: )?failed to (?:register new|read) resource .*?: \d+ [A-Z_]+: ", re.DOTALL
)
_FRAME: Final = re.compile(r"^\s+at (?:.*\()?(?:file://)?(/[^():]+):(\d+):(\d+)\)?$", re.MULTILINE)
_OURS: Final = os.path.join(os.path.dirname(__file__), "")
_SETTING: Final = re.compile(r"Missing required configuration variable '|Configuration '[^']*' value ")
_STACK: Final = re.compile(r"\n\s+at ")
_TYPE_ERROR: Final = re.compile(r"^(\S+\.[cm]?tsx?)[(:](\d+)[,:](\d+)\)?:?(?: -)? (error TS\d+: .*)", re.MULTILINE)
_SYNTAX_ERROR: Final = re.compile(r"^(/\S+\.[cm]?[jt]sx?):(\d+)$", re.MULTILINE)


class Reader:
    """Reads the errors of the programs of one project."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def told(self, text: str) -> Exit | None:
        """How a program ended that logged `text` as an error; None when that was no uncaught exception."""
        text = _COLOURS.sub("", text)
        lead = _LEAD.search(text)
        if _SETTING.match(text):
            return Exit(False, text.strip())
        if not lead and not _STACK.search(text):
            return None
        rest = text[lead.end() :] if lead else text
        stack = _STACK.search(rest)
        message = (rest[: stack.start()] if stack else rest).strip()
        compiled = _TYPE_ERROR.search(rest)
        if compiled:
            path, line, column, message = compiled.groups()
            return Exit(False, message, Position(self._absolute(path), int(line), int(column)), rest.strip())
        return Exit(False, _WRAPPED.sub("", _without_place(message)), self._place(rest), rest.strip())

    def _place(self, text: str) -> Position | None:
        """The innermost frame in a file of the user's own."""
        for match in _FRAME.finditer(text):
            path = urllib.parse.unquote(match[1])
            if "/node_modules/" not in path and not path.startswith(_OURS):
                return Position(path, int(match[2]), int(match[3]))
        found = _SYNTAX_ERROR.search(text)
        return Position(found[1], int(found[2])) if found else None

    def _absolute(self, path: str) -> str:
        return os.path.normpath(self._directory / path)


def _without_place(message: str) -> str:
    """A message without the excerpt of the source that Node.js writes before it."""
    lines = message.splitlines()
    if lines and _SYNTAX_ERROR.match(lines[0]):
        return next((line for line in lines[1:] if "Error: " in line), message)
    return message
