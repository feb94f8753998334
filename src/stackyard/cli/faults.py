"""Shows an error that stopped a command."""

from __future__ import annotations

import sys

import click

from stackyard import errors
from stackyard.cli import screens
from stackyard.views import diagnostics


def show(fault: errors.StackyardError, *, as_json: bool) -> int:
    """Write it, located and with what to do; the exit code that belongs to it."""
    if as_json:
        found = fault.diagnostics if isinstance(fault, errors.DiagnosedError) else ()
        screens.write_json(
            "error",
            {
                "message": fault.message,
                "hint": fault.hint,
                "position": fault.position,
                "diagnostics": found,
                "exit_code": fault.exit_code,
            },
        )
    sys.stdout.flush()
    for line in diagnostics.render_error(fault, screens.painter(error=True)):
        click.echo(line, err=True)
    return fault.exit_code
