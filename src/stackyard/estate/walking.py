"""Walks an estate's folders once, and only into those that changed since the last time."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from stackyard.estate import index as indexes
from stackyard.estate.index import Index

PRUNED: Final = frozenset(
    {".git", "node_modules", ".venv", "venv", "__pycache__", indexes.FOLDER, ".tox", ".terraform", "site-packages"}
)
DEPTH_LIMIT: Final = 32
_KIND: Final = "folder"


@dataclasses.dataclass(frozen=True, slots=True)
class Folder:
    """A folder with at least one file that somebody asked for.

    `path` is relative to the root, empty for the root itself. `links` are symbolic links that were not followed.
    """

    path: str
    files: tuple[str, ...]
    links: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Listing:
    folders: tuple[str, ...]
    files: tuple[str, ...]
    links: tuple[str, ...]


def walk(
    root: Path, concerns: Callable[[str], bool], index: Index, *, ignores: Callable[[str], bool]
) -> Iterator[Folder]:
    """Folders below `root` (itself too) that hold a file whose name `concerns`, in order of their paths.

    Symbolic links are never followed; those that look like a file or a folder of interest are told.
    """
    seen: set[str] = set()
    waiting = [("", str(root), 0)]
    while waiting:
        path, absolute, depth = waiting.pop()
        listing = _list(path, absolute, concerns, index)
        if listing is None:
            continue
        seen.add(path)
        if listing.files or listing.links:
            yield Folder(path, listing.files, listing.links)
        if depth < DEPTH_LIMIT:
            for name in reversed(listing.folders):
                below = f"{path}/{name}" if path else name
                if not ignores(below):
                    waiting.append((below, f"{absolute}/{name}", depth + 1))
    index.keep(_KIND, seen)


def one(root: Path, concerns: Callable[[str], bool]) -> Folder:
    """The listing of one folder alone."""
    listing = _scan(str(root), concerns)
    return Folder("", listing.files, listing.links)


def _list(path: str, absolute: str, concerns: Callable[[str], bool], index: Index) -> _Listing | None:
    try:
        status = os.stat(absolute, follow_symlinks=False)
        mark = indexes.stamp(status)
        known = index.get(_KIND, path, mark)
        if (listing := _decoded(known)) is not None:
            return listing
        listing = _scan(absolute, concerns)
    except OSError:
        return None  # Gone, or not ours to read: it holds no project that we could run.
    if indexes.settled(status):
        index.put(_KIND, path, mark, [listing.folders, listing.files, listing.links])
    return listing


def _decoded(known: Any) -> _Listing | None:
    if isinstance(known, list) and len(known) == 3 and all(isinstance(part, list) for part in known):
        parts = [tuple(str(name) for name in part) for part in known]
        if not any("/" in name.rstrip("/") or name in ("", ".", "..") for part in parts for name in part):
            return _Listing(*parts)
    return None


def _scan(absolute: str, concerns: Callable[[str], bool]) -> _Listing:
    folders, files, links = [], [], []
    with os.scandir(absolute) as entries:
        for entry in entries:
            name = entry.name
            if not name.isprintable():
                continue
            if entry.is_symlink():
                if concerns(name) or _leads_to_project(entry, concerns):
                    links.append(name)
            elif entry.is_dir(follow_symlinks=False):
                if name not in PRUNED:
                    folders.append(name)
            elif concerns(name):
                files.append(name)
    return _Listing(tuple(sorted(folders)), tuple(sorted(files)), tuple(sorted(links)))


def _leads_to_project(entry: os.DirEntry[str], concerns: Callable[[str], bool]) -> bool:
    try:
        return entry.is_dir() and any(concerns(name) for name in os.listdir(entry.path))
    except OSError:
        return False
