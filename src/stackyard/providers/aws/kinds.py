"""What the code of a type states: its declarations, and the calls that make, read, change and delete one.

A type is a subclass of `Kind` named as in its token. Most members have defaults; `create`, `read` and `delete`
are always written (or come from `tables.Table`). Methods run in threads, block, and let botocore's errors rise:
`lifecycle` turns them into located ProviderErrors, and "not found" from `read` and `delete` into absence.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import types
from collections.abc import Iterable, Mapping
from typing import ClassVar, Final

from botocore.exceptions import ClientError

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.schemas import Schema
from stackyard.providers.aws.tagging import Tagging

GONE: Final = re.compile(
    r"NotFound|NoSuch|DoesNotExist|NonExistent|ResourceNotFoundException|^404$|NotFoundFault$|\.NotFound$"
)


def fixed(**properties: Value) -> Mapping[str, Value]:
    """Properties that nobody can change: how a type writes its `defaults`."""
    return types.MappingProxyType(properties)


class Unsure(Exception):
    """Raised by `locate` when it cannot tell what an interrupted creation made; the text says why."""


class FoundBy(enum.StrEnum):
    """How an interrupted creation is found again.

    NAME  by its name or another id that follows from the inputs: `identify` says it
    TOKEN by a client token that the service keeps: `locate` is written
    TAG   by the tag `stackyard:token`, which is never shown: `locate` is written
    """

    NAME = "name"
    TOKEN = "token"
    TAG = "tag"


@dataclasses.dataclass(frozen=True, slots=True)
class Created:
    """The id of what was made, and outputs that only the creating call tells (a secret shown once)."""

    id: str
    outputs: Properties = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What an update has to do. `keys` are the changed top-level inputs; `outputs` the recorded ones."""

    old: Properties
    new: Properties
    keys: frozenset[str]
    outputs: Properties

    def any(self, *names: str) -> bool:
        """Whether one of these inputs changed."""
        return any(name in self.keys for name in names)


class Kind:
    """One resource type. Class attributes are its declarations, in Pulumi's property names."""

    defaults: ClassVar[Mapping[str, Value]] = {}
    """Inputs that are filled in when absent, as Terraform's schema defaults are."""
    naming: ClassVar[Naming | None] = Naming()
    """How it is named when the program does not; used only when its schema has that property."""
    replaces: ClassVar[tuple[str, ...]] = ()
    """Property paths whose change makes a new resource (Terraform's ForceNew); `region` always does."""
    documents: ClassVar[tuple[str, ...]] = ()
    """Paths of properties that hold JSON text: compared by meaning, and refused when they are not JSON."""
    sets: ClassVar[tuple[str, ...]] = ()
    """Paths of lists without order (`*` for any index)."""
    computed: ClassVar[tuple[str, ...]] = ()
    """Paths of inputs that the cloud fills in when absent: leaving one out is not a change."""
    volatile: ClassVar[tuple[str, ...]] = ()
    """Outputs that any update may change: unknown in the preview of one."""
    affects: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Input → outputs that a change of it makes unknown in a preview, unless the program gives them."""
    write_only: ClassVar[tuple[str, ...]] = ()
    """Inputs that the cloud never gives back; never in messages either."""
    unsupported: ClassVar[tuple[str, ...]] = ()
    """Inputs that this code does not carry out: using one is a failure, never ignored."""
    former: ClassVar[tuple[str, ...]] = ()
    """Inputs that only SDKs before version 7 have: empty they say nothing, otherwise they are refused."""
    former_outputs: ClassVar[tuple[str, ...]] = ()
    """Outputs that only those SDKs have, all of them texts."""
    found_by: ClassVar[FoundBy] = FoundBy.NAME
    tagging: ClassVar[Tagging | None] = None
    """The calls for tags, when they are not all in create and read."""
    gone: ClassVar[tuple[str, ...]] = ()
    """More error codes that mean it does not exist, `Code` or `Code:part of the message`; NotFound is known."""
    overwrites: ClassVar[bool] = False
    """`create` puts, over what is there: `find` may say absent of what differs."""
    delete_first: ClassVar[bool] = False
    """A replacement cannot exist beside the old one (a fixed name implies this)."""
    waits_gone: ClassVar[bool] = False
    """After `delete`, wait until `read` finds nothing."""
    timeout: ClassVar[float] = 1200
    """Seconds for create, update or delete, unless the program says."""

    def __init__(self, token: str, schema: Schema) -> None:
        self.token = token
        outputs = {**schema.outputs, **dict.fromkeys(self.former_outputs, "string")}
        self.schema = dataclasses.replace(schema, outputs=outputs) if self.former_outputs else schema

    def fill(self, aws: Aws, inputs: Properties) -> Properties:
        """More defaults, where they depend on other inputs; values may be UNKNOWN."""
        return {}

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        """What is wrong with the inputs beyond their types; values may be UNKNOWN."""
        return ()

    def forces(self, old: Properties, new: Properties) -> Iterable[str]:
        """More top-level properties that force a replacement, when that depends on their values."""
        return ()

    def same(self, key: str, left: Value, right: Value) -> bool:
        """Whether two values of a top-level property mean the same, beyond what is declared."""
        return False

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        """Outputs that follow from the inputs alone: known in the preview of a creation."""
        return {}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str | Created:
        """Make it with one call; the id. `inputs["tagsAll"]` are the tags to put on it."""
        raise NotImplementedError(f"{self.token}: create")

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        """What follows creation: further settings, waiting. A failure keeps the resource, marked unhealthy."""

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        """Its properties; None, or a "not found" error, when it is not there.

        `known` are recorded inputs and outputs, empty while adopting. What is left out of the answer keeps its
        recorded value.
        """
        raise NotImplementedError(f"{self.token}: read")

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Carry out a change in place. Tags declared by `tagging` are done already."""
        raise NotImplementedError(f"{self.token}: update")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """Remove it."""
        raise NotImplementedError(f"{self.token}: delete")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """The id that a creation with these inputs has; None when they do not tell."""
        return None

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """The id of what the creation with `token` made; None when it made nothing."""
        return self.identify(aws, inputs)

    def is_gone(self, error: ClientError) -> bool:
        """Whether an AWS error means that it does not exist."""
        code, message = (str(error.response["Error"].get(part, "")) for part in ("Code", "Message"))
        declared = (entry.partition(":") for entry in self.gone)
        return bool(GONE.search(code)) or any(code == name and text in message for name, _, text in declared)
