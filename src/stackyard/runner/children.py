"""A child process with a time limit, whose output streams and of which nothing is left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, Final

from .faults import STOPPED, TIME

GRACE_SECONDS: Final = 20.0
_LINE: Final = 1 << 20


class Child:
    """One command in a process group of its own. Make it in the main thread: it takes SIGTERM for itself."""

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], folder: Path, show: Callable[[bytes], None]
    ) -> None:
        self._show = show
        self._asked = 0  # the exit code to end with, once it was told to stop
        self._kill_at = float("inf")
        self._process = subprocess.Popen(
            list(command), env=dict(environ), cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True)

    def wait(self, seconds: float, grace: float = GRACE_SECONDS) -> int:
        """Run to the end and return the exit code: 124 after `seconds`, 143 when this process gets SIGTERM.

        Then the child has `grace` seconds to end by itself. Whatever it started is killed with it.
        """
        deadline = time.monotonic() + seconds

        def stop(_number: int, _frame: FrameType | None) -> None:
            self._ask(STOPPED, grace)

        previous = signal.signal(signal.SIGTERM, stop)
        self._reader.start()
        try:
            while True:
                try:
                    code = self._process.wait(timeout=max(0.01, min(0.5, deadline - time.monotonic())))
                    break
                except subprocess.TimeoutExpired:
                    if time.monotonic() > deadline:
                        self._ask(TIME, grace)
                    if time.monotonic() > self._kill_at:
                        self._signal(signal.SIGKILL)
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()
            self._reader.join(timeout=5)
            self._await_group()
            signal.signal(signal.SIGTERM, previous)
        if self._asked:
            return self._asked
        return code if code >= 0 else 128 - code

    def _ask(self, code: int, grace: float) -> None:
        if not self._asked:
            self._asked, self._kill_at = code, time.monotonic() + grace
            self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # the whole group has ended

    def _await_group(self, seconds: float = 1.0) -> None:
        """Wait until nobody of the killed group can write any more; as a container's first process, collect them."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-self._process.pid, os.WNOHANG)
            try:
                os.killpg(self._process.pid, 0)
            except (ProcessLookupError, PermissionError):
                return
            time.sleep(0.005)

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            while line := stream.readline(_LINE):
                self._show(line)
