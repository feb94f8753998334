"""What keeps a list of resources a snapshot: names brought up to date, no dangling references, dependencies first.

Follows NormalizeURNReferences and Toposort of pulumi/pulumi pkg/resource/deploy/snapshot.go and
FilterRefreshDeletes of pkg/engine. Each function answers the very same resources where nothing is to be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from stackyard.model import urns
from stackyard.model.resources import Resource, edges
from stackyard.model.urns import URN


def renamed(resources: Sequence[Resource]) -> list[Resource]:
    """The same, with every use of an alias replaced by the name of who has it, and the aliases dropped."""
    names: dict[str, str] = {}
    for resource in resources:
        names.update(dict.fromkeys(resource.aliases, resource.urn))
        parent = URN(names.get(resource.parent, ""))
        if parent and parent.qualified_type != urns.STACK_TYPE:
            old = URN(resource.urn)
            names[old] = URN.make(old.stack, old.project, parent.qualified_type, old.type, old.name)
    if not names:
        return list(resources)
    return [rename(resource, names) for resource in resources]


def rename(resource: Resource, names: Mapping[str, str]) -> Resource:
    """The resource with every URN in it that `names` has a newer one for replaced, and its aliases used up."""

    def name(urn: str) -> str:
        return names.get(urn, urn)

    provider = resource.provider
    if provider:
        urn, id_ = urns.split_provider_reference(provider)
        provider = urns.provider_reference(name(urn), id_)
    return resource.replaced(
        urn=name(resource.urn),
        parent=name(resource.parent),
        provider=provider,
        dependencies=tuple(map(name, resource.dependencies)),
        property_dependencies={k: tuple(map(name, v)) for k, v in resource.property_dependencies.items()},
        deleted_with=name(resource.deleted_with),
        replace_with=tuple(map(name, resource.replace_with)),
        aliases=(),
    )


def without_dangling(resources: Sequence[Resource], parents: Mapping[str, str]) -> list[Resource]:
    """The same, without references to what is not there; children of what is gone move to its parent.

    `parents` tells the parent of every resource, also of those that are gone.
    """
    known = {resource.urn for resource in resources}
    found = []
    for resource in resources:
        parent = resource.parent
        while parent and parent not in known:
            parent = parents.get(parent, "")
        found.append(_without(resource, known, parent))
    return found


def _without(resource: Resource, known: set[str], parent: str) -> Resource:
    def kept(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in known)

    dependencies = {key: kept(names) for key, names in resource.property_dependencies.items()}
    same = (
        parent == resource.parent
        and kept(resource.dependencies) == resource.dependencies
        and dependencies == dict(resource.property_dependencies)
        and kept(resource.replace_with) == resource.replace_with
        and (not resource.deleted_with or resource.deleted_with in known)
    )
    if same:
        return resource
    return resource.replaced(
        parent=parent,
        dependencies=kept(resource.dependencies),
        property_dependencies=dependencies,
        replace_with=kept(resource.replace_with),
        deleted_with=resource.deleted_with if resource.deleted_with in known else "",
    )


def ordered(resources: Sequence[Resource]) -> list[Resource]:
    """The same, each after what it needs. A sound order is kept; a cycle is left as it is."""
    if _is_ordered(resources):
        return list(resources)
    needed = _Needs(resources)
    placed: dict[int, None] = {}
    for start in range(len(resources)):
        stack: list[tuple[int, Iterator[int]]] = [(start, needed.of(start))] if start not in placed else []
        visiting = {start}
        while stack:
            index, rest = stack[-1]
            following = next((each for each in rest if each not in placed and each not in visiting), None)
            if following is None:
                placed[index] = None
                visiting.discard(index)
                stack.pop()
            else:
                visiting.add(following)
                stack.append((following, needed.of(following)))
    return [resources[index] for index in placed]


def _is_ordered(resources: Sequence[Resource]) -> bool:
    later = {resource.urn for resource in resources}
    seen: set[str] = set()
    providers: set[str] = set()
    for resource in resources:
        if any(urn not in seen and urn in later for urn in edges(resource)):
            return False
        if resource.provider and resource.provider not in providers and not resource.pending_replacement:
            return False
        seen.add(resource.urn)
        if resource.is_provider:
            providers.add(urns.provider_reference(resource.urn, resource.id))
    return True


class _Needs:
    """Which places each place needs. A resource waiting for deletion means the others that wait, where there are."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._resources = resources
        self._olds: dict[str, int] = {}
        self._news: dict[str, int] = {}
        self._providers: dict[str, int] = {}
        for index, resource in enumerate(resources):
            (self._olds if resource.delete else self._news)[resource.urn] = index
            if resource.is_provider:
                self._providers[urns.provider_reference(resource.urn, resource.id)] = index

    def of(self, index: int) -> Iterator[int]:
        resource = self._resources[index]
        first, second = (self._olds, self._news) if resource.delete else (self._news, self._olds)
        provider = self._providers.get(resource.provider)
        if provider is not None:
            yield provider
        for urn in edges(resource):
            found = first.get(urn, second.get(urn))
            if found is not None and found != index:
                yield found
