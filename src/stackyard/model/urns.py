"""URNs: `urn:pulumi:<stack>::<project>::<parentType$type>::<name>`; the name may contain `::`."""

from __future__ import annotations

from typing import Final

PREFIX: Final = "urn:pulumi:"
STACK_TYPE: Final = "pulumi:pulumi:Stack"
REFERENCE_TYPE: Final = "pulumi:pulumi:StackReference"
PROVIDER_PREFIX: Final = "pulumi:providers:"


class URN(str):
    """A resource's name for life (pulumi/pulumi sdk/go/common/resource/urn)."""

    __slots__ = ()

    @classmethod
    def make(cls, stack: str, project: str, parent_type: str, type_: str, name: str) -> URN:
        """Build a URN; `parent_type` is the parent's qualified type, empty under the root stack."""
        qualified = f"{parent_type}${type_}" if parent_type and parent_type != STACK_TYPE else type_
        return cls(f"{PREFIX}{stack}::{project}::{qualified}::{name}")

    def _part(self, index: int) -> str:
        parts = self[len(PREFIX) :].split("::", 3)
        return parts[index] if index < len(parts) else ""

    @property
    def is_valid(self) -> bool:
        """Whether it has the shape of a URN."""
        return self.startswith(PREFIX) and self.count("::") >= 3

    @property
    def stack(self) -> str:
        return self._part(0)

    @property
    def project(self) -> str:
        return self._part(1)

    @property
    def qualified_type(self) -> str:
        """The types of its ancestors and its own, joined by `$`."""
        return self._part(2)

    @property
    def type(self) -> str:
        return self.qualified_type.rsplit("$", 1)[-1]

    @property
    def name(self) -> str:
        return self._part(3)


def package_of(type_: str) -> str:
    """The package of a type token: `aws:s3/bucket:Bucket` → `aws`; for a provider's type, the package it is of."""
    if type_.startswith(PROVIDER_PREFIX):
        return type_[len(PROVIDER_PREFIX) :]
    return type_.split(":", 1)[0]


def is_provider(type_: str) -> bool:
    """Whether a type token is a provider's."""
    return type_.startswith(PROVIDER_PREFIX)


def is_internal(urn: str) -> bool:
    """Whether a resource is a default provider, which engines make by themselves: it is neither shown nor counted."""
    parsed = URN(urn)
    return is_provider(parsed.type) and parsed.name.partition("_")[0] == "default"


def provider_reference(urn: str, id_: str) -> str:
    """`urn::id`, the way a resource names its provider."""
    return f"{urn}::{id_}"


def split_provider_reference(reference: str) -> tuple[URN, str]:
    """The URN and id of `urn::id`. Raises ValueError when it is not of that form."""
    urn, separator, id_ = reference.rpartition("::")
    if not separator or not URN(urn).is_valid or not id_:
        raise ValueError(f"{reference!r} is not a provider reference (urn::id)")
    return URN(urn), id_
