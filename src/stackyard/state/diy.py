"""Stacks in a local folder, laid out as the Pulumi CLI's DIY backend lays them out."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from stackyard import errors
from stackyard.kit import files
from stackyard.model import names
from stackyard.model.names import StackName
from stackyard.state import locks, pasts, reading
from stackyard.state.base import LockInfo
from stackyard.state.layout import Layout

P = ParamSpec("P")
T = TypeVar("T")
_META: Final = b"version: 1\n"
_STACK_FILE: Final = re.compile(r"(.+)\.json(\.gz|\.zst)?")
_JOURNAL_FILE: Final = re.compile(r"(.+)\.journal")


class FileBackend:
    """A `state.base.Backend` on `file://` URLs. Every call works in a thread and keeps nothing open."""

    def __init__(self, url: str) -> None:
        """Raises `errors.StateError` for a URL that names no folder; touches nothing yet."""
        self.url = url
        self._layout = Layout.of_url(url)
        self._held: dict[str, locks.Place] = {}

    @property
    def root(self) -> Path:
        """The folder, absolute."""
        return self._layout.root

    async def list(self) -> Sequence[StackName]:
        """Every stack that has a checkpoint or a journal, sorted."""
        return await self._run(self._list)

    async def load(self, stack: StackName) -> bytes | None:
        """The checkpoint's text; of a plain and a compressed file the newer one."""
        return await self._run(self._load, stack)

    async def save(self, stack: StackName, data: bytes, lock: LockInfo) -> None:
        """Replace the checkpoint, keep the one before it, and end the journal."""
        await self._run(self._save, stack, data, lock)

    async def delete(self, stack: StackName, lock: LockInfo) -> None:
        """Remove the stack and its history; its last checkpoint stays as `.bak`."""
        await self._run(self._delete, stack, lock)

    async def lock(self, stack: StackName) -> LockInfo:
        """Take the lock."""
        try:
            lock = await self._run(locks.acquire, self._layout, stack)
        except OSError as error:
            raise errors.StateError(
                f"{stack} cannot be locked in {self.root}: {error.strerror}", hint="is the folder writable?"
            ) from error
        self._held[lock.id] = locks.Place.of(self._layout, stack)
        return lock

    def _place(self, stack: StackName, lock: LockInfo) -> locks.Place:
        return self._held.get(lock.id) or locks.Place.of(self._layout, stack)

    async def renew(self, stack: StackName, lock: LockInfo) -> None:
        """Check that the lock is ours still."""
        await self._run(locks.check, self._place(stack, lock), lock)

    async def unlock(self, stack: StackName, lock: LockInfo) -> None:
        """Give the lock back."""
        place = self._place(stack, lock)
        try:
            await self._run(locks.release, place, lock)
            self._held.pop(lock.id, None)
        except OSError as error:
            raise errors.StateError(
                f"the lock {place.lock} cannot be removed: {error.strerror}",
                hint=f"the next run takes it over; or break it with `stackyard cancel {stack.short}`",
            ) from error

    async def holder(self, stack: StackName) -> LockInfo | None:
        """Who holds it now, the CLI included."""
        return await self._run(locks.holder, self._layout, stack)

    async def break_locks(self, stack: StackName) -> Sequence[LockInfo]:
        """Take every lock away."""
        return await self._run(locks.break_all, self._layout, stack)

    async def append(self, stack: StackName, lock: LockInfo, lines: Sequence[bytes]) -> None:
        """Append to the journal, durably, if the lock is ours still."""
        await self._run(self._append, stack, lock, lines)

    async def entries(self, stack: StackName) -> Sequence[bytes]:
        """The journal's whole lines."""
        data = await self._run(reading.read, self._layout.own(stack, "journal"))
        return (data or b"").split(b"\n")[:-1]

    async def record(self, stack: StackName, update: bytes, checkpoint: bytes, lock: LockInfo) -> None:
        """Add an update and the checkpoint it led to to the history."""
        await self._run(self._record, stack, update, checkpoint, lock)

    async def history(self, stack: StackName) -> Sequence[bytes]:
        """Update records, newest first."""
        return await self._run(pasts.history, self._layout, stack)

    async def past(self, stack: StackName, since: float) -> Sequence[tuple[float, bytes]]:
        """The checkpoints that updates led to, oldest first; the files' names tell when."""
        return await self._run(pasts.past, self._layout, stack, since)

    async def deleted(self, since: float) -> Sequence[StackName]:
        """Stacks that have backups and no checkpoint any more, sorted."""
        return await self._run(pasts.deleted, self._layout, since)

    async def intend(self, name: str, data: bytes, locks: Mapping[StackName, LockInfo]) -> None:
        """Keep the document of an act over several stacks."""
        await self._run(self._intend, name, data, locks)

    async def intents(self) -> Mapping[str, bytes]:
        """The acts that are not known to be finished, by name."""
        return await self._run(self._intents)

    async def forget(self, name: str) -> None:
        """Remove the document of a finished act."""
        await self._run(files.remove, self._layout.intent(name))

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    def _list(self) -> Sequence[StackName]:
        self._check_meta()
        found: set[StackName] = set()
        for folder, pattern in ((self._layout.stacks, _STACK_FILE), (self._layout.journals, _JOURNAL_FILE)):
            for project in reading.entries(folder):
                if project.is_symlink() or not project.is_dir() or not names.is_name(project.name):
                    continue
                for path in reading.entries(project):
                    match = pattern.fullmatch(path.name)
                    if match and names.is_name(match[1]) and not path.is_symlink():
                        found.add(StackName(names.DEFAULT_ORGANIZATION, project.name, match[1]))
        return sorted(found)

    def _load(self, stack: StackName) -> bytes | None:
        self._check_meta()
        plain = self._layout.checkpoint(stack)
        path = max(reading.variants(plain), key=reading.modified)
        data = reading.read(path)
        return None if data is None else reading.expanded(data, str(path))

    def _check_meta(self) -> None:
        data = reading.read(self._layout.meta)
        if data is None:
            if any(path.suffix == ".json" and path.is_file() for path in reading.entries(self._layout.stacks)):
                raise errors.StateError(
                    f"{self.root} keeps its stacks in the old layout, without projects",
                    hint="move them with `pulumi state upgrade`",
                )
        elif not re.search(rb"^version:\s*1\s*$", data, re.MULTILINE):
            raise errors.StateError(
                f"{self._layout.meta} names a layout that is not known here", hint="known is `version: 1`"
            )

    def _ensure_meta(self) -> None:
        self._check_meta()
        if not self._layout.meta.exists():
            files.write(self._layout.meta, _META)

    def _save(self, stack: StackName, data: bytes, lock: LockInfo) -> None:
        place = self._place(stack, lock)
        with locks.mutex(place):
            locks.check(place, lock)
            self._ensure_meta()
            path = self._layout.checkpoint(stack)
            if path.exists():
                files.copy(path, path.with_name(f"{path.name}.bak"))
                files.copy(path, self._layout.backups(stack) / f"{stack.stack}.{time.time_ns()}.json")
            files.write(path, data, scratch=self._layout.own(stack, "tmp"))
            # The sidecar holds the CLI's checksum of the file before; a compressed one would be read first.
            files.remove(_sidecar(path), *reading.variants(path)[1:], self._layout.own(stack, "journal"))

    def _delete(self, stack: StackName, lock: LockInfo) -> None:
        place = self._place(stack, lock)
        with locks.mutex(place):
            locks.check(place, lock)
            path = self._layout.checkpoint(stack)
            for variant in reading.variants(path):
                with contextlib.suppress(FileNotFoundError):
                    os.rename(variant, variant.with_name(f"{variant.name}.bak"))
                files.remove(_sidecar(variant))
            files.remove(path.with_name(f"{stack.stack}.pulumi-tags"), self._layout.own(stack, "journal"))
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self._layout.history(stack))
            if path.parent.is_dir():
                files.sync_folder(path.parent)

    def _append(self, stack: StackName, lock: LockInfo, lines: Sequence[bytes]) -> None:
        place = self._place(stack, lock)
        with locks.mutex(place):
            locks.check(place, lock)
            files.append(place.journal, lines)

    def _intend(self, name: str, data: bytes, held: Mapping[StackName, LockInfo]) -> None:
        with contextlib.ExitStack() as inside:
            for stack in sorted(held):
                place = self._place(stack, held[stack])
                inside.enter_context(locks.mutex(place))
                locks.check(place, held[stack])
            files.write(self._layout.intent(name), data, mode=0o600)

    def _intents(self) -> Mapping[str, bytes]:
        # A temporary file begins with a dot and does not end so; one that is gone by now was finished.
        found = {
            path.stem: reading.read(path) for path in reading.entries(self._layout.intents) if path.suffix == ".json"
        }
        return {name: data for name, data in found.items() if data is not None}

    def _record(self, stack: StackName, update: bytes, checkpoint: bytes, lock: LockInfo) -> None:
        place = self._place(stack, lock)
        with locks.mutex(place):
            locks.check(place, lock)
            pasts.record(self._layout, stack, update, checkpoint)


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.attrs")
