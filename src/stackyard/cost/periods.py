"""The month that is reported, as far as it has gone."""

from __future__ import annotations

import dataclasses
import datetime
import re
from decimal import Decimal
from typing import Final

from stackyard import errors

UTC: Final = datetime.UTC
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """A calendar month, `[start, whole_end)`, of which `[start, end)` has passed. UTC, as providers bill."""

    start: datetime.datetime
    end: datetime.datetime
    whole_end: datetime.datetime

    @property
    def name(self) -> str:
        """`2026-11`."""
        return f"{self.start:%Y-%m}"

    @property
    def is_over(self) -> bool:
        """Whether the month has ended."""
        return self.end == self.whole_end

    @property
    def seconds(self) -> Decimal:
        """How long the whole month is."""
        return _seconds(self.whole_end - self.start)

    def clipped(
        self, start: datetime.datetime, end: datetime.datetime
    ) -> tuple[datetime.datetime, datetime.datetime] | None:
        """The part of `[start, end)` that lies in the period; None when none does."""
        first, last = max(start, self.start), min(end, self.end)
        return (first, last) if first < last else None

    def units(self, time: str, start: datetime.datetime, end: datetime.datetime) -> Decimal:
        """`[start, end)` in `Hours`, `Seconds`, or parts of this whole month (`Months`)."""
        length = _seconds(end - start)
        return {"Hours": length / 3600, "Months": length / self.seconds, "Seconds": length}[time]


def _seconds(length: datetime.timedelta) -> Decimal:
    return Decimal(length // datetime.timedelta(microseconds=1)) / 1_000_000


def month(text: str, now: datetime.datetime) -> Period:
    """The month `YYYY-MM`, up to `now`; empty text is the month of `now`. Raises UsageError for others."""
    match = _MONTH.fullmatch(text or f"{now:%Y-%m}")
    if match is None or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[1]) < datetime.MAXYEAR:
        raise errors.UsageError(f"{text!r} is not a month", hint="write it as 2026-11")
    year, number = int(match[1]), int(match[2])
    start = datetime.datetime(year, number, 1, tzinfo=UTC)
    whole_end = datetime.datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    if start > now:
        raise errors.UsageError(f"{text} has not begun")
    return Period(start, min(whole_end, now), whole_end)


def moment(text: str) -> datetime.datetime | None:
    """The time that an ISO 8601 text says, UTC where it names no zone; None when it says none.

    More than six digits of a second, as the Pulumi CLI writes them, are cut.
    """
    cut = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        found = datetime.datetime.fromisoformat(cut)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
