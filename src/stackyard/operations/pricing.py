"""What plans change of a month's standing cost, for every preview: kept light, unlike `costing`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stackyard.cost import deltas, prices
from stackyard.cost.deltas import Delta
from stackyard.cost.prices import PriceBook
from stackyard.model.plans import Plan

BOOKS: Final = "prices"
"""The folder of an estate's own price books."""


def book(root: Path, name: str = "") -> PriceBook:
    """The price book of that name: the estate's own in `prices/`, else the product's.

    Raises DiagnosedError for a malformed one, UsageError when there is none of that name.
    """
    return prices.load(name or prices.DEFAULT, (root / BOOKS,))


def changes(plans: Mapping[str, Plan], root: Path) -> tuple[tuple[Delta, ...], PriceBook | None]:
    """What each plan changes of a month's standing cost, where it does, and the book it was priced with.

    The book is read only when a plan touches something that costs.
    """
    moved = {key: deltas.moves(plan) for key, plan in plans.items()}
    if not any(moved.values()):
        return (), None
    found = book(root)
    return deltas.shown(deltas.delta(plans[key], moves, found) for key, moves in moved.items() if moves), found
