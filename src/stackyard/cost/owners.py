"""Who a resource is charged to: what its tags say, or those of what it belongs to, or what its stack is."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from stackyard.model.resources import Resource
from stackyard.model.values import Secret

SHARED: Final = "platform"
"""The organization of what serves all organizations; its cost is allocated to them."""
TAGS: Final = {
    "Layer": "layer",
    "Organization": "organization",
    "Project": "project",
    "HostedEnvironment": "environment",
    "CostOwner": "cost_owner",
}


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Owner:
    """Layer, organization, project, activated environment and cost owner; empty = none."""

    layer: str = ""
    organization: str = ""
    project: str = ""
    environment: str = ""
    cost_owner: str = ""

    @property
    def is_shared(self) -> bool:
        """Whether everybody uses it."""
        return self.organization == SHARED

    @property
    def used_by(self) -> tuple[str, str, str]:
        """Organization, project and environment that it is for. A site is for its whole organization: the tag
        `Project` of its resources names the program that makes it."""
        return self.organization, "" if self.layer == "sites" else self.project, self.environment

    @property
    def tags(self) -> dict[str, str]:
        """As tags of a resource."""
        return {tag: value for tag, name in TAGS.items() if (value := getattr(self, name))}


def tags_of(resource: Resource) -> dict[str, str]:
    """The tags of a resource, provider defaults included; empty when it has none or cannot have any."""
    found: dict[str, str] = {}
    for properties, name in (
        (resource.outputs, "tagsAll"),
        (resource.inputs, "tagsAll"),
        (resource.outputs, "tags"),
        (resource.inputs, "tags"),
    ):
        given: Any = properties.get(name)
        given = given.value if isinstance(given, Secret) else given
        if isinstance(given, dict):
            found.update({key: value for key, value in given.items() if isinstance(value, str)})
    return found


class Owners:
    """The owners of one stack's resources. `stack` is whom the stack belongs to when no tag says more."""

    def __init__(self, resources: Sequence[Resource], stack: Owner) -> None:
        self._by_urn = {resource.urn: resource for resource in resources}
        self._tags = {urn: tags_of(resource) for urn, resource in self._by_urn.items()}
        self._stack = self._usual(stack)

    def _usual(self, stack: Owner) -> Owner:
        """What most tagged resources of the stack say, where they say it."""
        found = {}
        for tag, name in TAGS.items():
            counts = Counter(tags[tag] for tags in self._tags.values() if tag in tags)
            if counts and (tag != "HostedEnvironment" or len(counts) == 1):
                found[name] = max(sorted(counts), key=lambda value: counts[value])
        return dataclasses.replace(stack, **found)

    def of(self, resource: Resource) -> Owner:
        """Its own tags, then those of the nearest tagged ancestor, then the stack's."""
        seen: set[str] = set()
        at: Resource | None = resource
        while at is not None and at.urn not in seen:
            tags = tags_of(at)
            if "Organization" in tags or "Layer" in tags:
                return self._merged(tags)
            seen.add(at.urn)
            at = self._by_urn.get(at.parent)
        return self._stack

    def _merged(self, tags: Mapping[str, str]) -> Owner:
        found = {name: tags[tag] for tag, name in TAGS.items() if tag in tags}
        same = found.get("organization", self._stack.organization) == self._stack.organization
        base = dataclasses.replace(self._stack, environment="") if same else Owner(layer=self._stack.layer)
        return dataclasses.replace(base, **found)
