"""What the image's entry point can do: `run` (the default), `clock` beside it, and `install-plugins`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from . import clock, installing, logs, running
from .faults import STOPPED, USAGE, RunFault


def main(arguments: Sequence[str]) -> int:
    """Do one command and return the exit code; what is wrong is said in the log."""
    signal.signal(signal.SIGTERM, _stop)  # the first process of a container is not ended by it otherwise
    command = arguments[0] if arguments else "run"
    try:
        if command == "run":
            return running.run(os.environ, Path(sys.executable).with_name("meltano"))
        if command == "clock":
            return clock.watch(os.environ)
        if command == "install-plugins":
            return installing.install(os.environ)
        raise RunFault(f"{command!r} is not a command: run, clock or install-plugins", USAGE)
    except RunFault as fault:
        logs.say(str(fault))
        return fault.code


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise RunFault("asked to stop", STOPPED)
