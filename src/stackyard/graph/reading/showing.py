"""Places as the user would write them: relative to the estate's root, as everywhere else."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

from stackyard.errors import Position
from stackyard.graph.evaluation.facts import Facts
from stackyard.model.estates import Project

Shown = Callable[[Position], Position]


def shown(facts: Facts, project: Project) -> Facts:
    """The same facts, with places beside the project's own, which is shown as its file's position says."""
    if project.position is None:
        return facts
    base = os.path.dirname(project.position.path)

    def place(found: Position) -> Position:
        inside = os.path.relpath(found.path, project.path)
        return dataclasses.replace(found, path=os.path.normpath(os.path.join(base, inside)))

    return _moved(facts, place)


def _moved(facts: Facts, place: Shown) -> Facts:
    references = {}
    for (where, name), found in facts.references.items():
        reads = (dataclasses.replace(read, position=place(read.position)) for read in found.reads.values())
        moved = dataclasses.replace(
            found, position=place(where), reads={(read.position, read.key): read for read in reads}
        )
        references[moved.position, name] = moved
    return dataclasses.replace(
        facts,
        references=references,
        exports={key: dataclasses.replace(each, position=place(each.position)) for key, each in facts.exports.items()},
        open_={place(where): reason for where, reason in facts.open_.items()},
        stopped=facts.stopped and (place(facts.stopped[0]), facts.stopped[1]),
    )
