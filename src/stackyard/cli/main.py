"""The group of verbs. Each is imported when it is used, so that `--help` stays quick."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, Final

import click

from stackyard import errors

VERBS: Final = {
    "cancel": ("cancel", "Break a stack's lock that its holder left behind."),
    "check": ("check", "Tell everything that is wrong with the estate; run nothing."),
    "cloud": ("cloud", "Start, stop and look at the embedded cloud."),
    "completion": ("completion", "Print the shell completion script."),
    "config": ("config", "Read and edit a stack's configuration."),
    "cost": ("cost", "Show what the estate costs, by layer, organization, project or environment."),
    "destroy": ("destroy", "Delete every resource of the selected stacks."),
    "environment": ("environment", "Reconcile, run and watch the environments of tenants."),
    "graph": ("graph", "Show the graph of stacks."),
    "install": ("install", "Install the packages of projects as their lock files say."),
    "ls": ("ls", "List the stacks of the estate."),
    "merge": ("merge", "Merge stacks into one, without making a resource anew."),
    "new": ("new", "Make an estate, a project, a component or a service."),
    "output": ("output", "Print a stack's outputs."),
    "preview": ("preview", "Show what `up` would do; change nothing."),
    "refresh": ("refresh", "Read every resource again and correct the state."),
    "serve": ("serve", "Reconcile environments all the time, by webhook and by the clock."),
    "split": ("split", "Split a stack into several, without making a resource anew."),
    "state": ("state", "Look at a stack's record; move resources to another stack."),
    "tenant": ("tenant", "Organizations: list, write, check, accept, suspend, remove, roll a change through them."),
    "up": ("up", "Bring the selected stacks to what their programs say."),
    "why": ("why", "Show why stacks depend on each other."),
}


class Verbs(click.Group):
    """A group whose commands are modules of this package, imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"stackyard.cli.{VERBS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in sorted(VERBS.items())])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest verb named when there is none."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib  # lazy: only for a mistyped verb

            near = difflib.get_close_matches(args[0], VERBS, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib import metadata  # lazy: only for --version

        click.echo(f"stackyard {metadata.version('stackyard')}")
        ctx.exit()


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-C", "--cwd", metavar="DIR", help="Work as if started in DIR.", type=click.Path(file_okay=False))
@click.option("--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version.")
@click.pass_context
def cli(context: click.Context, cwd: str | None) -> None:
    """Run a platform made of many small stacks as if it were one program."""
    if cwd and not Path(cwd).is_dir():
        raise click.UsageError(f"There is no folder {cwd!r}.")
    context.obj = {"cwd": cwd}


def run(arguments: list[str] | None = None) -> int:
    """Run one command line in this process; the exit code."""
    try:
        result: Any = cli.main(arguments, prog_name="stackyard", standalone_mode=False)
    except click.exceptions.Exit as done:
        return int(done.exit_code)
    except click.Abort:
        click.echo("stackyard: stopped", err=True)
        return errors.Cancelled.exit_code
    except click.ClickException as fault:
        fault.show()
        return 1
    except errors.StackyardError as fault:
        from stackyard.cli import faults  # lazy: views are not needed when nothing is wrong

        return faults.show(fault, as_json="--json" in (arguments if arguments is not None else sys.argv))
    return result if isinstance(result, int) else 0


def main() -> None:
    """Run the process's own command line and end with its exit code."""
    sys.exit(run())
