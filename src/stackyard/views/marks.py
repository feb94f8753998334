"""How an operation looks: its sign, its colour and its words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from stackyard.model.plans import Change, Op, Operation
from stackyard.model.updates import Outcome
from stackyard.views.painting import Painter


@dataclasses.dataclass(frozen=True, slots=True)
class Mark:
    """`sign` as in the Pulumi CLI; the verb as a plan, in progress and done."""

    sign: str
    style: str
    plan: str
    doing: str
    done: str


MARKS: Final[Mapping[Op, Mark]] = {
    Op.CREATE: Mark("+", "green", "create", "creating", "created"),
    Op.UPDATE: Mark("~", "yellow", "update", "updating", "updated"),
    Op.DELETE: Mark("-", "red", "delete", "deleting", "deleted"),
    Op.REPLACE: Mark("+-", "magenta", "replace", "replacing", "replaced"),
    Op.CREATE_REPLACEMENT: Mark("++", "magenta", "create replacement", "creating replacement", "created replacement"),
    Op.DELETE_REPLACED: Mark("--", "magenta", "delete replaced", "deleting replaced", "deleted replaced"),
    Op.SAME: Mark("=", "dim", "unchanged", "comparing", "unchanged"),
    Op.READ: Mark(">", "cyan", "read", "reading", "read"),
    Op.READ_REPLACEMENT: Mark(">>", "cyan", "read replacement", "reading replacement", "read replacement"),
    Op.READ_DISCARD: Mark("<", "dim", "forget", "forgetting", "forgotten"),
    Op.REFRESH: Mark("↻", "cyan", "refresh", "refreshing", "refreshed"),
    Op.IMPORT: Mark("=", "cyan", "import", "importing", "imported"),
    Op.IMPORT_REPLACEMENT: Mark("=>", "cyan", "import replacement", "importing replacement", "imported replacement"),
    Op.REMOVE_PENDING_REPLACE: Mark("~", "dim", "clean up", "cleaning up", "cleaned up"),
}
CHANGES: Final[Mapping[Change, tuple[str, str]]] = {
    Change.ADD: ("+", "green"),
    Change.UPDATE: ("~", "yellow"),
    Change.DELETE: ("-", "red"),
}
OUTCOMES: Final[Mapping[Outcome, tuple[str, str]]] = {
    Outcome.SUCCEEDED: ("✓", "green"),
    Outcome.FAILED: ("✗", "bold red"),
    Outcome.CANCELLED: ("■", "yellow"),
    Outcome.SKIPPED: ("↷", "dim"),
}
_VERBS: Final[Mapping[Operation, tuple[str, str, str, str]]] = {
    Operation.UP: ("Previewing", "Updating", "Previewed", "Updated"),
    Operation.DESTROY: ("Previewing the destruction of", "Destroying", "Previewed the destruction of", "Destroyed"),
    Operation.REFRESH: ("Previewing the refresh of", "Refreshing", "Previewed the refresh of", "Refreshed"),
}
_COUNTED: Final = (Op.CREATE, Op.UPDATE, Op.REPLACE, Op.DELETE, Op.IMPORT, Op.READ, Op.REFRESH)


def heading(operation: Operation, preview: bool) -> str:
    """`Updating`, `Previewing the destruction of`."""
    return _VERBS[operation][0 if preview else 1]


def past(operation: Operation, preview: bool) -> str:
    """`Updated`, `Previewed the destruction of`."""
    return _VERBS[operation][2 if preview else 3]


def counts(numbers: Mapping[str, int], painter: Painter, *, preview: bool, same: bool = True) -> str:
    """`+2 created  ~1 updated  =3 unchanged` from steps by operation; empty when there were none."""
    parts = []
    for op in (*_COUNTED, *([Op.SAME] if same else [])):
        number = numbers.get(op, 0)
        if number:
            mark = MARKS[op]
            word = mark.plan if preview else mark.done
            parts.append(painter.paint(f"{mark.sign}{number} {word}", mark.style))
    return "  ".join(parts)


def short_counts(numbers: Mapping[str, int], painter: Painter) -> str:
    """`+2 ~1 =3`."""
    ops = [op for op in (*_COUNTED, Op.SAME) if numbers.get(op, 0)]
    return " ".join(painter.paint(f"{MARKS[op].sign}{numbers[op]}", MARKS[op].style) for op in ops)
