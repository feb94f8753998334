"""What a cloud counted → use: each count charged to whom its resource belongs to, by the states that know it.

A resource's tags decide. What several environments share (an organization's bucket, its table of runs, a key) is
charged to the environment whose role called, where the caller is one of the same organization.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from stackyard.cloud.client.usage import Count
from stackyard.cost.owners import Owner, Owners
from stackyard.cost.standing import Past
from stackyard.cost.usage import Kind, Usage
from stackyard.model.resources import Resource
from stackyard.model.urns import URN
from stackyard.model.values import Secret

THROUGH_NAT: Final = "what tasks move to services other than buckets and tables is priced as through a NAT gateway"
_KINDS: Final = frozenset(kind.value for kind in Kind)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A resource as the states know it, whom it belongs to, and its stack; `account` is where that is."""

    owner: Owner
    resource: Resource
    stack: str
    account: str = ""

    @property
    def name(self) -> str:
        """The resource's name in its program."""
        return URN(self.resource.urn).name


def places(pasts: Iterable[Past]) -> dict[str, Place]:
    """Every resource that any state of the stacks names an ARN of, by that ARN; what it was last counts."""
    found: dict[str, Place] = {}
    for past in pasts:
        for state in reversed(past.states):
            fresh = [(arn, each) for each in state.resources if (arn := _arn(each)) and arn not in found]
            if fresh:
                owners = Owners(state.resources, past.owner)
                for arn, each in fresh:
                    found[arn] = Place(owners.of(each), each, past.stack, past.account)
    return found


def _arn(resource: Resource) -> str:
    """The ARN as counts name it: that of a role without its path, that of a log group without an ending."""
    given = resource.outputs.get("arn")
    text = given.value if isinstance(given, Secret) else given
    if not isinstance(text, str) or not text.startswith("arn:"):
        return ""
    if ":role/" in text:
        return f"{text.partition('/')[0]}/{text.rpartition('/')[2]}"
    return text.removesuffix(":*")


def charged(
    counts: Sequence[Count], known: Mapping[str, Place], accounts: Mapping[str, Owner]
) -> tuple[tuple[Usage, ...], tuple[str, ...]]:
    """The use that counts come to, and the accounts of which nobody is the owner, whose counts are left out.

    `known` are the resources by ARN (`places`), `accounts` the owners of accounts, for what no state knows. Callers
    of the same environment are added up.
    """
    sums: dict[tuple[str, str, str, Owner], tuple[Decimal, datetime.datetime, datetime.datetime]] = {}
    strange = set()
    for each in counts:
        place = known.get(each.resource)
        owner = place.owner if place is not None else accounts.get(each.account)
        if owner is None:
            strange.add(each.account)
        elif each.kind in _KINDS:
            key = (each.account, each.kind, each.resource, _bearer(owner, known.get(each.caller)))
            amount, start, end = sums.get(key, (Decimal(0), each.start, each.end))
            sums[key] = (amount + each.amount, min(start, each.start), max(end, each.end))
    return tuple(_use(*key, *found, known) for key, found in sorted(sums.items())), tuple(sorted(strange))


def _bearer(owner: Owner, caller: Place | None) -> Owner:
    """The environment that called, where the owner is its organization and not another environment."""
    if caller is None or not caller.owner.environment or owner.environment:
        return owner
    return caller.owner if caller.owner.organization == owner.organization else owner


def _use(
    account: str,
    kind: str,
    resource: str,
    owner: Owner,
    amount: Decimal,
    start: datetime.datetime,
    end: datetime.datetime,
    known: Mapping[str, Place],
) -> Usage:
    place = known.get(resource)
    return Usage(
        owner.organization,
        owner.project,
        owner.environment,
        Kind(kind),
        amount,
        start,
        end,
        resource or f"account {account}",
        account,
        approximate=THROUGH_NAT if kind == Kind.BYTES_MOVED else "",
        owner=owner,
        name=place.name if place else "",
        type=place.resource.type if place else "",
        stack=place.stack if place else "",
    )
