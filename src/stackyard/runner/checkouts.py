"""The run's scratch folder, and the project unpacked in it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from .faults import SOURCE, RunFault

UNPACKED_BYTES: Final = 2 << 30
_PREFIX: Final = "stackyard-run-"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A private folder that is gone afterwards, with every password that Meltano writes into it.

    What runs that were killed left behind is removed first: a folder whose lock nobody holds.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if not _is_held(left / ".lock"):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _is_held(lock: Path) -> bool:
    """Whether a living run has it; one that has not made its lock yet counts as living."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def unpack(packed: bytes, sha256: str, manifest: str, into: Path) -> Path:
    """Unpack a project's source and return the folder of its manifest.

    Raises RunFault when the digest is another, a member would leave the folder, or the manifest is not there.
    """
    if hashlib.sha256(packed).hexdigest() != sha256:
        raise RunFault("the source is not the one of the environment: its SHA-256 differs", SOURCE)
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
            if sum(member.size for member in archive) > UNPACKED_BYTES:
                raise RunFault(f"the source unpacks to more than {UNPACKED_BYTES >> 30} GiB", SOURCE)
            archive.extractall(into, filter="data")
    except (tarfile.TarError, OSError, EOFError) as fault:
        raise RunFault(f"the source cannot be unpacked: {fault}", SOURCE) from fault
    found = into / manifest
    if found.is_symlink() or not found.is_file():
        raise RunFault(f"the source has no {manifest}", SOURCE)
    return found.parent
