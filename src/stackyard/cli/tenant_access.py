"""stackyard tenant secret set, stackyard tenant token, stackyard tenant webhook"""

from __future__ import annotations

import asyncio
import datetime
import re
import sys
from typing import Final

import click

from stackyard import errors
from stackyard.cli import options, screens
from stackyard.operations import access, webhooks
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
    screens.note(f"for {made.user} of {made.organization}, until {_clock(made.expires)}; it is not shown again")


@click.command("webhook")
@click.argument("organization", metavar="ORG")
@click.option("--overlap", default="1d", show_default=True, metavar="TIME",
              help="How long the secret before is good, too: 12h, 1d, or 0.")  # fmt: skip
@click.option("--revoke", is_flag=True, help="Make none; remove it: webhooks are refused.")
@options.opening
def webhook(organization: str, overlap: str, revoke: bool, opening: Opening, as_json: bool) -> None:
    """Make a new secret for the webhooks of an organization's git hosts and print it, once."""
    seconds = 0 if overlap == "0" else _seconds(overlap)
    if revoke:
        was = asyncio.run(webhooks.revoke(opening, organization, screens.note))
        if as_json:
            screens.write_json("tenant-webhook", {"organization": organization, "revoked": was})
        else:
            screens.note(f"{organization} {'has no webhook secret any more' if was else 'had no webhook secret'}")
        return
    made = asyncio.run(webhooks.renew(opening, organization, seconds, screens.note))
    if as_json:
        document = {"organization": made.organization, "until": made.until or None}
        screens.write_json("tenant-webhook", {**document, "secret": made.secret})
        return
    click.echo(made.secret)
    before = f"; the one before is good until {_clock(made.until)}" if made.until else ""
    screens.note(f"for /webhooks/{organization}/PROJECT of `stackyard serve`{before}; it is not shown again")


def _clock(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def _seconds(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,4})([hdw])", text)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST:
        raise errors.UsageError(f"{text!r} is no time", hint="such as 12h, 30d, 4w; at most a year")
    return seconds
