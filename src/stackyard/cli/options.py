"""Options that several verbs share."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from stackyard.engines.base import Options
from stackyard.model.plans import Operation
from stackyard.operations import deploying, workspace

F = TypeVar("F", bound=Callable[..., Any])
DIFF: Final = "stackyard.diff"
"""Where the context of a command remembers `--diff`, which is the screen's business alone."""


def _complete_stacks(context: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    from stackyard.operations import listing  # lazy: only while the shell completes

    directory = (context.find_root().params or {}).get("cwd")
    return [name for name in listing.names(directory) if name.startswith(incomplete)]


def selection(function: F) -> F:
    """`[SELECT]...` and `--exclude`."""
    function = click.option(
        "--exclude",
        "-x",
        multiple=True,
        metavar="SELECT",
        help="Leave these stacks out.",
        shell_complete=_complete_stacks,
    )(function)
    return click.argument("select", nargs=-1, shell_complete=_complete_stacks)(function)


def stack_argument(function: F) -> F:
    """`STACK`, one stack."""
    return click.argument("stack", required=False, shell_complete=_complete_stacks)(function)


def opening(function: F) -> F:
    """The options that say which estate is opened and how; passed on as one `workspace.Opening`."""

    @click.option(
        "--stack", "-s", "stacks", multiple=True, metavar="NAME", help="In a folder without a manifest: this stack."
    )
    @click.option("--backend", metavar="URL", help="Keep state here instead of the estate's own backend.")
    @click.option("--json", "as_json", is_flag=True, help="Write versioned JSON.")
    @functools.wraps(function)
    def wrapper(*args: Any, stacks: tuple[str, ...], backend: str | None, as_json: bool, **kwargs: Any) -> Any:
        cwd = (click.get_current_context().find_root().obj or {}).get("cwd")
        opened = workspace.Opening(cwd=cwd or ".", stacks=stacks, backend=backend or "")
        return function(*args, opening=opened, as_json=as_json, **kwargs)

    return wrapper  # type: ignore[return-value]


def acting(function: F) -> F:
    """`--as-role`, in the `opening` of a verb that runs stacks; stands above `options.opening`."""

    @click.option(
        "--as-role", metavar="ROLE", default="", help="On the embedded cloud: as this role, such as deploy-{project}."
    )
    @functools.wraps(function)
    def wrapper(*args: Any, as_role: str, opening: workspace.Opening, **kwargs: Any) -> Any:
        return function(*args, opening=dataclasses.replace(opening, as_role=as_role), **kwargs)

    return wrapper  # type: ignore[return-value]


def running(function: F) -> F:
    """The options of every verb that runs stacks, `[SELECT]...` among them; passed on as one `deploying.Request`.

    The verb completes the request with its operation; `request.options` are the engine's.
    """

    @selection
    @click.option(
        "--parallel", "-p", type=click.IntRange(1, 256), metavar="N", help="Stacks at once (default: by the machine)."
    )
    @click.option(
        "--continue-on-error", is_flag=True, help="In a stack, go on with what does not depend on a failed resource."
    )
    @click.option("--debug", is_flag=True, help="Show the programs' debug log.")
    @click.option("--diff", is_flag=True, help="Show all properties of new resources, however many stacks.")
    @functools.wraps(function)
    def wrapper(
        *args: Any,
        diff: bool,
        select: tuple[str, ...],
        exclude: tuple[str, ...],
        parallel: int | None,
        continue_on_error: bool,
        debug: bool,
        **kwargs: Any,
    ) -> Any:
        click.get_current_context().meta[DIFF] = diff
        options = Options(continue_on_error=continue_on_error, debug=debug)
        request = deploying.Request(Operation.UP, select, exclude, parallel or 0, options)
        return function(*args, request=request, **kwargs)

    return wrapper  # type: ignore[return-value]
