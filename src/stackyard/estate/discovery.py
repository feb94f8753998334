"""From a folder to an `Estate`: find the manifest or the project, walk, read, and put the parts together."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import assembling, files, records, walking
from stackyard.estate import index as indexes
from stackyard.estate import manifest as manifests
from stackyard.estate.index import Index
from stackyard.estate.manifest import Manifest
from stackyard.estate.readers.base import Reader, ReadProject
from stackyard.estate.readers.pulumi import PulumiReader
from stackyard.estate.walking import Folder
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Estate

READERS: Final[tuple[Reader, ...]] = (PulumiReader(),)
_KIND: Final = "project"


@dataclasses.dataclass(frozen=True, slots=True)
class Discovery:
    """An estate as far as it could be read, and everything that is wrong with its files."""

    estate: Estate
    diagnostics: tuple[Diagnostic, ...] = ()


def discover(start: Path, *, manifest: Path | None = None, stacks: Sequence[str] = ()) -> Discovery:
    """The estate that `start` lies in. Positions in diagnostics are relative to the estate's root.

    `manifest` names the manifest file instead of looking for it. Without any, the nearest folder with a
    `Pulumi.yaml` is an estate of one project. `stacks` (`dev` of the project at `start`, or `project/dev`) exist
    although nothing in the files says so. Raises UsageError when there is neither manifest nor project, or no
    such project for one of `stacks`.
    """
    start = Path(os.path.abspath(start))
    file = Path(os.path.abspath(manifest)) if manifest else _above(start, (manifests.FILE,))
    if manifest and not os.path.lexists(file or ""):
        raise errors.UsageError(f"there is no manifest {manifest}", hint="give the path of a stackyard.yaml")
    if file is not None:
        return _whole(file, start, stacks)
    marks = [name for reader in READERS for name in reader.files]
    project = _above(start, marks)
    if project is None:
        hint = f"go to a folder with a Pulumi.yaml, or start an estate: {_NEW}"
        raise errors.UsageError(f"neither {manifests.FILE} nor Pulumi.yaml in {start} or above it", hint=hint)
    return _single(project.parent, stacks)


_NEW: Final = "stackyard new estate NAME"


def _above(start: Path, wanted: Iterable[str]) -> Path | None:
    """The nearest of the wanted files in `start` or above it, within the git repository where there is one."""
    wanted = tuple(wanted)
    for folder in (start, *start.parents):
        for name in wanted:
            if os.path.lexists(folder / name):
                return folder / name
        if os.path.lexists(folder / ".git"):
            return None
    return None


def _whole(file: Path, start: Path, stacks: Sequence[str]) -> Discovery:
    root = file.parent
    manifest, faults = manifests.read(file, file.name)
    report = list(faults)
    with indexes.opened(root) as index:
        folders = list(walking.walk(root, _concerns, index, ignores=manifest.ignores))
        projects = list(_projects(root, folders, manifest.looks_into, index, report.append))
        parts = assembling.Parts(root, manifest, file, {folder.path: folder for folder in folders}, projects, index)
        estate = assembling.assemble(parts, report.append, asked=stacks, start=start)
    return Discovery(estate, tuple(report))


def _single(root: Path, stacks: Sequence[str]) -> Discovery:
    report: list[Diagnostic] = []
    folder = walking.one(root, _concerns)
    with indexes.opened(root) as index:
        projects = list(_projects(root, [folder], lambda _: True, index, report.append))
        parts = assembling.Parts(root, Manifest(), None, {"": folder}, projects, index)
        estate = assembling.assemble(parts, report.append, asked=stacks, start=root)
    return Discovery(estate, tuple(report))


def _concerns(name: str) -> bool:
    return any(reader.concerns(name) for reader in READERS)


def _projects(
    root: Path,
    folders: Iterable[Folder],
    looks_into: Callable[[str], bool],
    index: Index,
    report: Callable[[Diagnostic], None],
) -> Iterator[assembling.Found]:
    """The projects that can be read, each with its reader; faults go to `report`."""
    seen = set()
    for folder in folders:
        if not looks_into(folder.path):
            continue
        _refuse_links(folder, report)
        for reader in READERS:
            file = next((name for name in reader.files if name in folder.files), None)
            if file is None:
                continue
            path = f"{folder.path}/{file}" if folder.path else file
            seen.add(path)
            read = _read(root, path, reader, index)
            for diagnostic in read.diagnostics:
                report(diagnostic)
            if read.project is not None:
                yield assembling.Found(read.project, folder.path, reader)
    index.keep(_KIND, seen)


def _refuse_links(folder: Folder, report: Callable[[Diagnostic], None]) -> None:
    for name in folder.links:
        path = f"{folder.path}/{name}" if folder.path else name
        hint = "put the file or folder itself here, or remove the link"
        report(error("symbolic links are not followed", hint=hint, position=Position(path)))


def _read(root: Path, path: str, reader: Reader, index: Index) -> ReadProject:
    absolute = root / path
    try:
        status = os.stat(absolute, follow_symlinks=False)
        mark = indexes.stamp(status)
        known = records.decode(index.get(_KIND, path, mark), absolute.parent)
        if known is not None:
            return known
        read = reader.project(files.read(absolute), absolute.parent, path)
    except files.Refused as refusal:
        return ReadProject(None, (error(refusal.message, hint=refusal.hint, position=Position(path)),))
    except OSError as fault:
        return ReadProject(None, (error(f"cannot be read: {fault.strerror}", position=Position(path)),))
    if indexes.settled(status):
        index.put(_KIND, path, mark, records.encode(read))
    return read
