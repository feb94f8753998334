"""`stackyard new service NAME`: a part of a program that is there, by the estate's own template or another one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.scaffold import fetching, rendering, templates, writing
from stackyard.scaffold.templates import Ask

FOLDER: Final = "templates"


def create(
    root: Path, start: Path, name: str, *, kind: str, place: str, given: Mapping[str, str], ask: Ask
) -> tuple[Path, ...]:
    """Make a part `name` of kind `kind` (`service`) in the estate at `root`; the files written and changed.

    The template is `place` (see `fetching`), or the estate's `templates/<kind>`; its files and lines are relative to
    `root`. Raises UsageError, located, when the name cannot be one, when it is there, or when a file that gets a line
    has changes that git has not; SourceError when the template cannot be fetched. Then nothing is written.
    """
    own = rendering.names_of(name, kind)
    if not place and not (root / FOLDER / kind / templates.FILE).is_file():
        raise errors.UsageError(
            f"this estate has no template for a {kind}",
            hint=f"make {FOLDER}/{kind}/{templates.FILE} and {FOLDER}/{kind}/{templates.FILES}/, or give --template",
            position=Position(f"{FOLDER}/{kind}/{templates.FILE}"),
        )
    with fetching.opened(place or f"{FOLDER}/{kind}", start if place else root) as template:
        values = templates.answered(template, given, own, ask)
        made, insertions = templates.rendered(template, values)
    if not made:
        raise errors.UsageError(f"the template {template.shown} has no files", hint="put some below files/")
    for folder in sorted({os.path.dirname(each.file) for each in insertions}):
        if not (root / folder).is_dir():
            hint = "run this in the estate that the template is made for"
            raise errors.UsageError(f"there is no folder {folder}", hint=hint, position=Position(template.shown))
    return writing.write(root, made, insertions)


def from_template(
    parent: Path, start: Path, name: str, *, kind: str, place: str, given: Mapping[str, str], ask: Ask
) -> tuple[Path, ...]:
    """Make a folder `name` (a project, an estate) in `parent` by the template at `place`. Raises as `create` does."""
    own = rendering.names_of(name, kind)
    with fetching.opened(place, start) as template:
        values = templates.answered(template, given, own, ask)
        made, insertions = templates.rendered(template, values)
    if not made:
        raise errors.UsageError(f"the template {template.shown} has no files", hint="put some below files/")
    return writing.write(parent / name, made, insertions)
