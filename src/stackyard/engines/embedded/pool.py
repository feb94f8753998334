"""Provider instances of one operation, by reference (`urn::id`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stackyard import errors
from stackyard.engines.base import StackContext
from stackyard.engines.embedded import builtin
from stackyard.engines.embedded.catalog import Catalog
from stackyard.model import urns, values
from stackyard.model.registrations import Invoked
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN, Properties
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

_OURS: Final = {"version"}


class ProviderPool:
    """Configures providers on need. The catalog owns them; nothing is closed here."""

    def __init__(self, catalog: Catalog, context: StackContext, dry_run: bool, builtins: Provider) -> None:
        self._catalog = catalog
        self._context = context
        self._dry_run = dry_run
        self._builtins = builtins
        self._live: dict[str, Provider] = {}
        self._recorded: dict[str, Provider] = {}
        self._resources: dict[str, Resource] = {}

    def remember(self, resources: Iterable[Resource]) -> None:
        """Take note of recorded providers; they are configured when something of theirs must be touched."""
        for resource in resources:
            if resource.is_provider:
                self._resources[urns.provider_reference(resource.urn, resource.id)] = resource

    async def open(self, resource: Resource) -> Provider:
        """The provider that a provider resource describes. Raises ProviderError when it refuses its settings."""
        if resource.package == builtin.PACKAGE:
            return self._builtins
        config = settings_of(resource.inputs)
        if values.has_unknown(config):
            return Unconfigured()
        project = self._context.stack.project
        given = Settings(
            config,
            self._context.environ,
            directory=str(project.path),
            project=project.name,
            options=project.runtime_options,
        )
        return await self._catalog.get(resource.package, given)

    def put(self, resource: Resource, provider: Provider) -> None:
        """Register a provider of this run, under its old names too."""
        for urn in (resource.urn, *resource.aliases):
            self._live[urns.provider_reference(urn, resource.id)] = provider

    def live(self, reference: str) -> Provider | None:
        """The provider that this run registered under `reference`."""
        return self._live.get(reference)

    def recorded(self, reference: str) -> Resource | None:
        """The provider resource that the record has under `reference`."""
        return self._resources.get(reference)

    async def ensure(self, reference: str) -> Provider:
        """The provider of a recorded resource: this run's, else as it was recorded. Raises EngineError for none."""
        found = self._live.get(reference) or self._recorded.get(reference)
        if found is None:
            resource = self._resources.get(reference)
            if resource is None:
                raise errors.EngineError(f"the state names a provider that it does not have: {reference}")
            found = self._recorded[reference] = await self.open(resource)
        return found


def settings_of(inputs: Mapping[str, values.Value]) -> Properties:
    """A provider's own settings among the inputs of its resource, revealed."""
    plain = {key: value for key, value in inputs.items() if not key.startswith("__") and key not in _OURS}
    revealed: Properties = values.reveal(plain)
    return revealed


class Unconfigured:
    """Stands for a provider whose settings are not known yet, in a preview: all that it would compute is unknown."""

    simulated = False

    async def configure(self, settings: Settings) -> None:
        """There is nothing to configure."""

    async def close(self) -> None:
        """There is nothing to close."""

    async def check(self, request: CheckRequest) -> Checked:
        """Inputs pass as they are."""
        return Checked(request.inputs)

    async def diff(self, request: DiffRequest) -> Difference:
        """Changed inputs are updates: what forces a replacement is not known here."""
        return Difference(diffing.compare(request.old.inputs, request.inputs, ignore=request.ignore_changes))

    async def create(self, request: CreateRequest) -> Made:
        """Nothing is known but the inputs."""
        self._preview_only(request.preview)
        return Made(UNKNOWN, {})

    async def read(self, request: ReadRequest) -> Made | None:
        """Nothing can be looked up."""
        return Made(request.id, {})

    async def update(self, request: UpdateRequest) -> Made:
        """Nothing is known but the inputs."""
        self._preview_only(request.preview)
        return Made(request.old.id, {})

    async def delete(self, request: DeleteRequest) -> None:
        """Never reached: previews delete nothing."""
        self._preview_only(False)

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """The whole answer is unknown."""
        return Invoked(unknown=True)

    async def find(self, request: CreateRequest) -> Found:
        """Cannot be told."""
        return Found(Presence.UNSURE, reason="the settings of its provider are not known")

    def _preview_only(self, preview: bool) -> None:
        if not preview:
            raise errors.ProviderError("the settings of this provider hold values that are still unknown")
