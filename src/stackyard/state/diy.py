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
from stackyard.state import locks, reading
from stackyard.state.base import LockInfo
from stackyard.state.layout import Layout

P = ParamSpec("P")
T = TypeVar("T")
_META: Final = b"version: 1\n"
_STACK_FILE: Final = re.compile(r"(.+)\.json(\.gz|\.zst)?")
_JOURNAL_FILE: Final = re.compile(r"(.+)\.journal")
_HISTORY_FILE: Final = re.compile(r".+-(\d+)\.history\.json(\.gz|\.zst)?")
_BACKUP_FILE: Final = re.compile(r".+\.(\d+)\.json(\.gz|\.zst)?")
_PAST_FILE: Final = re.compile(r".+-(\d+)\.checkpoint\.json(\.gz|\.zst)?")


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
        return await self._run(self._history, stack)

    async def past(self, stack: StackName, since: float) -> Sequence[tuple[float, bytes]]:
        """The checkpoints that updates led to, oldest first; the files' names tell when."""
        return await self._run(self._past, stack, since)

    async def intend(self, name: str, data: bytes, locks: Mapping[StackName, LockInfo]) -> None:
        """Keep the document of an act over several stacks."""
        await self._run(self._intend, name, data, locks)

    async def intents(self) -> Mapping[str, bytes]:
        """The acts that are not known to be finished, by name."""
        return await self._run(self._intents)

    async def forget(self, name: str) -> None:
        """Remove the document of a finished act."""
        await self._run(files.remove, self._layout.intent(name))

    async def deleted(self, since: float) -> Sequence[StackName]:
        """Stacks that have backups and no checkpoint any more, sorted."""
        return await self._run(self._deleted, since)

    async def _run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.to_thread(function, *args, **kwargs)

    def _list(self) -> Sequence[StackName]:
        self._check_meta()
        found: set[StackName] = set()
        for folder, pattern in ((self._layout.stacks, _STACK_FILE), (self._layout.journals, _JOURNAL_FILE)):
            for project in _folder(folder):
                if project.is_symlink() or not project.is_dir() or not names.is_name(project.name):
                    continue
                for path in _folder(project):
                    match = pattern.fullmatch(path.name)
                    if match and names.is_name(match[1]) and not path.is_symlink():
                        found.add(StackName(names.DEFAULT_ORGANIZATION, project.name, match[1]))
        return sorted(found)

    def _load(self, stack: StackName) -> bytes | None:
        self._check_meta()
        plain = self._layout.checkpoint(stack)
        path = max(_variants(plain), key=_modified)
        data = reading.read(path)
        return None if data is None else reading.expanded(data, str(path))

    def _check_meta(self) -> None:
        data = reading.read(self._layout.meta)
        if data is None:
            if any(path.suffix == ".json" and path.is_file() for path in _folder(self._layout.stacks)):
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
            files.remove(_sidecar(path), *_variants(path)[1:], self._layout.own(stack, "journal"))

    def _delete(self, stack: StackName, lock: LockInfo) -> None:
        place = self._place(stack, lock)
        with locks.mutex(place):
            locks.check(place, lock)
            path = self._layout.checkpoint(stack)
            for variant in _variants(path):
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
        found = {path.stem: reading.read(path) for path in _folder(self._layout.intents) if path.suffix == ".json"}
        return {name: data for name, data in found.items() if data is not None}

    def _record(self, stack: StackName, update: bytes, checkpoint: bytes, lock: LockInfo) -> None:
        place = self._place(stack, lock)
        with locks.mutex(place):
            locks.check(place, lock)
            folder = self._layout.history(stack)
            prefix = f"{stack.stack}-{time.time_ns()}"
            current, kept = self._layout.checkpoint(stack), folder / f"{prefix}.checkpoint.json"
            if reading.read(current) == checkpoint:
                files.copy(current, kept)
            else:
                files.write(kept, checkpoint)
            files.write(folder / f"{prefix}.history.json", update)

    def _history(self, stack: StackName) -> Sequence[bytes]:
        kept = _dated(self._layout.history(stack), _HISTORY_FILE)
        records = [(path, reading.read(path)) for _, path in reversed(kept)]
        return [reading.expanded(data, str(path)) for path, data in records if data is not None]

    def _past(self, stack: StackName, since: float) -> Sequence[tuple[float, bytes]]:
        kept = _dated(self._layout.history(stack), _PAST_FILE)
        first = kept[0][0] if kept else time.time_ns()
        replaced = [each for each in _dated(self._layout.backups(stack), _BACKUP_FILE) if each[0] < first]
        known: list[tuple[int, Path | None]] = []
        if replaced:
            # A backup is dated by what replaced it: it holds from the date of the one before.
            starts = [replaced[0][0], *(stamp for stamp, _ in replaced)]
            known = [(start, path) for start, (_, path) in zip(starts, replaced, strict=False)]
            known.append((replaced[-1][0], None))
        known += kept
        before = sum(1 for stamp, _ in known if stamp < since * 1e9)
        return [(stamp / 1e9, _content(path)) for stamp, path in known[max(0, before - 1) :]]

    def _deleted(self, since: float) -> Sequence[StackName]:
        found = []
        for project in _folder(self._layout.home / "backups"):
            for folder in _folder(project) if names.is_name(project.name) else ():
                stack = StackName(names.DEFAULT_ORGANIZATION, project.name, folder.name)
                if names.is_name(folder.name) and max(map(_modified, _variants(self._layout.checkpoint(stack)))) < 0:
                    dates = _dated(folder, _BACKUP_FILE)
                    found += [stack] if dates and dates[-1][0] >= since * 1e9 else []
        return found


def _folder(path: Path) -> list[Path]:
    try:
        return sorted(path.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _dated(folder: Path, pattern: re.Pattern[str]) -> Sequence[tuple[int, Path]]:
    """The files whose name fits, by the time (ns) in it."""
    return sorted((int(match[1]), path) for path in _folder(folder) if (match := pattern.fullmatch(path.name)))


def _content(path: Path | None) -> bytes:
    data = reading.read(path) if path else None
    return b"" if data is None else reading.expanded(data, str(path))


def _modified(path: Path) -> int:
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return -1


def _variants(plain: Path) -> list[Path]:
    return [plain, plain.with_name(f"{plain.name}.gz"), plain.with_name(f"{plain.name}.zst")]


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.attrs")
