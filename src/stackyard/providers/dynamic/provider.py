"""The provider of the packages `pulumi-nodejs` and `pulumi-python`.

Follows pulumi/pulumi sdk/go/common/resource/plugin/provider_plugin.go for a provider without support for previews.
"""

from __future__ import annotations

import asyncio
from typing import Final

from stackyard import errors
from stackyard.model.plans import Change, PropertyChange
from stackyard.model.registrations import Invoked
from stackyard.model.values import UNKNOWN, Properties
from stackyard.providers import base, diffing
from stackyard.providers.dynamic import hosts
from stackyard.wire import providing

CODE: Final = "__provider"
"""The property that holds a resource's provider, as its SDK has written it down."""


class DynamicProvider:
    """Runs the code of dynamic resources; its host is started when the first one must be asked."""

    simulated = False
    per_directory = True

    def __init__(self, package: str) -> None:
        self._package = package
        self._settings = base.Settings()
        self._host: hosts.Host | None = None
        self._client: providing.Client | None = None
        self._starting = asyncio.Lock()

    async def configure(self, settings: base.Settings) -> None:
        """Its settings are all of the stack's, by their full keys."""
        self._settings = settings

    async def close(self) -> None:
        """End the host."""
        if self._client is not None:
            await self._client.close()
        if self._host is not None:
            await self._host.close()

    async def check(self, request: base.CheckRequest) -> base.Checked:
        """As the code says; without a say of its own, inputs are taken as they are."""
        client = await self._ready()
        inputs, failures = await client.check(request.urn, request.old or {}, request.inputs)
        return base.Checked(inputs, failures)

    async def diff(self, request: base.DiffRequest) -> base.Difference:
        """As the code says; where it says nothing, what differs in the inputs counts, its own text included."""
        client = await self._ready()
        old = request.old
        told = await client.diff(request.urn, old.id, old.outputs, request.inputs, request.ignore_changes)
        seen = diffing.compare(old.inputs, request.inputs, ignore=request.ignore_changes, forces=told.replaces)
        if told.changes is False:
            return base.Difference()
        unseen = [key for key in told.replaces if not any(each.path == key for each in seen)]
        changes = (*seen, *(PropertyChange(key, Change.UPDATE, forces=True) for key in unseen))
        if not changes and (told.changes or old.inputs.get(CODE) != request.inputs.get(CODE)):
            changes = (PropertyChange(CODE, Change.UPDATE),)
        return base.Difference(changes, told.replaces, told.delete_before_replace)

    async def create(self, request: base.CreateRequest) -> base.Made:
        """Run it; in a preview nothing is run and the inputs are all that is known."""
        if request.preview:
            return base.Made(UNKNOWN, dict(request.inputs))
        return _made(await (await self._ready()).create(request.urn, request.inputs))

    async def read(self, request: base.ReadRequest) -> base.Made | None:
        """Run it; code that cannot read answers what is recorded."""
        if CODE not in request.outputs:
            raise errors.Unsupported(f"{request.type}: a dynamic resource cannot be adopted by its id")
        state = await (await self._ready()).read(request.urn, request.id, request.inputs, request.outputs)
        return _made(state) if state.id else None

    async def update(self, request: base.UpdateRequest) -> base.Made:
        """Run it; in a preview nothing is run and the inputs are all that is known."""
        if request.preview:
            return base.Made(request.old.id, dict(request.inputs))
        old = request.old
        return _made(await (await self._ready()).update(request.urn, old.id, old.outputs, request.inputs))

    async def delete(self, request: base.DeleteRequest) -> None:
        """Run it."""
        old = request.resource
        await (await self._ready()).delete(old.urn, old.id, old.outputs)

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """There are none."""
        raise errors.Unsupported(f"the function {token} is not known: dynamic providers have no functions")

    async def find(self, request: base.CreateRequest) -> base.Found:
        """The code leaves no mark by which what it made could be recognised."""
        return base.Found(base.Presence.UNSURE, reason="the program's own code may or may not have made it")

    async def _ready(self) -> providing.Client:
        """The host's client. One that failed to start is started anew the next time."""
        async with self._starting:
            if self._client is None:
                self._client = await self._start()
            return self._client

    async def _start(self) -> providing.Client:
        try:
            arguments, environ = hosts.command(self._package, self._settings)
        except errors.ConfigError as fault:
            raise errors.ProviderError(fault.message, hint=fault.hint, position=fault.position) from fault
        host = await hosts.Host.start(arguments, self._settings.directory, environ)
        try:
            client = providing.Client(await host.address())
            await client.configure(self._settings.config)
        except BaseException:
            await host.close()
            raise
        self._host = host
        return client


def _made(state: providing.State) -> base.Made:
    return base.Made(state.id, state.outputs, state.inputs, state.reasons)
