"""Meltano's schedule intervals as five-field cron expressions (UTC).

Source: Meltano 4's accepted intervals: five fields, or one of the words below.
"""

from __future__ import annotations

import re
from typing import Final

WORDS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
NEVER: Final = ("", "@once", "@manual", "@none")
_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_PART: Final = re.compile(r"(?P<first>\*|\w{1,9})(-(?P<last>\w{1,9}))?(/(?P<step>[0-9]{1,3}))?")


class IntervalError(ValueError):
    """An interval that is no cron expression; the message says why."""


def cron(interval: str) -> str:
    """The five-field cron expression of a Meltano interval; empty for one that never fires by itself.

    Names of months and days become numbers, Sunday is 0. Raises IntervalError.
    """
    text = interval.strip().lower()
    if text in NEVER:
        return ""
    if text.startswith("@") and text not in WORDS:
        raise IntervalError(f"{interval!r} is not an interval; the words are {', '.join((*WORDS, *NEVER[1:]))}")
    fields = WORDS.get(text, text).split()
    if len(fields) != len(_FIELDS):
        raise IntervalError(f"{interval!r} has {len(fields)} fields; a cron expression has five")
    return " ".join(
        ",".join(_part(part, *field) for part in text.split(",")) for text, field in zip(fields, _FIELDS, strict=True)
    )


def _part(text: str, name: str, low: int, high: int) -> str:
    found = _PART.fullmatch(text)
    if found is None or (found["first"] == "*" and found["last"]):
        raise IntervalError(f"{text!r} is not a {name}")
    first = "*" if found["first"] == "*" else str(_number(found["first"], name, low, high))
    if found["last"]:
        last = _number(found["last"], name, low, high)
        if last < int(first):
            raise IntervalError(f"{text!r}: the range of {name} ends before it begins")
        first = f"{first}-{last}"
    step = found["step"]
    if step is None:
        return "0" if name == "day of week" and first == "7" else first
    if not 0 < int(step) <= high:
        raise IntervalError(f"{text!r}: a step of {name} is 1 to {high}")
    return f"{first}/{int(step)}"


def _number(text: str, name: str, low: int, high: int) -> int:
    words = {"month": _MONTHS, "day of week": _DAYS}.get(name, ())
    if text in words:
        return words.index(text) + low
    if not text.isdecimal() or not low <= int(text) <= high:
        raise IntervalError(f"{text!r} is not a {name} ({low} to {high})")
    return int(text)
