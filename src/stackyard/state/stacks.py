"""One stack's state, opened: read without a lock, or locked for one update.

The journal of a run that was killed is folded in by whoever opens next. docs/design/0003-state.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.model import names
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.journals import Fold, JournalEntry, Phase
from stackyard.model.names import StackName
from stackyard.model.plans import Op
from stackyard.model.resources import EMPTY
from stackyard.model.updates import Update
from stackyard.model.values import Properties
from stackyard.secrets.base import SecretsManager
from stackyard.secrets.opening import Opener
from stackyard.state import codec, histories, integrity, intents, journal, spills
from stackyard.state.base import Backend, LockInfo
from stackyard.state.codec import Codec, Document
from stackyard.state.properties import Locked

WRITER: Final = "stackyard"
_REMOVING: Final = {Op.DELETE, Op.DELETE_REPLACED, Op.READ_DISCARD, Op.REMOVE_PENDING_REPLACE, Op.REFRESH}


@dataclasses.dataclass(frozen=True, slots=True)
class Pin:
    """Where a stack's resources live: `embedded` or `aws`, and the account. Empty: not said."""

    cloud: str = ""
    account: str = ""


async def read(backend: Backend, stack: StackName, opener: Opener | None = None) -> Checkpoint | None:
    """The state as it is; None when the stack does not exist. Takes no lock and writes nothing.

    During an update this is the state before it; after a killed one, its journal is folded in. Without
    `opener` no key is needed, and secrets come as `Secret(Sealed(...))`.
    """
    data, found = await _found(backend, stack)
    if data is None and not found:
        return None
    return await asyncio.to_thread(_interpreted, stack, data, found, opener, backend.url)


async def read_outputs(backend: Backend, stack: StackName, opener: Opener | None = None) -> Properties | None:
    """The stack's outputs; None when the stack does not exist. Plain outputs need no key.

    Without `opener`, secret ones come as `Secret(Sealed(...))`, for `state.properties.unseal`.
    """
    data, found = await _found(backend, stack)
    if found:
        checkpoint = await asyncio.to_thread(_interpreted, stack, data, found, opener, backend.url)
        return checkpoint.outputs
    if data is None:
        return None
    return await asyncio.to_thread(_outputs, stack, data, opener, backend.url)


async def _found(backend: Backend, stack: StackName) -> tuple[bytes | None, journal.Journal]:
    """The checkpoint's text, and what a run that is dead did since."""
    data = await intents.current(backend, stack)
    lines = await backend.entries(stack)
    if not lines or await backend.holder(stack) is not None:
        return data, journal.Journal()
    return data, journal.since(lines, data, _origin(backend.url, stack))


def _outputs(stack: StackName, data: bytes, opener: Opener | None, url: str) -> Properties:
    document = codec.parse(data, _origin(url, stack))
    return _codec(document, EMPTY, opener).outputs(document)


def _interpreted(
    stack: StackName, data: bytes | None, found: journal.Journal, opener: Opener | None, url: str
) -> Checkpoint:
    document = _document(stack, data, url)
    coder = _codec(document, found.provider, opener)
    checkpoint = coder.decode(document)
    integrity.verify(checkpoint, document.origin)
    return _folded(checkpoint, found, coder)


def _document(stack: StackName, data: bytes | None, url: str) -> Document:
    return Document(qualified(stack), {}) if data is None else codec.parse(data, _origin(url, stack))


def _codec(document: Document, provider: Mapping[str, Any], opener: Opener | None) -> Codec:
    known = document.provider or provider
    if opener is None:
        return Codec()
    return Codec(lambda: opener.from_provider(known) if known else opener.new())


def _folded(base: Checkpoint, found: journal.Journal, coder: Codec) -> Checkpoint:
    if not found:
        return base
    fold = Fold(base)
    for raw in found.entries:
        fold.apply(journal.decode(raw, coder))
    provider = base.secrets_provider or found.provider
    return integrity.normalized(dataclasses.replace(fold.checkpoint(), secrets_provider=provider))


def qualified(stack: StackName) -> str:
    """The name that a checkpoint records: the CLI's DIY backend knows one organization only."""
    return f"{names.DEFAULT_ORGANIZATION}/{stack.project}/{stack.stack}"


def _origin(url: str, stack: StackName) -> str:
    return f"{url.rstrip('/')}#{stack.short}"


async def open_for_writing(
    backend: Backend,
    stack: StackName,
    opener: Opener,
    *,
    salt: str = "",
    pin: Pin | None = None,
    spill: Path | None = None,
) -> OpenStack:
    """Lock a stack and open it; a stack that does not exist yet is empty.

    salt   the stack file's `encryptionsalt`, for a stack whose checkpoint names no key
    pin    where this run would put resources; another place than the checkpoint's is refused
    spill  where to keep a checkpoint that the backend does not take

    Raises LockedError, SecretsError, IntegrityError, StateError; then nothing was written and no lock stays.
    """
    lock = await backend.lock(stack)
    try:
        return await _opened(backend, stack, opener, lock, salt, pin or Pin(), spill)
    except BaseException:
        with contextlib.suppress(errors.StateError):
            await backend.unlock(stack, lock)
        raise


