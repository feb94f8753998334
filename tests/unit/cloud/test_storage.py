"""What tasks have written is counted when the disk fills up, and who has too much is ended."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from stackyard.cloud.server.tasks import storage

MEBIBYTE = 1 << 20


@dataclasses.dataclass
class _Task:
    folder: Path
    storage: int = storage.GIBIBYTE
    user: int | None = None
    ended: str = ""

    def end(self, reason: str) -> None:
        self.ended = reason


@pytest.fixture
def tasks(tmp_path: Path) -> tuple[_Task, _Task]:
    made = _Task(tmp_path / "a"), _Task(tmp_path / "b")
    for task, size in zip(made, (1, 3), strict=True):
        (task.folder / "deep").mkdir(parents=True)
        (task.folder / "deep" / "file").write_bytes(os.urandom(size * MEBIBYTE))
    return made


def _disk(monkeypatch: pytest.MonkeyPatch, free: int, size: int = 100 * storage.GIBIBYTE) -> None:
    found = os.statvfs_result((4096, 4096, size // 4096, free // 4096, free // 4096, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: found)


def test_whoever_has_written_most_goes_when_the_disk_is_nearly_full(
    tmp_path: Path, tasks: tuple[_Task, _Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_MUCH", 2 * MEBIBYTE)
    watch = storage.Watch(tmp_path, lambda: tasks)
    _disk(monkeypatch, free=50 * storage.GIBIBYTE)
    watch.look()
    assert [task.ended for task in tasks] == ["", ""]
    _disk(monkeypatch, free=storage.GIBIBYTE)
    watch.look()
    assert tasks[0].ended == ""
    assert "written most" in tasks[1].ended


def test_nobody_goes_for_a_disk_that_others_have_filled(
    tmp_path: Path, tasks: tuple[_Task, _Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    _disk(monkeypatch, free=0)
    storage.Watch(tmp_path, lambda: tasks).look()
    assert [task.ended for task in tasks] == ["", ""]


def test_a_task_has_as_much_as_its_definition_says(
    tmp_path: Path, tasks: tuple[_Task, _Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks[0].storage = MEBIBYTE // 2
    _disk(monkeypatch, free=50 * storage.GIBIBYTE)
    storage.Watch(tmp_path, lambda: tasks).look()
    assert "more than its" in tasks[0].ended
    assert tasks[1].ended == ""


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="only Linux tells who holds deleted files")
def test_files_that_were_deleted_and_are_held_count(tmp_path: Path) -> None:
    task = _Task(tmp_path, user=os.geteuid())
    before = storage.written(task)
    with (tmp_path / "hidden").open("w+b", buffering=0) as stream:
        stream.write(os.urandom(MEBIBYTE))
        os.fsync(stream.fileno())
        (tmp_path / "hidden").unlink()
        assert dict(storage._deleted(os.geteuid()))[os.fstat(stream.fileno()).st_dev, os.fstat(stream.fileno()).st_ino]
    assert before >= 0
