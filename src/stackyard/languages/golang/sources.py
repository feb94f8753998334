"""Which files a Go program is made of, as one digest of all of them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

SKIPPED: Final = ("node_modules", "testdata")
SETTINGS: Final = ("CGO_ENABLED", "GOARCH", "GOFLAGS", "GOOS", "GOTOOLCHAIN", "GOWORK")
_LOCAL: Final = re.compile(r"(?:=>|\buse\b|^)\s*\"?(\.{1,2}(?:/[^\s\")]*)?|/[^\s\")]+)\"?\s*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"//.*$", re.MULTILINE)


def digest(folder: Path, go: str, environ: Mapping[str, str]) -> str:
    """A hex digest of everything a build of the program in `folder` depends on.

    That is all files of its module (a program may embed any of them), of the modules that `replace` and `go.work`
    name by a path, the compiler, and the settings it is given.
    """
    hashed = hashlib.sha256()
    stat = os.stat(os.path.realpath(go))
    hashed.update(f"{os.path.realpath(go)}\0{stat.st_size}\0{stat.st_mtime_ns}\0{folder}\0".encode())
    hashed.update("\0".join(f"{name}={environ.get(name, '')}" for name in SETTINGS).encode())
    for path in files(folder):
        hashed.update(f"\0{path}\0".encode(errors="surrogateescape"))
        with open(path, "rb") as stream:
            hashed.update(hashlib.file_digest(stream, "sha256").digest())
    return hashed.hexdigest()


def files(folder: Path) -> list[Path]:
    """Those files, sorted: of the module that `folder` is in and of local modules, however they are reached."""
    module = _above(folder, "go.mod") or folder
    waiting, modules = [module], dict.fromkeys([module])
    work = _above(folder, "go.work")
    found: set[Path] = set()
    if work is not None:
        found.update(path for name in ("go.work", "go.work.sum") if (path := work / name).is_file())
        waiting.extend(_local(work / "go.work"))
    while waiting:
        current = waiting.pop()
        modules[current] = None
        if (current / "go.mod").is_file():
            waiting.extend(each for each in _local(current / "go.mod") if each not in modules)
    for each in modules:
        found.update(_walk(each))
    return sorted(found)


def _above(folder: Path, name: str) -> Path | None:
    return next((each for each in (folder, *folder.parents) if (each / name).is_file()), None)


def _local(file: Path) -> list[Path]:
    """The folders that a go.mod or go.work names."""
    text = _COMMENT.sub("", file.read_text(encoding="utf-8", errors="replace"))
    named = (Path(os.path.normpath(file.parent / match[1])) for match in _LOCAL.finditer(text))
    return [path for path in named if path.is_dir()]


def _walk(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "_")) and name not in SKIPPED]
        for name in names:
            path = Path(where, name)
            if path.is_file():
                yield path
