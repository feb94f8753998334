"""Files that survive a kill and a full disk."""

from __future__ import annotations

import os
import threading
from concurrent import futures
from pathlib import Path
from typing import Any

import pytest

from stackyard.kit import files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    files.write(path, b"one")
    files.write(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_a_disk_that_fills_up_in_mid_append_leaves_the_old_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    files.append(path, [b"1"])
    original = os.pwrite

    def short(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) < 4:
            raise OSError(28, "No space left on device")
        return original(descriptor, data[:3], offset)

    monkeypatch.setattr(os, "pwrite", short)
    with pytest.raises(OSError, match="No space"):
        files.append(path, [b"2345678"])
    assert path.read_bytes() == b"1\n"
    monkeypatch.undo()
    files.append(path, [b"3"])
    assert path.read_bytes() == b"1\n3\n"


def test_a_copy_shares_nothing_that_a_write_could_change(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    files.write(source, b"one")
    files.copy(source, target)
    files.write(source, b"two")
    assert target.read_bytes() == b"one"
    files.copy(source, target)
    assert target.read_bytes() == b"two"
    files.copy(source, target)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a", "b"]


def test_a_copy_works_where_links_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", fail)
    files.write(tmp_path / "a", b"one")
    files.copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"one"


def test_a_link_in_the_place_of_a_file_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("kept")
    (tmp_path / "journal").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError):  # noqa: PT011 - ELOOP, worded by the system
        files.append(tmp_path / "journal", [b"x"])
    files.write(tmp_path / "journal", b"new")
    assert (tmp_path / "outside").read_text() == "kept"
    files.remove(tmp_path / "journal", tmp_path / "nowhere")
    assert not (tmp_path / "journal").exists()


def test_threads_that_write_the_same_file_do_not_meet(tmp_path: Path) -> None:
    """Stacks that start together all make the backend's `meta.yaml`."""
    together = threading.Barrier(4)

    def write(number: int) -> None:
        for _ in range(10):
            together.wait(timeout=30)
            files.write(tmp_path / "meta", str(number).encode())

    with futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    assert [entry.name for entry in tmp_path.iterdir()] == ["meta"]
