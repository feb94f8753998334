"""The lock of a stack in a folder: atomic between ourselves, and the Pulumi CLI's own protocol beside it.

Every file in `locks/organization/P/S` is a lock to the CLI, which lists, writes its own and lists again
(pulumi/pulumi pkg/backend/diy/lock.go). Ours is one well-known file there. All that we do to it happens
under a flock, which dies with its process, so that to read a lock, judge it and replace it is one act.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import fcntl
import json
import os
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.kit import files
from stackyard.model.names import StackName
from stackyard.state import processes, reading
from stackyard.state.base import LockInfo
from stackyard.state.layout import Layout

OURS: Final = "stackyard.json"
_PATIENCE: Final = 10.0
_PAUSE: Final = 0.005


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """The files of one stack's lock. To make one checks names and symbolic links, so a holder keeps it."""

    stack: StackName
    mutex: Path
    lock: Path
    journal: Path

    @classmethod
    def of(cls, layout: Layout, stack: StackName) -> Place:
        """Raises `errors.StateError` for a name or link that leaves the folder."""
        return cls(stack, layout.own(stack, "mutex"), layout.locks(stack) / OURS, layout.own(stack, "journal"))


@contextlib.contextmanager
def mutex(place: Place) -> Iterator[None]:
    """Keep other processes of ours out for a moment. Raises LockedError when one stays inside for ten seconds."""
    path, stack = place.mutex, place.stack
    files.make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        _flock(descriptor, stack)
        yield
    finally:
        os.close(descriptor)


def _flock(descriptor: int, stack: StackName) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise errors.LockedError(
                    f"{stack}: another process has been at its lock for {_PATIENCE:.0f} seconds",
                    hint="it may be stopped; look for it with `fuser`",
                ) from None
            time.sleep(_PAUSE)
        else:
            return


def acquire(layout: Layout, stack: StackName) -> LockInfo:
    """Take the lock. Raises `errors.LockedError` naming the holder; a dead holder of ours is taken over."""
    place = Place.of(layout, stack)
    with mutex(place):
        _refuse_foreign(layout, stack)
        took_over = ""
        current = read(place.lock)
        if current is not None:
            if not processes.is_dead(current):
                raise _locked(stack, [current])
            took_over = str(current)
        lock = dataclasses.replace(_new(_next_fence(layout, stack)), took_over=took_over)
        files.write(place.lock, json.dumps(dataclasses.asdict(lock)).encode(), scratch=layout.own(stack, "tmp"))
        try:
            _refuse_foreign(layout, stack)
        except errors.LockedError:
            files.remove(place.lock)
            raise
        return lock


def _new(fence: int) -> LockInfo:
    return LockInfo(
        id=str(uuid.uuid4()),
        fence=fence,
        username=processes.username(),
        hostname=processes.hostname(),
        pid=os.getpid(),
        timestamp=datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z"),
        process=processes.identity(os.getpid()),
    )


def _next_fence(layout: Layout, stack: StackName) -> int:
    """One more than any holder before had; durable before it is used."""
    path = layout.own(stack, "fence")
    text = (reading.read(path) or b"0").strip()
    fence = (int(text) if text.isdigit() else 0) + 1
    files.write(path, b"%d\n" % fence, scratch=layout.own(stack, "tmp"))
    return fence


def check(place: Place, lock: LockInfo) -> None:
    """Raise `errors.FencedError` unless `lock` is ours still. Call it inside the mutex, before the effect."""
    current = read(place.lock)
    if current is None or current.id != lock.id:
        now = f"it is held by {current}" if current else "it was broken"
        raise errors.FencedError(
            f"{place.stack}: the lock of this run (taken {lock.timestamp}) is lost: {now}",
            hint="nothing more was written; run again once nobody else works on the stack",
        )


def release(place: Place, lock: LockInfo) -> None:
    """Give it back. What is not ours any more is left alone. Raises OSError."""
    with mutex(place):
        current = read(place.lock)
        if current is not None and current.id == lock.id:
            files.remove(place.lock)


def foreign(layout: Layout, stack: StackName) -> Sequence[LockInfo]:
    """The CLI's locks."""
    folder = layout.locks(stack)
    found = [read(path) for path in _lock_files(folder) if path.name != OURS]
    return [lock for lock in found if lock is not None]


def holder(layout: Layout, stack: StackName) -> LockInfo | None:
    """Who holds the stack, the CLI included; None for a dead holder of ours."""
    current = read(layout.locks(stack) / OURS)
    if current is not None and not processes.is_dead(current):
        return current
    return next(iter(foreign(layout, stack)), None)


def break_all(layout: Layout, stack: StackName) -> Sequence[LockInfo]:
    """Remove every lock and say whose they were."""
    place = Place.of(layout, stack)
    with mutex(place):
        current = read(place.lock)
        broken = [*([current] if current else []), *foreign(layout, stack)]
        files.remove(*_lock_files(layout.locks(stack)))
        return broken


def _lock_files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file() and path.suffix != ".attrs")
    except (FileNotFoundError, NotADirectoryError):
        return []


def read(path: Path) -> LockInfo | None:
    """A lock file as it stands, whoever holds it; None when there is none. A damaged one still locks."""
    data = reading.read(path)
    if data is None:
        return None
    try:
        raw = json.loads(data)
        return LockInfo(
            id=str(raw.get("id", path.stem)),
            fence=int(raw.get("fence", 0)),
            username=str(raw["username"]),
            hostname=str(raw["hostname"]),
            pid=int(raw["pid"]),
            timestamp=str(raw["timestamp"]),
            process=str(raw.get("process", "")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return LockInfo(path.stem, 0, "unknown", "unknown", 0, "an unknown time")


def _refuse_foreign(layout: Layout, stack: StackName) -> None:
    if found := foreign(layout, stack):
        raise _locked(stack, found)


def _locked(stack: StackName, holders: Sequence[LockInfo]) -> errors.LockedError:
    who = ", ".join(str(holder) for holder in holders)
    gone = any(h.fence == 0 and h.hostname == processes.hostname() and not processes.is_running(h.pid) for h in holders)
    seems = "; no such process runs here now" if gone else ""
    return errors.LockedError(
        f"{stack} is locked by {who}{seems}",
        hint=f"wait for it, or break the lock with `stackyard cancel {stack.short}`",
    )
