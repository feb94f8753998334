"""What a container prints, line by line into CloudWatch Logs, as the `awslogs` driver does."""

from __future__ import annotations

import dataclasses
import importlib
import logging
import os
import select
import time
from collections.abc import Mapping
from typing import Any

_PAUSE = 0.2  # seconds that lines wait for others after some were delivered
_LONGEST = 256 * 1024 - 26  # bytes of one event, as CloudWatch Logs takes them
_BATCH = 500  # lines
_LINE = 500  # bytes that a line costs beside its own
# Bytes at once, and a second; whoever prints faster waits, as for a full pipe. An account that has printed MANY in a
# day prints slowly, all its containers together: lines are kept in memory, for as long as their group says.
_BURST, _RATE, _MANY, _SLOWLY = 32_000_000, 2_000_000, 256_000_000, 20_000
_DAY = 86_400  # seconds
_LONGEST_WAIT = 4.0  # seconds for a part of up to 64 KB
_log = logging.getLogger("stackyard.tasks")


@dataclasses.dataclass
class Printed:
    """What an account's containers have printed today, and how far they are ahead of what they may: a leaking bucket.

    Shared by threads; a count that two of them make at once may miss one part, which is of no account.
    """

    day: int = 0
    taken: int = 0
    level: float = 0.0
    looked: float = dataclasses.field(default_factory=time.monotonic)

    def delay(self, cost: int) -> float:
        """Seconds that whoever prints `cost` more bytes is to wait."""
        now, day = time.monotonic(), int(time.time()) // _DAY
        if day != self.day:
            self.day, self.taken = day, 0
        rate = _RATE if self.taken < _MANY else _SLOWLY
        self.level = max(0.0, self.level - (now - self.looked) * rate) + cost
        self.taken, self.looked = self.taken + cost, now
        return max(0.0, (self.level - _BURST) / rate)


_ACCOUNTS: dict[str, Printed] = {}


class Output:
    """The log stream of one container; without a destination everything is read and thrown away.

    `options` are those of the definition. Used by one thread, within the scope of the task's account and region.
    """

    def __init__(self, options: Mapping[str, str] | None, container: str, task: str, region: str) -> None:
        self._emulator: Any = importlib.import_module("ministack.services.cloudwatch_logs")
        self._responses: Any = importlib.import_module("ministack.core.responses")
        self._options = options or {}
        self._group = self._options.get("awslogs-group", "")
        prefix = self._options.get("awslogs-stream-prefix")
        self.stream = f"{prefix}/{container}/{task}" if prefix else task
        self._region = self._options.get("awslogs-region") or region
        self._printed = _ACCOUNTS.setdefault(self._responses.get_account_id(), Printed())

    def opened(self) -> str:
        """Make the stream, and the group if the definition says so; returns why that cannot be, or ""."""
        if not self._group:
            return ""
        with self._responses.request_scope(self._responses.get_account_id(), self._region):
            groups = self._emulator._log_groups
            if self._group not in groups:
                if self._options.get("awslogs-create-group", "").lower() != "true":
                    return f"ResourceNotFoundException: The specified log group does not exist: {self._group}"
                self._emulator._create_log_group({"logGroupName": self._group})
            self._emulator._create_log_stream({"logGroupName": self._group, "logStreamName": self.stream})
        return ""

    def pump(self, source: int) -> None:
        """Until the end of the descriptor `source`, which is closed then."""
        left, due = b"", 0.0  # the first line does not wait
        lines: list[str] = []
        waiting = select.poll()  # select() knows no descriptor beyond 1,024
        waiting.register(source, select.POLLIN)
        try:
            while True:
                ready = waiting.poll(1000 * max(0.0, due - time.monotonic()) if lines else None)
                part = os.read(source, 65536) if ready else b""
                if ready and not part:
                    break
                *whole, left = (left + part).split(b"\n")
                if len(left) > _LONGEST:
                    whole, left = [*whole, left], b""
                lines += [_text(line) for line in whole]
                if len(lines) >= _BATCH or time.monotonic() >= due:
                    self._deliver(lines)
                    lines, due = [], time.monotonic() + _PAUSE
                self._wait(len(part) + _LINE * len(whole))
            self._deliver([*lines, *([_text(left)] if left else [])])
        finally:
            os.close(source)

    def _wait(self, cost: int) -> None:
        """Let the container wait once its account is ahead of what may be printed."""
        delay = self._printed.delay(cost) if self._group else 0.0
        if delay:
            time.sleep(min(delay, _LONGEST_WAIT))

    def _deliver(self, lines: list[str]) -> None:
        if not lines or not self._group:
            return
        now = int(time.time() * 1000)
        with self._responses.request_scope(self._responses.get_account_id(), self._region):
            answer = self._emulator._put_log_events({
                "logGroupName": self._group, "logStreamName": self.stream,
                "logEvents": [{"timestamp": now, "message": line} for line in lines],
            })  # fmt: skip
        if answer[0] >= 400:  # somebody deleted the group meanwhile; the container goes on
            _log.warning("%d lines for %s are lost: %s", len(lines), self.stream, answer[2][:200])


def _text(line: bytes) -> str:
    return line[:_LONGEST].decode("utf-8", "replace").rstrip("\r")
