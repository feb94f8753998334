"""A provider in memory, with the cloud it works on: to compare what is recorded with what exists."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

from stackyard import errors
from stackyard.model import values
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.resources import EMPTY
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers import diffing
from stackyard.providers.base import (
    Checked,
    CheckRequest,
    CreateRequest,
    DeleteRequest,
    Difference,
    DiffRequest,
    Found,
    Made,
    Presence,
    Provider,
    ReadRequest,
    Settings,
    UpdateRequest,
)


@dataclasses.dataclass
class Item:
    """One thing that exists in a `FakeCloud`."""

    id: str
    type: str
    inputs: Properties
    token: str
    unhealthy: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Rules:
    """How a type behaves.

    replaces       input paths whose change forces a replacement
    computed       outputs that only the cloud knows, by the function of the item that gives them
    first          deletes before it replaces
    autoname       gives it a unique `name` made of its logical name and the seed
    unique         at most one item of a `name`
    uncertain      `find` cannot tell
    required       inputs that must be given
    """

    replaces: tuple[str, ...] = ()
    computed: Mapping[str, Callable[[Item], Value]] = EMPTY
    first: bool = False
    autoname: bool = False
    unique: bool = False
    uncertain: bool = False
    required: tuple[str, ...] = ()


class Gate(asyncio.Event):
    """An event that a call waits for; `reached` is set when one does."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()

    async def wait(self) -> Literal[True]:
        """Wait for the gate to be opened (`set`)."""
        self.reached.set()
        return await super().wait()


class FakeCloud:
    """What exists, and every call that changed it, in order."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.calls: list[tuple[str, str]] = []
        self.timeouts: list[float] = []
        self.counts: collections.Counter[str] = collections.Counter()
        self._made = 0

    def add(self, type_: str, inputs: Properties, token: str = "", id_: str = "") -> Item:
        """Make an item, behind the provider's back when a test calls it."""
        self._made += 1
        item = Item(id_ or f"{type_.rsplit(':', 1)[-1].lower()}-{self._made}", type_, dict(inputs), token)
        self.items[item.id] = item
        return item


