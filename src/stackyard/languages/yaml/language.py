"""Runs Pulumi YAML programs, here and without any process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages.base import Exit, Monitor, Program
from stackyard.languages.yaml import configuration, loading, programs
from stackyard.languages.yaml.evaluation import Evaluation
from stackyard.languages.yaml.loading import Node
from stackyard.languages.yaml.programs import Template
from stackyard.model.diagnostics import Diagnostic
from stackyard.wire import versions


class YamlLanguage:
    """A `languages.base.Language` for the runtime `yaml`."""

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Run a program to its end; see `languages.base.Language`."""
        file = programs.source(program.directory, program.main)
        if program.options.get("compiler"):
            return _compiled(program)
        try:
            template = await asyncio.to_thread(read, file, program.project, configuration.names(program))
            if template.required:
                versions.require(template.required)
        except errors.StackyardError as fault:
            return Exit(False, fault.message, fault.position)
        if template.faults:
            return _failed(template.faults)
        evaluation = Evaluation(template, program, monitor, file.parent)
        await evaluation.run()
        return _failed(evaluation.faults) if evaluation.faults else Exit(True)

    async def close(self) -> None:
        """Nothing is kept."""


def read(file: Path, project: str, given: Collection[str] = ()) -> Template:
    """The program in a file, see `programs.read`. Raises `errors.ProgramError` when it is no YAML."""
    return programs.read(loading.load(file), project, given)


def _compiled(program: Program) -> Exit:
    """The refusal of a program that another tool has to make first, at its place."""
    files = (program.directory / name for name in ("Pulumi.yaml", "Pulumi.yml"))
    file = next((each for each in files if each.is_file()), program.directory / "Pulumi.yaml")
    position = Position(str(file))
    node: Node | None = loading.load(file)
    for name in ("runtime", "options", "compiler"):
        node = node.get(name) if node else None
        position = node.position if node else position
    said = program.options["compiler"]
    hint = f"write what `{said}` makes to Main.yaml, and take the option out"
    return Exit(False, f"the runtime option `compiler` is not supported: {hint}", position)


def _failed(faults: list[Diagnostic]) -> Exit:
    first, *others = faults
    return Exit(False, first.message, first.position, others=tuple(others))
