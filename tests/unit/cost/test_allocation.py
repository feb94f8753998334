"""What all use is divided without remainder, by the stated rule."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import hypothesis
from hypothesis import strategies as some

from stackyard.cost import allocation, prices, rows
from stackyard.cost.owners import Owner
from stackyard.cost.rows import Origin, Row
from tests.unit.cost.making import day

BOOK = prices.load()
FABRIC = Owner("fabric", "platform", "network", "", "platform")


def row(cost: str, owner: Owner = FABRIC, key: str = "vpc.nat_gateway", origin: Origin = Origin.STANDING) -> Row:
    """A row of that cost."""
    return Row(origin, owner, BOOK.prices[key], Decimal(1), Decimal(cost), day(1), day(2), account="111")


def computed(organization: str, environment: str, cost: str) -> Row:
    """A row of metered compute."""
    owner = Owner("environments", organization, "shop", environment)
    return row(cost, owner, "fargate.vcpu", Origin.METERED)


def by_target(found: tuple[Row, ...]) -> dict[tuple[str, str, str], Decimal]:
    """What each target was allocated."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for each in found:
        if each.origin is Origin.ALLOCATED:
            key = (each.owner.organization, each.owner.project, each.owner.environment)
            sums[key] = sums.get(key, Decimal(0)) + each.cost
    return sums


A, B = ("acme", "shop", "prod"), ("globex", "shop", "prod")


def test_half_goes_by_environments_and_half_by_compute() -> None:
    found = allocation.allocated([row("100"), computed("acme", "prod", "3"), computed("globex", "prod", "1")], [A, B])
    assert by_target(found) == {A: Decimal("62.5"), B: Decimal("37.5")}
    assert rows.total(found) == 104


def test_a_share_keeps_layer_service_and_price_and_says_how_it_came_about() -> None:
    share = next(each for each in allocation.allocated([row("1")], [A]) if each.origin is Origin.ALLOCATED)
    assert (share.owner, share.price.key) == (Owner("fabric", *A, "acme"), "vpc.nat_gateway")
    assert (share.method, share.source) == (allocation.DEFAULT.name, "1 shared rows of vpc.nat_gateway")


def test_without_compute_all_goes_evenly() -> None:
    assert by_target(allocation.allocated([row("10")], [A, B])) == {A: 5, B: 5}


def test_compute_of_somebody_who_is_no_target_gets_no_share() -> None:
    found = allocation.allocated([row("10"), computed("gone", "prod", "5")], [A, B])
    assert by_target(found) == {A: 5, B: 5}


def test_without_environments_organizations_bear_it_and_without_those_it_stays_shared() -> None:
    found = allocation.allocated([row("9")], [("acme", "", ""), ("globex", "shop", ""), ("acme", "shop", "")])
    assert by_target(found) == {("acme", "", ""): Decimal("4.5"), ("globex", "", ""): Decimal("4.5")}
    assert allocation.allocated([row("9")], []) == (row("9"),)


def test_an_organization_without_environments_bears_nothing_while_others_have_some() -> None:
    assert by_target(allocation.allocated([row("9")], [A, ("idle", "", "")])) == {A: 9}


amounts = some.integers(0, 10**15).map(lambda steps: steps * rows.COST_STEP)
names = some.tuples(some.sampled_from(["acme", "globex", "initech"]), some.sampled_from("pq"), some.sampled_from("xyz"))


@hypothesis.given(
    some.lists(some.tuples(amounts, some.sampled_from(["vpc.nat_gateway", "kms.key"])), max_size=6),
    some.lists(some.tuples(names, amounts), max_size=8),
    some.lists(names, max_size=8),
    some.fractions(0, 1),
)
def test_what_goes_in_comes_out(
    shared: list[tuple[Decimal, str]],
    own: list[tuple[tuple[str, str, str], Decimal]],
    targets: list[tuple[str, str, str]],
    by_count: Fraction,
) -> None:
    given = [row(str(cost), key=key) for cost, key in shared]
    given += [row(str(cost), Owner("environments", *target), "fargate.vcpu", Origin.METERED) for target, cost in own]
    found = allocation.allocated(given, targets, allocation.Rule("any", by_count))
    assert rows.total(found) == rows.total(given)
    assert sum(each.quantity for each in found) == sum(each.quantity for each in given)
    for layer in ("fabric", "environments"):
        assert rows.total(each for each in found if each.owner.layer == layer) == rows.total(
            each for each in given if each.owner.layer == layer
        )
    assert all(each.cost >= 0 for each in found)
    assert not targets or not any(each.owner.is_shared for each in found)


@hypothesis.given(some.integers(0, 10**18), some.lists(some.integers(0, 10**6), min_size=1, max_size=20))
def test_division_is_exact_and_off_by_less_than_a_step(steps: int, weights: list[int]) -> None:
    whole = sum(weights)
    hypothesis.assume(whole)
    shares = {("o", "p", str(index)): Fraction(weight, whole) for index, weight in enumerate(weights)}
    parts = allocation.divide(steps * rows.COST_STEP, shares, rows.COST_STEP)
    assert sum(parts.values()) == steps * rows.COST_STEP
    for target, share in shares.items():
        assert abs(Fraction(parts[target]) / Fraction(rows.COST_STEP) - steps * share) < 1
