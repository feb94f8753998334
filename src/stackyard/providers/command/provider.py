"""`command:local:Command` and `command:local:run`, after pulumi/pulumi-command 1.x."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.urns import URN
from stackyard.model.values import UNKNOWN, Archive, Properties
from stackyard.providers import base, diffing, schemas
from stackyard.providers.command import files, processes
from stackyard.providers.schemas import Field, Kind

COMMAND: Final = "command:local:Command"
RUN: Final = "command:local:run"
_TEXT: Final = Field(Kind.STRING)
_TEXTS: Final = Field(Kind.LIST, items=_TEXT)
_SHARED: Final = {
    "addPreviousOutputInEnv": Field(Kind.BOOLEAN),
    "archivePaths": _TEXTS,
    "assetPaths": _TEXTS,
    "dir": _TEXT,
    "environment": Field(Kind.MAP, items=_TEXT),
    "interpreter": _TEXTS,
    "logging": Field(Kind.STRING, choices=("stdout", "stderr", "stdoutAndStderr", "none")),
    "stdin": _TEXT,
}
_COMMAND: Final = {
    **_SHARED,
    "create": _TEXT,
    "delete": _TEXT,
    "triggers": Field(Kind.LIST),
    "update": _TEXT,
}
_RUN: Final = {**_SHARED, "command": Field(Kind.STRING, required=True)}


class CommandProvider:
    """Runs commands on this machine. A command runs when its resource is created, updated or deleted."""

    simulated = False
    per_directory = True

    def __init__(self) -> None:
        self._settings = base.Settings()

    async def configure(self, settings: base.Settings) -> None:
        """Take the directory that commands start in and the environment they get."""
        self._settings = settings

    async def close(self) -> None:
        """Nothing is held: every command was waited for."""

    async def check(self, request: base.CheckRequest) -> base.Checked:
        """Validate; nothing is filled in."""
        _known(request.type)
        inputs, failures = schemas.check(_COMMAND, request.inputs, request.type)
        return base.Checked(inputs, failures)

    async def diff(self, request: base.DiffRequest) -> base.Difference:
        """Every change runs the update command, or the create command again; a changed trigger replaces, unless
        there is an update command."""
        forces = ("triggers",) if request.inputs.get("update") is None else ()
        changes = diffing.compare(request.old.inputs, request.inputs, ignore=request.ignore_changes, forces=forces)
        return base.Difference(changes, tuple(change.path for change in changes if change.forces))

    async def create(self, request: base.CreateRequest) -> base.Made:
        """Run `create`, when there is one."""
        _known(request.type)
        if request.preview:
            return base.Made(UNKNOWN, _previewed(request.inputs, request.inputs.get("create"), {}))
        id_ = f"{URN(request.urn).name}{secrets.token_hex(4)}"
        outputs = await self._run(request.inputs.get("create"), request.inputs, {}, request.timeout, "create")
        return base.Made(id_, outputs)

    async def update(self, request: base.UpdateRequest) -> base.Made:
        """Run `update`, or `create` again; the previous output is in its environment."""
        _known(request.type)
        update, create, old = request.inputs.get("update"), request.inputs.get("create"), request.old.outputs
        command = create if update is None else update
        if request.preview:
            return base.Made(request.old.id, _previewed(request.inputs, command, old))
        return base.Made(request.old.id, await self._run(command, request.inputs, old, request.timeout, "update"))

    async def delete(self, request: base.DeleteRequest) -> None:
        """Run `delete`, when there is one."""
        _known(request.resource.type)
        recorded = request.resource.outputs or request.resource.inputs
        await self._run(recorded.get("delete"), recorded, recorded, request.timeout, "delete")

    async def read(self, request: base.ReadRequest) -> base.Made | None:
        """What is recorded; a command that was not run from here cannot be looked at."""
        _known(request.type)
        if not request.outputs:
            raise errors.ProviderError(f"read of {request.type} failed: a command cannot be imported or looked up")
        return base.Made(request.id, dict(request.outputs), dict(request.inputs))

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """`command:local:run`: runs now, in previews too, as the Pulumi provider does."""
        if token != RUN:
            raise errors.Unsupported(f"the command provider has no function {token}", hint=f"it has {RUN}")
        inputs, failures = schemas.check(_RUN, arguments, token)
        if failures:
            return Invoked(failures=failures)
        try:
            return Invoked(await self._run(inputs["command"], inputs, {}, 0, "run"))
        except errors.ProviderError as error:
            return Invoked(failures=(CheckFailure("", str(error)),))

    async def find(self, request: base.CreateRequest) -> base.Found:
        """A command leaves no mark by which it could be recognised."""
        _known(request.type)
        if request.inputs.get("create") is None:
            return base.Found(base.Presence.ABSENT)
        return base.Found(base.Presence.UNSURE, reason="its create command may or may not have run to its end")

    async def _run(
        self, command: str | None, inputs: Properties, previous: Properties, timeout: float, verb: str
    ) -> Properties:
        shown = {name: value for name, value in inputs.items() if not name.startswith("__")}
        kept: Properties = {
            name: previous[name] for name in ("stdout", "stderr", "assets", "archive") if name in previous
        }
        if command is None:
            return {**shown, "stdout": "", "stderr": "", **kept}
        directory = Path(self._settings.directory or Path.cwd(), inputs.get("dir") or "")
        request = processes.Request(
            arguments=[*(inputs.get("interpreter") or ("/bin/sh", "-c")), command],
            directory=str(directory),
            environ={**(self._settings.environ or os.environ), **_environment(inputs, previous)},
            stdin=inputs.get("stdin") or "",
            timeout=timeout,
            quiet=inputs.get("logging") == "none",
        )
        output = await processes.run(request, f"the {verb} command")
        found = await asyncio.to_thread(_collected, directory, inputs)
        return {**shown, **kept, **found, "stdout": output.stdout, "stderr": output.stderr}


def _known(type_: str) -> None:
    if type_ == COMMAND:
        return
    if type_.startswith("command:remote:"):
        raise errors.Unsupported(
            f"{type_} is not supported: the embedded engine opens no SSH connections",
            hint=f"run ssh or scp from {COMMAND}, or this stack with the Pulumi CLI",
        )
    raise errors.Unsupported(f"the command provider has no resource type {type_}", hint=f"it has {COMMAND}")


def _environment(inputs: Properties, previous: Properties) -> dict[str, str]:
    environment = dict(inputs.get("environment") or {})
    if inputs.get("addPreviousOutputInEnv") is not False:
        for name in ("stdout", "stderr"):
            if previous.get(name):
                environment[f"PULUMI_COMMAND_{name.upper()}"] = previous[name]
    return environment


def _collected(directory: Path, inputs: Properties) -> Properties:
    found: Properties = {}
    try:
        if inputs.get("assetPaths") is not None:
            found["assets"] = files.collect(directory, inputs["assetPaths"])
        if inputs.get("archivePaths") is not None:
            found["archive"] = Archive(assets=files.collect(directory, inputs["archivePaths"]))
    except (ValueError, OSError) as error:
        raise errors.ProviderError(f"the files of the command cannot be collected: {error}") from error
    return found


def _previewed(inputs: Properties, command: str | None, old: Properties) -> Properties:
    names = ["stdout", "stderr"]
    names += [name for name, paths in (("assets", "assetPaths"), ("archive", "archivePaths")) if paths in inputs]
    if command is not None:
        return {**inputs, **dict.fromkeys(names, UNKNOWN)}
    return {**inputs, "stdout": old.get("stdout", ""), "stderr": old.get("stderr", "")}
