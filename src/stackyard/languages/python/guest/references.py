"""Stack references, one output at a time.

The SDK fetches all outputs of a stack at once, so that in a preview one unknown output makes every output unknown,
and nobody learns which are used. Here each key is asked of the engine as the program asks for it. The StackReference
itself is still read, so that URNs and dependencies are Pulumi's own.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import rpc, settings

from . import faults, frames
from .monitor import Connection, Failure, Monitor

_Data = tuple[Any, bool, bool]
"""A value, whether it is known, whether it is secret."""


class MissingOutput(KeyError):
    """A required output is not there. A KeyError, as the SDK raises, that reads as a sentence."""

    def __init__(self, message: str, position: tuple[str, int]) -> None:
        super().__init__(message)
        self.stackyard_position = position

    def __str__(self) -> str:
        return str(self.args[0])


class _Asking:
    """Asks the engine for outputs on behalf of one program."""

    def __init__(self, connection: Connection, monitor: Monitor) -> None:
        self._connection = connection
        self._monitor = monitor

    async def ask(self, reference: Any, key: Any, required: bool, position: tuple[str, int]) -> _Data:
        """One output (`key` None: all of them), once the reference itself has been read."""
        urn = await reference.urn.future()
        wanted = None if key is None else pulumi.Output.from_input(key)
        if wanted is not None and not await wanted.is_known():
            return None, False, False
        name = None if wanted is None else await wanted.future()
        query = {
            "stack": self._monitor.references.get(urn) or await reference.id.future(),
            "key": name,
            "required": required,
            "path": position[0],
            "line": position[1],
        }
        try:
            answer = await asyncio.get_running_loop().run_in_executor(
                None, self._connection.call, frames.STACK_OUTPUT, json.dumps(query).encode()
            )
        except Failure as failure:
            raise MissingOutput(failure.details(), position) from None
        value, known, secret = _decode(answer)
        return value, known, secret or (wanted is not None and await wanted.is_secret())

    def output(self, reference: Any, key: Any, required: bool, position: tuple[str, int]) -> Any:
        """The same as an Output that depends on the reference."""
        loop = asyncio.get_event_loop()
        parts = [loop.create_future() for _ in range(3)]

        async def fill() -> None:
            try:
                found = await self.ask(reference, key, required, position)
            except Exception as error:
                for part in parts:
                    part.set_exception(error)
                raise
            for part, item in zip(parts, found):  # noqa: B905 - three and three
                part.set_result(item)

        # The SDK's own list of calls keeps the task alive and is waited for at the end of the program.
        asyncio.ensure_future(settings._get_rpc_manager().do_rpc("stack output", fill)())  # noqa: RUF006
        value, known, secret = parts
        return pulumi.Output({reference}, value, known, secret)


def _decode(answer: bytes) -> _Data:
    properties = rpc.deserialize_properties(struct_pb2.Struct.FromString(answer), keep_unknowns=True)
    value = properties.get("value")
    secret = rpc.is_rpc_secret(value)
    value = rpc.unwrap_rpc_secret(value)
    return value, not rpc.contains_unknowns(value), secret


def install(connection: Connection, monitor: Monitor) -> None:
    """Put our methods in the place of the SDK's on `pulumi.StackReference`, in this process."""
    asking = _Asking(connection, monitor)

    def get_output(self: Any, name: Any) -> Any:
        return asking.output(self, name, False, faults.caller(sys._getframe(1)))

    def require_output(self: Any, name: Any) -> Any:
        return asking.output(self, name, True, faults.caller(sys._getframe(1)))

    def get_output_details(self: Any, name: str) -> Awaitable[Any]:
        return _details(asking.ask(self, name, False, faults.caller(sys._getframe(1))))

    def outputs(self: Any) -> Any:
        return asking.output(self, None, False, faults.caller(sys._getframe(1)))

    replaced: dict[str, Callable[..., Any]] = {
        "get_output": get_output,
        "require_output": require_output,
        "get_output_details": get_output_details,
    }
    for name, method in replaced.items():
        method.__doc__ = getattr(pulumi.StackReference, name).__doc__
        setattr(pulumi.StackReference, name, method)
    pulumi.StackReference.outputs = property(outputs)


async def _details(found: Awaitable[_Data]) -> Any:
    value, known, secret = await found
    if not known:
        return pulumi.StackReferenceOutputDetails()
    return pulumi.StackReferenceOutputDetails(**{"secret_value" if secret else "value": value})
