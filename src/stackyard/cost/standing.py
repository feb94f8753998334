"""What resources cost while they stood: from the states that a stack has been in, the time that each one lived.

A state holds from the end of the update that led to it to the end of the next one. A resource's own creation time is
taken where it is recorded, and lies after the state before.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from stackyard.cost import resources, rows
from stackyard.cost.owners import Owner, Owners
from stackyard.cost.periods import Period, moment
from stackyard.cost.prices import PriceBook
from stackyard.cost.resources import Assessment, Standing
from stackyard.cost.rows import Origin, Row
from stackyard.model.resources import Resource
from stackyard.model.urns import URN

Span = tuple[datetime.datetime, datetime.datetime]
NO_CREATION: Final = "when it was made is not recorded; taken from the first state that has it"


@dataclasses.dataclass(frozen=True, slots=True)
class State:
    """What a stack consisted of from `time` on."""

    time: datetime.datetime
    resources: tuple[Resource, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Past:
    """One stack's states, oldest first, and whom it belongs to where its resources do not say."""

    stack: str
    owner: Owner
    account: str
    states: tuple[State, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Life:
    """One resource as it was from `start` to `end`; `end` is None while it stands."""

    resource: Resource
    assessment: Assessment
    owner: Owner
    start: datetime.datetime
    end: datetime.datetime | None
    approximate: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Unpriced:
    """A type, or a price that the book lacks, with how many resources it concerns and why."""

    what: str
    why: str
    count: int = 1


@dataclasses.dataclass(frozen=True, slots=True)
class Stood:
    """Rows of standing cost; what has no price; what is charged by use alone, and what is free, by type.

    `elsewhere` counts priced resources of other regions than the book's.
    """

    rows: tuple[Row, ...] = ()
    unpriced: tuple[Unpriced, ...] = ()
    metered: tuple[tuple[str, int], ...] = ()
    free: int = 0
    elsewhere: tuple[tuple[str, int], ...] = ()


def lives(past: Past) -> Iterator[Life]:
    """Every stretch of time in which a resource stood and was charged for in the same way."""
    open_: dict[tuple[str, str], Life] = {}
    before = datetime.datetime.min.replace(tzinfo=datetime.UTC)
    for state in past.states:
        owners = Owners(state.resources, past.owner)
        here: dict[tuple[str, str], Life] = {}
        for resource in state.resources:
            if not resources.is_owned(resource):
                continue
            key = (resource.urn, resource.id)
            life = _life(resource, state, owners, before, known=open_.get(key))
            was = open_.get(key)
            if was is not None and (was.assessment, was.owner) == (life.assessment, life.owner):
                life = dataclasses.replace(was, resource=resource)
            elif was is not None:
                yield dataclasses.replace(was, end=state.time)
            here[key] = life
        for key in open_.keys() - here.keys():
            yield dataclasses.replace(open_[key], end=state.time)
        open_, before = here, state.time
    yield from open_.values()


def _life(resource: Resource, state: State, owners: Owners, before: datetime.datetime, *, known: Life | None) -> Life:
    created = moment(resource.created) if resource.created else None
    start, note = state.time, ""
    if known is None and created is None:
        note = NO_CREATION
    elif known is None and created is not None:
        start = min(max(created, before), state.time)
    return Life(resource, resources.assess(resource, state.resources), owners.of(resource), start, None, note)


def stood(pasts: Sequence[Past], book: PriceBook, period: Period) -> Stood:
    """The standing cost of these stacks in the period."""
    found: list[Row] = []
    unpriced: Counter[tuple[str, str]] = Counter()
    metered: Counter[str] = Counter()
    elsewhere: Counter[str] = Counter()
    free = 0
    for past in pasts:
        for life in lives(past):
            span = period.clipped(life.start, life.end or period.end)
            if span is None:
                continue
            assessment = life.assessment
            unpriced[assessment.label, assessment.about] += assessment.standing is Standing.UNPRICED
            metered[assessment.label] += assessment.standing is Standing.METERED
            free += assessment.standing is Standing.FREE
            made, missing = _charged(life, past, book, period, span)
            found += made
            unpriced.update((key, f"{book.name} has no standing price of that name") for key in missing)
            region = life.resource.inputs.get("region")
            if made and isinstance(region, str) and region != book.region:
                elsewhere[region] += 1
    told = tuple(Unpriced(what, why, count) for (what, why), count in sorted((+unpriced).items()))
    return Stood(tuple(found), told, tuple(sorted((+metered).items())), free, tuple(sorted(elsewhere.items())))


def _charged(life: Life, past: Past, book: PriceBook, period: Period, span: Span) -> tuple[list[Row], list[str]]:
    """The rows of one life, and the prices that the book lacks."""
    found, missing = [], []
    for charge in life.assessment.charges:
        price = book.price(charge.key)
        if price is None or price.time not in ("Hours", "Months"):
            missing.append(charge.key)
            continue
        quantity = charge.quantity * period.units(price.time, *span)
        goes_on = price.monthly(charge.quantity) if life.end is None else Decimal(0)
        monthly = goes_on.quantize(rows.COST_STEP)
        details = _details(life, past)
        found.append(rows.priced(Origin.STANDING, life.owner, price, quantity, span, monthly=monthly, **details))
    return found, missing


def _details(life: Life, past: Past) -> dict[str, str]:
    resource = life.resource
    arn = resource.outputs.get("arn")
    return {
        "resource_id": arn if isinstance(arn, str) else resource.id,
        "resource_name": URN(resource.urn).name,
        "resource_type": resource.type,
        "account": past.account,
        "stack": past.stack,
        "source": resource.urn,
        "approximate": life.approximate,
    }
