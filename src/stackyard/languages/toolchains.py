"""What the programs of a project need on this machine: tools, and the packages that its lock files name.

Commands follow pulumi/pulumi sdk/nodejs/npm, sdk/go/pulumi-language-go and sdk/python/toolchain; where they would
take newer packages than a lock file names, ours fail instead.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.errors import Position

TOOLS: Final[Mapping[str, str]] = {
    "bun": "install Bun: https://bun.sh",
    "go": "install Go 1.22 or later: https://go.dev/dl",
    "node": "install Node.js 20 or later: https://nodejs.org",
    "npm": "install Node.js 20 or later, npm comes with it: https://nodejs.org",
    "pnpm": "install pnpm: https://pnpm.io/installation",
    "poetry": "install Poetry: https://python-poetry.org/docs/#installation",
    "python3": "install Python 3.11 or later: https://www.python.org/downloads",
    "uv": "install uv: https://docs.astral.sh/uv",
    "yarn": "install Yarn: https://yarnpkg.com/getting-started/install",
}
"""How to get each tool."""

_LOCKS: Final = {
    "yarn.lock": "yarn",
    "pnpm-lock.yaml": "pnpm",
    "bun.lock": "bun",
    "bun.lockb": "bun",
    "package-lock.json": "npm",
    "npm-shrinkwrap.json": "npm",
}
_PYTHON: Final = ("pip", "poetry", "uv")
_ACTIVE: Final = ("CONDA_PREFIX", "VIRTUAL_ENV")
"""What says that an environment is active: it is not the project's, and poetry would install into it."""
_FROZEN: Final[Mapping[str, tuple[str, ...]]] = {
    "npm": ("npm", "ci", "--no-audit", "--no-fund"),
    "yarn": ("yarn", "install", "--frozen-lockfile"),
    "pnpm": ("pnpm", "install", "--frozen-lockfile"),
    "bun": ("bun", "install", "--frozen-lockfile"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Installation:
    """How packages are installed: commands, run one after another in a folder.

    `inputs` are the files that decide what is installed; `made` is what is there afterwards, None when that is not
    for us to know (a cache of the tool's own); `environ` is added to the environment, `without` taken out of it.
    """

    directory: Path
    tools: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    inputs: tuple[Path, ...]
    made: Path | None = None
    environ: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()


def installation(runtime: str, directory: Path, options: Mapping[str, Any], root: Path) -> Installation | None:
    """How the packages of a project are installed; None when it needs none of its own.

    Lock files are looked for upwards to `root`. Raises `errors.ConfigError` for a malformed option.
    """
    if runtime == "nodejs":
        return _of_node(directory, options, root)
    if runtime == "go" and not options.get("binary") and (folder := _above(directory, root, "go.mod")):
        inputs = tuple(path for name in ("go.mod", "go.sum") if (path := folder / name).is_file())
        # Without a go.sum nothing builds: then the one is written that pulumi's own installer would write.
        command = "download" if (folder / "go.sum").is_file() else "tidy"
        return Installation(folder, ("go",), (("go", "mod", command),), inputs)
    return _of_python(directory, options, root) if runtime == "python" else None


def _of_node(directory: Path, options: Mapping[str, Any], root: Path) -> Installation | None:
    chosen = options.get("packagemanager") or "auto"
    position = Position(str(directory / "Pulumi.yaml"))
    if chosen not in ("auto", *_FROZEN):
        hint = f"it can be auto, {', '.join(sorted(_FROZEN))}"
        raise errors.ConfigError(f"the runtime option packagemanager is {chosen!r}", hint=hint, position=position)
    for folder in _upwards(directory, root):
        for name, tool in _LOCKS.items():
            if (folder / name).is_file() and chosen in ("auto", tool):
                inputs = tuple(path for path in (folder / name, folder / "package.json") if path.is_file())
                tools = ("node", tool) if tool != "bun" else ("bun", "node")
                return Installation(folder, tools, (_FROZEN[tool],), inputs, folder / "node_modules")
    if not (directory / "package.json").is_file():
        return None
    tool = "npm" if chosen == "auto" else chosen
    command = (tool, "install")
    return Installation(
        directory, ("node", tool), (command,), (directory / "package.json",), directory / "node_modules"
    )


def _of_python(directory: Path, options: Mapping[str, Any], root: Path) -> Installation | None:
    toolchain = str(options.get("toolchain") or "").lower()
    virtualenv = str(options.get("virtualenv") or "")
    if toolchain not in ("", *_PYTHON):
        position = Position(str(directory / "Pulumi.yaml"))
        hint = f"it can be {', '.join(_PYTHON)}"
        raise errors.ConfigError(f"the runtime option toolchain is {toolchain!r}", hint=hint, position=position)
    if toolchain == "uv" or (not toolchain and not virtualenv and (directory / "uv.lock").is_file()):
        return _of_uv(directory, virtualenv, root)
    if toolchain == "poetry" or (not toolchain and not virtualenv and (directory / "poetry.lock").is_file()):
        return _of_poetry(directory, root)
    return _of_pip(directory, virtualenv) if virtualenv else None


def _of_uv(directory: Path, virtualenv: str, root: Path) -> Installation:
    made = directory / os.path.expanduser(virtualenv or ".venv")
    folder = _above(directory, root, "uv.lock") or _above(directory, root, "pyproject.toml")
    if folder is None and (directory / "requirements.txt").is_file():
        commands = (
            ("uv", "venv", "--allow-existing", str(made)),
            ("uv", "pip", "install", "--python", str(made), "-r", "requirements.txt"),
        )
        return Installation(directory, ("uv",), commands, _python_inputs(directory), made)
    folder = folder or directory
    environ = (("UV_PROJECT_ENVIRONMENT", str(made)),) if virtualenv else ()
    command: tuple[str, ...] = ("uv", "sync", "--locked") if (folder / "uv.lock").is_file() else ("uv", "sync")
    made = made if virtualenv else folder / ".venv"
    return Installation(folder, ("uv",), (command,), _python_inputs(folder), made, environ)


def _of_poetry(directory: Path, root: Path) -> Installation:
    """Into `.venv` beside the lock, also where poetry has made an environment of the project elsewhere already."""
    folder = _above(directory, root, "poetry.lock") or _above(directory, root, "pyproject.toml") or directory
    command = ("poetry", "install", "--no-interaction", "--no-ansi")
    elsewhere = str(folder / ".venv" / "elsewhere")
    environ = (("POETRY_VIRTUALENVS_IN_PROJECT", "true"), ("POETRY_VIRTUALENVS_PATH", elsewhere))
    return Installation(folder, ("poetry",), (command,), _python_inputs(folder), folder / ".venv", environ, _ACTIVE)


def _of_pip(directory: Path, virtualenv: str) -> Installation:
    made = directory / os.path.expanduser(virtualenv)
    python = str(made / "bin" / "python")
    commands: list[tuple[str, ...]] = [("python3", "-m", "venv", str(made))]
    inputs = _python_inputs(directory)
    if (directory / "requirements.txt").is_file():
        commands.append((python, "-m", "pip", "install", "--quiet", "-r", "requirements.txt"))
    elif (directory / "pyproject.toml").is_file():
        commands.append((python, "-m", "pip", "install", "--quiet", "-e", "."))
    return Installation(directory, ("python3",), tuple(commands), inputs, made)


def _python_inputs(folder: Path) -> tuple[Path, ...]:
    names = ("uv.lock", "poetry.lock", "requirements.txt", "pyproject.toml")
    return tuple(path for name in names if (path := folder / name).is_file())


def _above(directory: Path, root: Path, name: str) -> Path | None:
    return next((folder for folder in _upwards(directory, root) if (folder / name).is_file()), None)


def _upwards(directory: Path, root: Path) -> list[Path]:
    """`directory` and the folders above it up to `root`; only itself when it is not below."""
    if not directory.is_relative_to(root):
        return [directory]
    return [folder for folder in (directory, *directory.parents) if folder.is_relative_to(root)]


def check(runtime: str, directory: Path, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Whether programs of a project can start here, as far as it can be told without starting anything.

    Raises `errors.ConfigError`, which says what is missing and how to get it. Python is checked when it starts.
    """
    if runtime == "nodejs":
        from stackyard.languages.nodejs import language as nodejs  # lazy: most estates have no such project

        nodejs.found(directory, environ)
    elif runtime == "go":
        from stackyard.languages.golang import language as golang  # lazy: as above

        golang.check(directory, options, environ)
