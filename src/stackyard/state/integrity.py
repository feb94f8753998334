"""The rules that a snapshot keeps, checked when it is loaded and before it is saved.

The rules are those of pulumi/pulumi pkg/resource/stack/snapshot/integrity.go: the same files pass and fail.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator

from stackyard import errors
from stackyard.errors import Position
from stackyard.model import snapshots, urns, values
from stackyard.model.checkpoints import Checkpoint
from stackyard.model.resources import Resource
from stackyard.model.urns import URN

_HINT = "the previous copy lies beside it, ending in .bak; `pulumi state repair` can sort and prune a damaged one"


def verify(checkpoint: Checkpoint, origin: str = "") -> None:
    """Raise `errors.IntegrityError` with the first broken rule and how many there are; `origin` names the file."""
    found = list(faults(checkpoint))
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise errors.IntegrityError(
            f"the state of {checkpoint.stack or 'a stack'} is not sound: {found[0]}{more}",
            hint=_HINT,
            position=Position(origin) if origin else None,
        )


def faults(checkpoint: Checkpoint) -> Iterator[str]:
    """Every broken rule, as a sentence that names the resource."""
    seen: set[str] = set()
    providers: set[tuple[str, str]] = set()
    all_urns = {resource.urn for resource in checkpoint.resources}
    for index, resource in enumerate(checkpoint.resources):
        yield from _of_itself(index, resource)
        if resource.is_provider:
            if URN(resource.urn).is_valid:
                providers.add((resource.urn, resource.id or values.UNKNOWN_STRING))
            else:
                yield f"provider {resource.urn} cannot be referred to: its URN is malformed"
        yield from _of_provider(resource, providers)
        for relation, urn in _relations(resource):
            if urn not in seen:
                fault = "stands after it" if urn in all_urns else "is missing"
                yield f"{resource.urn}: its {relation} {urn} {fault}"
        seen.add(resource.urn)
    yield from _duplicates(checkpoint)


def _of_itself(index: int, resource: Resource) -> Iterator[str]:
    if not resource.urn:
        yield f"resource {index} has no urn"
    if not resource.type:
        yield f"{resource.urn or f'resource {index}'} has no type"
    if not resource.custom and resource.id:
        yield f"{resource.urn} has an id, but is not a custom resource"


def _of_provider(resource: Resource, providers: set[tuple[str, str]]) -> Iterator[str]:
    if not resource.provider:
        return
    try:
        reference = urns.split_provider_reference(resource.provider)
    except ValueError:
        yield f"{resource.urn}: its provider {resource.provider!r} is not of the form urn::id"
        return
    if reference not in providers and not resource.pending_replacement:
        yield f"{resource.urn}: its provider {resource.provider} does not stand before it"


def _relations(resource: Resource) -> Iterator[tuple[str, str]]:
    if resource.parent:
        yield "parent", resource.parent
    for urn in resource.dependencies:
        yield "dependency", urn
    for key, dependencies in resource.property_dependencies.items():
        for urn in dependencies:
            yield f"dependency (by `{key}`)", urn
    if resource.deleted_with:
        yield "deletedWith", resource.deleted_with
    for urn in resource.replace_with:
        yield "replaceWith", urn


def _duplicates(checkpoint: Checkpoint) -> Iterator[str]:
    alive = collections.Counter(resource.urn for resource in checkpoint.resources if not resource.delete)
    for urn, count in alive.items():
        if count > 1 and urn:
            yield f"{urn} stands there {count} times, not marked for deletion"


def normalized(checkpoint: Checkpoint) -> Checkpoint:
    """The checkpoint with aliases resolved: who still refers to an old URN refers to the new one, and
    the aliases themselves are dropped, as the Pulumi CLI saves it.

    Raises `errors.IntegrityError` when two resources claim one alias.
    """
    if not any(r.aliases for r in checkpoint.resources) and not any(p.resource.aliases for p in checkpoint.pending):
        return checkpoint
    renamed = _renamed(checkpoint)
    return dataclasses.replace(
        checkpoint,
        resources=tuple(snapshots.rename(resource, renamed) for resource in checkpoint.resources),
        pending=tuple(
            dataclasses.replace(operation, resource=snapshots.rename(operation.resource, renamed))
            for operation in checkpoint.pending
        ),
    )


def _renamed(checkpoint: Checkpoint) -> dict[str, str]:
    renamed: dict[str, str] = {}
    for resource in checkpoint.resources:
        for alias in resource.aliases:
            if renamed.setdefault(alias, resource.urn) != resource.urn:
                raise errors.IntegrityError(
                    f"{renamed[alias]} and {resource.urn} have the same alias {alias}", hint="take one of them away"
                )
        parent = URN(renamed.get(resource.parent, ""))
        if parent and parent.qualified_type != urns.STACK_TYPE:
            urn = URN(resource.urn)
            moved = URN.make(urn.stack, urn.project, parent.qualified_type, urn.type, urn.name)
            if moved != urn:
                renamed[resource.urn] = moved
    return renamed
