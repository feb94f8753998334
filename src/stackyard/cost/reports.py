"""Rows added up by layer, organization, project, environment, service or resource."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Final

from stackyard.cost.budgets import Finding
from stackyard.cost.owners import SHARED
from stackyard.cost.periods import Period
from stackyard.cost.prices import PriceBook
from stackyard.cost.rows import Origin, Row, total
from stackyard.cost.standing import Unpriced

NOTHING: Final = "—"
ORDER: Final = ("fabric", "sites", "projects", "environments")


class By(enum.StrEnum):
    """What rows are added up by."""

    LAYER = "layer"
    ORGANIZATION = "organization"
    PROJECT = "project"
    ENVIRONMENT = "environment"
    SERVICE = "service"
    RESOURCE = "resource"

    @property
    def charges_back(self) -> bool:
        """Whether what all use is given to those who use it before rows are added up."""
        return self in (By.ORGANIZATION, By.PROJECT, By.ENVIRONMENT)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One group: what stood, what was metered, and its share of what all use.

    `monthly` is what a month costs of what still stands, its share of what all use included.
    """

    name: str
    standing: Decimal
    metered: Decimal
    allocated: Decimal
    monthly: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """The three together."""
        return self.standing + self.metered + self.allocated


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """One month's cost. `rows` are what `lines` add up; `notes` say what is approximate or was left out, and why.

    `charged` are all rows of the estate, what all use being given to those who use it.
    `metered_by_use` are types that cost by use alone, with their number; `free` is how many resources are free.
    """

    book: PriceBook
    period: Period
    by: By
    rows: tuple[Row, ...]
    lines: tuple[Line, ...]
    unpriced: tuple[Unpriced, ...] = ()
    metered_by_use: tuple[tuple[str, int], ...] = ()
    free: int = 0
    notes: tuple[str, ...] = ()
    budgets: tuple[Finding, ...] = ()
    charged: tuple[Row, ...] = ()

    @property
    def total(self) -> Decimal:
        """What all rows come to."""
        return total(self.rows)

    @property
    def monthly(self) -> Decimal:
        """What a month costs of what still stands."""
        return sum((row.monthly for row in self.rows), Decimal(0))

    @property
    def approximate(self) -> tuple[str, ...]:
        """What is a guess in some row, each once."""
        return tuple(sorted({row.approximate for row in self.rows if row.approximate}))


def lines(rows: Iterable[Row], by: By) -> tuple[Line, ...]:
    """The groups of these rows: layers from the lowest, others by cost."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(name(row, by), []).append(row)
    found = [_line(key, group) for key, group in groups.items()]
    if by is By.LAYER:
        return tuple(sorted(found, key=lambda line: (_rank(line.name), line.name)))
    return tuple(sorted(found, key=lambda line: (-line.total, line.name)))


def name(row: Row, by: By) -> str:
    """The group of one row."""
    owner = row.owner
    match by:
        case By.LAYER:
            return owner.layer or NOTHING
        case By.ORGANIZATION:
            return owner.organization or NOTHING
        case By.PROJECT:
            return "/".join(part or NOTHING for part in owner.used_by[:2])
        case By.ENVIRONMENT:
            return "/".join(part or NOTHING for part in owner.used_by)
        case By.SERVICE:
            return row.service
        case By.RESOURCE:
            return _resource(row)


def _resource(row: Row) -> str:
    if row.resource_type:
        return f"{row.stack} {row.resource_type.rpartition(':')[2]} {row.resource_name}"
    return f"{row.owner.organization or SHARED} {row.price.about} {row.source}".strip()


def _rank(layer: str) -> int:
    return ORDER.index(layer) if layer in ORDER else len(ORDER)


def _line(key: str, group: Sequence[Row]) -> Line:
    sums = {origin: total(row for row in group if row.origin is origin) for origin in Origin}
    monthly = sum((row.monthly for row in group), Decimal(0))
    return Line(key, sums[Origin.STANDING], sums[Origin.METERED], sums[Origin.ALLOCATED], monthly)


def only(rows: Iterable[Row], organization: str) -> tuple[Row, ...]:
    """The rows of one organization."""
    return tuple(row for row in rows if row.owner.organization == organization)


def bills(rows: Iterable[Row]) -> dict[tuple[str, str, str, str], Decimal]:
    """Cost by organization, project, environment and service, as organizations are shown it.

    Their shares of what all use are services of their own: `Amazon Virtual Private Cloud (shared)`.
    """
    found: dict[tuple[str, str, str, str], Decimal] = {}
    for row in rows:
        service = f"{row.service} (shared)" if row.origin is Origin.ALLOCATED else row.service
        key = (*row.owner.used_by, service)
        found[key] = found.get(key, Decimal(0)) + row.cost
    return found
