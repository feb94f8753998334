"""Writing new files where nothing is yet, and putting lines into files that are there."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import files as sources
from stackyard.kit import files, git


@dataclasses.dataclass(frozen=True, slots=True)
class Insertion:
    """A line for a file that is there: in its place by the alphabet among the lines that begin with `among`.

    Where none does, it goes to the end.
    """

    file: str
    line: str
    among: str = ""
    position: Position | None = None


def write(folder: Path, made: Mapping[str, str], insertions: Sequence[Insertion] = ()) -> tuple[Path, ...]:
    """Write new files, by names relative to `folder`, which is made when it is not there, and insert lines.

    Returns the paths of the files written and changed. Raises UsageError, before anything is written, when a new file
    exists, when `folder` or a folder in it is something else, when a file for a line is not there, has the line
    already, or has changes that git has not. When writing fails half-way, what was written is taken away again.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise errors.UsageError(f"{folder} is not a folder", hint="choose another name")
    paths = [_free(folder, name) for name in made]
    changed = _inserted(folder, insertions)
    _refuse_changes(folder, list(changed))
    old = {path: path.read_bytes() for path in changed}
    written: list[Path] = []
    try:
        for path, text in zip(paths, made.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                written.append(path)
                file.write(text)
        for path, text in changed.items():
            files.write(path, text.encode(), mode=path.stat().st_mode & 0o777)
    except OSError:
        _undo(written, old)
        raise
    return (*paths, *changed)


def _free(folder: Path, name: str) -> Path:
    """The path of a new file, which nothing is in the way of."""
    path = folder / name
    for above in (each for each in path.parents if each.is_relative_to(folder)):
        if above.is_symlink() or (above.exists() and not above.is_dir()):
            raise errors.UsageError(
                f"{above} is not a folder", hint="choose another name", position=Position(str(above))
            )
    if path.exists() or path.is_symlink():
        hint = "choose another name, or remove it first"
        raise errors.UsageError(f"{path} is there already", hint=hint, position=Position(str(path)))
    return path


def _inserted(folder: Path, insertions: Sequence[Insertion]) -> dict[Path, str]:
    """The new texts of the files that get lines."""
    texts: dict[Path, str] = {}
    for each in insertions:
        path = sources.inside(folder, each.file)
        try:
            if path is None:
                raise sources.Refused("symbolic links are not followed")
            text = texts[path] if path in texts else sources.read(path)
        except sources.Refused as refusal:
            position = Position(str(folder / each.file))
            hint = refusal.hint or "a line of the template goes into it"
            raise errors.UsageError(refusal.message, hint=hint, position=position) from None
        texts[path] = _with(text, each, path)
    return texts


def _with(text: str, insertion: Insertion, path: Path) -> str:
    lines = text.splitlines()
    if insertion.line in lines:
        position = Position(str(path), lines.index(insertion.line) + 1)
        raise errors.UsageError("it is registered already", hint="choose another name", position=position)
    places = [index for index, line in enumerate(lines) if insertion.among and line.startswith(insertion.among)]
    later = [index for index in places if lines[index] > insertion.line]
    at = later[0] if later else (places[-1] + 1 if places else len(lines))
    return "\n".join((*lines[:at], insertion.line, *lines[at:])) + "\n"


def _refuse_changes(folder: Path, changed: list[Path]) -> None:
    """Files whose changes would be mixed with ours. A folder that git does not know has none."""
    if not changed:
        return
    with contextlib.suppress(git.GitError):
        root = git.toplevel(folder)
        differing = set(git.changed(root, "HEAD"))
        for path in changed:
            if root / path.resolve().relative_to(root.resolve()) in differing:
                hint = "commit or put them aside first, so that the new lines can be reviewed alone"
                raise errors.UsageError(
                    "it has changes that are not committed", hint=hint, position=Position(str(path))
                )


def _undo(written: Sequence[Path], old: Mapping[Path, bytes]) -> None:
    for path in written:
        path.unlink(missing_ok=True)
    for path, data in old.items():
        files.write(path, data, mode=path.stat().st_mode & 0o777)
