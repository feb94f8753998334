"""What a running program asks of the engine, free of any wire (pulumi.runtime proto, resource.proto).

An *unset* optional is None, so that inheritance from the parent can tell "not said" from "said no".
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping

from stackyard.errors import Position
from stackyard.model.diagnostics import Severity
from stackyard.model.resources import EMPTY, CustomTimeouts
from stackyard.model.values import Properties, Value


@dataclasses.dataclass(frozen=True, slots=True)
class Alias:
    """Another name a resource may have had: a whole URN, or the parts of it that differ.

    An empty part means "as now". `no_parent` means it had none (it stood under the root stack).
    """

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent_urn: str = ""
    no_parent: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Goal:
    """RegisterResource: the state a program wants one resource to have."""

    type: str
    name: str
    custom: bool
    inputs: Properties = dataclasses.field(default_factory=dict)
    parent: str = ""
    protect: bool | None = None
    provider: str = ""
    providers: Mapping[str, str] = EMPTY
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] | None = None
    delete_before_replace: bool | None = None
    ignore_changes: tuple[str, ...] = ()
    version: str = ""
    plugin_download_url: str = ""
    additional_secret_outputs: tuple[str, ...] = ()
    import_id: str = ""
    custom_timeouts: CustomTimeouts | None = None
    aliases: tuple[Alias, ...] = ()
    remote: bool = False
    replace_on_changes: tuple[str, ...] = ()
    replacement_trigger: Value = None
    retain_on_delete: bool | None = None
    deleted_with: str = ""
    replace_with: tuple[str, ...] = ()
    hide_diffs: tuple[str, ...] = ()
    supports_partial_values: bool = False
    package_ref: str = ""
    source_position: Position | None = None


class Result(enum.StrEnum):
    """How a registration ended (pulumirpc.Result)."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclasses.dataclass(frozen=True, slots=True)
class Registered:
    """The engine's answer: `id` is UNKNOWN while it is not known, None for components.

    `result` is other than SUCCESS only under `continue_on_error`: then every output is unknown. `properties` are the
    names of all outputs that the type has, None where its provider does not tell.
    """

    urn: str
    id: Value = None
    outputs: Properties = dataclasses.field(default_factory=dict)
    property_dependencies: Mapping[str, tuple[str, ...]] = EMPTY
    result: Result = Result.SUCCESS
    properties: frozenset[str] | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ReadRequest:
    """ReadResource: adopt a resource that exists, without owning it. `id` is UNKNOWN while it is not known."""

    type: str
    name: str
    id: Value
    inputs: Properties = dataclasses.field(default_factory=dict)
    parent: str = ""
    dependencies: tuple[str, ...] = ()
    provider: str = ""
    version: str = ""
    plugin_download_url: str = ""
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    source_position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Invocation:
    """Invoke: call a provider's function (a data source)."""

    token: str
    arguments: Properties = dataclasses.field(default_factory=dict)
    provider: str = ""
    version: str = ""
    plugin_download_url: str = ""
    package_ref: str = ""
    source_position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CheckFailure:
    """One input that a provider refuses; `property` may be empty when it is about the whole."""

    property: str
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Invoked:
    """The answer to an Invocation: outputs, or the failures that stand for them.

    `unknown`: the whole answer is unknown, because an argument or the provider's settings are (previews only).
    """

    outputs: Properties = dataclasses.field(default_factory=dict)
    failures: tuple[CheckFailure, ...] = ()
    unknown: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class OutputQuery:
    """A program asks for one output of another stack (`key` None = all of them)."""

    stack: str
    key: str | None
    required: bool = False
    source_position: Position | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class LogEntry:
    """A line that a program wrote, to its log (urn or not) or to its standard streams (`stream`)."""

    severity: Severity
    message: str
    urn: str = ""
    stream: str = ""
    ephemeral: bool = False
