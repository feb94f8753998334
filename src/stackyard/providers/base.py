"""The contract of a provider: it manages the resources of one package for the embedded engine.

Values given to a provider are revealed (no `Secret` wrappers); it may return `Secret` in outputs to mark
them. UNKNOWN occurs only when `preview` is true. All methods are coroutines; a blocking library runs in a
thread. `configure` is called once, before anything else, `close` once, after everything else; the rest may
be called concurrently and, `create` apart, again with the same arguments.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from stackyard.model.plans import PropertyChange
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.resources import EMPTY, Resource
from stackyard.model.values import Properties, Value


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """What a provider instance is configured with.

    config    the provider resource's own inputs (region, endpoints, …), revealed
    environ   environment to use in place of the process's: endpoint, credentials, region
    directory the project's folder, where relative paths start; empty = the process's own
    project   the project's name
    options   the rest of the project's `runtime` section, such as `virtualenv`
    """

    config: Properties = dataclasses.field(default_factory=dict)
    environ: Mapping[str, str] = EMPTY
    preview: bool = False
    directory: str = ""
    project: str = ""
    options: Mapping[str, Any] = EMPTY


@dataclasses.dataclass(frozen=True, slots=True)
class CheckRequest:
    """`old` are the checked inputs of last time, None when the resource is made anew. `seed` is 32 random bytes
    that stay the same between preview and update, for autonaming."""

    urn: str
    type: str
    name: str
    inputs: Properties
    old: Properties | None = None
    seed: bytes = b""
    preview: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """Inputs with defaults and generated names filled in, and what is wrong with them."""

    inputs: Properties
    failures: tuple[CheckFailure, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class DiffRequest:
    """`old` is the recorded resource (revealed); `inputs` are the new checked ones."""

    urn: str
    type: str
    old: Resource
    inputs: Properties
    ignore_changes: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """What changed. `replaces` are the paths that force a replacement; `changes` empty = nothing to do."""

    changes: tuple[PropertyChange, ...] = ()
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class CreateRequest:
    """`token` is unique to this intent and durable before the call: use it as a client token or a tag.

    `preview`: change nothing, answer the outputs that are known already and UNKNOWN for the others.
    `timeout` is seconds, 0 = the provider's own default.
    """

    urn: str
    type: str
    inputs: Properties
    token: str = ""
    timeout: float = 0
    preview: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class UpdateRequest:
    """`old` is the recorded resource (revealed); `inputs` the new checked ones."""

    urn: str
    type: str
    old: Resource
    inputs: Properties
    ignore_changes: tuple[str, ...] = ()
    timeout: float = 0
    preview: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class ReadRequest:
    """Look at what exists. `inputs` and `outputs` are the last known, empty when the resource is being adopted."""

    urn: str
    type: str
    id: str
    inputs: Properties = dataclasses.field(default_factory=dict)
    outputs: Properties = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class DeleteRequest:
    """`resource` is the recorded one (revealed). Deleting what is gone already is success."""

    resource: Resource
    timeout: float = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Made:
    """A resource as it now is. `id` may be UNKNOWN in a preview. `init_errors`: it exists but is not healthy."""

    id: Value
    outputs: Properties
    inputs: Properties | None = None
    init_errors: tuple[str, ...] = ()


class Presence(enum.StrEnum):
    """What `find` saw."""

    FOUND = "found"
    ABSENT = "absent"
    UNSURE = "unsure"


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """`made` is there when `presence` is FOUND; `reason` when it is UNSURE."""

    presence: Presence
    made: Made | None = None
    reason: str = ""


def is_simulated(provider: Provider, type_: str) -> bool:
    """Whether nothing runs behind a resource of this type: such steps say so wherever they show.

    A provider whose resources run, all but some, names those in an attribute `simulated_types`.
    """
    return provider.simulated or type_ in getattr(provider, "simulated_types", ())


def properties(provider: Provider | None, type_: str) -> frozenset[str] | None:
    """The names of all outputs of a type; None where its provider has no method `properties` that tells them."""
    told = getattr(provider, "properties", None)
    found: frozenset[str] | None = told(type_) if told is not None else None
    return found


@runtime_checkable
class Provider(Protocol):
    """Resources of one package. Raises `errors.ProviderError` (its message names the type and the call) when a call
    was certainly not carried out, `errors.UncertainError` when that cannot be told (a reply was lost), and
    `errors.Unsupported` for a type or function it does not know."""

    simulated: bool
    """True when nothing runs behind it: every step says so."""

    async def configure(self, settings: Settings) -> None:
        """Take settings; refuse wrong ones with ProviderError. No effect on the cloud."""

    async def check(self, request: CheckRequest) -> Checked:
        """Validate, fill defaults and names. The name of what will be made is fixed here."""

    async def diff(self, request: DiffRequest) -> Difference:
        """Compare; unknown inputs count as changed."""

    async def create(self, request: CreateRequest) -> Made:
        """Make it. Not idempotent: the engine never repeats it without asking `find`."""

    async def read(self, request: ReadRequest) -> Made | None:
        """Look; None when it does not exist."""

    async def update(self, request: UpdateRequest) -> Made:
        """Change it in place. May be repeated."""

    async def delete(self, request: DeleteRequest) -> None:
        """Remove it. May be repeated; what is gone is success."""

    async def invoke(self, token: str, arguments: Properties) -> Invoked:
        """Call a function (data source)."""

    async def find(self, request: CreateRequest) -> Found:
        """After a crash between intent and result: was this very request carried out?"""

    async def close(self) -> None:
        """Let go of connections. Called once."""
