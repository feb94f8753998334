"""Which output keys a program exports, from its source alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from stackyard.errors import Position
from stackyard.graph.evaluation.facts import Facts, FoundExport


@dataclasses.dataclass(frozen=True, slots=True)
class Exports:
    """The keys a program exports, each with its first place and whether it is conditional.

    `open_` tells, by place, why there may be further keys that the source does not tell; empty when these are all.
    """

    keys: Mapping[str, FoundExport]
    open_: Mapping[Position, str]

    @classmethod
    def of(cls, facts: Facts) -> Exports:
        """What an evaluation found."""
        open_ = dict(facts.open_)
        if facts.stopped is not None:
            open_[facts.stopped[0]] = facts.stopped[1]
        return cls(dict(facts.exports), open_)

    def lacks(self, key: str) -> bool:
        """Whether the program certainly does not export `key`."""
        return not self.open_ and key not in self.keys
