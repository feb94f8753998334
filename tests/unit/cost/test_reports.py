"""Rows are added up by what was asked for, and every way comes to the same total."""

from __future__ import annotations

from decimal import Decimal

import pytest

from stackyard.cost import allocation, prices, reports, rows
from stackyard.cost.owners import Owner
from stackyard.cost.reports import By
from stackyard.cost.rows import Origin, Row
from tests.unit.cost.making import day

BOOK = prices.load()


def row(cost: str, owner: Owner, key: str, origin: Origin = Origin.STANDING, name: str = "") -> Row:
    """A row of that cost."""
    details = {"resource_type": "aws:x/y:Y" if name else "", "resource_name": name, "stack": "p/s"}
    return Row(origin, owner, BOOK.prices[key], Decimal(1), Decimal(cost), day(1), day(2), **details)


ROWS = [
    row("30", Owner("fabric", "platform", "network"), "vpc.nat_gateway", name="nat"),
    row("1", Owner("sites", "acme", "site_instances"), "kms.key", name="key"),
    row("50", Owner("environments", "acme", "shop", "prod"), "fargate.vcpu", Origin.METERED),
    row("19", Owner("environments", "globex", "web", "dev"), "fargate.vcpu", Origin.METERED),
]
TARGETS = [("acme", "shop", "prod"), ("globex", "web", "dev")]
CHARGED = allocation.allocated(ROWS, TARGETS)


@pytest.mark.parametrize("by", By)
def test_every_way_of_adding_up_comes_to_the_same(by: By) -> None:
    for given in (ROWS, CHARGED):
        assert sum(line.total for line in reports.lines(given, by)) == 100


def test_layers_are_in_order_whatever_they_cost() -> None:
    found = reports.lines(ROWS, By.LAYER)
    assert [(line.name, line.total) for line in found] == [("fabric", 30), ("sites", 1), ("environments", 69)]
    assert [line.name for line in reports.lines(CHARGED, By.LAYER)] == ["fabric", "sites", "environments"]


def test_organizations_bear_their_own_and_their_share() -> None:
    acme, globex = reports.lines(CHARGED, By.ORGANIZATION)
    assert (acme.name, acme.standing, acme.metered) == ("acme", 1, 50)
    assert acme.allocated + globex.allocated == 30
    assert rows.total(reports.only(CHARGED, "acme")) == acme.total


def test_names_of_projects_environments_and_resources() -> None:
    names = {by: [line.name for line in reports.lines(ROWS, by)] for by in By}
    assert "acme/shop" in names[By.PROJECT]
    assert "globex/web/dev" in names[By.ENVIRONMENT]
    assert f"platform/network/{reports.NOTHING}" in names[By.ENVIRONMENT]
    assert f"acme/{reports.NOTHING}" in names[By.PROJECT], "a site is no project's"
    assert "p/s Y nat" in names[By.RESOURCE]
    assert "AWS Fargate" in names[By.SERVICE]


def test_bills_tell_shares_of_the_fabric_apart_and_lose_nothing() -> None:
    found = reports.bills(CHARGED)
    assert sum(found.values()) == 100
    assert found["acme", "", "", "AWS Key Management Service"] == 1
    assert found["acme", "shop", "prod", "AWS Fargate"] == 50
    shared = {key[:3] for key in found if key[3] == "Amazon Virtual Private Cloud (shared)"}
    assert shared == set(TARGETS)
