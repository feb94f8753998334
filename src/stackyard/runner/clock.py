"""The container beside a run's own that ends the task when the run does not keep its time limit itself.

A project's code runs as the runner's user and can stop the runner's own clock (SIGSTOP); it sees nothing of this one.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Mapping
from types import FrameType
from typing import Final

from . import orders
from .faults import TIME

GRACE_SECONDS: Final = 600.0
"""For the end of a run that is in time: what it has made is uploaded and committed."""


def watch(environ: Mapping[str, str], grace: float = GRACE_SECONDS) -> int:
    """Wait for the run's limit and `grace` seconds more: then 124, whose end ends the task. 0 when told to stop."""
    signal.signal(signal.SIGTERM, _told)
    until = time.monotonic() + orders.limit(environ) + grace
    try:
        while (left := until - time.monotonic()) > 0:
            time.sleep(left)
    except _Told:
        return 0
    return TIME


class _Told(Exception):
    """The run has ended."""


def _told(_number: int, _frame: FrameType | None) -> None:
    raise _Told
