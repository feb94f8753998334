"""What the parts of one operation on one stack share."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import hashlib
import hmac
import uuid

from stackyard import errors
from stackyard.engines.base import StackContext
from stackyard.engines.embedded import positions
from stackyard.engines.embedded.pool import ProviderPool
from stackyard.engines.embedded.record import Held, Record
from stackyard.engines.embedded.references import StackReads
from stackyard.engines.embedded.reporting import Reporter
from stackyard.errors import Position
from stackyard.model.plans import Operation
from stackyard.model.registrations import Goal
from stackyard.model.resources import Resource


class Refused(errors.EngineError):
    """A decision could not be made; why has been reported."""


class Stopped(errors.EngineError):
    """No new step starts: something failed, or the user asked to stop."""


@dataclasses.dataclass
class Session:
    """One operation on one stack.

    olds        the recorded resources by URN, those waiting for deletion apart
    goals       what the program asked for so far, by URN
    results     what came of it
    operated    indexes into the base of what this run has decided about
    broken      URNs whose step failed or was skipped (`continue_on_error`)
    """

    context: StackContext
    operation: Operation
    dry_run: bool
    seed: str
    record: Record
    report: Reporter
    pool: ProviderPool
    reads: StackReads
    olds: dict[str, Held] = dataclasses.field(default_factory=dict)
    goals: dict[str, Goal] = dataclasses.field(default_factory=dict)
    registered: dict[str, Position | None] = dataclasses.field(default_factory=dict)
    results: dict[str, Held] = dataclasses.field(default_factory=dict)
    operated: set[int] = dataclasses.field(default_factory=set)
    broken: set[str] = dataclasses.field(default_factory=set)
    stopping: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    fatal: BaseException | None = None

    def __post_init__(self) -> None:
        self.report.on_error = self._on_error
        self.learn_record()

    def learn_record(self) -> None:
        """Take the base of the record as the old state."""
        held = self.record.current()
        self.olds = {each.resource.urn: each for each in held if not each.resource.delete}
        self.pool.remember(each.resource for each in held)
        for each in held:
            self.report.scrubber.learn(each.resource.inputs)
            self.report.scrubber.learn(each.resource.outputs)

    def _on_error(self) -> None:
        if not self.dry_run and not self.context.options.continue_on_error:
            self.stopping.set()

    @property
    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return self.context.cancelled.is_set()

    def check_going(self) -> None:
        """Raises Stopped when no new step may start."""
        if self.cancelled:
            raise Stopped("the update was cancelled")
        if self.stopping.is_set():
            raise Stopped("the update stopped, because an earlier step failed")

    def position(self, resource: Resource) -> Position | None:
        """Where a resource stands in the program, as far as the record knows."""
        return positions.parse(resource.source_position, self.context.stack.project.path)

    def random(self, *parts: str) -> bytes:
        """32 bytes that are the same in a plan and in its apply, and differ between plans."""
        return hmac.new(self.seed.encode(), "\n".join(parts).encode(), hashlib.sha256).digest()

    def identity(self, *parts: str) -> str:
        """A UUID made of `random`."""
        return str(uuid.UUID(bytes=self.random(*parts)[:16], version=4))


def now() -> str:
    """The time, as checkpoints write it."""
    return datetime.datetime.now(datetime.UTC).isoformat().replace("+00:00", "Z")
