"""The images and volumes of this machine (`images.json`, which the client writes), read whenever a task starts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import definitions


@dataclasses.dataclass(frozen=True)
class Image:
    """What a container of the image runs: folder, entry point, environment, and folders that it may read.

    `root` is the unpacked file system of an image from a registry, and `command` its own; both are empty for a local
    image, whose `folder` is a place of the machine.
    """

    folder: str
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str]
    read_only: tuple[str, ...] = ()
    root: str = ""
    command: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Volume:
    """A folder of the machine and the accounts that may write to it."""

    name: str
    path: str
    writers: frozenset[str]


def image(folder: Path, reference: str) -> Image | None:
    """The local image that `reference` names in the cloud of `folder`, whatever its registry; None without one."""
    name, tag = definitions.repository(reference)
    rows = _read(folder)["images"]
    row = rows.get(f"{name}:{tag or 'latest'}") or rows.get(name)
    if row is None:
        return None
    return Image(row["folder"], tuple(row["entrypoint"]), row["environment"], tuple(row["read_only"]))


def volume(folder: Path, given: Mapping[str, Any]) -> Volume | None:
    """The volume of the machine that a task definition's volume means: by its own name, its path or its file system."""
    path = (given.get("host") or {}).get("sourcePath") or ""
    system = (given.get("efsVolumeConfiguration") or {}).get("fileSystemId") or ""
    rows = _read(folder)["volumes"]
    for name, row in rows.items():
        if name in (given["name"], system) or (path and path in (name, row["path"])):
            return Volume(name, row["path"], frozenset(row["writers"]))
    return None


def _read(folder: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((folder / "images.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"images": {}, "volumes": {}}
    return found
