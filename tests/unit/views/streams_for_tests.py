"""Terminals and logs for the tests of views, and the events of a small run."""

from __future__ import annotations

import io

from stackyard.model import events, urns
from stackyard.model.plans import Op, Operation
from stackyard.model.updates import Outcome

BUCKET = urns.URN.make("dev", "shop", "", "aws:s3/bucket:Bucket", "logs")
QUEUE = urns.URN.make("dev", "shop", "", "aws:sqs/queue:Queue", "jobs")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("no descriptor")


class Screen:
    """Interprets what a Region writes: enough of a terminal to know what a person would see."""

    def __init__(self) -> None:
        self.rows: list[str] = [""]
        self.row = 0

    def feed(self, text: str) -> None:
        index = 0
        while index < len(text):
            if text.startswith("\x1b[", index):
                end = index + 2
                while not text[end].isalpha():
                    end += 1
                self._control(text[index + 2 : end], text[end])
                index = end + 1
                continue
            self._character(text[index])
            index += 1

    def _control(self, parameters: str, kind: str) -> None:
        if kind == "A":
            self.row -= int(parameters)
            assert self.row >= 0, "the cursor left the screen"
        elif kind == "K":
            self.rows[self.row] = self.rows[self.row][: self.column]
        elif kind == "J":
            del self.rows[self.row + 1 :]
            self.rows[self.row] = self.rows[self.row][: self.column]

    column = 0

    def _character(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            self.column = 0
            if self.row == len(self.rows):
                self.rows.append("")
        else:
            row = self.rows[self.row]
            self.rows[self.row] = row[: self.column] + character + row[self.column + 1 :]
            self.column += 1


def started(*stacks: str, preview: bool = False, **rest: dict[str, str]) -> events.RunStarted:
    return events.RunStarted(1000.0, "r1", Operation.UP, preview, stacks, **rest)


def a_small_run() -> list[events.Event]:
    """Two stacks: one succeeds, one fails."""
    return [
        started("shop/dev", "billing/dev", layers={"shop/dev": "fabric", "billing/dev": "site"}),
        events.StackStarted(1000.1, "shop/dev", "embedded", "embedded"),
        events.StepStarted(1000.2, "shop/dev", BUCKET, Op.CREATE),
        events.StackStarted(1000.2, "billing/dev", "embedded", "aws"),
        events.StepStarted(1000.3, "billing/dev", QUEUE, Op.UPDATE),
        events.Printed(1000.4, "shop/dev", "stdout", "hello \x1b[2J\x1b]0;owned\x07world\r"),
        events.StepFinished(1000.9, "shop/dev", BUCKET, Op.CREATE, 0.7, simulated=True),
        events.StepFinished(1001.0, "billing/dev", QUEUE, Op.UPDATE, 0.7, error="AccessDenied: no\nsecond line"),
        events.StackFinished(1001.0, "shop/dev", Outcome.SUCCEEDED, 0.9, {"create": 1, "same": 2}),
        events.StackFinished(1001.1, "billing/dev", Outcome.FAILED, 0.9, {}, reason="a step failed"),
        events.RunFinished(1001.2, "r1", Outcome.FAILED, 1.2, {"create": 1, "same": 2}),
    ]
