"""What an evaluation found out about one stack's program."""

from __future__ import annotations

import dataclasses

from stackyard.errors import Position

ALL_KEYS = "*"


@dataclasses.dataclass(slots=True)
class FoundRead:
    """One place that reads an output. `required`: the program fails there when the output is missing."""

    key: str
    position: Position
    required: bool = False
    conditional: bool = True


@dataclasses.dataclass(slots=True)
class FoundReference:
    """One place that refers to another stack. `name` as the program wrote it, or empty with the `reason` why not.

    `keys` are all outputs that are read of it, `reads` the places that read those whose names are known.
    """

    position: Position
    name: str
    reason: str = ""
    conditional: bool = True
    keys: set[str] = dataclasses.field(default_factory=set)
    reads: dict[tuple[Position, str], FoundRead] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(slots=True)
class FoundExport:
    """One output key that the program exports."""

    key: str
    position: Position
    conditional: bool = True


@dataclasses.dataclass(slots=True)
class Facts:
    """What a program refers to and exports.

    `references` are by place and name (or `?` and the reason why it is unknown), `exports` by key; `open_` are places
    that export a key nobody can tell, with the reason. `stopped` says why the evaluation ended early, if it did: then
    references and exports may be missing. `config` is the configuration it asked for (None: not set), `hidden` the
    keys it was not told.
    """

    references: dict[tuple[Position, str], FoundReference] = dataclasses.field(default_factory=dict)
    exports: dict[str, FoundExport] = dataclasses.field(default_factory=dict)
    open_: dict[Position, str] = dataclasses.field(default_factory=dict)
    stopped: tuple[Position, str] | None = None
    config: dict[str, str | None] = dataclasses.field(default_factory=dict)
    hidden: set[str] = dataclasses.field(default_factory=set)
