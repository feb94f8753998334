"""The zygote: a warm interpreter that forks one child per program and reaps it.

It has one thread and no event loop. It ends, with every child, when the control socket closes.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from . import frames

_THREAD_SECONDS = 1.0


class Job(NamedTuple):
    """What a forked child was given: its socket, where its standard streams go, and its parent's pid."""

    connection: socket.socket
    stdout: int
    stderr: int
    zygote: int


class _Closed(Exception):
    """The parent has gone."""


def serve(descriptor: int) -> Job:
    """Answer forks on the control socket. Returns in each forked child; the zygote itself never returns."""
    control = socket.socket(fileno=descriptor)
    control.set_inheritable(False)
    zygote = _Zygote(control)
    try:
        zygote.prepare()
        while True:
            job = zygote.step()
            if job is not None:
                return job
    except (_Closed, ConnectionError):
        zygote.end()


class _Zygote:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, int] = {}
        self._wake_read, self._wake_write = os.pipe()
        for end in (self._wake_read, self._wake_write):
            os.set_blocking(end, False)

    def prepare(self) -> None:
        """Import the SDK, run one throw-away program, report READY (or BROKEN, and end)."""
        try:
            from . import program, rehearsal  # lazy: the SDK may be missing, and then the parent is told

            rehearsal.run(program)
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent reports it
            self._break(f"{type(error).__name__}: {error}")
        self._check_threads("the pulumi SDK")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._settle()
        self._send(frames.READY, json.dumps({"modules": len(sys.modules)}).encode())

    def step(self) -> Job | None:
        """Wait for one thing and do it."""
        control, wake = self._control.fileno(), self._wake_read
        # Not select(): a parent with many open files hands down numbers beyond its 1,024.
        waiting = select.poll()
        for descriptor in (control, wake):
            waiting.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in waiting.poll()}
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
            self._reap()
        return self._command() if control in ready else None

    def end(self) -> NoReturn:
        """Kill every child with its process group, and end."""
        for pid in self._children:
            _signal_group(pid, signal.SIGKILL)
        os._exit(0)

    def _command(self) -> Job | None:
        length, number, kind, descriptors = self._receive_header()
        payload = self._receive(length)
        if kind == frames.FORK:
            return self._fork(number, descriptors)
        if kind == frames.PRELOAD:
            self._preload(json.loads(payload))
        elif kind == frames.SIGNAL:
            wanted = frames.NUMBER.unpack(payload)[0]
            for pid, child in self._children.items():
                if child == number:
                    _signal_group(pid, wanted)
        return None

    def _fork(self, number: int, descriptors: list[int]) -> Job | None:
        zygote = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            for end in (self._wake_read, self._wake_write):
                os.close(end)
            self._control.close()
            return Job(socket.socket(fileno=descriptors[0]), descriptors[1], descriptors[2], zygote)
        with contextlib.suppress(OSError):
            os.setpgid(pid, pid)
        for descriptor in descriptors:
            os.close(descriptor)
        self._children[pid] = number
        self._send(frames.FORKED, frames.NUMBER.pack(pid), number)
        return None

    def _reap(self) -> None:
        while self._children:
            found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if found is None:
                return
            # Until it is reaped its pid cannot be anybody else's, so what it left in its group can be killed.
            _signal_group(found.si_pid, signal.SIGKILL)
            _, status = os.waitpid(found.si_pid, 0)
            number = self._children.pop(found.si_pid, None)
            if number is not None:
                self._send(frames.EXITED, frames.NUMBER.pack(os.waitstatus_to_exitcode(status)), number)

    def _preload(self, names: Iterable[str]) -> None:
        from . import warming  # lazy: it needs the SDK, which may be missing

        for name in names:
            package = name.partition(":")[0].partition(".")[0]
            warming.warm(name)
            if warming.reads_configuration(package):
                self._break(f"importing {package} read configuration, which every program has its own of", package)
            self._check_threads(f"importing {name}", package)
        self._settle()

    def _check_threads(self, what: str, package: str = "") -> None:
        # A thread that has been joined may still be on its way out of the kernel.
        patience = time.monotonic() + _THREAD_SECONDS
        while _threads() > 1:
            if time.monotonic() > patience:
                self._break(f"{what} started a thread, and a process with threads cannot be forked safely", package)
            time.sleep(0.001)

    def _break(self, message: str, package: str = "") -> NoReturn:
        self._send(frames.BROKEN, json.dumps({"message": message, "package": package}).encode())
        self.end()

    def _settle(self) -> None:
        """Keep the collector off what is shared, so that children do not copy its pages."""
        gc.collect()
        gc.freeze()

    def _send(self, kind: int, payload: bytes = b"", number: int = 0) -> None:
        self._control.sendall(frames.pack(kind, payload, number))

    def _receive_header(self) -> tuple[int, int, int, list[int]]:
        data, descriptors, _, _ = socket.recv_fds(self._control, frames.HEADER.size, 3)
        if not data:
            raise _Closed
        data += self._receive(frames.HEADER.size - len(data))
        length, number, kind = frames.HEADER.unpack(data)
        return length, number, kind, descriptors

    def _receive(self, size: int) -> bytes:
        parts = b""
        while len(parts) < size:
            data = self._control.recv(size - len(parts))
            if not data:
                raise _Closed
            parts += data
        return parts


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _threads() -> int:
    """Python's threads, and those of C libraries where the kernel tells."""
    try:
        return max(threading.active_count(), len(os.listdir("/proc/self/task")))
    except OSError:
        return threading.active_count()
