"""A monitor that answers from memory: for tests of languages, and for measuring what a program itself costs."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping

from stackyard import errors
from stackyard.model import urns
from stackyard.model.registrations import Goal, Invocation, Invoked, LogEntry, OutputQuery, ReadRequest, Registered
from stackyard.model.resources import EMPTY
from stackyard.model.values import UNKNOWN, Properties, Value

FEATURES = frozenset({0, 1, 3, 5, 6})


class EchoMonitor:
    """Answers each registration with its own inputs, and records everything that was asked.

    preview   ids are unknown, as before a resource is made
    stacks    outputs of other stacks, by the name that programs use
    computed  outputs to add to every resource of a type
    """

    def __init__(
        self,
        stack: str = "dev",
        project: str = "project",
        *,
        preview: bool = False,
        stacks: Mapping[str, Properties] = EMPTY,
        computed: Mapping[str, Properties] = EMPTY,
        features: frozenset[int] = FEATURES,
    ) -> None:
        self.features = features
        self.dry_run_was_read = False
        self.stack, self.project, self.preview = stack, project, preview
        self.stacks, self.computed = stacks, computed
        self.goals: list[Goal] = []
        self.reads: list[ReadRequest] = []
        self.invocations: list[Invocation] = []
        self.queries: list[OutputQuery] = []
        self.entries: list[LogEntry] = []
        self.outputs: dict[str, Properties] = {}
        self.finished = 0
        self.before_register: Callable[[Goal], Awaitable[None]] | None = None
        self.on_invoke: Callable[[Invocation], Invoked] = lambda invocation: Invoked(invocation.arguments)
        self._ids = itertools.count(1)

    def goal(self, name: str) -> Goal:
        """The goal registered under a name. Raises KeyError."""
        found = [goal for goal in self.goals if goal.name == name]
        if not found:
            raise KeyError(name)
        return found[0]

    def lines(self, stream: str) -> list[str]:
        """What was written to `stdout` or `stderr`, line by line; to the log, with stream ``."""
        return [entry.message for entry in self.entries if entry.stream == stream]

    @property
    def stack_outputs(self) -> Properties:
        """The root stack's outputs."""
        found = [outputs for urn, outputs in self.outputs.items() if urns.URN(urn).type == urns.STACK_TYPE]
        return found[0] if found else {}

    async def register(self, goal: Goal) -> Registered:
        """Record it; echo its inputs."""
        self.goals.append(goal)
        if self.before_register is not None:
            await self.before_register(goal)
        id_: Value = None
        if goal.custom:
            id_ = UNKNOWN if self.preview else f"id-{next(self._ids)}"
        return Registered(self._urn(goal.type, goal.name, goal.parent), id_, goal.inputs | self._computed(goal.type))

    async def register_outputs(self, urn: str, outputs: Properties) -> None:
        """Record them."""
        self.outputs[urn] = outputs

    async def read(self, request: ReadRequest) -> Registered:
        """Record it; echo its inputs."""
        self.reads.append(request)
        urn = self._urn(request.type, request.name, request.parent)
        return Registered(urn, request.id, request.inputs | self._computed(request.type))

    async def invoke(self, invocation: Invocation) -> Invoked:
        """Record it; answer with `on_invoke`."""
        self.invocations.append(invocation)
        return self.on_invoke(invocation)

    async def stack_output(self, query: OutputQuery) -> Value:
        """One output of `stacks`; a required one that is not there is an error."""
        self.queries.append(query)
        outputs = self.stacks.get(query.stack, {})
        if query.key is None:
            return dict(outputs)
        if query.required and query.key not in outputs:
            raise errors.ProgramError(f"stack {query.stack} has no output {query.key!r}")
        return outputs.get(query.key)

    def log(self, entry: LogEntry) -> None:
        """Record it."""
        self.entries.append(entry)

    async def finish(self) -> None:
        """Count it."""
        await asyncio.sleep(0)
        self.finished += 1

    def _computed(self, type_: str) -> Properties:
        return dict(self.computed.get(type_, {}))

    def _urn(self, type_: str, name: str, parent: str) -> str:
        parent_type = urns.URN(parent).qualified_type if parent else ""
        return urns.URN.make(self.stack, self.project, parent_type, type_, name)
