"""Collects the files a command left behind, by the glob rules of the command package (github.com/gobwas/glob)."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from stackyard.model.values import Asset


def collect(directory: Path, patterns: Sequence[str]) -> dict[str, Asset]:
    """The files below `directory` by relative path. A later pattern wins; one that begins with `!` takes away.

    Raises ValueError for a malformed pattern.
    """
    rules = [(pattern.startswith("!"), compiled(pattern.removeprefix("!"))) for pattern in patterns]
    found: dict[str, Asset] = {}
    for name in _files(directory):
        wanted = [not exclude for exclude, rule in rules if rule.fullmatch(name)]
        if wanted and wanted[-1]:
            path = directory / name
            found[name] = Asset(path=str(path), hash=hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def compiled(pattern: str) -> re.Pattern[str]:
    """A glob as a regular expression: `*` and `?` stop at `/`, `**` does not, `[abc]`, `[!abc]` and `{a,b}` work."""
    try:
        return re.compile("".join(_translated(pattern)), re.DOTALL)
    except re.error as error:
        raise ValueError(f"malformed glob {pattern!r}: {error}") from None


def _translated(pattern: str) -> Iterator[str]:
    depth = 0
    for token in re.findall(r"\*\*|\\.|\[!?[^\]]*\]|.", pattern, re.DOTALL):
        if token == "**":
            yield ".*"
        elif token in {"*", "?"}:
            yield "[^/]" + token.replace("?", "")
        elif token.startswith("[") and len(token) > 1:
            yield re.sub(r"^\[!", "[^", token)
        elif token in {"{", "}"}:
            depth += 1 if token == "{" else -1
            yield "(?:" if token == "{" else ")"
        elif token == "," and depth:
            yield "|"
        else:
            yield re.escape(token.removeprefix("\\") or "\\")


def _files(directory: Path) -> Iterator[str]:
    for folder, folders, names in os.walk(directory):
        folders.sort()
        for name in sorted(names):
            yield os.path.relpath(os.path.join(folder, name), directory).replace(os.sep, "/")
