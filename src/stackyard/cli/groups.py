"""A group of verbs whose help tells what each does in whole sentences."""

from __future__ import annotations

import click


class Told(click.Group):
    """As click's group, but the first sentence of each verb is wrapped and not cut off."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        told = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                told.append((name, command.get_short_help_str(limit=1000)))
        with formatter.section("Commands"):
            formatter.write_dl(told)
