"""The simulated fleet keeps the relations that the platform was designed for, on a smaller scale."""

from __future__ import annotations

import functools
from decimal import Decimal

import pytest
from benchmarks import fleet_cost
from benchmarks.fleet_cost import Fleet

from stackyard.cost import prices

GIVEN, BOOK = fleet_cost.profile(), prices.load()


@functools.cache
def fleet(organizations: int, busy: str = "1") -> Fleet:
    """A fleet whose size is a multiple of the profile's three degrees of activity."""
    return fleet_cost.simulate(organizations, GIVEN, BOOK, Decimal(busy))


def test_the_fleet_has_the_shape_that_was_asked_for() -> None:
    found = fleet(12)
    assert (found.organizations, found.projects, found.environments) == (12, 60, 240)
    assert [line.name for line in found.lines] == list(fleet_cost.LAYERS)


@pytest.mark.parametrize("layer", ["sites", "projects", "environments"])
def test_sites_projects_and_environments_grow_with_their_number(layer: str) -> None:
    # Each price is rounded to the last digit of a quantity, hence not exactly.
    assert abs(fleet(12).of(layer) / fleet(6).of(layer) - 2) < Decimal("0.0001")


def test_the_fabric_grows_slower_than_the_number_of_projects() -> None:
    assert fleet(6).of("fabric") < fleet(12).of("fabric") < fleet(6).of("fabric") * Decimal("1.5")
    assert fleet(12).of("fabric") / 60 < fleet(6).of("fabric") / 30 < fleet(3).of("fabric") / 15


def test_sites_and_hosted_projects_are_low() -> None:
    # Even in a small fleet, where the fabric weighs most.
    assert fleet(12).part("sites") < 5
    assert fleet(12).part("projects") < 10


def test_activated_environments_are_most_of_it_and_the_more_so_the_more_they_run() -> None:
    assert fleet(12).part("environments") > fleet(3).part("environments")
    assert fleet(12, "4").part("environments") > fleet(12).part("environments") > fleet(12, "0.25").part("environments")
    large = fleet(60)
    assert 80 <= large.part("environments") <= 90


def test_who_runs_more_pays_more() -> None:
    found = fleet(12)
    assert found.dearest[1] > found.cheapest[1] * Decimal("1.5")
    assert found.dearest[1] * 12 > found.total
