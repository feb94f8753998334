"""The counts of this server: opened once, added to from everywhere, settled every few seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from pathlib import Path

from . import counters

SETTLED = 5.0
"""Seconds after which the disk has a count, however the machine ends."""
_log = logging.getLogger("stackyard.metering")
_open: list[counters.Counters] = []
_folders: list[Path] = []


def begin(folder: Path) -> None:
    """Count in `folder` from now on; it says since when it has been counted in."""
    folder.mkdir(parents=True, exist_ok=True)
    since = folder / "since"
    if not since.exists():
        since.write_text(f"{int(time.time())}\n", encoding="ascii")
    _open[:] = [counters.Counters(folder)]
    _folders[:] = [folder]


def folder() -> Path:
    """Where the counts are."""
    return _folders[0]


def add(account: str, kind: str, resource: str, caller: str, amount: int) -> None:
    """Count `amount` of `kind`; nothing when counting has not begun."""
    for each in _open:
        each.add(account, kind, resource, caller, amount)


async def settling() -> None:
    """Bring what is counted to the disk, again and again, until cancelled."""
    while True:
        await asyncio.sleep(SETTLED)
        await asyncio.to_thread(_settle)


def end() -> None:
    """Settle and close."""
    _settle()
    for each in _open:
        each.close()
    _open.clear()


def _settle() -> None:
    try:
        for each in _open:
            each.settle()
    except OSError as error:
        _log.error("counts cannot be settled: %s", error)
