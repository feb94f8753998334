"""What one recorded or planned resource costs while it stands, or why nobody can tell."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence

from stackyard.cost import kinds, rules
from stackyard.cost.rules import Charge, Facts, Undecided
from stackyard.model.resources import Resource


class Standing(enum.StrEnum):
    """How a resource is charged for."""

    PRICED = "priced"
    METERED = "metered"
    FREE = "free"
    UNPRICED = "unpriced"


@dataclasses.dataclass(frozen=True, slots=True)
class Assessment:
    """`charges` run while the resource stands. `about` says what a metered one is charged for, or why an unpriced
    one has no price. `unknown` are properties that a preview does not know, which the charges may depend on.
    """

    standing: Standing
    label: str
    charges: tuple[Charge, ...] = ()
    about: str = ""
    unknown: tuple[str, ...] = ()


def assess(resource: Resource, beside: Sequence[Resource] = ()) -> Assessment:
    """How a resource is charged for; `beside` are the resources of its stack."""
    if not is_owned(resource) or resource.package in kinds.LOCAL:
        return Assessment(Standing.FREE, resource.type)
    name = kinds.short(resource.type)
    priced = rules.PRICED.get(name)
    if priced is not None:
        return _priced(name, priced, Facts(resource, beside))
    if kinds.is_free(name):
        return Assessment(Standing.FREE, name)
    if name in kinds.METERED:
        return Assessment(Standing.METERED, _kept(name, resource), about=kinds.METERED[name])
    return Assessment(Standing.UNPRICED, name or resource.type, about="no rule knows this type")


def _kept(name: str, resource: Resource) -> str:
    """The name of a metered type; of a log group that never forgets, this too: it costs more every month."""
    forgets = name != "cloudwatch.LogGroup" or resource.inputs.get("retentionInDays") not in (None, 0)
    return name if forgets else f"{name} that keeps all for ever"


def is_owned(resource: Resource) -> bool:
    """Whether it is a thing that its stack made and that still exists: no component, provider, or read of others'."""
    return resource.custom and not resource.is_provider and not resource.external and not resource.pending_replacement


def _priced(name: str, priced: rules.Priced, facts: Facts) -> Assessment:
    try:
        charges = tuple(charge for charge in priced.rule(facts) if charge.quantity)
    except Undecided as why:
        return Assessment(Standing.UNPRICED, priced.label, about=str(why), unknown=tuple(facts.unknown))
    unknown = tuple(facts.unknown)
    if charges or unknown:
        return Assessment(Standing.PRICED, priced.label, charges, unknown=unknown)
    by_use = rules.BY_USE_TOO.get(name, "")
    return Assessment(Standing.METERED if by_use else Standing.FREE, priced.label, about=by_use)
