"""The files of the durable cloud."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.cloud.server.durability import journals


def opened(folder: Path) -> tuple[journals.Journal, list[journals.Record]]:
    """A journal open for writing, and what it held."""
    journal = journals.Journal(folder)
    return journal, list(journal.read())


def contents(folder: Path) -> list[journals.Record]:
    """What the files of a folder say."""
    journal, found = opened(folder)
    journal.close()
    return found


def put(n: int) -> journals.Record:
    """A record like those of the cloud."""
    return "P", "sqs._queues", n, "", "", b"value"


def test_what_was_appended_is_read_again(tmp_path: Path) -> None:
    journal, before = opened(tmp_path)
    assert before == []
    journal.append(journals.framed([put(1), put(2)]))
    journal.append(journals.framed([put(3)]))
    journal.close()
    assert contents(tmp_path) == [put(1), put(2), put(3)]


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_frame_cut_short_is_dropped_and_writing_goes_on(tmp_path: Path, cut: int) -> None:
    journal, _ = opened(tmp_path)
    journal.append(journals.framed([put(1)]))
    journal.append(journals.framed([put(2)]))
    journal.close()
    path = tmp_path / "journal-0"
    path.write_bytes(path.read_bytes()[:-cut])
    journal, found = opened(tmp_path)
    assert found == [put(1)]
    journal.append(journals.framed([put(3)]))
    journal.close()
    assert contents(tmp_path) == [put(1), put(3)]


def test_a_snapshot_replaces_what_is_older(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path)
    journal.append(journals.framed([put(1)]))
    journal.turn()
    journal.append(journals.framed([put(2)]))
    stream = journal.snapshot()
    stream.write(journals.framed([put(0)]))
    journal.settle(stream)
    journal.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal-1", "snapshot-1"]
    assert contents(tmp_path) == [put(0), put(2)]


def test_a_snapshot_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path)
    journal.append(journals.framed([put(1)]))
    journal.turn()
    journal.append(journals.framed([put(2)]))
    with journal.snapshot() as stream:
        stream.write(journals.framed([put(0)]))
    journal.close()
    assert contents(tmp_path) == [put(1), put(2)]


def test_a_damaged_snapshot_is_refused_rather_than_half_served(tmp_path: Path) -> None:
    journal, _ = opened(tmp_path)
    journal.turn()
    stream = journal.snapshot()
    stream.write(journals.framed([put(0)]))
    stream.write(journals.framed([put(1)]))
    journal.settle(stream)
    journal.close()
    path = tmp_path / "snapshot-1"
    data = bytearray(path.read_bytes())
    data[-3] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="snapshot-1 is damaged"):
        contents(tmp_path)


class Full:
    """A stream on a disk with room for `room` bytes more."""

    def __init__(self, inner: journals.BinaryIO, room: int) -> None:
        self._inner, self._room = inner, room

    def write(self, data: bytes) -> int:
        if self._room <= 0:
            raise OSError(28, "No space left on device")
        count = self._inner.write(data[: self._room])
        self._room -= count
        return count

    def fileno(self) -> int:
        return self._inner.fileno()

    def close(self) -> None:
        self._inner.close()


def test_a_full_disk_leaves_no_half_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, _ = opened(tmp_path)
    journal.append(journals.framed([put(1)]))
    stream = journal._stream
    assert stream is not None
    monkeypatch.setattr(journal, "_stream", Full(stream, 10))
    with pytest.raises(OSError, match="No space"):
        journal.append(journals.framed([put(2)]))
    monkeypatch.setattr(journal, "_stream", stream)
    journal.append(journals.framed([put(3)]))
    journal.close()
    assert contents(tmp_path) == [put(1), put(3)]
