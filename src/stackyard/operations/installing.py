"""install: the packages of the selected projects, from their lock files, once for each state of them."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.graph import selection
from stackyard.kit import commands
from stackyard.languages import toolchains
from stackyard.languages.toolchains import Installation
from stackyard.model.diagnostics import Diagnostic, error
from stackyard.model.estates import Project, Stack
from stackyard.operations.workspace import Workspace

AT_ONCE: Final = 4
"""How many installations run at once: each is mostly waiting for a registry."""

TOLD_LINES: Final = 20
_GRACE: Final = 5.0
"""Seconds in which a cancelled installation may tidy up."""

_LINKER: Final = "Pulumi needs one: write `nodeLinker: node-modules` in .yarnrc.yml"


@dataclasses.dataclass(frozen=True, slots=True)
class Installed:
    """One installation. `status`: `installed`, `current` (nothing had changed) or `failed`."""

    projects: tuple[str, ...]
    command: str
    status: str
    seconds: float = 0.0
    fault: Diagnostic | None = None


async def install(
    workspace: Workspace,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    *,
    progress: Callable[[str], None],
    again: bool = False,
) -> tuple[Installed, ...]:
    """Install what the projects of the selected stacks need, `again` also where nothing has changed since.

    Projects that share a lock file are installed once. Raises DiagnosedError, with every tool that is missing and
    whose it is, before anything is installed.
    """
    workspace.check()
    wanted = _wanted(_projects(workspace, select, exclude), workspace.estate.root)
    stamps = workspace.folder / "installed"
    due = {each: names for each, names in wanted.items() if again or not _is_current(each, stamps)}
    _refuse_missing(due)
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: Installation, names: tuple[str, ...]) -> Installed:
        if each not in due:
            return Installed(names, _shown(each), "current")
        async with room:
            progress(f"{', '.join(names)}: {_shown(each)}")
            return await _run(each, names, stamps)

    return tuple(await asyncio.gather(*(one(each, names) for each, names in wanted.items())))


def check(stacks: Iterable[Stack], environ: Mapping[str, str] = os.environ) -> None:
    """Raises DiagnosedError when the programs of projects cannot start here: one fault a project."""
    found = []
    for project in {stack.project.name: stack.project for stack in stacks}.values():
        if project.engine != "embedded":
            continue
        try:
            toolchains.check(project.runtime, project.path, project.runtime_options, environ)
        except errors.ConfigError as fault:
            found.append(error(f"{project.name}: {fault.message}", hint=fault.hint, position=fault.position))
    if found:
        raise errors.DiagnosedError(found)


def _projects(workspace: Workspace, select: Sequence[str], exclude: Sequence[str]) -> list[Project]:
    if not select and not exclude:
        return list(workspace.estate.projects)
    picks = selection.select(workspace.unchecked_graph, select, exclude).picks
    return list({pick.stack.project.name: pick.stack.project for pick in picks}.values())


def _wanted(projects: Iterable[Project], root: Path) -> dict[Installation, tuple[str, ...]]:
    """What is to be installed, and for which projects."""
    found: dict[Installation, tuple[str, ...]] = {}
    faults = []
    for project in projects:
        try:
            each = toolchains.installation(project.runtime, project.path, project.runtime_options, root)
        except errors.ConfigError as fault:
            faults.append(error(fault.message, hint=fault.hint, position=fault.position))
            continue
        if each is not None:
            found[each] = (*found.get(each, ()), project.name)
    if faults:
        raise errors.DiagnosedError(faults)
    return found


def _refuse_missing(due: Mapping[Installation, tuple[str, ...]]) -> None:
    missing: dict[str, list[str]] = {}
    for each, names in due.items():
        for tool in each.tools:
            if shutil.which(tool) is None:
                missing.setdefault(tool, []).extend(names)
    if missing:
        raise errors.DiagnosedError(
            [
                error(
                    f"{tool} is not on the PATH; it is needed by {', '.join(sorted(names))}",
                    hint=toolchains.TOOLS[tool],
                )
                for tool, names in sorted(missing.items())
            ]
        )


async def _run(each: Installation, names: tuple[str, ...], stamps: Path) -> Installed:
    begun = time.monotonic()
    digest = _digest(each)
    for command in each.commands:
        said, status = await _command(command, each)
        if status:
            text = "\n".join(said.strip().splitlines()[-TOLD_LINES:])
            fault = error(f"{', '.join(names)}: `{' '.join(command)}` ended with exit code {status}", hint=text)
            return Installed(names, _shown(each), "failed", time.monotonic() - begun, fault)
    if each.made is not None and not each.made.exists():
        message = f"{', '.join(names)}: `{_shown(each)}` ended well and made no {each.made}"
        fault = error(message, hint=_LINKER if "yarn" in each.tools else "")
        return Installed(names, _shown(each), "failed", time.monotonic() - begun, fault)
    stamps.mkdir(parents=True, exist_ok=True)
    _stamp(each, stamps).write_text(digest, encoding="utf-8")
    return Installed(names, _shown(each), "installed", time.monotonic() - begun)


async def _command(command: tuple[str, ...], each: Installation) -> tuple[str, int]:
    """Run it to its end; cancelled, it and all it started are ended."""
    environ = {key: value for key, value in os.environ.items() if key not in each.without} | dict(each.environ)
    status, said = await commands.run(command, each.directory, environ, grace=_GRACE)
    return said.decode(errors="replace"), status


def _is_current(each: Installation, stamps: Path) -> bool:
    if each.made is not None and not each.made.exists():
        return False
    stamp = _stamp(each, stamps)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == _digest(each)


def _stamp(each: Installation, stamps: Path) -> Path:
    return stamps / hashlib.sha256(f"{each.directory}\0{each.commands}".encode()).hexdigest()[:24]


def _digest(each: Installation) -> str:
    hashed = hashlib.sha256(repr(each.commands).encode())
    for path in each.inputs:
        hashed.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return hashed.hexdigest()


def _shown(each: Installation) -> str:
    return " && ".join(" ".join(command) for command in each.commands[-1:])
