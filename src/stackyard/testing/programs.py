"""Programs without processes: a `Language` whose program is an async Python function that calls the monitor."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from stackyard import errors
from stackyard.errors import Position
from stackyard.languages.base import Exit, Monitor, Program
from stackyard.model import urns, values
from stackyard.model.registrations import Goal, Invocation, Invoked, OutputQuery, ReadRequest, Registered
from stackyard.model.values import UNKNOWN, Properties, Value


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """One output of a resource, to be used as an input of another."""

    urn: str
    value: Value


@dataclasses.dataclass(frozen=True, slots=True)
class Handle:
    """A registered resource, as a program sees it."""

    registered: Registered
    inputs: Properties
    dry_run: bool

    @property
    def urn(self) -> str:
        return self.registered.urn

    @property
    def id(self) -> Value:
        return self.registered.id

    @property
    def reference(self) -> str:
        """How resources name this one as their provider."""
        id_ = values.UNKNOWN_STRING if self.id is UNKNOWN else self.id
        return urns.provider_reference(self.urn, id_)

    def __getitem__(self, key: str) -> Output:
        """An output: when it is missing, unknown in a preview and the input of that name in an update."""
        if key == "id":
            return Output(self.urn, self.id)
        missing = UNKNOWN if self.dry_run else self.inputs.get(key)
        return Output(self.urn, self.registered.outputs.get(key, missing))


class Script:
    """What a program may do. The root stack is registered before the program starts."""

    def __init__(self, program: Program, monitor: Monitor) -> None:
        self.program = program
        self.monitor = monitor
        self.stack = ""
        self.outputs: Properties = {}
        self._line = 0

    @property
    def dry_run(self) -> bool:
        """Whether this is a preview; asking is recorded."""
        self.monitor.dry_run_was_read = True
        return self.program.dry_run

    async def begin(self) -> None:
        """Register the root stack."""
        name = f"{self.program.project}-{self.program.stack}"
        self.stack = (await self.monitor.register(Goal(urns.STACK_TYPE, name, False))).urn

    async def end(self) -> None:
        """Give the stack its outputs and wait for all steps."""
        await self.monitor.register_outputs(self.stack, self.outputs)
        await self.monitor.finish()

    def export(self, key: str, value: Value) -> None:
        """Add a stack output."""
        self.outputs[key] = _plain(value)

    async def resource(self, type_: str, name: str, inputs: Properties | None = None, **options: Any) -> Handle:
        """Register a custom resource; inputs may hold `Output`s, options are fields of `Goal`."""
        return await self._register(type_, name, True, inputs or {}, options)

    async def component(self, type_: str, name: str, inputs: Properties | None = None, **options: Any) -> Handle:
        """Register a component."""
        return await self._register(type_, name, False, inputs or {}, options)

    async def read(self, type_: str, name: str, id_: Value, inputs: Properties | None = None, **options: Any) -> Handle:
        """Read a resource that exists."""
        plain = _plain(inputs or {})
        request = ReadRequest(
            type_, name, id_, plain, source_position=self._position(), **{"parent": self.stack, **options}
        )
        return Handle(await self.monitor.read(request), plain, self.program.dry_run)

    async def reference(self, stack: str) -> Handle:
        """Open a StackReference as the Python SDK does."""
        inputs: Properties = {"name": stack, "outputs": None, "secretOutputNames": None}
        return await self.read(urns.REFERENCE_TYPE, stack, stack, inputs)

    async def stack_output(self, stack: str, key: str | None, required: bool = False) -> Value:
        """One output of another stack."""
        return await self.monitor.stack_output(OutputQuery(stack, key, required, self._position()))

    async def invoke(self, token: str, arguments: Properties | None = None, **options: Any) -> Invoked:
        """Call a function."""
        return await self.monitor.invoke(Invocation(token, _plain(arguments or {}), **options))

    async def _register(
        self, type_: str, name: str, custom: bool, inputs: Properties, options: dict[str, Any]
    ) -> Handle:
        plain: Properties = _plain(inputs)
        by_property = {key: _urns(value) for key, value in inputs.items()}
        needed = (*options.pop("dependencies", ()), *(urn for found in by_property.values() for urn in found))
        fields: dict[str, Any] = {
            "parent": self.stack,
            "supports_partial_values": True,
            "property_dependencies": by_property,
            "source_position": self._position(),
            **options,
        }
        goal = Goal(type_, name, custom, plain, dependencies=tuple(dict.fromkeys(needed)), **fields)
        return Handle(await self.monitor.register(goal), plain, self.program.dry_run)

    def _position(self) -> Position:
        self._line += 1
        return Position("main.py", self._line, 1)


Body: TypeAlias = Callable[[Script], Awaitable[None]]


class ScriptLanguage:
    """A `Language` that runs one body. It may be exchanged between runs; `runs` counts them."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.runs = 0
        self.last: Script | None = None

    async def run(self, program: Program, monitor: Monitor) -> Exit:
        """Run the body. What it raises is the program's fault; the message and position are the error's own."""
        self.runs += 1
        script = self.last = Script(program, monitor)
        try:
            await script.begin()
            await self.body(script)
            await script.end()
        except errors.StackyardError as fault:
            return Exit(False, fault.message, fault.position)
        except (ArithmeticError, LookupError, ValueError) as fault:
            return Exit(False, f"{type(fault).__name__}: {fault}", Position("main.py", 1))
        return Exit(True)

    async def close(self) -> None:
        """Nothing is kept."""


def _plain(value: Value) -> Value:
    return values.transform(value, lambda leaf: leaf.value if isinstance(leaf, Output) else leaf)


def _urns(value: Value) -> tuple[str, ...]:
    found = (part.urn for part in values.walk(value) if isinstance(part, Output))
    return tuple(dict.fromkeys(found))
