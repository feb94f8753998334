"""Who bears what all use: the fabric's cost, spread over the organizations' environments by a stated rule.

What goes in comes out, to the last step of a row's cost: shares are whole steps, and the largest remainders get what
is left over (Hamilton's method).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from stackyard.cost import usage
from stackyard.cost.owners import Owner
from stackyard.cost.rows import COST_STEP, QUANTITY_STEP, Origin, Row

Target = tuple[str, str, str]
"""Organization, project, environment; the last two are empty where an organization bears a share as a whole."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """`by_count` of a shared cost goes evenly to the environments, the rest by their metered compute.

    Where nothing was computed, that part goes evenly, too; where there is no environment, all goes evenly to the
    organizations; where there is none of these either, the cost stays shared.
    """

    name: str
    by_count: Fraction


DEFAULT: Final = Rule("half-by-environments-half-by-compute", Fraction(1, 2))


def allocated(rows: Sequence[Row], targets: Sequence[Target], rule: Rule = DEFAULT) -> tuple[Row, ...]:
    """The rows with every shared one replaced by its shares: one row a layer, price and target.

    `targets` are the active environments, or organizations without any. A share keeps layer, service and price of
    what it is a share of.
    """
    shares = _shares(rows, _bearers(targets), rule)
    if not shares:
        return tuple(rows)
    kept = [row for row in rows if not row.owner.is_shared]
    pools: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        if row.owner.is_shared:
            pools.setdefault((row.owner.layer, row.price.key, row.account), []).append(row)
    for _, pool in sorted(pools.items()):
        kept += _divided(pool, shares, rule)
    return tuple(kept)


def _bearers(targets: Sequence[Target]) -> tuple[Target, ...]:
    distinct = sorted(set(targets))
    return tuple(target for target in distinct if target[2]) or tuple(sorted({(each[0], "", "") for each in distinct}))


def _shares(rows: Sequence[Row], bearers: Sequence[Target], rule: Rule) -> dict[Target, Fraction]:
    if not bearers:
        return {}
    computed = dict.fromkeys(bearers, Fraction(0))
    for row in rows:
        target = (row.owner.organization, row.owner.project, row.owner.environment)
        if row.origin is Origin.METERED and row.price.key in usage.COMPUTE and target in computed:
            computed[target] += Fraction(row.cost)
    whole, even = sum(computed.values()), Fraction(1, len(bearers))
    return {
        target: rule.by_count * even + (1 - rule.by_count) * (amount / whole if whole else even)
        for target, amount in computed.items()
    }


def _divided(pool: Sequence[Row], shares: Mapping[Target, Fraction], rule: Rule) -> list[Row]:
    first = pool[0]
    costs = divide(sum((row.cost for row in pool), Decimal(0)), shares, COST_STEP)
    quantities = divide(sum((row.quantity for row in pool), Decimal(0)), shares, QUANTITY_STEP)
    monthly = divide(sum((row.monthly for row in pool), Decimal(0)), shares, COST_STEP)
    start, end = min(row.start for row in pool), max(row.end for row in pool)
    note = next((row.approximate for row in pool if row.approximate), "")
    return [
        Row(
            Origin.ALLOCATED,
            Owner(first.owner.layer, *target, target[0]),
            first.price,
            quantities[target],
            costs[target],
            start,
            end,
            account=first.account,
            source=f"{len(pool)} shared rows of {first.price.key}",
            approximate=note,
            method=rule.name,
            monthly=monthly[target],
        )
        for target in shares
        if costs[target] or quantities[target] or monthly[target]
    ]


def divide(amount: Decimal, shares: Mapping[Target, Fraction], step: Decimal) -> dict[Target, Decimal]:
    """`amount`, a multiple of `step`, in parts that are multiples of it and come to exactly `amount`.

    `shares` come to 1. The largest remainders get the steps that are left over; ties go by name.
    """
    steps = int(amount / step)
    exact = {target: steps * share for target, share in shares.items()}
    whole = {target: int(part // 1) for target, part in exact.items()}
    left = steps - sum(whole.values())
    for target in sorted(exact, key=lambda each: (whole[each] - exact[each], each))[:left]:
        whole[target] += 1
    return {target: count * step for target, count in whole.items()}
