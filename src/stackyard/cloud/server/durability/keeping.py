"""From touches to the disk: requests that finish together share one sync, and a long journal is folded."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import logging
import time
from pathlib import Path
from typing import Any

from . import journals, tracking
from .state import State

_SLICE = 0.004  # seconds that folding and sweeping may hold up requests
_QUICK, _SMALL = 0.005, 1_000_000  # seconds and bytes of an append that may hold up the event loop
_SWEEP = 3.0  # seconds between looks for changes that nobody noted
_log = logging.getLogger("stackyard.durability")


class Keeper:
    """Keeps ministack's state in the files of `folder`; folds the journal at `fold` bytes, or twice the snapshot's."""

    def __init__(self, folder: Path, *, fold: int) -> None:
        self._journal = journals.Journal(folder)
        self._state = State()
        self._fold = self._fold_at = fold
        self._pending: list[bytes] = []
        self._batch: asyncio.Future[None] | None = None
        self._flight: asyncio.Future[None] | None = None
        self._wake = asyncio.Event()
        self._fault: OSError | None = None
        self._stirred = False
        self._took = 0.0  # seconds an append takes, a moving average
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._tasks: list[asyncio.Task[None]] = []

    def restore(self) -> None:
        """Put the kept state into ministack; before any request is served."""
        began = time.perf_counter()
        count = self._state.restore(self._journal.read())
        tracking.BACKGROUND.taken(seen=True)
        _log.info("%d entries restored in %.0f ms", count, (time.perf_counter() - began) * 1000)

    def begin(self) -> None:
        """Start writing; inside the event loop."""
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._sweep())]

    async def end(self) -> None:
        """Write what is left and close the files."""
        for task in self._tasks[1:]:
            task.cancel()
        self._note(self._state.refreshed(self._state.entries()))
        await self._settled()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._thread.shutdown()
        self._journal.close()

    async def commit(self, touches: tracking.Touches, *, reading: bool) -> None:
        """Return when everything that a request changed is on disk; raises OSError when it cannot be.

        A `reading` request changes only what it put in or took out, such as a default VPC made when first listed.
        """
        touched = touches.taken(seen=not reading)
        if reading and not touched:
            return
        # Threads that a request waits for are not known to be its own: what they touched is among the rest.
        touched |= tracking.BACKGROUND.taken(seen=True)
        self._stirred = True
        self._note(self._state.changes(touched))
        await self._settled()

    def _note(self, records: list[journals.Record]) -> None:
        if records:
            self._pending.append(journals.framed(records))
            if self._batch is None:
                self._batch = asyncio.get_running_loop().create_future()
            self._wake.set()

    async def _settled(self) -> None:
        if self._fault is not None:
            raise self._fault
        last = self._batch or self._flight
        if last is not None:
            await asyncio.shield(last)

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            with contextlib.suppress(OSError):
                while self._pending:
                    await self._flush()
            if self._journal.size > self._fold_at or self._fault is not None:
                await self._folded()

    async def _flush(self) -> None:
        frames, self._pending = b"".join(self._pending), []
        self._flight, self._batch = self._batch, None
        try:
            await self._append(frames)
        except OSError as error:
            # What the disk has is no longer what it is taken to have: nothing is answered until a snapshot is whole.
            _log.error("the journal cannot be written: %s", error)
            self._fault = error
            _resolve(self._flight, error)
            raise
        else:
            _resolve(self._flight, None)
        finally:
            self._flight = None

    async def _append(self, frames: bytes) -> None:
        """On a quick disk in place, since handing over to a thread costs more than the sync; else in a thread."""
        began = time.perf_counter()
        if self._took < _QUICK and len(frames) < _SMALL:
            self._journal.append(frames)
        else:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.append, frames)
        self._took += (time.perf_counter() - began - self._took) / 8

    async def _folded(self) -> None:
        """Write a snapshot, slice by slice; changes made meanwhile go to the new generation's journal."""
        began = time.perf_counter()
        try:
            self._journal.turn()
            self._state.forget_long()
            with contextlib.closing(self._journal.snapshot()) as stream:
                entries = self._state.entries()
                while entries:
                    some, entries = entries[:50], entries[50:]
                    # The journal gets what was not yet noted, so that it never says less than the snapshot.
                    self._note(self._state.refreshed(some))
                    stream.write(journals.framed(self._state.whole(some)))
                    await self._between()
                stream.write(journals.framed(self._state.variables()))
                size = stream.tell()
                await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.settle, stream)
        except OSError as error:
            _log.error("no snapshot could be written: %s", error)
            await asyncio.sleep(1)
            self._wake.set()
            return
        self._fault = None
        self._fold_at = max(self._fold, 2 * size)
        _log.info("a snapshot of %d bytes was written in %.0f ms", size, (time.perf_counter() - began) * 1000)

    async def _between(self) -> None:
        """Let requests go on, and what they note reach the disk."""
        if self._pending:
            await self._flush()
        else:
            await asyncio.sleep(0)

    async def _sweep(self) -> None:
        """Find what threads changed through references they held, which no dictionary noted."""
        pause = _SWEEP
        while True:
            await asyncio.sleep(pause)
            if not self._stirred and not tracking.BACKGROUND.made and not tracking.BACKGROUND.seen:
                continue
            self._stirred = False
            began = since = time.perf_counter()
            tracking.BACKGROUND.taken(seen=True)
            for entry in self._state.entries():
                self._note(self._state.refreshed([entry]))
                if time.perf_counter() - since > _SLICE:
                    await asyncio.sleep(0)
                    since = time.perf_counter()
            pause = max(_SWEEP, 20 * (time.perf_counter() - began))


def _resolve(future: asyncio.Future[None] | None, error: OSError | None) -> None:
    if future is None or future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
        future.exception()  # it counts as read even when nobody waits for it


def reading(method: str, path: str, action: str) -> bool:
    """Whether a request only reads, told from its method and the name of its action."""
    if action:
        return action.startswith(_READS) and action not in _WRITES
    return method in ("GET", "HEAD", "OPTIONS") and "execute-api" not in path


_READS: Any = (
    "Get",
    "List",
    "Describe",
    "Query",
    "Scan",
    "BatchGet",
    "Search",
    "Lookup",
    "Head",
    "Simulate",
    "Validate",
)
# Named like a read, and yet each makes something, or tells of tasks, which threads of their own change.
_WRITES = frozenset({
    "DescribeTasks", "ListTasks",
    "GetCredentialsForIdentity", "GetDelegatedAccessToken", "GetFederationToken", "GetId", "GetOpenIdToken",
    "GetOpenIdTokenForDeveloperIdentity", "GetSessionToken", "GetWebIdentityToken", "GetShardIterator",
})  # fmt: skip
