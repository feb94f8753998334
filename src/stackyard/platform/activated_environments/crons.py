"""Cron expressions as EventBridge Scheduler takes them.

Meltano's schedules are Unix cron: five fields, days of the week from 0 (Sunday), and when both the day of the month and
the day of the week are given, either is enough. The Scheduler's have a sixth field, count days of the week from 1, and
must leave one of the two open (`?`): https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from typing import Final

_DAYS: Final = {name: index for index, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"))}
_FIELD: Final = re.compile(r"[0-9A-Za-z*,/-]+")


def expressions(interval: str) -> tuple[str, ...]:
    """The Scheduler's expressions that together fire when `interval` does. Raises ValueError for what is no cron."""
    fields = interval.split()
    if len(fields) != 5 or not all(_FIELD.fullmatch(field) for field in fields):
        raise ValueError(f"{interval!r} is no cron expression of five fields")
    minute, hour, day, month, weekday = fields
    clock = f"{minute} {hour}"
    if weekday == "*":
        return (f"cron({clock} {day} {month} ? *)",)
    by_weekday = f"cron({clock} ? {month} {_weekdays(weekday)} *)"
    if day == "*":
        return (by_weekday,)
    return (f"cron({clock} {day} {month} ? *)", by_weekday)


def _weekdays(field: str) -> str:
    """`1-5` is Monday to Friday in cron and `2-6` here: every day is listed, so that nothing wraps around."""
    days: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low, high = (0, 6) if first == "*" else (_day(first), _day(last) if last else (6 if step else _day(first)))
        if low > high:
            raise ValueError(f"{part!r} runs backwards")
        days.update(day % 7 for day in range(low, high + 1, int(step or 1)))
    return ",".join(str(day + 1) for day in sorted(days))


def _day(text: str) -> int:
    if text in _DAYS:
        return _DAYS[text]
    if not text.isdigit() or int(text) > 7:
        raise ValueError(f"{text!r} is no day of the week")
    return int(text)
