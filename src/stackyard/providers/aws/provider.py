"""The AWS provider: the contract of `providers.base` over the blocking code of this package, in threads."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import threading
from collections.abc import Callable
from typing import TypeVar

from stackyard.errors import ProviderError, Unsupported
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.values import Properties
from stackyard.providers import base
from stackyard.providers.aws import catalog, connections, emulated, faults, lifecycle, schemas, settings

T = TypeVar("T")


class AwsProvider:
    """Manages AWS resources on whatever endpoint its settings name: AWS itself, or an emulator."""

    simulated = False

    def __init__(self) -> None:
        self._scope: lifecycle.Scope | None = None
        self._accounts = settings.Accounts()
        self.simulated_types: frozenset[str] = frozenset()

    async def configure(self, settings_: base.Settings) -> None:
        """Read the settings; no call is made."""
        read = settings.read(settings_)
        self._scope = lifecycle.Scope(connections.connect(read), read.region, settings.tags(settings_.config))
        self._accounts = settings.accounts(settings_.config)
        if settings_.environ.get("STACKYARD_CLOUD") == "embedded":
            self.simulated_types = emulated.RECORDED_ONLY

    @property
    def _configured(self) -> lifecycle.Scope:
        if self._scope is None:
            raise ProviderError("aws: the provider was not configured")
        return self._scope

    async def _run(self, work: Callable[[], T]) -> T:
        def guarded() -> T:
            if self._accounts != settings.Accounts():
                self._accounts.refuse(self._configured.connection.identity()["Account"])
            try:
                return work()
            except StopIteration as error:
                # A future cannot carry it: whoever awaits would wait for ever.
                raise RuntimeError("a search of the provider found nothing") from error

        stop, context = threading.Event(), contextvars.copy_context()
        context.run(connections.STOP.set, stop)
        try:
            return await asyncio.get_running_loop().run_in_executor(connections.EXECUTOR, context.run, guarded)
        except asyncio.CancelledError:
            stop.set()
            raise

    async def check(self, request: base.CheckRequest) -> base.Checked:
        return lifecycle.check(self._configured, catalog.kind(request.type), request)

    async def diff(self, request: base.DiffRequest) -> base.Difference:
        return lifecycle.diff(catalog.kind(request.type), request)

    async def create(self, request: base.CreateRequest) -> base.Made:
        kind, scope = catalog.kind(request.type), self._configured
        if request.preview:
            return await self._run(functools.partial(lifecycle.preview_create, scope, kind, request.inputs))
        return await self._run(functools.partial(lifecycle.create, scope, kind, request))

    async def read(self, request: base.ReadRequest) -> base.Made | None:
        kind = catalog.kind(request.type)
        return await self._run(functools.partial(lifecycle.read, self._configured, kind, request))

    async def update(self, request: base.UpdateRequest) -> base.Made:
        kind = catalog.kind(request.type)
        if request.preview:
            return lifecycle.preview_update(kind, request)
        return await self._run(functools.partial(lifecycle.update, self._configured, kind, request))

    async def delete(self, request: base.DeleteRequest) -> None:
        kind = catalog.kind(request.resource.type)
        await self._run(functools.partial(lifecycle.delete, self._configured, kind, request))

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        function, schema = catalog.function(token)
        given = {k: v for k, v in arguments.items() if v is not None}
        unknown = [CheckFailure(k, "is not an argument of this function") for k in given if k not in schema.inputs]
        if unknown:
            return Invoked(failures=tuple(unknown))
        checked, failures = schemas.check_arguments(schema, given)
        if failures:
            return Invoked(failures=tuple(failures))
        return Invoked(await self._run(functools.partial(self._call, token, function, schema, checked)))

    def _call(
        self, token: str, function: catalog.Function, schema: schemas.FunctionSchema, arguments: Properties
    ) -> Properties:
        scope = self._configured
        region = arguments.get("region") or scope.region
        aws = connections.Aws(scope.connection, region, default_tags=scope.tags.defaults)
        with faults.invoking(token):
            found = function(aws, arguments)
        outputs = {**{k: v for k, v in arguments.items() if k in schema.outputs}, **found}
        if "region" in schema.outputs:
            outputs.setdefault("region", region)
        return outputs

    def properties(self, type_: str) -> frozenset[str] | None:
        """The names of a type's outputs; None for a type that nobody wrote."""
        try:
            schema = catalog.kind(type_).schema
        except Unsupported:
            return None
        return frozenset((*schema.inputs, *schema.outputs))

    async def find(self, request: base.CreateRequest) -> base.Found:
        kind = catalog.kind(request.type)
        return await self._run(functools.partial(lifecycle.find, self._configured, kind, request))

    async def close(self) -> None:
        """Forget the settings; the clients stay for others with equal settings."""
        self._scope = None
