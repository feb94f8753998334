"""stackyard completion SHELL"""

from __future__ import annotations

import click
from click import shell_completion


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the completion script: `eval "$(stackyard completion bash)"`."""
    found = shell_completion.get_completion_class(shell)
    assert found is not None
    script = found(context.find_root().command, {}, "stackyard", "_STACKYARD_COMPLETE")
    click.echo(script.source())
