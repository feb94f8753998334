"""A decision of the planner: one step that is still to be made."""

from __future__ import annotations

import dataclasses

from stackyard.engines.embedded.record import Held
from stackyard.errors import Position
from stackyard.model.plans import Op, PropertyChange, Step
from stackyard.model.registrations import ReadRequest
from stackyard.model.resources import Resource
from stackyard.model.urns import URN
from stackyard.providers import base
from stackyard.providers.base import Provider


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """One step to make.

    old       the recorded resource it acts on
    new       the resource as it is wanted, with neither id nor outputs yet
    provider  who makes it; None for components and for providers themselves
    pending   DELETE_REPLACED: the resource is deleted before its replacement is made, so its record stays
    aliases   CREATE: the other URNs under which the resource was looked for
    spared    DELETE: nothing is called, because the resource goes with another or is to be retained
    """

    op: Op
    old: Held | None = None
    new: Resource | None = None
    provider: Provider | None = None
    changes: tuple[PropertyChange, ...] = ()
    reasons: tuple[str, ...] = ()
    pending: bool = False
    spared: bool = False
    read: ReadRequest | None = None
    position: Position | None = None
    aliases: tuple[str, ...] = ()

    @property
    def wanted(self) -> Resource:
        """The new resource, of a step that has one."""
        assert self.new is not None
        return self.new

    @property
    def recorded(self) -> Resource:
        """The old resource, of a step that has one."""
        assert self.old is not None
        return self.old.resource

    @property
    def maker(self) -> Provider:
        """The provider, of a step that has one."""
        assert self.provider is not None
        return self.provider

    @property
    def resource(self) -> Resource:
        """The wanted resource, else the recorded one."""
        found = self.new or (self.old and self.old.resource)
        assert found
        return found

    @property
    def urn(self) -> str:
        """Whose step it is."""
        return self.resource.urn

    def step(self, result: Resource | None) -> Step:
        """The step as plans and updates show it."""
        resource = self.resource
        return Step(
            self.op,
            resource.urn,
            resource.type,
            self.old.resource if self.old else None,
            result,
            self.changes,
            self.reasons,
            self.provider is not None and base.is_simulated(self.provider, resource.type),
            is_default_provider(resource),
            self.aliases,
        )


def label(resource: Resource) -> str:
    """How messages name a resource: `aws:s3/bucket:Bucket 'logs'`."""
    return f"{resource.type} {URN(resource.urn).name!r}"


def is_default_provider(resource: Resource) -> bool:
    """Whether the engine made this provider by itself."""
    name = URN(resource.urn).name
    return resource.is_provider and (name == "default" or name.startswith("default_"))
