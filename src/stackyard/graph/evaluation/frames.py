"""Where names live while a program is evaluated."""

from __future__ import annotations

import ast
import dataclasses

from stackyard.graph.evaluation.scopes import Scope
from stackyard.graph.evaluation.sources import Source
from stackyard.graph.evaluation.values import Value


@dataclasses.dataclass(eq=False)
class Module:
    """A module under evaluation. `names` are from its own run, `asked` from looking single names up.

    `conditional` is how undecided it is that it is imported at all.
    """

    dotted: str
    source: Source
    scope: Scope
    names: dict[str, Value] = dataclasses.field(default_factory=dict)
    asked: dict[str, Value] = dataclasses.field(default_factory=dict)
    entered: bool = False
    asking: set[str] = dataclasses.field(default_factory=set)
    conditional: int = 0


@dataclasses.dataclass(eq=False)
class Frame:
    """One run of a body: a module's, a function's, a class's.

    `wanted` are the ids of the statements to evaluate. `returned` and `yielded` collect results; `left` counts
    the undecided returns after which the rest of the body may not run. `broken` and `continued` are what names
    were where a loop may have been left, or a round of it; `looped` are the names that the loop sets.
    `start` is how undecided it is that the body is run at all.
    """

    module: Module
    names: dict[str, Value]
    wanted: frozenset[int]
    parent: Frame | None = None
    owner: ast.AST | None = None
    globals_: frozenset[str] = frozenset()
    returned: list[Value] = dataclasses.field(default_factory=list)
    yielded: list[Value] = dataclasses.field(default_factory=list)
    left: int = 0
    start: int = 0
    broken: list[dict[str, Value]] = dataclasses.field(default_factory=list)
    looped: set[str] = dataclasses.field(default_factory=set)
    continued: list[dict[str, Value]] = dataclasses.field(default_factory=list)
    method: tuple[Value, Value] | None = None
