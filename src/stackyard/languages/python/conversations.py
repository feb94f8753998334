"""One program's socket: its requests become calls of a `Monitor`, the answers go back."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any, Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages.base import Exit, Monitor
from stackyard.languages.pipes import Lines
from stackyard.languages.python.channels import Channel
from stackyard.languages.python.guest import frames
from stackyard.model.registrations import OutputQuery
from stackyard.wire import registrations, versions

_STREAMS: Final = {frames.STDOUT: "stdout", frames.STDERR: "stderr"}


class Conversation:
    """Answers one program until its socket closes; `program` is its description, sent at once.

    `result` is what the program said of its end, None when it died without a word; `learnt` what it imported.
    `on_result` is called when it has said so.
    """

    def __init__(self, connection: socket.socket, monitor: Monitor, program: bytes) -> None:
        self.result: Exit | None = None
        self.learnt: tuple[str, ...] = ()
        self.on_result: Callable[[], None] = lambda: None
        self._lines = {kind: Lines(monitor, stream) for kind, stream in _STREAMS.items()}
        self._monitor = monitor
        self._tasks: set[asyncio.Task[None]] = set()
        self._answers: dict[int, Callable[[bytes], Awaitable[bytes]]] = {
            frames.REGISTER: self._register,
            frames.REGISTER_OUTPUTS: self._register_outputs,
            frames.READ: self._read,
            frames.INVOKE: self._invoke,
            frames.STACK_OUTPUT: self._stack_output,
            frames.FINISH: self._finish,
            frames.REQUIRE_VERSION: self._require_version,
        }
        self._channel = Channel(connection, self._heard, lambda: None)
        self._channel.send(frames.PROGRAM, program)

    def close(self) -> None:
        """Hear what has already arrived, and hang up; answers that are still being worked on are dropped."""
        self._channel.drain()
        self._channel.close()
        for lines in self._lines.values():
            lines.end()

    def _heard(self, number: int, kind: int, payload: bytes) -> None:
        if number:
            task = asyncio.create_task(self._answer(number, kind, payload))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif kind in self._lines:
            self._lines[kind].feed(payload)
        elif kind == frames.LOG:
            self._monitor.log(registrations.log_entry(payload))
        elif kind == frames.DRY_RUN_READ:
            self._monitor.dry_run_was_read = True
        elif kind == frames.RESULT:
            report = json.loads(payload)
            self.learnt = tuple(report["learnt"])
            self.result = _exit(report)
            self.on_result()

    async def _answer(self, number: int, kind: int, payload: bytes) -> None:
        try:
            verdict, answer = frames.ANSWER, await self._answers[kind](payload)
        except (asyncio.CancelledError, errors.Cancelled):
            verdict, answer = frames.GONE, b""
        except errors.StackyardError as error:
            verdict, answer = frames.FAILURE, error.message.encode()
        except Exception as error:  # noqa: BLE001 - the contract: what a monitor raises fails the call, with its message
            verdict, answer = frames.FAILURE, (str(error) or type(error).__name__).encode()
        self._channel.send(verdict, answer, number)

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
        versions.require(registrations.version_range(payload))
        return b""


def _exit(report: dict[str, Any]) -> Exit:
    if report["ok"]:
        return Exit(True)
    path = report.get("path", "")
    position = Position(path, report["line"], report["column"]) if path else None
    return Exit(False, report["message"], position, report.get("traceback", ""))
