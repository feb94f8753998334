"""stackyard serve"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.operations import interrupts, serving
from stackyard.operations.environments import Voice
from stackyard.operations.reconciling import Manner
from stackyard.operations.workspace import Opening


@click.command("serve")
@click.option("--reconcile", is_flag=True, help="Carry out what is decided; without it, only watch and say.")
@click.option("--host", default=serving.HOST, show_default=True, help="The address to listen on.")
@click.option("--port", default=8787, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--every", default=60.0, show_default=True, type=click.FloatRange(0), metavar="SECONDS",
              help="Look at all repositories this often; 0: only when a webhook says so.")  # fmt: skip
@click.option("--secret-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help=f"What opens /status in full (mode 600); else the variable {serving.SECRET}.")  # fmt: skip
@click.option("--grace", type=click.FloatRange(0), default=60, show_default=True, metavar="SECONDS",
              help="How long runs of an environment that goes may still take.")  # fmt: skip
@options.opening
def command(
    reconcile: bool, host: str, port: int, every: float, secret_file: Path | None, grace: float, opening: Opening,
    as_json: bool,
) -> None:  # fmt: skip
    """Reconcile environments all the time: when a git host says that something was pushed, and by the clock.

    POST /webhooks/ORG/PROJECT takes the webhooks of GitHub and GitLab, signed with the organization's own secret
    (`stackyard tenant webhook`). GET /health and /status need none, and /status names organizations and environments
    only to who sends the operators' as `Authorization: Bearer`. SIGTERM finishes the step under way and ends.
    """
    what = serving.Serving(host, port, every, reconcile, serving.secret_of(secret_file), Manner(grace, unhost=False))
    try:
        asyncio.run(_serve(opening, what, as_json))
    except asyncio.CancelledError:
        hint = "what was done is recorded; the next reconcile goes on from there"
        raise errors.Cancelled("the running steps were cancelled", hint=hint) from None


async def _serve(opening: Opening, what: serving.Serving, as_json: bool) -> None:
    screen = screens.Screen(as_json=as_json)

    def listening(address: str) -> None:
        if as_json:
            screens.write_json("serving", {"address": address})
        else:
            screens.note(f"serving at {address}")

    try:
        with interrupts.handled(screen.note) as cancelled:
            await serving.serve(opening, what, Voice(screen.event, screen.note, cancelled), listening)
    finally:
        screen.close()
