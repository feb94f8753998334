"""What was read before, by the state of the file it was read from: an SQLite file under `.stackyard/`.

Nothing depends on it: without one, or with one that is corrupt, foreign or not writable, everything is read
again. It holds JSON only, so that an index which somebody else put there can at worst be wrong, never run; and it
is trusted only when we own it and it was made for this very folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

FOLDER: Final = ".stackyard"
_FILE: Final = "index.db"
_FORMAT: Final = "1"
# A change within the clock's granularity after a read could go unseen: such reads are not remembered.
_SETTLED_NS: Final = 50_000_000


def stamp(status: os.stat_result) -> str:
    """What changes whenever a file or a folder's list of names changes; ctime and inode cannot be set back."""
    return f"{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_size}.{status.st_ino}"


def settled(status: os.stat_result) -> bool:
    """Whether the last change is long enough ago for `stamp` to show the next one."""
    return time.time_ns() - max(status.st_mtime_ns, status.st_ctime_ns) > _SETTLED_NS


class Index:
    """Entries of several kinds, each by a path, valid for one stamp. One thread at a time; `close` writes."""

    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection
        self._known: dict[str, dict[str, tuple[str, str]]] = {}
        self._changed: dict[tuple[str, str], tuple[str, str] | None] = {}
        self.read = 0
        self.missed = 0

    def get(self, kind: str, path: str, stamp: str) -> Any:
        """What was put for that stamp; None when there is nothing, or something else."""
        entry = self._entries(kind).get(path)
        self.read += 1
        if entry and entry[0] == stamp:
            with contextlib.suppress(ValueError):
                return json.loads(entry[1])
        self.missed += 1
        return None

    def put(self, kind: str, path: str, stamp: str, payload: Any) -> None:
        """Remember JSON data; written at `close`."""
        entry = (stamp, json.dumps(payload, separators=(",", ":")))
        self._entries(kind)[path] = entry
        self._changed[kind, path] = entry

    def keep(self, kind: str, paths: set[str]) -> None:
        """Forget the entries of a kind whose path is not among `paths`."""
        for path in [path for path in self._entries(kind) if path not in paths]:
            del self._known[kind][path]
            self._changed[kind, path] = None

    def close(self) -> None:
        """Write what changed, as far as that is possible."""
        if self._connection is None:
            return
        with contextlib.suppress(sqlite3.Error), contextlib.closing(self._connection), self._connection:
            gone = [key for key, entry in self._changed.items() if entry is None]
            new = [(*key, *entry) for key, entry in self._changed.items() if entry is not None]
            self._connection.executemany("DELETE FROM entries WHERE kind = ? AND path = ?", gone)
            self._connection.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", new)
        self._connection = None

    def _entries(self, kind: str) -> dict[str, tuple[str, str]]:
        if kind not in self._known:
            self._known[kind] = {}
            if self._connection is not None:
                try:
                    rows = self._connection.execute("SELECT path, stamp, payload FROM entries WHERE kind = ?", (kind,))
                    self._known[kind] = {str(path): (str(mark), str(payload)) for path, mark, payload in rows}
                except (sqlite3.Error, UnicodeError):
                    self._known[kind] = {}
        return self._known[kind]


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Index]:
    """The index of the estate at `root`. Never fails: what cannot be kept is forgotten."""
    index = Index(_connect(root))
    try:
        yield index
    finally:
        index.close()


def _connect(root: Path) -> sqlite3.Connection | None:
    folder = root / FOLDER
    try:
        _make(folder)
        file = folder / _FILE
        connection = _checked(file, root)
        if connection is None:
            for leftover in (file, folder / f"{_FILE}-journal"):
                leftover.unlink(missing_ok=True)
            connection = _checked(file, root)
    except (OSError, sqlite3.Error):
        return None
    return connection


def _make(folder: Path) -> None:
    """Make `.stackyard/`, unless something of that name is not a folder of ours (then OSError)."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o755)
        (folder / ".gitignore").write_text("*\n", encoding="utf-8")
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise NotADirectoryError(str(folder))


def _checked(file: Path, root: Path) -> sqlite3.Connection | None:
    """An open index that is ours, of this format and for this folder; None when the file is something else."""
    with contextlib.suppress(FileNotFoundError):
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            return None
    connection = sqlite3.connect(file, timeout=0.2)
    owner = f"{_FORMAT} {root}"
    try:
        connection.execute("PRAGMA synchronous = OFF")
        with connection:
            connection.execute("CREATE TABLE IF NOT EXISTS owner (text TEXT PRIMARY KEY)")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries"
                " (kind TEXT, path TEXT, stamp TEXT, payload TEXT, PRIMARY KEY (kind, path)) WITHOUT ROWID"
            )
            found = [row[0] for row in connection.execute("SELECT text FROM owner")]
            if not found:
                connection.execute("INSERT INTO owner VALUES (?)", (owner,))
            connection.execute("SELECT kind, path, stamp, payload FROM entries LIMIT 1").fetchone()
        if found in ([], [owner]):
            return connection
    except sqlite3.OperationalError as fault:
        connection.close()
        if "locked" in str(fault):
            raise
        return None
    except (sqlite3.DatabaseError, UnicodeError):
        pass  # Not a database of ours: the caller makes a new one.
    connection.close()
    return None
