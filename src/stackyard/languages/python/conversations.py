"""One program's socket: its requests become calls of a `Monitor`, the answers go back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages.base import Exit, Monitor
from stackyard.languages.python import zygotes
from stackyard.languages.python.guest import frames
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import LogEntry, OutputQuery
from stackyard.wire import registrations, versions

_STREAMS: Final = {frames.STDOUT: "stdout", frames.STDERR: "stderr"}


class Conversation(asyncio.Protocol):
    """Answers one program until its socket closes.

    `result` is what the program said of its end, None when it died without a word; `learnt` what it imported.
    """

    def __init__(self, monitor: Monitor, program: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.result: Exit | None = None
        self.learnt: tuple[str, ...] = ()
        self.ended: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.lines = {kind: Lines(monitor, stream) for kind, stream in _STREAMS.items()}
        self._monitor = monitor
        self._program = program
        self._buffer = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transport: asyncio.Transport | None = None
        self._answers: dict[int, Callable[[bytes], Awaitable[bytes]]] = {
            frames.REGISTER: self._register,
            frames.REGISTER_OUTPUTS: self._register_outputs,
            frames.READ: self._read,
            frames.INVOKE: self._invoke,
            frames.STACK_OUTPUT: self._stack_output,
            frames.FINISH: self._finish,
            frames.REQUIRE_VERSION: self._require_version,
        }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(frames.pack(frames.PROGRAM, self._program))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        for number, kind, payload in zygotes.take(self._buffer):
            if number:
                task = asyncio.create_task(self._answer(number, kind, payload))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self._heard(kind, payload)

    def connection_lost(self, error: Exception | None) -> None:
        for future in (self.ended, self.closed):
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Hang up; answers that are still being worked on are dropped."""
        if self._transport is not None:
            self._transport.abort()

    def _heard(self, kind: int, payload: bytes) -> None:
        if kind in self.lines:
            self.lines[kind].feed(payload)
        elif kind == frames.LOG:
            self._monitor.log(registrations.log_entry(payload))
        elif kind == frames.DRY_RUN_READ:
            self._monitor.dry_run_was_read = True
        elif kind == frames.LEARNT:
            self.learnt = tuple(json.loads(payload))
        elif kind == frames.RESULT:
            self.result = _exit(json.loads(payload))
            if not self.ended.done():
                self.ended.set_result(None)

    async def _answer(self, number: int, kind: int, payload: bytes) -> None:
        try:
            answer = frames.pack(frames.ANSWER, await self._answers[kind](payload), number)
        except (asyncio.CancelledError, errors.Cancelled):
            answer = frames.pack(frames.GONE, b"", number)
        except errors.StackyardError as error:
            answer = frames.pack(frames.FAILURE, error.message.encode(), number)
        except Exception as error:  # noqa: BLE001 - the contract: what a monitor raises fails the call, with its message
            answer = frames.pack(frames.FAILURE, (str(error) or type(error).__name__).encode(), number)
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)

    async def _register(self, payload: bytes) -> bytes:
        return registrations.registered(await self._monitor.register(registrations.goal(payload)))

    async def _register_outputs(self, payload: bytes) -> bytes:
        await self._monitor.register_outputs(*registrations.outputs(payload))
        return b""

    async def _read(self, payload: bytes) -> bytes:
        return registrations.read_answer(await self._monitor.read(registrations.read_request(payload)))

    async def _invoke(self, payload: bytes) -> bytes:
        return registrations.invoked(await self._monitor.invoke(registrations.invocation(payload)))

    async def _stack_output(self, payload: bytes) -> bytes:
        asked: dict[str, Any] = json.loads(payload)
        position = Position(asked["path"], asked["line"]) if asked["path"] else None
        query = OutputQuery(asked["stack"], asked["key"], asked["required"], position)
        return registrations.value(await self._monitor.stack_output(query))

    async def _finish(self, payload: bytes) -> bytes:
        await self._monitor.finish()
        return b""

    async def _require_version(self, payload: bytes) -> bytes:
        wanted = registrations.version_range(payload)
        if not versions.satisfies(wanted):
            raise errors.ProgramError(
                f"the program requires Pulumi {wanted}; stackyard follows Pulumi {versions.PULUMI}"
            )
        return b""


class Lines:
    """Cuts a stream into lines and logs each as soon as it is whole."""

    def __init__(self, monitor: Monitor, stream: str) -> None:
        self._monitor = monitor
        self._stream = stream
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """More of the stream."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._log(line)

    def end(self) -> None:
        """The stream is over: what is left is a line as well."""
        if self._rest:
            self._log(self._rest)
            self._rest = b""

    def _log(self, line: bytes) -> None:
        text = line.decode(errors="replace").removesuffix("\r")
        self._monitor.log(LogEntry(Severity.INFO, text, stream=self._stream))


def _exit(report: dict[str, Any]) -> Exit:
    if report["ok"]:
        return Exit(True)
    path = report.get("path", "")
    position = Position(path, report["line"], report["column"]) if path else None
    return Exit(False, report["message"], position, report.get("traceback", ""))