class MemoryProvider:
    """A provider whose types behave as their `Rules` say; unknown types have none.

    failures  (call, resource name) to the error to raise; `after` the effect when the error is not a ProviderError
    strict    refuses to delete an item while another holds its `arn`
    lost      (call, resource name) whose effect happens and whose reply never comes
    gates     (call, resource name) to a gate that the call waits at
    boundary  called at the edges of each effect: a test makes it raise to stand for a kill
    """

    simulated = False

    def __init__(self, cloud: FakeCloud | None = None, rules: Mapping[str, Rules] = EMPTY) -> None:
        self.cloud = cloud or FakeCloud()
        self.rules = dict(rules)
        self.failures: dict[tuple[str, str], Exception] = {}
        self.strict = False
        self.lost: set[tuple[str, str]] = set()
        self.unhealthy: dict[str, tuple[str, ...]] = {}
        self.gates: dict[tuple[str, str], Gate] = {}
        self.functions: dict[str, Callable[[Properties], Properties]] = {}
        self.settings: list[Settings] = []
        self.checked: list[CheckRequest] = []
        self.boundary: Callable[[str], None] = lambda label: None
        self.concurrent = self.most_concurrent = 0

    async def configure(self, settings: Settings) -> None:
        """Refuse a region called `nowhere`."""
        if settings.config.get("region") == "nowhere":
            raise errors.ProviderError("there is no region 'nowhere'")
        self.settings.append(settings)

    async def close(self) -> None:
        """Nothing to let go of."""

    async def check(self, request: CheckRequest) -> Checked:
        """Look for required inputs; give a name."""
        self.checked.append(request)
        rules, inputs = self._rules(request.type), dict(request.inputs)
        failures = [CheckFailure(key, "is required") for key in rules.required if inputs.get(key) is None]
        if rules.autoname and "name" not in inputs:
            old = (request.old or {}).get("name")
            inputs["name"] = old or f"{request.name}-{request.seed.hex()[:7]}"
        return Checked(inputs, tuple(failures))

    async def diff(self, request: DiffRequest) -> Difference:
        """Compare inputs by the rules of the type."""
        self.cloud.counts["diff"] += 1
        rules = self._rules(request.type)
        changes = diffing.compare(
            request.old.inputs, request.inputs, ignore=request.ignore_changes, forces=rules.replaces
        )
        return Difference(changes, tuple(change.path for change in changes if change.forces), rules.first)

    async def create(self, request: CreateRequest) -> Made:
        """Make an item."""
        if request.preview:
            computed = dict.fromkeys(self._rules(request.type).computed, UNKNOWN)
            return Made(UNKNOWN, {**request.inputs, **computed})
        name = request.urn.rsplit("::", 1)[-1]
        async with self._Effect(self, "create", name):
            self._check_unique(request.type, request.inputs)
            item = self.cloud.add(request.type, request.inputs, request.token)
            self.cloud.timeouts.append(request.timeout)
            item.unhealthy = self.unhealthy.get(name, ())
            self.cloud.calls.append(("create", item.id))
        return self._made(item)

    async def read(self, request: ReadRequest) -> Made | None:
        """Look an item up."""
        name = request.urn.rsplit("::", 1)[-1]
        async with self._Effect(self, "read", name):
            item = self.cloud.items.get(request.id)
        if item is None or item.type != request.type:
            return None
        return dataclasses.replace(self._made(item), inputs=dict(item.inputs))

    async def update(self, request: UpdateRequest) -> Made:
        """Change an item."""
        name = request.urn.rsplit("::", 1)[-1]
        if request.preview:
            return Made(request.old.id, {**request.old.outputs, **request.inputs})
        async with self._Effect(self, "update", name):
            item = self.cloud.items.get(request.old.id)
            if item is None:
                raise errors.ProviderError(f"{request.type} {request.old.id} does not exist")
            item.inputs = dict(request.inputs)
            item.unhealthy = self.unhealthy.get(name, ())
            self.cloud.calls.append(("update", item.id))
        return self._made(item)

    async def delete(self, request: DeleteRequest) -> None:
        """Remove an item; one that is gone is success."""
        name = request.resource.urn.rsplit("::", 1)[-1]
        async with self._Effect(self, "delete", name):
            self._check_unused(request.resource.id)
            if self.cloud.items.pop(request.resource.id, None) is not None:
                self.cloud.calls.append(("delete", request.resource.id))

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """Call one of `functions`."""
        if token not in self.functions:
            raise errors.Unsupported(f"there is no function {token}")
        return Invoked(self.functions[token](arguments))

    async def find(self, request: CreateRequest) -> Found:
        """Look for the item that was made with the token."""
        if self._rules(request.type).uncertain:
            return Found(Presence.UNSURE, reason="items of this type carry no token")
        same = (item for item in self.cloud.items.values() if item.token == request.token and request.token)
        item = next(same, None)
        return Found(Presence.FOUND, self._made(item)) if item else Found(Presence.ABSENT)

    def _rules(self, type_: str) -> Rules:
        return self.rules.get(type_, Rules())

    def _made(self, item: Item) -> Made:
        computed = {key: give(item) for key, give in self._rules(item.type).computed.items()}
        return Made(item.id, {**values.reveal(item.inputs), **computed}, None, item.unhealthy)

    def _check_unique(self, type_: str, inputs: Properties) -> None:
        names = {item.inputs.get("name") for item in self.cloud.items.values() if item.type == type_}
        if self._rules(type_).unique and inputs.get("name") in names:
            raise errors.ProviderError(f"{type_}: the name {inputs.get('name')!r} is taken")

    def _check_unused(self, id_: str) -> None:
        users = [item.id for item in self.cloud.items.values() if f"arn:{id_}" in item.inputs.values()]
        if self.strict and users:
            raise errors.ProviderError(f"{id_} is still used by {users[0]}")

    class _Effect:
        """The edges of one call: counted, gated, failed as told."""

        def __init__(self, provider: MemoryProvider, call: str, name: str) -> None:
            self._provider, self._key = provider, (call, name)

        async def __aenter__(self) -> None:
            provider, (call, name) = self._provider, self._key
            provider.cloud.counts[call] += 1
            provider.concurrent += 1
            provider.most_concurrent = max(provider.most_concurrent, provider.concurrent)
            await asyncio.sleep(0)
            if self._key in provider.gates:
                await provider.gates[self._key].wait()
            provider.boundary(f"before {call} {name}")
            failure = provider.failures.get(self._key)
            if isinstance(failure, errors.ProviderError):
                provider.concurrent -= 1
                raise failure

        async def __aexit__(self, kind: type[BaseException] | None, *rest: Any) -> None:
            provider, (call, name) = self._provider, self._key
            provider.concurrent -= 1
            if kind is not None:
                return
            provider.boundary(f"after {call} {name}")
            if self._key in provider.lost:
                raise errors.UncertainError(f"{call} {name}: no reply")
            failure = provider.failures.get(self._key)
            if failure is not None:
                raise failure


class MemoryCatalog:
    """A catalog of providers that a test made. Each package has one, whatever its settings."""

    def __init__(self, **providers: Provider) -> None:
        self.providers = providers

    async def get(self, package: str, settings: Settings) -> Provider:
        """The provider of `package`, configured once more."""
        if package not in self.providers:
            raise errors.Unsupported(f"there is no provider for {package}")
        provider = self.providers[package]
        await provider.configure(settings)
        return provider
