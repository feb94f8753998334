"""Images and volumes that exist on this machine, for tasks of the embedded cloud: names for commands and folders.

A *local image* is what a container runs when its image has that name; no registry and no Docker take part. A *volume*
is a folder that task definitions may mount by its name. Both are kept in `images.json` (mode 0600) in the cloud's
folder, and the server reads it at every start of a task: providing something again replaces it at once.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from stackyard.cloud.client import accounts, files
from stackyard.errors import CloudError

FILE: Final = "images.json"
_NAME: Final = re.compile(r"[a-z0-9]+(?:[._/-][a-z0-9]+)*(?::[\w][\w.-]*)?")
_VOLUME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclasses.dataclass(frozen=True)
class LocalImage:
    """A command under the name of an image.

    `name` is that of a repository, such as `production/runner`, for any registry and any tag, or with a tag for that
    one alone. `folder` is the working directory, and is seen read-only, as are `read_only` and, when `entrypoint`
    begins with a Python, what that needs to run. `entrypoint` is followed by the container's command. `environment`
    is what the container has unless its definition says otherwise. What is shown must be readable by everybody,
    since a task runs as its account's own user id.
    """

    name: str
    folder: Path
    entrypoint: tuple[str, ...]
    environment: Mapping[str, str] = dataclasses.field(default_factory=dict)
    read_only: tuple[Path, ...] = ()


@dataclasses.dataclass(frozen=True)
class Volume:
    """The folder `path` under the name of a volume; only tasks of the accounts in `writers` may write to it."""

    name: str
    path: Path
    writers: frozenset[str] = frozenset()


def provide(folder: Path, items: Iterable[LocalImage | Volume]) -> None:
    """Add images and volumes to the cloud in `folder`, in place of those of the same name.

    Raises CloudError when a name, a path or an account is not one.
    """
    rows = [(*_row(item), item.name) for item in items]
    path = folder / FILE
    with files.locked(folder / "images.lock"):
        kept = _read(path)
        for kind, row, name in rows:
            kept[kind][name] = row
        files.write_private(path, json.dumps(kept, indent=1, sort_keys=True))


def _row(item: LocalImage | Volume) -> tuple[str, dict[str, Any]]:
    if isinstance(item, Volume):
        if not _VOLUME.fullmatch(item.name):
            raise CloudError(f"{item.name!r} is not a name for a volume", hint="Use letters, digits, - and _.")
        wrong = sorted(name for name in item.writers if not accounts.ACCOUNT.fullmatch(name))
        if wrong:
            raise CloudError(f"{wrong[0]!r} is not an AWS account number", hint="An account number has 12 digits.")
        return "volumes", {"path": str(_folder(item.path)), "writers": sorted(item.writers)}
    if not _NAME.fullmatch(item.name):
        raise CloudError(f"{item.name!r} is not a name for an image", hint="Write it like production/runner.")
    if not item.entrypoint:
        raise CloudError(f"the image {item.name} has no entry point", hint="Name the command that it is to run.")
    return "images", {
        "folder": str(_folder(item.folder)),
        "entrypoint": list(item.entrypoint),
        "environment": dict(item.environment),
        "read_only": [str(Path(path).absolute()) for path in item.read_only],
    }


def _folder(path: Path) -> Path:
    found = Path(path).resolve()
    if not found.is_dir():
        raise CloudError(f"{path} is not a folder", hint="Make it first.")
    return found


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        kept = {}
    except ValueError as error:
        raise CloudError(f"{path} is damaged: {error}", hint="Remove it, and provide the images again.") from error
    return {"images": kept.get("images", {}), "volumes": kept.get("volumes", {})}
