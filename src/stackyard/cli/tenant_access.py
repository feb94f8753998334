"""stackyard tenant secret set, stackyard tenant token"""

from __future__ import annotations

import asyncio
import datetime
import re
import sys
from typing import Final

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.operations import access
from stackyard.operations.workspace import Opening

_SECONDS: Final = {"h": 3600, "d": 86400, "w": 604800}
_LONGEST: Final = 366 * 86400


@click.group("secret")
def secret() -> None:
    """Values that an organization's runs get as environment variables."""


@secret.command("set")
@click.argument("organization", metavar="ORG")
@click.argument("owner", metavar="PROJECT[/ENV]")
@click.argument("name")
@options.opening
def set_secret(organization: str, owner: str, name: str, opening: Opening, as_json: bool) -> None:
    """Keep a secret in the organization's account: of a project, or of one environment of it.

    The value is read from standard input (one trailing line break is dropped), never from the command line.
    """
    if sys.stdin.isatty():
        value = click.prompt(name, hide_input=True, err=True)
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    where = access.place(organization, owner, name)
    kept = asyncio.run(access.keep(opening, where, value, screens.note))
    if as_json:
        screens.write_json("tenant-secret", {"secret": kept})
    else:
        screens.note(f"{kept} is set; runs that start from now on have it")


@click.command("token")
@click.argument("organization", metavar="ORG")
@click.option("--user", required=True, metavar="MAIL", help="Whose token it is; the file says what they may do.")
@click.option("--expires", default="30d", show_default=True, metavar="TIME", help="How long it is good: 12h, 30d, 4w.")
@click.option("--revoke", is_flag=True, help="Make none; remove all tokens of the user.")
@options.opening
def token(organization: str, user: str, expires: str, revoke: bool, opening: Opening, as_json: bool) -> None:
    """Make a token for the control API and print it, once. ORG `platform` makes an operator's."""
    seconds = _seconds(expires)
    if revoke:
        count = asyncio.run(access.revoke(opening, organization, user, screens.note))
        if as_json:
            screens.write_json("tenant-token", {"organization": organization, "user": user, "revoked": count})
        else:
            screens.note(f"{count} token{'s' if count != 1 else ''} of {user} removed")
        return
    made = asyncio.run(access.issue(opening, organization, user, seconds, screens.note))
    if as_json:
        document = {"organization": made.organization, "user": made.user, "expires": made.expires}
        screens.write_json("tenant-token", {**document, "token": made.token})
        return
    click.echo(made.token)
    until = datetime.datetime.fromtimestamp(made.expires, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    screens.note(f"for {made.user} of {made.organization}, until {until}; it is not shown again")


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST:
        raise errors.UsageError(f"a token cannot be good for {text!r}", hint="such as 12h, 30d, 4w; at most a year")
    return seconds
