"""Layers are unpacked over each other, and nothing of them lands outside."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.cloud.server.tasks import unpacking


def _layer(*members: tuple[str, bytes, str]) -> bytes:
    """A tar of (name, type, content or target)."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind, content in members:
            member = tarfile.TarInfo(name)
            member.type, member.mode = kind, 0o6755
            if kind == tarfile.REGTYPE:
                member.size = len(content)
            else:
                member.linkname = content
            archive.addfile(member, io.BytesIO(content.encode()))
    return stream.getvalue()


FILE, LINK, HARD, FOLDER, DEVICE = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def test_later_layers_replace_and_remove(root: Path) -> None:
    unpacked = unpacking.Unpacking(root, None)
    unpacked.layer(
        _layer(("a", FILE, "1"), ("b", FILE, "1"), ("d/x", FILE, "1"), ("d/y", FILE, "1"), ("e", FOLDER, ""))
    )
    unpacked.layer(_layer(("a", FILE, "2"), (".wh.b", FILE, ""), ("d/.wh..wh..opq", FILE, ""), ("d/z", FILE, "2"),
                          ("e", FILE, "now a file")))  # fmt: skip
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == ["a", "d", "d/z", "e"]
    assert (root / "a").read_text() == "2"


def test_bits_that_lend_rights_and_devices_are_left_out(root: Path) -> None:
    unpacking.Unpacking(root, None).layer(_layer(("s", FILE, ""), ("dev/null", DEVICE, "")))
    assert (root / "s").stat().st_mode & 0o7777 == 0o755
    assert list((root / "dev").iterdir()) == []


@pytest.mark.parametrize("target", ["/usr/lib", "usr/lib", "../../../usr/lib", "loop"])
def test_links_lead_where_they_would_inside(root: Path, tmp_path: Path, target: str) -> None:
    unpacked = unpacking.Unpacking(root, None)
    unpacked.layer(_layer(("lib", LINK, target), ("loop", LINK, "loop")))
    if target == "loop":
        with pytest.raises(unpacking.Broken, match="circle"):
            unpacked.layer(_layer(("lib/x", FILE, "1")))
        return
    unpacked.layer(_layer(("lib/x", FILE, "1"), ("hard", HARD, "lib/x")))
    assert (root / "usr/lib/x").read_text() == (root / "hard").read_text() == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"]


def test_a_file_does_not_write_through_a_link(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("before")
    unpacked = unpacking.Unpacking(root, None)
    unpacked.layer(_layer(("a", LINK, str(outside))))
    unpacked.layer(_layer(("a", FILE, "after")))
    assert outside.read_text() == "before"
    assert (root / "a").read_text() == "after"


@pytest.mark.parametrize(
    "member",
    [
        ("../x", FILE, "1"),
        ("a/../../x", FILE, "1"),
        ("x", HARD, "../../etc/passwd"),
        ("x", HARD, "nothing"),
        (".wh...", FILE, ""),
        ("a/.wh...", FILE, ""),
        (".wh..", FILE, ""),
        (".wh.", FILE, ""),
    ],
)
def test_paths_that_lead_out_are_refused(root: Path, tmp_path: Path, member: tuple[str, bytes, str]) -> None:
    with pytest.raises(unpacking.Broken):
        unpacking.Unpacking(root, None).layer(_layer(member))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["root"]


def test_what_is_no_tar_is_refused(root: Path) -> None:
    with pytest.raises(unpacking.Broken, match="no tar"):
        unpacking.Unpacking(root, None).layer(b"rubbish")


def test_a_small_layer_fills_neither_memory_nor_time(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 64 << 20
    packed = gzip.compress(header.tobuf() + bytes(header.size))
    tracemalloc.start()
    try:
        with pytest.raises(unpacking.Broken, match="header"):
            unpacking.Unpacking(root, None).layer(packed)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
    skipped = tarfile.TarInfo("device")
    skipped.type, skipped.size = b"Q", 1 << 40
    monkeypatch.setattr(unpacking, "_MOST", 8 << 20)
    with pytest.raises(unpacking.Broken, match="larger"):
        unpacking.Unpacking(root, None).layer(gzip.compress(skipped.tobuf() + bytes(16 << 20)))


def test_an_image_has_so_many_files_and_no_more(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_ENTRIES", 2)
    with pytest.raises(unpacking.Broken, match="more than 2 files"):
        unpacking.Unpacking(root, None).layer(_layer(("a", FILE, ""), ("b", FILE, ""), ("c", FILE, "")))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, bytes])
def test_layers_may_be_packed(root: Path, pack: Callable[[bytes], bytes]) -> None:
    unpacking.Unpacking(root, None).layer(pack(_layer(("a", FILE, "1"))))
    assert (root / "a").read_text() == "1"
