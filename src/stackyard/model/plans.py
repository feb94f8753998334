"""Plans as data: one step a resource, in the order in which they are made."""

from __future__ import annotations

import dataclasses
import enum

from stackyard.model import values
from stackyard.model.diagnostics import Diagnostic, Severity
from stackyard.model.resources import Resource
from stackyard.model.values import Properties


class Operation(enum.StrEnum):
    """What is done to a whole stack."""

    UP = "up"
    DESTROY = "destroy"
    REFRESH = "refresh"


class Op(enum.StrEnum):
    """What is done to one resource; the words of the Pulumi engine (pkg/resource/deploy/step.go)."""

    SAME = "same"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    REPLACE = "replace"
    CREATE_REPLACEMENT = "create-replacement"
    DELETE_REPLACED = "delete-replaced"
    READ = "read"
    READ_REPLACEMENT = "read-replacement"
    READ_DISCARD = "discard"
    REFRESH = "refresh"
    IMPORT = "import"
    IMPORT_REPLACEMENT = "import-replacement"
    REMOVE_PENDING_REPLACE = "remove-pending-replace"


class Change(enum.StrEnum):
    """What happens to one property."""

    ADD = "add"
    DELETE = "delete"
    UPDATE = "update"


@dataclasses.dataclass(frozen=True, slots=True)
class PropertyChange:
    """One changed property: a path such as `tags.Name` or `ingress[0].fromPort`; `forces` = it forces a replace."""

    path: str
    change: Change
    forces: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One operation on one resource. `old` is recorded state; `new` may hold unknowns in a preview.

    `reasons` are the property paths that force a replacement. `simulated` marks a resource that is only
    recorded: nothing runs behind it. `internal` marks one that the engine made by itself (a default
    provider): it is neither shown nor counted. `aliases` are the URNs under which a resource that would be created
    was looked for in vain.
    """

    op: Op
    urn: str
    type: str
    old: Resource | None = None
    new: Resource | None = None
    changes: tuple[PropertyChange, ...] = ()
    reasons: tuple[str, ...] = ()
    simulated: bool = False
    internal: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether it would alter anything but the record."""
        return not self.internal and self.op not in {
            Op.SAME,
            Op.READ,
            Op.REFRESH,
            Op.READ_DISCARD,
            Op.REMOVE_PENDING_REPLACE,
        }


@dataclasses.dataclass(frozen=True, slots=True)
class StackRead:
    """One read of another stack's output by a running program. `key` is `*` for all of them."""

    stack: str
    key: str
    required: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What an operation would do to one stack. Nothing has been changed.

    `outputs` are the stack outputs as previewed, unknown where unknown. `settled` tells that an apply of
    this very plan has nothing to run and nothing to record: every step is `same` (or reads the same), no
    value is unknown or previewed, nobody asked for dry-run. `seed` is the randomness of generated names: the
    apply of a plan uses it again, so what a preview shows is what is made.
    """

    stack: str
    operation: Operation
    steps: tuple[Step, ...] = ()
    outputs: Properties = dataclasses.field(default_factory=dict)
    old_outputs: Properties = dataclasses.field(default_factory=dict)
    reads: tuple[StackRead, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    settled: bool = False
    seed: str = ""

    @property
    def failed(self) -> bool:
        return any(d.severity is Severity.ERROR for d in self.diagnostics)

    @property
    def changes(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.is_change)

    @property
    def outputs_changed(self) -> bool:
        """Whether the stack's outputs will differ from those recorded (unknown counts as different)."""
        return not values.equal(self.outputs, self.old_outputs)


def count(steps: tuple[Step, ...]) -> dict[Op, int]:
    """Steps by operation, as a summary shows them: a replacement counts once."""
    totals: dict[Op, int] = {}
    for step in steps:
        op = {Op.CREATE_REPLACEMENT: None, Op.DELETE_REPLACED: None}.get(step.op, step.op)
        if op is not None and not step.internal:
            totals[op] = totals.get(op, 0) + 1
    return totals
