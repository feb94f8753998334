"""The project in an archive: only what was delivered is opened."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from typing import Any

from stackyard.model.activations import Activation
from stackyard.tenancy import archive


class _Copying:
    """One object, and what was written to the archive."""

    def __init__(self, data: bytes) -> None:
        self.files: dict[str, archive.File] = {}
        self.put_: dict[str, bytes] = {}
        self.site: Any = self
        self.bucket = "data"
        self._data = data

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_fault: object) -> None:
        return None

    def client(self, _service: str) -> Any:
        return self

    def get_object(self, **_given: Any) -> Any:
        return {"Body": self}

    def iter_chunks(self, _size: int) -> Any:
        yield self._data

    def copy(self, name: str, _key: str) -> None:
        self.files[name] = archive.File(len(self._data), hashlib.sha256(self._data).hexdigest())

    def put(self, name: str, data: bytes) -> None:
        self.put_[name] = data


def _copied(data: bytes, digest: str) -> tuple[_Copying, list[str]]:
    copying, told = _Copying(data), list[str]()
    record = Activation(
        "acme", "shop", "prod", "refs/heads/main", "c" * 40, "https://x", manifest="meltano.yml", source="s",
        source_sha256=digest,
    )  # fmt: skip
    archive._copy_source(copying, record, told.append)  # type: ignore[arg-type]
    return copying, told


def _bundle() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as bundle:
        member = tarfile.TarInfo("meltano.yml")
        member.size = 4
        bundle.addfile(member, io.BytesIO(b"a: 1"))
    return stream.getvalue()


def test_the_manifest_lies_beside_the_source() -> None:
    data = _bundle()
    copying, told = _copied(data, hashlib.sha256(data).hexdigest())
    assert copying.put_ == {"meltano.yml": b"a: 1"}
    assert told == []


def test_a_source_that_was_replaced_is_kept_and_not_opened() -> None:
    """A header of gigabytes in a small file would fill the memory of whoever reconciles."""
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    copying, told = _copied(gzip.compress(header.tobuf()), "0" * 64)
    assert set(copying.files) == {"source.tar.gz"}
    assert copying.put_ == {}
    assert "has been replaced" in told[0]
