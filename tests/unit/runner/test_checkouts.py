"""Sources are unpacked whole and inside, or not at all; the scratch folder does not outlive the run."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from stackyard.runner import checkouts, faults


def packed(*members: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return buffer.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, to: str = "", size: int = 1) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, to, size if kind == tarfile.REGTYPE else 0
    return info


def unpack(data: bytes, into: Path, manifest: str = "meltano.yml") -> Path:
    return checkouts.unpack(data, hashlib.sha256(data).hexdigest(), manifest, into)


def test_the_folder_of_the_manifest(tmp_path: Path) -> None:
    data = packed(member("data/meltano.yml"), member("data/extract/a.sql"), member("README.md"))
    assert unpack(data, tmp_path, "data/meltano.yml") == tmp_path / "data"
    assert (tmp_path / "data" / "extract" / "a.sql").read_bytes() == b"x"


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ([member("README.md")], "has no meltano.yml"),
        ([member("meltano.yml", tarfile.SYMTYPE, "other.yml"), member("other.yml")], "has no meltano.yml"),
        ([member("meltano.yml"), member("../outside")], "cannot be unpacked"),
        ([member("meltano.yml"), member("l", tarfile.SYMTYPE, "/etc"), member("l/x")], "cannot be unpacked"),
        ([member("meltano.yml"), member("dev", tarfile.CHRTYPE)], "cannot be unpacked"),
    ],
)
def test_what_is_refused(members: list[tarfile.TarInfo], says: str, tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    folder.mkdir()
    with pytest.raises(faults.RunFault, match=says) as told:
        unpack(packed(*members), folder)
    assert told.value.code == faults.SOURCE
    assert [each.name for each in tmp_path.iterdir()] == ["inside"]


def test_other_bytes_than_those_of_the_environment(tmp_path: Path) -> None:
    data = packed(member("meltano.yml"))
    with pytest.raises(faults.RunFault, match="SHA-256 differs"):
        checkouts.unpack(data, "0" * 64, "meltano.yml", tmp_path)
    with pytest.raises(faults.RunFault, match="cannot be unpacked"):
        unpack(data[: len(data) // 2], tmp_path)
    with pytest.raises(faults.RunFault, match="cannot be unpacked"):
        unpack(b"nothing", tmp_path)


def test_scratch_goes_even_when_the_run_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail() -> None:
        with checkouts.scratch() as folder:
            (folder / "password").write_text("secret")
            with checkouts.scratch() as other:  # a second run leaves the folder of the first alone
                assert (folder / "password").exists()
                assert other != folder
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []
