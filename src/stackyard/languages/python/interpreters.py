"""Which Python runs a project: the runtime options `virtualenv` and `toolchain` of its Pulumi.yaml.

After sdk/python/toolchain (pulumi/pulumi), with one difference: where Pulumi would take the first `python3` on the
path, a project without options runs in the interpreter that runs us.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stackyard import errors


def resolve(directory: Path, options: Mapping[str, Any], environ: Mapping[str, str] = os.environ) -> str:
    """The path of the project's python, empty for ours.

    `directory` is the project's folder, `options` the rest of its `runtime` section. Raises `errors.ConfigError`
    when an option is malformed or names an environment that is not there.
    """
    virtualenv, toolchain = _text(options, "virtualenv"), _text(options, "toolchain").lower()
    if toolchain not in ("", "pip", "poetry", "uv"):
        raise errors.ConfigError(
            f"the runtime option toolchain is {toolchain!r}",
            hint="it can be pip, poetry or uv",
            position=_at(directory),
        )
    found = _environment(directory, virtualenv, toolchain, environ)
    if found is None:
        return environ.get("PULUMI_PYTHON_CMD", "")
    if os.path.samefile(found, sys.prefix):
        return ""
    return str(_python(found))


def activated(environ: Mapping[str, str], interpreter: str) -> dict[str, str]:
    """An environment as its `activate` script would leave it, when `interpreter` is a virtual environment's."""
    folder = Path(interpreter).parent
    if not interpreter or not (folder.parent / "pyvenv.cfg").exists():
        return dict(environ)
    path = os.pathsep.join(part for part in (str(folder), environ.get("PATH", "")) if part)
    kept = {key: value for key, value in environ.items() if key != "PYTHONHOME"}
    return kept | {"PATH": path, "VIRTUAL_ENV": str(folder.parent)}


def advice(directory: Path, chosen: str) -> str:
    """How a program that lacks a module gets it, empty where there is nothing to say.

    `chosen` is the project's own interpreter, empty when it has none and ours runs it.
    """
    if chosen:
        return "`stackyard install` installs what the project needs"
    if (directory / "requirements.txt").is_file():
        return "give the project an environment of its own (runtime option `virtualenv`), then `stackyard install`"
    return ""


def _environment(directory: Path, virtualenv: str, toolchain: str, environ: Mapping[str, str]) -> Path | None:
    """The virtual environment that the options name, None when they name none."""
    if virtualenv and toolchain != "poetry":
        return _checked(directory / os.path.expanduser(virtualenv), directory)
    if toolchain == "uv":
        return _checked(_of_uv(directory, environ), directory)
    if toolchain == "poetry":
        return _checked(_beside(directory, "poetry.lock", "pyproject.toml") / ".venv", directory)
    if toolchain == "pip":
        return None
    # Nobody chose: a lock file does, but only if its environment has been made.
    for lock in ("uv.lock", "poetry.lock"):
        folder = _search_up(directory, lock)
        if folder is not None and _python(folder / ".venv").is_file():
            return folder / ".venv"
    return None


def _of_uv(directory: Path, environ: Mapping[str, str]) -> Path:
    return _beside(directory, "uv.lock", "pyproject.toml") / (environ.get("UV_PROJECT_ENVIRONMENT") or ".venv")


def _beside(directory: Path, *names: str) -> Path:
    for name in names:
        folder = _search_up(directory, name)
        if folder is not None:
            return folder
    return directory


def _search_up(directory: Path, name: str) -> Path | None:
    """The nearest folder at or above that has `name`; asked for every program, so by plain text, not by Path."""
    folder, above = "", str(directory)
    while above != folder:
        folder, above = above, os.path.dirname(above)
        if os.path.exists(os.path.join(folder, name)):
            return Path(folder)
    return None


def _checked(virtualenv: Path, directory: Path) -> Path:
    if not _python(virtualenv).is_file():
        raise errors.ConfigError(
            f"the project's virtual environment {virtualenv} does not exist",
            hint="make it with `stackyard install`, or change the runtime's options",
            position=_at(directory),
        )
    return virtualenv


def _python(virtualenv: Path) -> Path:
    return virtualenv / "bin" / "python"


def _text(options: Mapping[str, Any], name: str) -> str:
    value = options.get(name) or ""
    if not isinstance(value, str):
        raise errors.ConfigError(f"the runtime option {name} must be text, not {type(value).__name__}")
    return value


def _at(directory: Path) -> errors.Position:
    return errors.Position(str(directory / "Pulumi.yaml"))
