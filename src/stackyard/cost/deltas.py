"""What a plan changes of a month's standing cost, from its steps alone."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal

from stackyard.cost import resources
from stackyard.cost.prices import PriceBook
from stackyard.cost.resources import Assessment, Standing
from stackyard.model.plans import Op, Plan, Step
from stackyard.model.resources import Resource
from stackyard.model.urns import URN


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """One resource whose standing cost changes: `before` and `after` are None where it is not there."""

    urn: str
    before: Assessment | None
    after: Assessment | None

    @property
    def label(self) -> str:
        """What the resource is called."""
        found = self.after or self.before
        return found.label if found else ""


@dataclasses.dataclass(frozen=True, slots=True)
class Delta:
    """One stack: `amount` of the book's currency a month more (or less) once the plan is carried out.

    `what` are signed counts of resources by label, 0 for one that is changed. `unknown` are `resource property` pairs
    that the preview does not know and the amount depends on; `unpriced` are labels without a price, with the reason.
    """

    stack: str
    amount: Decimal
    what: tuple[tuple[str, int], ...] = ()
    unknown: tuple[str, ...] = ()
    unpriced: tuple[str, ...] = ()


def moves(plan: Plan) -> tuple[Move, ...]:
    """The resources of a plan whose standing charges change. Needs no prices."""
    if not plan.changes:
        return ()
    before: dict[tuple[str, str], Resource] = {}
    after: dict[str, Resource] = {}
    for step in plan.steps:
        _put(step, before, after)
    was, will = tuple(before.values()), tuple(after.values())
    olds = {resource.urn: resource for resource in was if not resource.delete}
    pairs = [(urn, olds.get(urn), after.get(urn)) for urn in dict.fromkeys([*olds, *after])]
    pairs += [(resource.urn, resource, None) for resource in was if resource.delete]
    found = []
    for urn, old, new in pairs:
        first = resources.assess(old, was) if old else None
        second = resources.assess(new, will) if new else None
        if _matters(first) != _matters(second):
            found.append(Move(urn, first, second))
    return tuple(found)


def _put(step: Step, before: dict[tuple[str, str], Resource], after: dict[str, Resource]) -> None:
    """Note what stands before and after a step; of a replacement's parts, each says one side.

    What is imported stood before, and what is deleted from the record alone stands on.
    """
    old, new = step.old, step.new
    if step.op in (Op.IMPORT, Op.IMPORT_REPLACEMENT) and new is not None:
        before[(new.urn, new.id)] = new
    elif old is not None and step.op is not Op.CREATE:
        before[(old.urn, old.id)] = old
    if step.op in (Op.DELETE, Op.DELETE_REPLACED, Op.READ_DISCARD):
        if old is not None and old.retain_on_delete and not old.delete:
            after.setdefault(old.urn, old)
    elif new is not None:
        after[new.urn] = new


def _matters(found: Assessment | None) -> tuple[object, ...]:
    if found is None or found.standing in (Standing.FREE, Standing.METERED):
        return ()
    return (found.charges, found.unknown, found.about)


def delta(plan: Plan, changed: Sequence[Move], book: PriceBook) -> Delta:
    """The change of one stack's monthly cost."""
    amount = Decimal(0)
    what: Counter[str] = Counter()
    unknown: dict[str, None] = {}
    unpriced: dict[str, None] = {}
    for move in changed:
        for sign, found in ((-1, move.before), (1, move.after)):
            if found is None:
                continue
            amount += sign * _monthly(found, book, unpriced if sign > 0 else {})
        what[move.label] += (move.after is not None) - (move.before is not None)
        for name in move.after.unknown if move.after else ():
            unknown[f"{URN(move.urn).name} {name}"] = None
    return Delta(plan.stack, amount, tuple(sorted(what.items())), tuple(unknown), tuple(unpriced))


def _monthly(found: Assessment, book: PriceBook, unpriced: dict[str, None]) -> Decimal:
    if found.standing is Standing.UNPRICED:
        unpriced[f"{found.label} ({found.about})"] = None
    amount = Decimal(0)
    for charge in found.charges:
        price = book.price(charge.key)
        if price is None and not found.unknown:
            unpriced[f"{found.label} ({book.name} has no price {charge.key})"] = None
        elif price is not None:
            amount += price.monthly(charge.quantity)
    return amount


def shown(found: Iterable[Delta]) -> tuple[Delta, ...]:
    """Those that have something to tell."""
    return tuple(each for each in found if each.amount or each.unknown or each.unpriced)
