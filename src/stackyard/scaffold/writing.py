"""Writing new files where nothing is yet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from stackyard import errors


def write(folder: Path, files: Mapping[str, str]) -> tuple[Path, ...]:
    """Write new files, by names relative to `folder`, which is made when it is not there. Returns their paths.

    Raises UsageError, before anything is written, when one of them exists, or when `folder` is something else.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise errors.UsageError(f"{folder} is not a folder", hint="choose another name")
    paths = [folder / name for name in files]
    for path in paths:
        if path.exists() or path.is_symlink():
            raise errors.UsageError(f"{path} is there already", hint="choose another name, or remove it first")
    for path, text in zip(paths, files.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    return tuple(paths)
