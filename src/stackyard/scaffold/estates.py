"""`stackyard new estate NAME`: a folder with a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.estate import manifest
from stackyard.model import names
from stackyard.scaffold import writing

_MANIFEST: Final = """\
# What this estate is made of. Projects are the folders with a Pulumi.yaml; make one: stackyard new project NAME
organization: {name}

# Bands of projects, lowest first: a stack may depend on its own layer and lower ones.
layers:
  - name: foundation
    paths: [foundation]
  - name: applications
    paths: [applications]
"""


def create(parent: Path, name: str) -> tuple[Path, ...]:
    """Make the estate `name` in a new folder of `parent`. Returns the files written.

    Raises UsageError when the name cannot be one, or when there is a manifest already.
    """
    if not names.is_name(name):
        raise errors.UsageError(
            f"{name!r} cannot be the name of an estate", hint="use at most 100 letters, digits, '_', '-' and '.'"
        )
    return writing.write(parent / name, {manifest.FILE: _MANIFEST.format(name=name)})
