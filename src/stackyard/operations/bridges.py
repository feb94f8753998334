"""What to write where a dependency is cut: an output of the one stack, and the stack reference of the other."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from stackyard.engines.embedded import positions
from stackyard.errors import Position
from stackyard.model import values
from stackyard.model.estates import Stack
from stackyard.model.names import StackName
from stackyard.model.plans import Plan
from stackyard.model.resources import Resource
from stackyard.model.urns import URN
from stackyard.model.values import Secret, Value
from stackyard.state.regrouping import Cut

_FIRST: Final = ("name", "arn", "url", "id")
_SHORTEST: Final = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Bridge:
    """One value that crosses the cut, or, with no `output`, an order of things that stacks do not keep.

    reader, needs  names of the two resources; `stack` and `needs_stack` are where they are afterwards
    key            the input that the value stands in
    output         the property of the needed resource that has the value
    export         the stack output that gives it, existing where `exported`, else a name for one
    read           whether the reader's program already asks for that output
    position       where the reader is registered in the old program
    """

    stack: StackName
    reader: str
    needs_stack: StackName
    needs: str
    relation: str
    key: str = ""
    output: str = ""
    export: str = ""
    exported: bool = False
    read: bool = False
    position: Position | None = None

    @property
    def code(self) -> tuple[str, ...]:
        """What is still to be written, in Python: first in the needed stack's program, then in the reader's."""
        if not self.output:
            return ()
        name = URN(self.needs).name.replace("-", "_")
        export = f"pulumi.export({self.export!r}, {name}.{_snake(self.output)})".replace("'", '"')
        read = f'pulumi.StackReference("{self.needs_stack}").require_output("{self.export}")'
        return (*(() if self.exported else (export,)), *(() if self.read else (read,)))


def bridges(
    cuts: Sequence[Cut],
    resources: Mapping[StackName, Mapping[str, Resource]],
    plans: Mapping[str, Plan],
    stacks: Mapping[StackName, Stack],
    root: Path,
) -> tuple[Bridge, ...]:
    """The values behind each cut.

    resources  as they were, by stack and URN
    plans      of the stacks as they will be, by short name: which outputs they give and read
    root       the estate's folder: positions are relative to it
    """
    found = (each for cut in cuts for each in _of(cut, resources[cut.source], plans, stacks[cut.source], root))
    return tuple(dict.fromkeys(found))


def _of(
    cut: Cut, resources: Mapping[str, Resource], plans: Mapping[str, Plan], stack: Stack, root: Path
) -> Iterator[Bridge]:
    reader, needed = resources[cut.urn], resources[cut.needs]
    where = _position(reader, stack, root)
    plain = Bridge(cut.stack, cut.urn, cut.needs_stack, cut.needs, cut.relation, position=where)
    offered = _leaves({"id": needed.id, **needed.outputs})
    crossing = [(key, path, value) for key in cut.keys for path, value in _crossing(reader.inputs.get(key), offered)]
    for key, path, value in crossing:
        export, exported = _export(plans.get(cut.needs_stack.short), needed, path, value)
        read = _is_read(plans.get(cut.stack.short), cut.needs_stack, export)
        yield dataclasses.replace(plain, key=key, output=path, export=export, exported=exported, read=read)
    if not crossing:
        yield dataclasses.replace(plain, key=", ".join(cut.keys))


def _position(resource: Resource, stack: Stack, root: Path) -> Position | None:
    found = positions.parse(resource.source_position, stack.project.path)
    if found is None:
        return None
    path = Path(found.path)
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    return Position(str(shown), found.line, found.column)


def _leaves(properties: values.Properties) -> list[tuple[str, str]]:
    """The texts in outputs with their names, the most telling names first; those of the deeper ones are left out."""
    plain = {key: value.value if isinstance(value, Secret) else value for key, value in properties.items()}
    texts = [(key, value) for key, value in plain.items() if isinstance(value, str) and len(value) >= _SHORTEST]
    return sorted(texts, key=lambda each: (_FIRST.index(each[0]) if each[0] in _FIRST else len(_FIRST), each[0]))


def _crossing(value: Value, offered: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Which of the offered texts stand in a value: whole ones first, else the longest that is a part of one."""
    seen: set[str] = set()
    for part in values.walk(value):
        if not isinstance(part, str):
            continue
        whole = [each for each in offered if each[1] == part]
        inside = sorted((each for each in offered if each[1] in part), key=lambda each: -len(each[1]))
        for path, text in [*whole, *inside][:1]:
            if path not in seen:
                seen.add(path)
                yield path, text


def _export(plan: Plan | None, needed: Resource, path: str, value: str) -> tuple[str, bool]:
    for name, given in (plan.outputs if plan else {}).items():
        if values.equal(given, value):
            return name, True
    return f"{_snake(URN(needed.urn).name)}_{_snake(path)}", False


def _is_read(plan: Plan | None, target: StackName, export: str) -> bool:
    reads: Iterable[tuple[str, str]] = ((each.stack, each.key) for each in plan.reads) if plan else ()
    return any(key in (export, "*") and stack in (str(target), target.short) for stack, key in reads)


def _snake(text: str) -> str:
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", text)
    return re.sub(r"\W+", "_", words).strip("_").lower()
