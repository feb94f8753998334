"""The folder of the DIY backend: layout, compression, locks of others, damage."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
import os
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.kit import files
from stackyard.model.journals import JournalEntry, Phase
from stackyard.model.names import StackName
from stackyard.model.plans import Op, Operation
from stackyard.model.resources import Resource
from stackyard.model.updates import Outcome, Update
from stackyard.model.values import Secret
from stackyard.secrets.opening import Opener
from stackyard.state import backends, locks, processes, stacks
from stackyard.state.base import LockInfo
from stackyard.state.diy import FileBackend
from stackyard.state.layout import Layout
from stackyard.state.memory import MemoryBackend

DEV = StackName("organization", "shop", "dev")
SALT = "v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrAWOFZnj9ealCUDdJL7LrUKXX9BA=="


@pytest.fixture
def backend(tmp_path: Path) -> FileBackend:
    return FileBackend(f"file://{tmp_path}")


async def saved(backend: FileBackend, *texts: bytes) -> LockInfo:
    lock = await backend.lock(DEV)
    for text in texts:
        await backend.save(DEV, text, lock)
    return lock


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_the_layout_is_the_clis(backend: FileBackend) -> None:
    lock = await saved(backend, b"one", b"two")
    await backend.record(DEV, b"{}", b"two", lock)
    home = backend.root / ".pulumi"
    assert (home / "meta.yaml").read_text() == "version: 1\n"
    assert (home / "stacks/shop/dev.json").read_bytes() == b"two"
    assert (home / "stacks/shop/dev.json.bak").read_bytes() == b"one"
    assert [path.read_bytes() for path in (home / "backups/shop/dev").iterdir()] == [b"one"]
    kinds = [path.name.split(".", 1)[1] for path in sorted((home / "history/shop/dev").iterdir())]
    assert kinds == ["checkpoint.json", "history.json"]
    raw = json.loads((home / "locks/organization/shop/dev/stackyard.json").read_text())
    assert {"pid", "username", "hostname", "timestamp"} <= raw.keys()
    assert raw["pid"] == os.getpid()


async def test_writes_leave_no_temporary_files(backend: FileBackend) -> None:
    lock = await saved(backend, b"one", b"two")
    await backend.append(DEV, lock, [b"x"])
    await backend.unlock(DEV, lock)
    assert not [name for name in names(backend.root) if "tmp" in name]


async def test_a_failed_write_leaves_the_old_file(backend: FileBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = await saved(backend, b"one")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        await backend.save(DEV, b"two", lock)
    assert await backend.load(DEV) == b"one"


async def test_compressed_files_of_the_cli_are_read_and_replaced(backend: FileBackend) -> None:
    lock = await saved(backend, b"plain")
    folder = backend.root / ".pulumi/stacks/shop"
    (folder / "dev.json.gz").write_bytes(gzip.compress(b"zipped"))
    os.utime(folder / "dev.json", ns=(1, 1))
    assert await backend.load(DEV) == b"zipped"
    assert list(await backend.list()) == [DEV]
    await backend.save(DEV, b"new", lock)
    assert await backend.load(DEV) == b"new"
    assert not (folder / "dev.json.gz").exists()


async def test_sidecars_tags_and_copies_are_not_stacks(backend: FileBackend) -> None:
    await saved(backend, b"one", b"two")
    folder = backend.root / ".pulumi/stacks/shop"
    for name in ("dev.json.attrs", "dev.pulumi-tags", "dev.json.bak.attrs", "notes.txt"):
        (folder / name).write_text("{}")
    assert list(await backend.list()) == [DEV]


async def test_old_layouts_are_refused(tmp_path: Path) -> None:
    (tmp_path / ".pulumi/stacks").mkdir(parents=True)
    (tmp_path / ".pulumi/stacks/dev.json").write_text("{}")
    with pytest.raises(errors.StateError, match="old layout") as caught:
        await FileBackend(f"file://{tmp_path}").list()
    assert "upgrade" in caught.value.hint
    (tmp_path / ".pulumi/meta.yaml").write_text("version: 7\n")
    with pytest.raises(errors.StateError, match="not known"):
        await FileBackend(f"file://{tmp_path}").load(DEV)


async def test_symbolic_links_are_not_followed(backend: FileBackend, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "dev.json").write_text("{}")
    stacks = backend.root / ".pulumi/stacks"
    stacks.mkdir(parents=True)
    (backend.root / ".pulumi/meta.yaml").write_text("version: 1\n")
    (stacks / "shop").symlink_to(outside)
    with pytest.raises(errors.StateError, match="symbolic link"):
        await backend.load(DEV)
    assert list(await backend.list()) == []


async def test_a_torn_last_line_is_ignored_and_cut_off(backend: FileBackend) -> None:
    lock = await saved(backend, b"one")
    await backend.append(DEV, lock, [b"1", b"2"])
    path = backend.root / ".pulumi/stackyard/shop/dev.journal"
    with path.open("ab") as file:
        file.write(b'{"torn')
    assert list(await backend.entries(DEV)) == [b"1", b"2"]
    await backend.append(DEV, lock, [b"3"])
    assert list(await backend.entries(DEV)) == [b"1", b"2", b"3"]


def test_a_very_long_torn_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"1\n" + b"x" * 200_000)
    files.append(path, [b"2"])
    assert path.read_bytes() == b"1\n2\n"
    path.write_bytes(b"x" * 200_000)
    files.append(path, [b"2"])
    assert path.read_bytes() == b"2\n"


async def test_the_clis_lock_is_respected(backend: FileBackend) -> None:
    folder = backend.root / ".pulumi/locks/organization/shop/dev"
    folder.mkdir(parents=True)
    content = {"pid": 99999999, "username": "ann", "hostname": "elsewhere", "timestamp": "2024-01-01T00:00:00Z"}
    (folder / "0c1d.json").write_text(json.dumps(content))
    (folder / "0c1d.json.attrs").write_text("{}")
    with pytest.raises(errors.LockedError, match="ann@elsewhere") as caught:
        await backend.lock(DEV)
    assert "stackyard cancel shop/dev" in caught.value.hint
    assert [path.name for path in folder.iterdir() if path.name == locks.OURS] == []
    holder = await backend.holder(DEV)
    assert holder is not None
    assert (holder.username, holder.fence) == ("ann", 0)
    assert [lock.username for lock in await backend.break_locks(DEV)] == ["ann"]
    await backend.lock(DEV)


async def test_a_damaged_lock_still_locks(backend: FileBackend) -> None:
    folder = backend.root / ".pulumi/locks/organization/shop/dev"
    folder.mkdir(parents=True)
    (folder / locks.OURS).write_text("garbage")
    with pytest.raises(errors.LockedError, match="unknown"):
        await backend.lock(DEV)


async def test_a_lock_that_turns_to_garbage_fences_its_writer(backend: FileBackend) -> None:
    lock = await saved(backend, b"one")
    (backend.root / ".pulumi/locks/organization/shop/dev" / locks.OURS).write_text("{}")
    with pytest.raises(errors.FencedError):
        await backend.save(DEV, b"two", lock)
    assert await backend.load(DEV) == b"one"


async def test_a_lock_that_cannot_be_removed_says_how(backend: FileBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = await backend.lock(DEV)

    def fail(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files, "remove", fail)
    with pytest.raises(errors.StateError, match="cannot be removed") as caught:
        await backend.unlock(DEV, lock)
    assert "stackyard cancel shop/dev" in caught.value.hint


def test_when_in_doubt_a_holder_lives() -> None:
    here = LockInfo("i", 1, "me", processes.hostname(), os.getpid(), "now", processes.identity(os.getpid()))
    assert not processes.is_dead(here)
    assert processes.is_dead(dataclasses.replace(here, pid=2**22 + 1))
    assert not processes.is_dead(dataclasses.replace(here, pid=2**22 + 1, hostname="elsewhere"))
    assert not processes.is_dead(dataclasses.replace(here, process="other-boot/pid:[1]/123"))
    place = here.process.rpartition("/")[0]
    assert processes.is_dead(dataclasses.replace(here, process=f"{place}/1"))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("file:///a/b", "/a/b"),
        ("file://~", "~"),
        ("file://.", "."),
        ("file://./x%20y?no_tmp_dir=true", "./x y"),
        ("x", "x"),
    ],
)
def test_urls_name_folders(url: str, path: str) -> None:
    assert Layout.of_url(url).root == Path(path).expanduser().resolve()
    assert isinstance(backends.open_backend(url), FileBackend)


def test_other_urls(tmp_path: Path) -> None:
    assert isinstance(backends.open_backend("memory://x"), MemoryBackend)
    with pytest.raises(errors.StateError, match="gs://") as caught:
        backends.open_backend("gs://user:canary@bucket")
    assert "canary" not in str(caught.value)
    assert "file://" in caught.value.hint
    with pytest.raises(errors.StateError, match="names no folder"):
        backends.open_backend("file://")


async def test_history_reads_what_the_cli_compressed(backend: FileBackend) -> None:
    lock = await saved(backend, b"one")
    await backend.record(DEV, b"new", b"one", lock)
    folder = backend.root / ".pulumi/history/shop/dev"
    (folder / "dev-1.history.json.gz").write_bytes(gzip.compress(b"old"))
    (folder / "dev-1.history.json.gz.attrs").write_text("{}")
    assert list(await backend.history(DEV)) == [b"new", b"old"]


async def test_a_deleted_stack_leaves_its_copy(backend: FileBackend) -> None:
    lock = await saved(backend, b"one")
    await backend.delete(DEV, lock)
    assert (backend.root / ".pulumi/stacks/shop/dev.json.bak").read_bytes() == b"one"


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files, "make_folder", fail)
    with pytest.raises(errors.StateError, match="Read-only") as caught:
        await FileBackend(f"file://{tmp_path}").lock(DEV)
    assert str(tmp_path) in str(caught.value)


async def test_no_file_ever_holds_a_secret_in_clear(backend: FileBackend, tmp_path: Path) -> None:
    opener = Opener({"PULUMI_CONFIG_PASSPHRASE": "abc123"}, salt=SALT)
    root = Resource(urn="urn:pulumi:dev::shop::a:b:C::n", type="a:b:C", custom=True)
    for round_ in range(2):
        state = await stacks.open_for_writing(backend, DEV, opener, spill=tmp_path / "spill")
        old = 0 if round_ else None
        made = root.replaced(
            id="i", inputs={"deep": [{"s": Secret(f"canary{round_}")}]}, outputs={"o": Secret("canary")}
        )
        op = Op.UPDATE if round_ else Op.CREATE
        await state.append(JournalEntry(1, Phase.BEGIN, op, old=old, resource=made))
        await state.append(JournalEntry(1, Phase.DONE, op, old=old, resource=made))
        assert names(backend.root)
        _assert_absent(tmp_path, b"canary")
        update = Update(str(DEV), Operation.UP, Outcome.SUCCEEDED, outputs={"o": Secret("canary")})
        await state.commit(update)
        await state.close()
    _assert_absent(tmp_path, b"canary")
    checkpoint = await stacks.read(backend, DEV, opener)
    assert checkpoint is not None
    assert checkpoint.resources[0].inputs == {"deep": [{"s": Secret("canary1")}]}


def _assert_absent(folder: Path, text: bytes) -> None:
    found = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found
    encoded = base64.b64encode(text)[:-2]
    assert [str(path) for path, data in found.items() if text in data or encoded in data] == []
