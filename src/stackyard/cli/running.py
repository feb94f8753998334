"""What preview, up, destroy and refresh share: open, show, ask, carry out, sum up."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from typing import Final

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.model.diagnostics import Severity
from stackyard.model.estates import Stack
from stackyard.model.plans import Operation, Plan
from stackyard.operations import deploying, interrupts
from stackyard.operations.workspace import Opening, Workspace

CHANGES_PENDING: Final = 2


def carry_out(
    opening: Opening, request: deploying.Request, *, apply: bool, yes: bool, as_json: bool
) -> deploying.Deployment:
    """Preview the request and, with `apply`, carry it out once the user (or `yes`) has said so."""
    try:
        return asyncio.run(_carry_out(opening, request, apply=apply, yes=yes, as_json=as_json))
    except asyncio.CancelledError:
        hint = "what was done is recorded; the same command goes on from there"
        raise errors.Cancelled("the running steps were cancelled", hint=hint) from None


async def _carry_out(
    opening: Opening, request: deploying.Request, *, apply: bool, yes: bool, as_json: bool
) -> deploying.Deployment:
    context = click.get_current_context(silent=True)
    whole = bool(context and context.meta.get(options.DIFF))
    screen = screens.Screen(as_json=as_json, verbose=request.options.debug, whole=whole)
    try:
        async with Workspace(opening, progress=screen.note) as workspace:
            with interrupts.handled(screen.note) as cancelled:
                stacks = {stack.name.short: stack for stack in workspace.estate.stacks}
                screens.diagnose([each for each in workspace.diagnostics if each.severity is Severity.WARNING])
                if workspace.unused_backend:
                    screen.note(
                        f"state stays in {workspace.folder}, not in {workspace.unused_backend}: "
                        "stacks on the embedded cloud use another backend only when --backend names it"
                    )

                def decide(plans: Mapping[str, Plan]) -> bool:
                    _show(plans, stacks, workspace, screen)
                    return _decide(request.operation, plans, screen, yes=yes)

                deployment = await deploying.deploy(
                    workspace, request, screen.event, cancelled, decide if apply else None
                )
                if not apply or (deployment.failed and deployment.updates is None):
                    _show(deployment.plans, stacks, workspace, screen)
                if deployment.updates and not deployment.failed and not deployment.changes:
                    screen.note(f"nothing changed: {_UNCHANGED[request.operation]}")
                return deployment
    finally:
        screen.close()


def _show(plans: Mapping[str, Plan], stacks: Mapping[str, Stack], workspace: Workspace, screen: screens.Screen) -> None:
    screen.plans(plans, stacks)
    if any(plan.changes for plan in plans.values()):
        from stackyard.operations import pricing  # lazy: price books are read only for plans that change something

        screen.costs(*pricing.changes(plans, workspace.estate.root))


def _decide(operation: Operation, plans: Mapping[str, Plan], screen: screens.Screen, *, yes: bool) -> bool:
    if yes or not any(plan.changes or plan.outputs_changed for plan in plans.values()):
        return True
    if screen.as_json or not sys.stdin.isatty():
        raise errors.UsageError(f"{operation} needs your consent, and there is no terminal to ask", hint="pass --yes")
    agreed = click.confirm(f"Do you want to {_QUESTIONS[operation]}?", default=False)
    if not agreed:
        screen.note("nothing was changed")
    return agreed


_UNCHANGED: Final = {
    Operation.UP: "everything is as the programs say",
    Operation.DESTROY: "there is nothing to destroy",
    Operation.REFRESH: "the state is as things are",
}
_QUESTIONS: Final = {
    Operation.UP: "bring these stacks up",
    Operation.DESTROY: "destroy these resources",
    Operation.REFRESH: "write this to the state",
}
