"""Signals of a run: the first interrupt finishes what runs, the second cancels it, the third kills."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from typing import Final

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def handled(tell: Callable[[str], None]) -> Iterator[asyncio.Event]:
    """Within, interrupts set the yielded event, then cancel the current task, then end the process.

    A killed process leaves a durable journal: the next run takes it in. Must be entered inside a running loop.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    cancelled = asyncio.Event()
    count = 0

    def interrupt() -> None:
        nonlocal count
        count += 1
        if count == 1:
            cancelled.set()
            tell("stopping: running steps finish (interrupt again to cancel them)")
        elif count == 2 and task is not None:
            tell("cancelling running steps (interrupt again to kill)")
            task.cancel()
        else:
            os._exit(130)

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        yield cancelled
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
