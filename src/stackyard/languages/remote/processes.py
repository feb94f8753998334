"""One program's process, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from stackyard.languages.base import Monitor
from stackyard.languages.pipes import Pipe


class Process:
    """A running command, leader of a process group of its own; what it writes goes to the monitor, line by line."""

    def __init__(
        self,
        arguments: Sequence[str],
        directory: Path,
        environ: Mapping[str, str],
        monitor: Monitor,
        descriptors: Sequence[int] = (),
    ) -> None:
        """Start it, with `descriptors` open for it. Raises OSError when there is no such command."""
        self._pipes = [Pipe(monitor, "stdout"), Pipe(monitor, "stderr")]
        try:
            self._child = subprocess.Popen(
                arguments,
                cwd=directory,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=self._pipes[0].theirs,
                stderr=self._pipes[1].theirs,
                process_group=0,
                pass_fds=descriptors,
            )
        except OSError:
            for pipe in self._pipes:
                pipe.given()
                pipe.close()
            raise
        for pipe in self._pipes:
            pipe.given()
        self._over = asyncio.get_running_loop().create_future()
        self._descriptor = os.pidfd_open(self._child.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._ended)

    @property
    def errors(self) -> str:
        """The end of what it wrote to standard error."""
        return self._pipes[1].tail

    async def wait(self, grace_seconds: float) -> int:
        """Its exit status, negative for a signal. Cancelled, it ends the program: asks, and then insists."""
        try:
            return await asyncio.shield(self._over)
        except asyncio.CancelledError:
            for number in (signal.SIGTERM, signal.SIGKILL):
                self._signal(number)
                await asyncio.wait({self._over}, timeout=grace_seconds)
                if self._over.done():
                    break
            raise

    def _ended(self) -> None:
        """It has ended, and is not reaped yet: its number is still its own, so the group can be killed by it."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._signal(signal.SIGKILL)
        status = self._child.wait()
        for pipe in self._pipes:
            pipe.close()
        if not self._over.done():
            self._over.set_result(status)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, number)
