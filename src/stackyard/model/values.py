"""Property values: what programs, the engine, providers and checkpoints exchange.

A value is None, bool, int, float, str, a list of values, a dict of str to value, or one of the classes
below. Codecs (`wire.values`, `state.codec`) turn them into the signatures of Pulumi's wire format
(pulumi/pulumi sdk/go/common/resource/sig.go) and back; nobody else looks at signatures.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

Value: TypeAlias = Any
Properties: TypeAlias = dict[str, Value]

SIGNATURE_KEY: Final = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE: Final = "1b47061264138c4ac30d75fd1eb44270"
ASSET_SIGNATURE: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
REFERENCE_SIGNATURE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT_SIGNATURE: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
FLOAT_SIGNATURE: Final = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
UNKNOWN_SENTINELS: Final = frozenset(
    {
        UNKNOWN_STRING,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class Unknown:
    """The value that a preview cannot know yet. There is one: `UNKNOWN`. It equals only itself."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __reduce__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: dict[int, Any]) -> Unknown:
        return self

    def __bool__(self) -> bool:
        raise TypeError("an unknown value has no truth: test `value is UNKNOWN` instead")


UNKNOWN: Final = Unknown()


@dataclasses.dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not be shown, kept in clear, or handed to whoever did not ask for it."""

    value: Value

    def __repr__(self) -> str:
        return "Secret([secret])"


@dataclasses.dataclass(frozen=True, slots=True)
class Asset:
    """One file-like value: exactly one of path, text, uri; `hash` is the sha256 hex digest of its bytes.

    `directory` is where a relative path starts; it is never recorded, for it differs from machine to machine.
    """

    path: str | None = None
    text: str | None = None
    uri: str | None = None
    hash: str = ""
    directory: str = dataclasses.field(default="", compare=False, repr=False)

    @property
    def file(self) -> str:
        """The full path; empty when there is none."""
        return os.path.join(self.directory, self.path) if self.path is not None else ""


@dataclasses.dataclass(frozen=True, slots=True)
class Archive:
    """A folder-like value: exactly one of path, uri, assets (name to Asset or Archive).

    `hash` is that of its content, as Pulumi takes it; `directory` and `file` are those of Asset.
    """

    path: str | None = None
    uri: str | None = None
    assets: Mapping[str, Asset | Archive] | None = None
    hash: str = ""
    directory: str = dataclasses.field(default="", compare=False, repr=False)

    @property
    def file(self) -> str:
        """The full path; empty when there is none."""
        return os.path.join(self.directory, self.path) if self.path is not None else ""


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceReference:
    """A resource used as a value. `id` is UNKNOWN while it is not made, None for components."""

    urn: str
    id: Value = None
    package_version: str = ""


def transform(value: Value, leaf: Callable[[Value], Value]) -> Value:
    """Rebuild `value`, applying `leaf` to everything that is neither a list nor a dict. Secrets are leaves."""
    if isinstance(value, dict):
        return {key: transform(item, leaf) for key, item in value.items()}
    if isinstance(value, list):
        return [transform(item, leaf) for item in value]
    return leaf(value)


def walk(value: Value) -> Iterator[Value]:
    """Yield every part of `value`, itself first, inside secrets too."""
    yield value
    if isinstance(value, dict):
        for item in value.values():
            yield from walk(item)
    elif isinstance(value, list):
        for item in value:
            yield from walk(item)
    elif isinstance(value, Secret):
        yield from walk(value.value)


def has_unknown(value: Value) -> bool:
    """Whether any part is unknown."""
    return any(part is UNKNOWN for part in walk(value))


def has_secret(value: Value) -> bool:
    """Whether any part is secret."""
    return any(isinstance(part, Secret) for part in walk(value))


def reveal(value: Value) -> Value:
    """The same value with every Secret wrapper taken off: what a provider is given."""
    return transform(value, lambda leaf: reveal(leaf.value) if isinstance(leaf, Secret) else leaf)


def mask(value: Value, text: str = "[secret]") -> Value:
    """The same value with every secret replaced by `text`: what may be shown."""
    return transform(value, lambda leaf: text if isinstance(leaf, Secret) else leaf)


def equal(left: Value, right: Value) -> bool:
    """Deep equality by Pulumi's rules: 1 equals 1.0 but not True; NaN equals NaN; unknown equals nothing else.

    Secrets are compared by content, whether or not both sides are marked.
    """
    left = left.value if isinstance(left, Secret) else left
    right = right.value if isinstance(right, Secret) else right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (Asset, Archive)) and type(left) is type(right) and left.hash and right.hash:
        return bool(left.hash == right.hash)
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left) and math.isnan(right):
        return True
    return bool(left == right)
