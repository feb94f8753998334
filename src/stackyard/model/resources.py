"""A resource as a checkpoint records it (pulumi/pulumi sdk/go/common/apitype/core.go, ResourceV3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

from stackyard.model import urns
from stackyard.model.values import Properties


class _Empty(Mapping[str, Any]):
    """A mapping of nothing that can be a dataclass default: immutable and hashable."""

    __slots__ = ()

    def __getitem__(self, key: str) -> NoReturn:
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return "{}"


EMPTY: Final[Mapping[str, Any]] = _Empty()


@dataclasses.dataclass(frozen=True, slots=True)
class CustomTimeouts:
    """Seconds a provider may take for each operation; 0 = its own default."""

    create: float = 0
    update: float = 0
    delete: float = 0
    read: float = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Resource:
    """One recorded resource. Values are in memory form: `Secret` wrappers, no signatures, no ciphertext.

    `provider` is `urn::id`. Times are ISO 8601 strings. `extra` keeps fields of the format that we do not
    interpret, so that a load and a save lose nothing.
    """

    urn: str
    type: str
    custom: bool
    id: str = ""
    delete: bool = False
    inputs: Properties = dataclasses.field(default_factory=dict)
    outputs: Properties = dataclasses.field(default_factory=dict)
    parent: str = ""
    protect: bool = False
    taint: bool = False
    external: bool = False
    dependencies: tuple[str, ...] = ()
    init_errors: tuple[str, ...] = ()
    provider: str = ""
    property_dependencies: Mapping[str, tuple[str, ...]] = EMPTY
    pending_replacement: bool = False
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    custom_timeouts: CustomTimeouts | None = None
    import_id: str = ""
    retain_on_delete: bool = False
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    created: str = ""
    modified: str = ""
    source_position: str = ""
    ignore_changes: tuple[str, ...] = ()
    hide_diff: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    replacement_trigger: Any = None
    extra: Mapping[str, Any] = EMPTY

    @property
    def is_provider(self) -> bool:
        return urns.is_provider(self.type)

    @property
    def package(self) -> str:
        return urns.package_of(self.type)

    def replaced(self, **changes: Any) -> Resource:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def edges(resource: Resource) -> tuple[str, ...]:
    """The URNs that must exist before this resource: provider, parent, dependencies, deletedWith, replaceWith."""
    found = dict.fromkeys(resource.dependencies)
    for dependencies in resource.property_dependencies.values():
        found.update(dict.fromkeys(dependencies))
    found.update(dict.fromkeys(resource.replace_with))
    if resource.parent:
        found[resource.parent] = None
    if resource.deleted_with:
        found[resource.deleted_with] = None
    if resource.provider:
        found[urns.split_provider_reference(resource.provider)[0]] = None
    return tuple(found)
