"""Folders that programs of other people have filled, removed: however deep, and whatever they may be read by.

`shutil.rmtree` calls itself for each level, and so fails on a thousand, which a program makes in a moment; what could
not be removed would then keep the cloud from starting.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def remove(folder: Path) -> None:
    """Remove a folder and all that is in it; nothing when it is not there. Links are removed, never followed.

    What lies deeper is moved up, so that no path is ever longer than a level more. Raises OSError.
    """
    top, moved = str(folder), 0
    if not os.path.isdir(top) or os.path.islink(top):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(top)
        return
    while inside := _folders(top):
        for each in inside:
            for deeper in _folders(each):
                moved += 1
                while os.path.lexists(place := f"{top}/moved-{moved}"):
                    moved += 1
                os.rename(deeper, place)
            os.rmdir(each)
    os.rmdir(top)


def _folders(folder: str) -> list[str]:
    """The folders in a folder, whose files are removed."""
    if os.stat(folder).st_mode & 0o700 != 0o700:
        os.chmod(folder, 0o700)
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found.append(entry.path)
            else:
                os.unlink(entry.path)
    return found
