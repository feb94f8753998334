"""stackyard tenant wave"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.model.estates import Stack
from stackyard.model.plans import Plan
from stackyard.operations import interrupts, rolling
from stackyard.operations.rolling import Check, Manner, Rolled, Voice
from stackyard.operations.workspace import Opening


@click.command("wave")
@click.option("--groups", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="A YAML list of groups, each a list of organizations or globs.")  # fmt: skip
@click.option("--size", type=click.IntRange(1, 1000), default=5, show_default=True, metavar="N",
              help="Without FILE: groups of N behind a first one of a single organization.")  # fmt: skip
@click.option("--health", multiple=True, type=click.Choice([*Check, "none"]),
              help="What must hold besides that stacks succeeded.  [default: all]")  # fmt: skip
@click.option("--bake", type=click.FloatRange(0), default=0, metavar="SECONDS", help="For how long it must hold.")
@click.option("--restart", is_flag=True, help="Begin at the first group, whatever was good before.")
@click.option("--parallel", "-p", type=click.IntRange(1, 256), metavar="N", help="Stacks at once.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@options.opening
def wave(
    groups: Path | None, size: int, health: tuple[str, ...], bake: float, restart: bool, parallel: int | None,
    yes: bool, opening: Opening, as_json: bool,
) -> int:  # fmt: skip
    """Roll the platform as it is now through the organizations, group by group.

    Behind each group stands a gate: its stacks succeeded, no alarm is in ALARM, its site answers. The wave stops at
    the first bad group; the same command goes on there. A changed program begins at the first group again.
    """
    checks = tuple(Check(each) for each in health if each != "none") if health else tuple(Check)
    manner = Manner(groups, size, checks, bake, restart, parallel or 0)
    try:
        done = asyncio.run(_roll(opening, manner, yes=yes, as_json=as_json))
    except asyncio.CancelledError:
        hint = "what was done is recorded; the same command goes on from there"
        raise errors.Cancelled("the running steps were cancelled", hint=hint) from None
    _sum_up(done, as_json)
    return done.exit_code


async def _roll(opening: Opening, manner: Manner, *, yes: bool, as_json: bool) -> Rolled:
    screen = screens.Screen(as_json=as_json)

    def decide(plans: Mapping[str, Plan], stacks: Mapping[str, Stack]) -> bool:
        screen.plans(plans, stacks)
        return _agreed(plans, screen, yes)

    try:
        with interrupts.handled(screen.note) as cancelled:
            return await rolling.roll(opening, manner, Voice(screen.event, screen.note, decide, cancelled))
    finally:
        screen.close()


def _agreed(plans: Mapping[str, Plan], screen: screens.Screen, yes: bool) -> bool:
    if yes or not any(plan.changes or plan.outputs_changed for plan in plans.values()):
        return True
    if screen.as_json or not sys.stdin.isatty():
        raise errors.UsageError("a wave needs your consent, and there is no terminal to ask", hint="pass --yes")
    return click.confirm("Bring this group up?", default=False)


def _sum_up(done: Rolled, as_json: bool) -> None:
    progress = done.progress
    if as_json:
        document = {"groups": progress.groups, "good": progress.good, "faults": done.faults, "complete": done.complete}
        screens.write_json("wave", {**document, "change": progress.change, "stopped_at": progress.group})
        return
    for name, fault in done.faults.items():
        screens.note(f"{name}: {fault}")
    if done.complete:
        screens.note(f"all {len(progress.groups)} groups are good")
        return
    rest = sum(len(group) for group in progress.groups[progress.group :])
    screens.note(
        f"stopped at group {progress.group + 1} of {len(progress.groups)}: "
        f"{', '.join(progress.groups[progress.group])}; {rest} organizations are not good yet"
    )
    screens.note("the same command goes on here")
