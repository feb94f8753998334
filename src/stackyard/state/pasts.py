"""The updates of stacks in a local folder and the states they led to, as files named by their time."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stackyard.kit import files
from stackyard.model import names
from stackyard.model.names import StackName
from stackyard.state import reading
from stackyard.state.layout import Layout

_HISTORY_FILE: Final = re.compile(r".+-(\d+)\.history\.json(\.gz|\.zst)?")
_BACKUP_FILE: Final = re.compile(r".+\.(\d+)\.json(\.gz|\.zst)?")
_PAST_FILE: Final = re.compile(r".+-(\d+)\.checkpoint\.json(\.gz|\.zst)?")


def record(layout: Layout, stack: StackName, update: bytes, checkpoint: bytes) -> None:
    """Add an update and the checkpoint it led to. The caller holds the lock."""
    folder = layout.history(stack)
    prefix = f"{stack.stack}-{time.time_ns()}"
    current, kept = layout.checkpoint(stack), folder / f"{prefix}.checkpoint.json"
    if reading.read(current) == checkpoint:
        files.copy(current, kept)
    else:
        files.write(kept, checkpoint)
    files.write(folder / f"{prefix}.history.json", update)


def history(layout: Layout, stack: StackName) -> Sequence[bytes]:
    """Update records, newest first."""
    kept = _dated(layout.history(stack), _HISTORY_FILE)
    records = [(path, reading.read(path)) for _, path in reversed(kept)]
    return [reading.expanded(data, str(path)) for path, data in records if data is not None]


def past(layout: Layout, stack: StackName, since: float) -> Sequence[tuple[float, bytes]]:
    """The checkpoints that updates led to, oldest first; see `base.Histories.past`."""
    kept = _dated(layout.history(stack), _PAST_FILE)
    first = kept[0][0] if kept else time.time_ns()
    replaced = [each for each in _dated(layout.backups(stack), _BACKUP_FILE) if each[0] < first]
    known: list[tuple[int, Path | None]] = []
    if replaced:
        # A backup is dated by what replaced it: it holds from the date of the one before.
        starts = [replaced[0][0], *(stamp for stamp, _ in replaced)]
        known = [(start, path) for start, (_, path) in zip(starts, replaced, strict=False)]
        known.append((replaced[-1][0], None))
    known += kept
    before = sum(1 for stamp, _ in known if stamp < since * 1e9)
    return [(stamp / 1e9, _content(path)) for stamp, path in known[max(0, before - 1) :]]


def deleted(layout: Layout, since: float) -> Sequence[StackName]:
    """Stacks that have backups, of which one is of `since` or later, and no checkpoint any more; sorted."""
    found = []
    for project in reading.entries(layout.home / "backups"):
        for folder in reading.entries(project) if names.is_name(project.name) else ():
            stack = StackName(names.DEFAULT_ORGANIZATION, project.name, folder.name)
            if names.is_name(folder.name) and not _is_there(layout.checkpoint(stack)):
                dates = _dated(folder, _BACKUP_FILE)
                found += [stack] if dates and dates[-1][0] >= since * 1e9 else []
    return found


def _is_there(checkpoint: Path) -> bool:
    return max(map(reading.modified, reading.variants(checkpoint))) >= 0


def _dated(folder: Path, pattern: re.Pattern[str]) -> Sequence[tuple[int, Path]]:
    """The files whose name fits, by the time (ns) in it."""
    return sorted((int(match[1]), path) for path in reading.entries(folder) if (match := pattern.fullmatch(path.name)))


def _content(path: Path | None) -> bytes:
    data = reading.read(path) if path else None
    return b"" if data is None else reading.expanded(data, str(path))
