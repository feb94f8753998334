"""What split, merge and state move say about the cuts that they make."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import click

from stackyard import errors
from stackyard.cli import screens
from stackyard.model.urns import URN
from stackyard.operations.bridges import Bridge


def tell(found: Sequence[Bridge]) -> None:
    """The dependencies that are cut, and the code to write for them."""
    if found:
        screens.lines(["", f"{len(found)} dependencies are between two stacks then:", *_lines(found)])


def _lines(found: Sequence[Bridge]) -> Iterator[str]:
    for each in found:
        what = f".{each.key}" if each.key else ""
        where = f" ({each.position})" if each.position else ""
        needed = f"{URN(each.needs).type} {URN(each.needs).name}{f'.{each.output}' if each.output else ''}"
        reader = f"{each.stack.short} {URN(each.reader).type} {URN(each.reader).name}{what}"
        yield f"  {reader}{where} needs {needed} of {each.needs_stack.short}"
        if each.output and not each.code:
            yield f"    read already, as {each.export}"
        elif not each.output:
            yield "    no value crosses: it is only an order, or a setting of the engine, and is dropped"
        for line in each.code:
            owner = each.needs_stack if line.startswith("pulumi.export") else each.stack
            yield f"    to write in {owner.project}: {line}"


def consent(question: str, *, yes: bool, as_json: bool) -> bool:
    """Whether the user agrees. Raises UsageError where nobody can be asked."""
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        raise errors.UsageError("this needs your consent, and there is no terminal to ask", hint="pass --yes")
    agreed = click.confirm(question, default=False)
    if not agreed:
        screens.note("nothing was changed")
    return agreed
