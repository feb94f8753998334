"""Meltano's log as it streams: readable lines without secrets, and the rows that were moved, by stream."""

from __future__ import annotations

import collections
import json
import re
import sys
from collections.abc import Iterable
from typing import Any, Final

_METRIC: Final = "METRIC: "
_LOADING: Final = re.compile(r"Loading (?P<rows>[0-9]+) rows into '(?P<table>[^']{1,300})'")
_HIDDEN: Final = "********"
_LINE: Final = 32_000  # CloudWatch takes 256 KiB an event; a line this long is no log


def write(text: str) -> None:
    """One line (or several) of the task's log."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(text: str) -> None:
    """A line of the runner's own."""
    write(f"runner | {text}")


class Log:
    """Takes Meltano's lines (JSON, or whatever a plugin prints) and gives the ones to show.

    `secrets` are values that are never shown. `counts` is stream → rows: what the extractors' metrics say, else what
    loaders say they load.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = sorted({value for value in secrets if len(value) > 3}, key=len, reverse=True)
        self._moved: collections.Counter[str] = collections.Counter()
        self._loaded: collections.Counter[str] = collections.Counter()

    @property
    def counts(self) -> dict[str, int]:
        """Rows by stream; by table for an extractor without metrics."""
        return dict(sorted((self._moved or self._loaded).items()))

    def line(self, raw: bytes) -> str:
        """What to show for one line."""
        text = raw.decode(errors="replace").rstrip("\r\n")[:_LINE]
        try:
            entry = json.loads(text) if text.startswith("{") else None
        except ValueError:
            entry = None
        if isinstance(entry, dict) and isinstance(entry.get("event"), str):
            self._count(entry)
            text = _readable(entry)
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text

    def _count(self, entry: dict[str, Any]) -> None:
        event: str = entry["event"]
        if event.startswith(_METRIC) and entry.get("producer"):
            try:
                point = json.loads(event.removeprefix(_METRIC))
                if point["metric"] == "record_count":
                    self._moved[str(point["tags"]["stream"])] += int(point["value"])
            except (ValueError, KeyError, TypeError):
                return  # a plugin may log anything; only what is a metric counts
        elif entry.get("consumer") and (found := _LOADING.search(event)):
            self._loaded[found["table"].replace('"', "")] += int(found["rows"])


def _readable(entry: dict[str, Any]) -> str:
    who = entry.get("name") or "meltano"
    level = "" if entry.get("level") in ("info", "debug", None) else f"{entry['level']}: "
    trace = entry.get("exception")
    return f"{who} | {level}{entry['event']}" + (f"\n{trace}" if isinstance(trace, str) else "")
