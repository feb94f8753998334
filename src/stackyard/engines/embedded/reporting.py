"""What an operation tells: events as they happen, diagnostics for its result, and never a secret."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

from stackyard import errors
from stackyard.engines.base import StackContext
from stackyard.engines.embedded.actions import Action
from stackyard.errors import Position
from stackyard.model import values
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.events import Diagnosed, Printed, StepFinished, StepStarted
from stackyard.model.plans import Step
from stackyard.model.registrations import LogEntry
from stackyard.model.values import Secret, Value

_SHORTEST = 4


class Scrubber:
    """Takes the plaintext of known secrets out of texts. Strings and numbers of fewer than 4 characters stay."""

    def __init__(self) -> None:
        self._unread: list[Value] = []
        self._plain: set[str] = set()
        self._ordered: list[str] = []

    def learn(self, value: Value) -> None:
        """Remember the secrets in `value`; they are looked for when a text is scrubbed."""
        self._unread.append(value)

    def scrub(self, text: str) -> str:
        """The text with every known secret replaced, also as JSON or base64 would write it."""
        self._read()
        for plain in self._ordered:
            if plain in text:
                text = text.replace(plain, "[secret]")
        return text

    def _read(self) -> None:
        unread, self._unread = self._unread, []
        before = len(self._plain)
        for value in unread:
            for part in values.walk(value):
                if isinstance(part, Secret):
                    for inner in values.walk(values.reveal(part)):
                        self._add(inner)
        if len(self._plain) != before:
            self._ordered = sorted(self._plain, key=len, reverse=True)

    def _add(self, leaf: Value) -> None:
        if isinstance(leaf, bool) or not isinstance(leaf, str | int | float):
            return
        text = str(leaf)
        if len(text) >= _SHORTEST:
            coded = base64.b64encode(text.encode()).decode()
            self._plain.update({text, json.dumps(text)[1:-1], coded})


class Reporter:
    """Collects the steps and diagnostics of one operation and sends its events."""

    def __init__(self, context: StackContext, preview: bool) -> None:
        self._context = context
        self._preview = preview
        self.stack = context.stack.name.short
        self.steps: list[Step] = []
        self.diagnostics: list[Diagnostic] = []
        self.scrubber = Scrubber()
        self.on_error: Callable[[], None] = lambda: None
        for key in context.secret_keys:
            self.scrubber.learn(Secret(context.config.get(key, "")))

    @property
    def failed(self) -> bool:
        """Whether an error was reported."""
        return any(each.severity is Severity.ERROR for each in self.diagnostics)

    def diagnose(
        self, severity: Severity, message: str, *, hint: str = "", position: Position | None = None, urn: str = ""
    ) -> None:
        """Add a diagnostic to the result; the first error stops new work."""
        scrub = self.scrubber.scrub
        self.diagnostics.append(Diagnostic(severity, scrub(message), scrub(hint), position, self.stack, urn))
        if severity is Severity.ERROR:
            self.on_error()

    def error(self, message: str, *, hint: str = "", position: Position | None = None, urn: str = "") -> None:
        """Add an error."""
        self.diagnose(Severity.ERROR, message, hint=hint, position=position, urn=urn)

    def warning(self, message: str, *, hint: str = "", position: Position | None = None, urn: str = "") -> None:
        """Add a warning."""
        self.diagnose(Severity.WARNING, message, hint=hint, position=position, urn=urn)

    def fault(self, fault: Exception, *, position: Position | None = None, urn: str = "") -> None:
        """Add an exception as an error: its own hint and position, else those given."""
        if isinstance(fault, errors.StackyardError):
            self.error(fault.message, hint=fault.hint, position=fault.position or position, urn=urn)
        else:
            self.error(f"{type(fault).__name__}: {fault}", position=position, urn=urn)

    def started(self, action: Action) -> None:
        """A step begins; previews decide steps, they do not start them."""
        if not self._preview:
            self._context.events(StepStarted(time.time(), self.stack, action.urn, action.op))

    def finished(self, step: Step, seconds: float = 0.0, error: str = "") -> None:
        """A step ended, or in a preview was decided. Failed steps are not in the result."""
        if not error:
            self.steps.append(step)
        self._context.events(
            StepFinished(
                time.time(),
                self.stack,
                step.urn,
                step.op,
                seconds,
                step.changes,
                step.reasons,
                step.simulated,
                self.scrubber.scrub(error),
            )
        )

    def log(self, entry: LogEntry) -> None:
        """A line of the program: what it prints is shown at once, warnings and errors go into the result."""
        if entry.stream:
            line = self.scrubber.scrub(entry.message)
            self._context.events(Printed(time.time(), self.stack, entry.stream, line))
        elif entry.severity in {Severity.ERROR, Severity.WARNING}:
            self.diagnose(entry.severity, entry.message, urn=entry.urn)
        elif entry.severity is Severity.INFO or self._context.options.debug:
            shown = Diagnostic(entry.severity, self.scrubber.scrub(entry.message), stack=self.stack, urn=entry.urn)
            self._context.events(Diagnosed(time.time(), self.stack, shown))
