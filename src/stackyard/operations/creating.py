"""new: what the scaffold writes."""

from __future__ import annotations

from pathlib import Path

from stackyard import errors
from stackyard.estate import discovery
from stackyard.scaffold import estates, projects


def estate(cwd: str, name: str) -> tuple[Path, ...]:
    """Make an estate in the new folder `name`; the files written."""
    return estates.create(Path(cwd), name)


def project(cwd: str, name: str, description: str) -> tuple[Path, ...]:
    """Make a project in the new folder `name`, in the estate there is, or on its own; the files written.

    `name` may have folders before it, such as a layer's: the last part is the project's name.
    """
    try:
        found = discovery.discover(Path(cwd)).estate
    except errors.UsageError:
        found = None
    return projects.create((Path(cwd) / name).parent, Path(name).name, description=description, estate=found)
