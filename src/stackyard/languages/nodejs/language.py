"""Starts a Node.js program through the runner of its own SDK.

Arguments and environment follow pulumi/pulumi sdk/nodejs/cmd/pulumi-language-nodejs/main.go.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages import remote
from stackyard.languages.base import Exit, Monitor, Program, located
from stackyard.languages.nodejs import asking, faults
from stackyard.languages.remote import Command

RUNNER: Final = Path("node_modules/@pulumi/pulumi/cmd/run/index.js")
PRELOAD: Final = Path(__file__).with_name("preload.cjs")


class NodejsLanguage:
    """A `languages.base.Language` for the runtime `nodejs`.

    grace_seconds   how long a cancelled program may take between SIGTERM and SIGKILL
    """

    def __init__(self, *, grace_seconds: float = 2.0) -> None:
        self._grace = grace_seconds

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Run a program to its end; see `languages.base.Language`."""
        if not (program.directory / program.main).exists():
            return Exit(False, f"there is no program: {program.directory / program.main} does not exist")
        try:
            node, runner = found(program.directory, program.environ)
            options = parsed(program.directory, program.options)
        except errors.ConfigError as error:
            return Exit(False, f"{error.message}: {error.hint}" if error.hint else error.message, error.position)
        reader = faults.Reader(program.directory)
        with asking.Watch() as watch:
            command = _Start(program, node, runner, options, watch).command
            return await remote.run(
                program, monitor, command, reader.told, asked=watch.asked, grace_seconds=self._grace
            )

    async def close(self) -> None:
        """Nothing is kept warm."""


def found(directory: Path, environ: Mapping[str, str]) -> tuple[str, Path]:
    """The paths of node and of the project's runner. Raises `errors.ConfigError`, which says what to install."""
    position = Position(str(directory / "Pulumi.yaml"))
    node = shutil.which("node", path=environ.get("PATH"))
    if node is None:
        raise errors.ConfigError(
            "its programs need Node.js, which is not on the PATH", hint="install Node.js 20 or later", position=position
        )
    for folder in (directory, *directory.parents):
        if (folder / RUNNER).is_file():
            return node, (folder / RUNNER).resolve()
    raise errors.ConfigError(
        "its packages are not installed: there is no node_modules/@pulumi/pulumi",
        hint="run `stackyard install`",
        position=position,
    )


class Options:
    """The `runtime.options` of a project."""

    __slots__ = ("arguments", "tsconfig", "typescript")

    def __init__(self, arguments: tuple[str, ...], tsconfig: str, typescript: bool) -> None:
        self.arguments, self.tsconfig, self.typescript = arguments, tsconfig, typescript


def parsed(directory: Path, options: Mapping[str, Any]) -> Options:
    """The options of a project's runtime. Raises `errors.ConfigError` for one that is not of its type."""
    expected: dict[str, type] = {"typescript": bool, "nodeargs": str, "tsconfig": str}
    for name, type_ in expected.items():
        if not isinstance(options.get(name, type_()), type_):
            kind = "true or false" if type_ is bool else "text"
            position = Position(str(directory / "Pulumi.yaml"))
            raise errors.ConfigError(f"the runtime option {name} must be {kind}", position=position)
    arguments = tuple(shlex.split(options.get("nodeargs", "")))
    return Options(arguments, options.get("tsconfig", ""), options.get("typescript", True))


class _Start:
    """What starts one program."""

    def __init__(self, program: Program, node: str, runner: Path, options: Options, watch: asking.Watch) -> None:
        self._program, self._node, self._runner, self._options = program, node, runner, options
        self._watch = watch

    def command(self, address: str) -> Command:
        program = self._program
        pwd, entry = located(program)
        named = {
            "monitor": address,
            "engine": address,
            "organization": program.organization,
            "project": program.project,
            "root-directory": str(program.directory),
            "stack": program.stack,
            "pwd": str(pwd),
            "parallel": str(program.parallel),
        }
        flags = [part for name, value in named.items() if value for part in (f"--{name}", value)]
        if program.dry_run:
            flags.append("--dry-run")
        # As `-r`: the SDK's runner takes `--require` for a loader of the user's, and then loads no ES modules itself.
        preloads = (part for path in (PRELOAD, asking.PRELOAD) for part in ("-r", str(path)))
        arguments = (self._node, *preloads, *self._options.arguments, str(self._runner), *flags, entry)
        return Command(arguments, pwd, self._environ(), (self._watch.theirs,))

    def _environ(self) -> dict[str, str]:
        program = self._program
        environ = dict(program.environ) | {
            "PULUMI_CONFIG": json.dumps({_spelt(key): value for key, value in program.config.items()}),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(program.secret_keys)),
        }
        if self._options.typescript:
            environ["PULUMI_NODEJS_TYPESCRIPT"] = "true"
        if self._options.tsconfig:
            environ["PULUMI_NODEJS_TSCONFIG_PATH"] = self._options.tsconfig
        return environ | self._watch.environ


def _spelt(key: str) -> str:
    """A key of the configuration as runners are given it, old and new: `aws:config:region`."""
    namespace, _, name = key.partition(":")
    return f"{namespace}:config:{name}"