async def _opened(
    backend: Backend, stack: StackName, opener: Opener, lock: LockInfo, salt: str, pin: Pin, spill: Path | None
) -> OpenStack:
    settled = await intents.settle(backend, stack, lock)
    data = await backend.load(stack)
    spilled = await asyncio.to_thread(spills.read, spill, stack, data) if spill else None
    found = journal.Journal()
    if spilled is None:
        found = journal.since(await backend.entries(stack), data, _origin(backend.url, stack))
    document = _document(stack, spilled or data, backend.url)
    provider = document.provider or found.provider

    def manager() -> SecretsManager:
        if provider:
            return opener.from_provider(provider)
        return opener.from_salt(salt) if salt else opener.new()

    coder = Codec(manager)
    checkpoint = await asyncio.to_thread(coder.decode, document)
    integrity.verify(checkpoint, document.origin)
    _check_pin(stack, checkpoint, pin)
    checkpoint = await asyncio.to_thread(_folded, checkpoint, found, coder)
    opened = OpenStack(backend, stack, lock, coder, checkpoint, data, pin, spill)
    if lock.took_over:
        opened.notes.append(f"took over the lock of {lock.took_over}, which no longer runs")
    if settled:
        opened.notes.append(settled)
    if found or spilled is not None:
        await opened.take_back(found, spilled is not None)
    return opened


def _check_pin(stack: StackName, checkpoint: Checkpoint, pin: Pin) -> None:
    was, now = (checkpoint.cloud, checkpoint.account), (pin.cloud, pin.account)
    if checkpoint.resources and any(a and b and a != b for a, b in zip(was, now, strict=True)):
        raise errors.StateError(
            f"{stack}: its resources are in {'/'.join(filter(None, was))}, this run would work in "
            f"{'/'.join(filter(None, now))}",
            hint="give the stack's own cloud and account, or destroy it there first",
        )


