"""`stackyard new project NAME`: a Python program that a Pulumi CLI would run as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.model import names
from stackyard.model.estates import Estate
from stackyard.scaffold import writing

_PROJECT: Final = """\
name: {name}
runtime: python
description: {description}
"""
_PROGRAM: Final = '''\
"""{name}: say here what this project makes."""

import pulumi

# Make resources here. What other stacks may read is exported.
pulumi.export("stage", pulumi.get_stack())
'''


def create(parent: Path, name: str, *, description: str = "", estate: Estate | None = None) -> tuple[Path, ...]:
    """Make the project `name` in a new folder of `parent`. Returns the files written.

    Its stacks come into being with their first use, or with a `Pulumi.<stack>.yaml`. Raises UsageError when the
    name cannot be one, when `estate` has a project of that name, or when the files exist.
    """
    if not names.is_name(name):
        raise errors.UsageError(
            f"{name!r} cannot be the name of a project", hint="use at most 100 letters, digits, '_', '-' and '.'"
        )
    refuse_known(name, estate)
    files = {
        "Pulumi.yaml": _PROJECT.format(
            name=json.dumps(name), description=json.dumps(description or f"The {name} project")
        ),
        "__main__.py": _PROGRAM.format(name=name),
    }
    return writing.write(parent / name, files)


def refuse_known(name: str, estate: Estate | None) -> None:
    """Raises UsageError, at its place, when the estate has a project of that name."""
    for project in estate.projects if estate else ():
        if project.name == name:
            raise errors.UsageError(
                f"the estate has a project {name!r} already", hint="choose another name", position=project.position
            )
