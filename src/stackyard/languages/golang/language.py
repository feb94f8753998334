"""Builds and starts Go programs. The environment follows pulumi/pulumi sdk/go/pulumi-language-go/main.go."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages import remote
from stackyard.languages.base import Exit, Monitor, Program, located
from stackyard.languages.golang.builds import Builds, Built, build
from stackyard.languages.remote import Command

_LEAD: Final = re.compile(r"\A(?:an unhandled error occurred: )?program failed:\s*")
_LISTED: Final = re.compile(r"\A\d+ errors? occurred:\s*\* ")
_PANIC: Final = re.compile(r"^(?:panic|fatal error): (.+)$", re.MULTILINE)
_FRAME: Final = re.compile(r"^\t(/\S+\.go):(\d+)", re.MULTILINE)


class GoLanguage:
    """A `languages.base.Language` for the runtime `go`.

    folder          where builds are kept, the user's cache by default
    grace_seconds   how long a cancelled program may take between SIGTERM and SIGKILL
    """

    def __init__(self, *, folder: Path | None = None, grace_seconds: float = 2.0) -> None:
        self._builds = Builds(folder)
        self._grace = grace_seconds

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Build a program where it has to be, and run it to its end; see `languages.base.Language`."""
        try:
            built = await self._built(program)
        except errors.DiagnosedError as refused:
            first, *others = refused.diagnostics
            return Exit(False, first.message, first.position, others=tuple(others))
        except errors.ConfigError as error:
            return Exit(False, f"{error.message}: {error.hint}" if error.hint else error.message, error.position)
        pwd, _ = located(program)

        def command(address: str) -> Command:
            return Command((str(built.path),), pwd, environ(program, address))

        told = Reader(program.directory).told
        return await remote.run(program, monitor, command, told, asked=lambda: built.asks, grace_seconds=self._grace)

    async def close(self) -> None:
        """Nothing is kept warm."""

    async def _built(self, program: Program) -> Built:
        pwd, _ = located(program)
        named, target = option(program, "binary"), option(program, "buildTarget")
        if named:
            return Built(given(program.directory, named, program.environ))
        go = compiler(program.directory, program.environ)
        if target:
            await build(pwd, go, program.environ, program.directory / target)
            return Built(program.directory / target)
        return await self._builds.built(pwd, go, program.environ)


def check(directory: Path, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Whether programs of a project can be had. Raises `errors.ConfigError`, which says what to install."""
    binary = options.get("binary")
    if isinstance(binary, str) and binary:
        given(directory, binary, environ)
    else:
        compiler(directory, environ)


def compiler(directory: Path, environ: Mapping[str, str]) -> str:
    """The path of the `go` command. Raises `errors.ConfigError`, which says what to install."""
    found = shutil.which("go", path=environ.get("PATH"))
    if found is None:
        raise errors.ConfigError(
            "its programs need Go, which is not on the PATH",
            hint="install Go 1.22 or later, or name a binary under `runtime: options: binary`",
            position=_manifest(directory),
        )
    return found


def given(directory: Path, name: str, environ: Mapping[str, str]) -> Path:
    """The binary that a project names, in its folder or on the PATH. Raises `errors.ConfigError`."""
    found = next(filter(None, (shutil.which(str(directory / name)), shutil.which(name, path=environ.get("PATH")))), "")
    if not found:
        raise errors.ConfigError(
            f"there is no program {name}",
            hint="build it, or take the option `binary` out",
            position=_manifest(directory),
        )
    return Path(found)


def option(program: Program, name: str) -> str:
    """One of the options of the runtime, empty when it is not given. Raises `errors.ConfigError`."""
    value: Any = program.options.get(name) or ""
    if not isinstance(value, str):
        position = _manifest(program.directory)
        raise errors.ConfigError(f"the runtime option {name} must be text", position=position)
    return value


def environ(program: Program, address: str) -> dict[str, str]:
    """The environment of a program: all that it is told."""
    told = {
        "PULUMI_ORGANIZATION": program.organization,
        "PULUMI_PROJECT": program.project,
        "PULUMI_ROOT_DIRECTORY": str(program.directory),
        "PULUMI_STACK": program.stack,
        "PULUMI_CONFIG": json.dumps(dict(program.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(program.secret_keys)),
        "PULUMI_DRY_RUN": "true" if program.dry_run else "false",
        "PULUMI_PARALLEL": str(program.parallel),
        "PULUMI_MONITOR": address,
        "PULUMI_ENGINE": address,
    }
    return dict(program.environ) | told


class Reader:
    """Reads why a program of one project ended from what it logged, or from the trace of its panic."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def told(self, text: str) -> Exit | None:
        """How a program ended that said `text`; None when that was not its end."""
        lead = _LEAD.match(text)
        if lead:
            message = _LISTED.sub("", text[lead.end() :]).strip()
            return Exit(False, message)
        panic = _PANIC.search(text)
        if panic is None:
            return None
        return Exit(False, f"panic: {panic[1]}", self._place(text[panic.end() :]), text[panic.start() :])

    def _place(self, trace: str) -> Position | None:
        """The innermost frame in a file of the project, else in any that is no module's of somebody else."""
        frames = [Position(os.path.normpath(path), int(line)) for path, line in _FRAME.findall(trace)]
        own = (frame for frame in frames if Path(frame.path).is_relative_to(self._directory))
        return next(own, None)


def _manifest(directory: Path) -> Position:
    return Position(str(directory / "Pulumi.yaml"))