class OpenStack:
    """One stack, locked: a `state.base.StackState`. For one event loop."""

    def __init__(
        self,
        backend: Backend,
        stack: StackName,
        lock: LockInfo,
        coder: Codec,
        checkpoint: Checkpoint,
        data: bytes | None,
        pin: Pin,
        spill: Path | None,
    ) -> None:
        self.checkpoint = checkpoint
        self.notes: list[str] = []
        self.lock = lock
        self._backend = backend
        self._stack = stack
        self._codec = coder
        self._base = data
        self._pin = pin
        self._spill = spill
        self._fold = Fold(checkpoint)
        self._removed = 0
        self._has_header = False
        self._is_journaled = True
        self._queue: list[tuple[JournalEntry, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def append(self, entry: JournalEntry) -> None:
        """Make one entry durable; concurrent calls share one write.

        Raises FencedError when the lock is lost, SecretsError, and StateError when the store fails: an intent
        is then not recorded, a result is kept in memory for `commit`.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((entry, done))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        while self._queue:
            batch, self._queue = self._queue, []
            try:
                await self._write(batch)
            except Exception as error:  # noqa: BLE001 - handed to everyone who waits
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)

    async def _write(self, batch: list[tuple[JournalEntry, asyncio.Future[None]]]) -> None:
        entries = [entry for entry, _ in batch]
        try:
            with self._codec.hurried():
                encoded = self._encode(entries)
        except Locked:
            encoded = await asyncio.to_thread(self._encode, entries)
        lines = [line for line in encoded if isinstance(line, bytes)]
        if not self._has_header:
            lines.insert(0, journal.header(self._base, self.lock))
        failure: OSError | None = None
        try:
            await self._backend.append(self._stack, self.lock, lines)
            self._has_header = True
        except OSError as error:
            failure, self._is_journaled = error, False
        for (entry, done), line in zip(batch, encoded, strict=True):
            if isinstance(line, bytes) and (failure is None or entry.phase is not Phase.BEGIN):
                self._apply(entry)
            if done.done():
                continue
            if isinstance(line, Exception):
                done.set_exception(line)
            elif failure is not None:
                done.set_exception(self._store_failed("the journal", failure))
            else:
                done.set_result(None)

    def _encode(self, entries: list[JournalEntry]) -> list[bytes | Exception]:
        result: list[bytes | Exception] = []
        for entry in entries:
            try:
                line = journal.encode(entry, self._codec)
                if self._provider_is_new(line):
                    line = journal.encode(entry, self._codec, self._codec.provider)
                result.append(line)
            except (errors.StackyardError, TypeError, ValueError) as error:
                result.append(error)
        return result

    def _provider_is_new(self, line: bytes) -> bool:
        return not self.checkpoint.secrets_provider and bool(self._codec.provider) and b'"ciphertext":"' in line

    def _apply(self, entry: JournalEntry) -> None:
        self._fold.apply(entry)
        if entry.phase is Phase.DONE and entry.resource is None and entry.op in _REMOVING:
            self._removed += 1

    def _store_failed(self, what: str, error: OSError) -> errors.StateError:
        return errors.StateError(
            f"{self._stack}: {what} cannot be written: {error.strerror or error}", hint="nothing new is started"
        )

    async def take_back(self, found: journal.Journal, spilled: bool) -> None:
        """Save what a killed run did, or what could not be saved then, before anything new is done."""
        data = await asyncio.to_thread(self._codec.encode, self._stamped(self.checkpoint))
        integrity.verify(self.checkpoint, _origin(self._backend.url, self._stack))
        await self._save(data)
        if spilled and self._spill:
            await asyncio.to_thread(spills.remove, self._spill, self._stack)
            self.notes.append("took back the state that an earlier run could not save")
        else:
            pending = len(self.checkpoint.pending)
            left = f"; {pending} operation{'s' if pending != 1 else ''} left unfinished" if pending else ""
            self.notes.append(f"took back {len(found.entries)} journal entries of {found.writer}{left}")

    @property
    def base(self) -> bytes | None:
        """The checkpoint's text as it is stored."""
        return self._base

    def encoded(self, checkpoint: Checkpoint) -> bytes:
        """The file's text of another checkpoint of this stack, under its key, name and place. Takes its time."""
        return self._codec.encode(self._stamped(checkpoint))

    def _stamped(self, checkpoint: Checkpoint) -> Checkpoint:
        return dataclasses.replace(
            checkpoint,
            stack=qualified(self._stack),
            time=datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z"),
            version=WRITER,
            cloud=self._pin.cloud or checkpoint.cloud,
            account=self._pin.account or checkpoint.account,
        )

    async def commit(self, update: Update | None) -> Checkpoint:
        """Fold the journal in, verify, save, and add `update` to the history.

        A checkpoint that has not changed is not written again. Raises IntegrityError and StateError (the
        journal stays), FencedError, SpilledError when the store fails.
        """
        if self._flusher is not None:
            await self._flusher
        checkpoint = integrity.normalized(self._fold.checkpoint())
        integrity.verify(checkpoint, _origin(self._backend.url, self._stack))
        self._check_shrinking(checkpoint)
        data = await asyncio.to_thread(self._codec.encode, self._stamped(checkpoint))
        if self._base is None or not await asyncio.to_thread(self._is_saved, checkpoint):
            await self._save(data)
        else:
            data = self._base
        await self._record(update, data)
        self.checkpoint = await asyncio.to_thread(self._reread, checkpoint, data)
        self._fold, self._removed = Fold(self.checkpoint), 0
        return self.checkpoint

    def _is_saved(self, checkpoint: Checkpoint) -> bool:
        """Whether the file differs in nothing but its time."""
        unchanged = dataclasses.replace(
            self._stamped(checkpoint), time=self.checkpoint.time, version=self.checkpoint.version
        )
        return not self._has_header and self._codec.encode(unchanged) == self._base

    def _reread(self, checkpoint: Checkpoint, data: bytes) -> Checkpoint:
        document = codec.parse(data)
        manifest = document.deployment.get("manifest", {})
        return dataclasses.replace(
            self._stamped(checkpoint),
            time=str(manifest.get("time", "")),
            version=str(manifest.get("version", "")),
            secrets_provider=document.provider,
        )

    def _check_shrinking(self, checkpoint: Checkpoint) -> None:
        before, after = len(self.checkpoint.resources), len(checkpoint.resources)
        if before - after > self._removed:
            raise errors.IntegrityError(
                f"{self._stack}: the new state has {after} resources, the one before {before}, "
                f"but only {self._removed} were removed; it was not saved",
                hint="this is a fault of Stackyard; the journal of the run is kept, please report it",
            )

    async def _save(self, data: bytes) -> None:
        try:
            if await self._backend.load(self._stack) != self._base:
                self._is_journaled = False
                await self._spilled(data, "somebody changed the state during this run, without its lock")
            await self._backend.save(self._stack, data, self.lock)
        except OSError as error:
            await self._spilled(data, f"the state cannot be written: {error.strerror or error}")
        self._base, self._has_header = data, False

    async def _spilled(self, data: bytes, reason: str) -> None:
        if self._spill is None:
            raise errors.StateError(f"{self._stack}: {reason}", hint="the journal of the run is kept beside the state")
        try:
            path = await asyncio.to_thread(
                spills.write, self._spill, self._stack, self._base, data, journaled=self._is_journaled
            )
        except OSError as error:
            raise errors.StateError(
                f"{self._stack}: {reason}; nor can {self._spill} be written: {error.strerror or error}",
                hint="the journal of the run is kept beside the state",
            ) from None
        raise errors.SpilledError(
            f"{self._stack}: {reason}; it was kept in {path}",
            hint="run again when the cause is gone: the next run takes it back",
        )

    async def _record(self, update: Update | None, data: bytes) -> None:
        if update is None:
            return
        try:
            await self._backend.record(self._stack, histories.record(update, time.time()), data, self.lock)
        except OSError as error:
            self.notes.append(f"the state is saved, but not this update's history: {error.strerror or error}")

    async def close(self) -> None:
        """Give the lock back. Without a `commit` the journal stays. Raises StateError when the lock stays too."""
        if self._flusher is not None:
            await self._flusher
        await self._backend.unlock(self._stack, self.lock)
