"""What the control endpoint answers: what was counted between two moments, by hour or as a whole.

`GET /_stackyard/usage?start=<ISO 8601>&end=<ISO 8601>[&by=hour]`, with the cloud's token.
"""

from __future__ import annotations

import datetime
import urllib.parse
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import counters, rounding

Sums = dict[tuple[str, str, str, str, int], list[int]]


def answer(folder: Path, query: str) -> dict[str, Any]:
    """The counts as JSON carries them; raises ValueError for a query that names no two moments.

    `since` is when counting began here, None when it has not; an amount is text, exact.
    """
    given = dict(urllib.parse.parse_qsl(query))
    first = _hour(given.get("start", ""))
    last = -(-int(_moment(given.get("end", "")).timestamp()) // counters.HOUR)
    if last <= first:
        raise ValueError("end is not after start")
    sums: Sums = {}
    for hour, key, amount in counters.read(folder, first, last):
        at = hour if given.get("by") == "hour" else 0
        found = sums.setdefault((*key, at), [0, hour, hour])
        found[0] += amount
        found[1:] = min(found[1], hour), max(found[2], hour)
    began = folder / "since"
    since = _text(int(began.read_text())) if began.exists() else None
    return {"since": since, "usage": [_row(key, found) for key, found in sorted(sums.items())]}


def _row(key: tuple[str, str, str, str, int], found: list[int]) -> dict[str, str]:
    account, kind, resource, caller, _hour = key
    amount, first, last = found
    exact = Decimal(amount) / rounding.SCALES.get(kind, 1)
    return {
        "account": account,
        "kind": kind,
        "resource": resource,
        "caller": caller,
        "amount": f"{exact:f}",
        "start": _text(first * counters.HOUR),
        "end": _text((last + 1) * counters.HOUR),
    }


def _hour(text: str) -> int:
    return int(_moment(text).timestamp()) // counters.HOUR


def _moment(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _text(seconds: int) -> str:
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
