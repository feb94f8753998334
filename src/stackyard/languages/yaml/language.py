"""Runs Pulumi YAML programs, here and without any process."""

from __future__ import annotations

import asyncio
from pathlib import Path

from stackyard import errors
from stackyard.languages.base import Exit, Monitor, Program
from stackyard.languages.yaml import loading, programs
from stackyard.languages.yaml.evaluation import Evaluation
from stackyard.languages.yaml.programs import Template
from stackyard.model.diagnostics import Diagnostic
from stackyard.wire import versions


class YamlLanguage:
    """A `languages.base.Language` for the runtime `yaml`."""

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Run a program to its end; see `languages.base.Language`."""
        file = programs.source(program.directory, program.main)
        try:
            template = await asyncio.to_thread(read, file, program.project)
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


def read(file: Path, project: str) -> Template:
    """The program in a file. Raises `errors.ProgramError` when it is no YAML."""
    return programs.read(loading.load(file), project)


def _failed(faults: list[Diagnostic]) -> Exit:
    first, *others = faults
    return Exit(False, first.message, first.position, others=tuple(others))
