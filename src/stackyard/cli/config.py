"""stackyard config get|set|rm|explain|encrypt|export"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.config.explaining import Explanation, Repetition, Said
from stackyard.operations import configuring
from stackyard.operations.workspace import Opening, Workspace

T = TypeVar("T")
_ON = click.option("--on", "on", metavar="STACK", default="", help="The stack, where there are several.")
_PATH = click.option(
    "--path", "is_path", is_flag=True, help="KEY is a path inside a structured value, such as net.cidrs[0]."
)
_MASK = "[secret]"


def _within(opening: Opening, do: Callable[[Workspace], T]) -> T:
    async def run() -> T:
        async with Workspace(opening) as workspace:
            return await asyncio.to_thread(do, workspace)

    return asyncio.run(run())


@click.group("config")
def command() -> None:
    """A stack's configuration: `Pulumi.<stack>.yaml` over the fleet's values over environments over defaults."""


@command.command("explain")
@options.stack_argument
@click.argument("key", required=False)
@click.option("--show-secrets", is_flag=True, help="Print secret values.")
@click.option("--duplicates", is_flag=True, help="Of all stacks: values that the estate's files say more than once.")
@options.opening
def explain(
    stack: str | None, key: str | None, show_secrets: bool, duplicates: bool, opening: Opening, as_json: bool
) -> None:
    """Show every value that the stack's program sees, the file and line that gave it, and what that overrode.

    With KEY only that one. A value that says the same as what it overrides can go: it is marked.
    """
    if duplicates:
        _show_repetitions(_within(opening, configuring.repetitions), show_secrets, as_json)
        return
    found = _within(opening, lambda workspace: configuring.explain(workspace, stack or _only(opening), key or ""))
    if as_json:
        config = [_plain(each, show_secrets) for each in found.values]
        beside = {
            "variables": [_plain(each, show_secrets) for each in found.variables],
            "files": [_plain(each, show_secrets) for each in found.files],
        }
        screens.write_json("config", {"config": config, **(beside if not key else {})})
        return
    _table("KEY", found.values, show_secrets)
    if found.variables:
        click.echo()
        _table("VARIABLE", found.variables, show_secrets)
    if found.files:
        click.echo()
        screens.table(("FILE IN VARIABLE", "FROM"), [(each.key, str(each.origin)) for each in found.files])
    for each in (each for each in found.values if each.is_repeated):
        screens.note(f"{each.origin} says what {each.over[0].origin} says: without it nothing changes")
    screens.diagnose(found.notes)


def _table(header: str, found: Sequence[Explanation], show_secrets: bool) -> None:
    """Values, and below each what it overrode."""
    rows = []
    for each in found:
        rows.append((each.key, _masked(each, show_secrets), _origin(each)))
        rows += [("", _masked(said, show_secrets), f"over {said.origin}") for said in each.over]
    screens.table((header, "VALUE", "FROM"), rows)


def _origin(found: Explanation) -> str:
    places = ", ".join(str(place) for place in found.parts)
    return f"{found.origin} (from {places})" if places else str(found.origin)


def _masked(found: Explanation | Said | Repetition, show_secrets: bool) -> str:
    return found.value if show_secrets or not found.secret else _MASK


def _plain(found: Explanation, show_secrets: bool) -> dict[str, object]:
    over = [
        {"value": _masked(each, show_secrets), "origin": each.origin, "same": each.same, "secret": each.secret}
        for each in found.over
    ]
    return {
        "key": found.key,
        "value": _masked(found, show_secrets),
        "secret": found.secret,
        "origin": found.origin,
        "parts": list(found.parts),
        "over": over,
    }


def _show_repetitions(found: Sequence[Repetition], show_secrets: bool, as_json: bool) -> None:
    if as_json:
        shown = [
            {
                "key": each.key,
                "value": _masked(each, show_secrets),
                "places": list(each.places),
                "stacks": list(each.stacks),
            }
            for each in found
        ]
        screens.write_json("config-duplicates", {"duplicates": shown})
        return
    rows = [(each.key, _masked(each, show_secrets), ", ".join(map(str, each.places))) for each in found]
    if rows:
        screens.table(("KEY", "VALUE", "SAID AT"), rows)
    again = sum(len(each.places) - 1 for each in found)
    click.echo(f"{again} values are said again" if again != 1 else "1 value is said again")


@command.command("encrypt")
@click.argument("environments", nargs=-1, metavar="[ENVIRONMENT]...")
@options.opening
def encrypt(environments: tuple[str, ...], opening: Opening, as_json: bool) -> None:
    """Encrypt every `fn::secret` that stands in clear in these environments (default: all), in place."""
    done = _within(opening, lambda workspace: configuring.encrypt(workspace, environments))
    if as_json:
        changed = [{"environment": each.name, "secrets": list(each.secrets)} for each in done]
        screens.write_json("config-encrypted", {"environments": changed})
        return
    for each in done:
        for position in each.secrets:
            click.echo(f"encrypted {position}")
    if not done:
        click.echo("no secret stands in clear")


@command.command("export")
@options.stack_argument
@options.opening
def export(stack: str | None, opening: Opening, as_json: bool) -> None:
    """Print a stack file that says all that the stack's program sees, environments resolved, secrets encrypted.

    For tools that evaluate no environments: `pulumi up --config-file FILE`.
    """
    text = _within(opening, lambda workspace: configuring.exported(workspace, stack or _only(opening)))
    if as_json:
        screens.write_json("config-export", {"text": text})
    else:
        click.echo(text, nl=False)


@command.command("get")
@click.argument("key")
@_ON
@_PATH
@click.option("--show-secrets", is_flag=True, help="Print the value though it is secret.")
@options.opening
def get(key: str, on: str, is_path: bool, show_secrets: bool, opening: Opening, as_json: bool) -> None:
    """Print one value, as the program would get it. A secret is masked unless --show-secrets is given."""
    value, secret = _within(opening, lambda w: configuring.get(w, on or _only(opening), key, is_path=is_path))
    shown = value if show_secrets or not secret else _MASK
    if as_json:
        screens.write_json("config-value", {"key": key, "value": shown, "secret": secret})
    else:
        click.echo(shown)


@command.command("set")
@click.argument("key")
@click.argument("value", required=False)
@_ON
@_PATH
@click.option("--secret", is_flag=True, help="Keep it encrypted; asked for without echo when VALUE is left out.")
@options.opening
def put(key: str, value: str | None, on: str, is_path: bool, secret: bool, opening: Opening, as_json: bool) -> None:
    """Set one value in the stack's file; comments and order stay.

    Without VALUE it is read from standard input, so that a secret is in no shell history.
    """
    text = _asked(secret) if value is None else value
    name = _within(
        opening, lambda w: configuring.put(w, on or _only(opening), key, text, secret=secret, is_path=is_path)
    )
    if as_json:
        screens.write_json("config-set", {"key": name, "secret": secret})


@command.command("rm")
@click.argument("key")
@_ON
@_PATH
@options.opening
def remove(key: str, on: str, is_path: bool, opening: Opening, as_json: bool) -> None:
    """Remove one value from the stack's file; comments and order stay."""
    if not _within(opening, lambda w: configuring.remove(w, on or _only(opening), key, is_path=is_path)):
        raise errors.UsageError(
            f"{key} is not set in the stack's file", hint="`stackyard config explain` shows what is"
        )
    if as_json:
        screens.write_json("config-removed", {"key": key})


def _only(opening: Opening) -> str:
    """The stack that `--stack` named, in a folder without a manifest."""
    return opening.stacks[0] if len(opening.stacks) == 1 else ""


def _asked(secret: bool) -> str:
    if sys.stdin.isatty():
        return str(click.prompt("value", hide_input=secret))
    return sys.stdin.read().removesuffix("\n")
