"""What a plan changes of a month's cost follows from its steps."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from stackyard.cost import deltas, prices
from stackyard.cost.deltas import Delta
from stackyard.model.plans import Op, Operation, Plan, Step
from stackyard.model.resources import Resource
from stackyard.model.values import UNKNOWN
from tests.unit.cost.making import resource

BOOK = prices.load()


def delta(*steps: tuple[Op, Resource | None, Resource | None]) -> Delta:
    """The delta of a plan with these steps: operation, old, new."""
    made = []
    for op, old, new in steps:
        here = old or new
        assert here is not None
        made.append(Step(op, here.urn, here.type, old, new))
    plan = Plan("shop/dev", Operation.UP, tuple(made))
    return deltas.delta(plan, deltas.moves(plan), BOOK)


def database(size: str) -> Resource:
    return resource("rds.Instance", engine="postgres", instanceClass=size, allocatedStorage=0)


def test_creations_add_and_deletions_take_away() -> None:
    gateway, key = resource("ec2.NatGateway", "nat"), resource("kms.Key", "key")
    found = delta((Op.CREATE, None, gateway), (Op.CREATE, None, key))
    assert (found.amount, found.what) == (Decimal("33.85"), (("KMS key", 1), ("NAT gateway", 1)))
    assert delta((Op.DELETE, gateway, None)).amount == Decimal("-32.85")


def test_updates_count_the_difference() -> None:
    found = delta((Op.UPDATE, database("db.t4g.micro"), database("db.t4g.small")))
    assert (found.amount, found.what) == (Decimal("11.68"), (("database", 0),))


def test_a_replacement_counts_once() -> None:
    old, new = database("db.t4g.micro"), database("db.t4g.small")
    steps = ((Op.CREATE_REPLACEMENT, old, new), (Op.REPLACE, old, new), (Op.DELETE_REPLACED, old, None))
    assert delta(*steps).amount == Decimal("11.68")
    assert delta((Op.DELETE_REPLACED, old, None), (Op.REPLACE, old, new), (Op.CREATE_REPLACEMENT, old, new)).amount == (
        Decimal("11.68")
    )


def test_an_old_one_that_still_waits_for_its_deletion_saves_its_own_cost() -> None:
    current = resource("ec2.NatGateway", "nat")
    stale = dataclasses.replace(current, id="old", delete=True)
    assert delta((Op.SAME, current, current), (Op.DELETE_REPLACED, stale, None)).amount == Decimal("-32.85")


@pytest.mark.parametrize("op", [Op.SAME, Op.UPDATE, Op.REFRESH])
def test_nothing_is_told_where_no_charge_changes(op: Op) -> None:
    gateway, role = resource("ec2.NatGateway", "nat"), resource("iam.Role", "role")
    renamed = dataclasses.replace(gateway, inputs={"tags": {"Name": "other"}})
    found = delta((op, gateway, renamed), (Op.CREATE, None, role), (Op.CREATE, None, resource("s3.Bucket", "b")))
    assert deltas.shown([found]) == ()


def test_what_is_imported_or_merely_forgotten_costs_as_before() -> None:
    gateway = resource("ec2.NatGateway")
    assert delta((Op.IMPORT, None, gateway)).amount == 0
    kept = dataclasses.replace(gateway, retain_on_delete=True)
    assert delta((Op.DELETE, kept, None)).amount == 0
    assert delta((Op.READ, None, dataclasses.replace(gateway, external=True))).amount == 0


def test_unknown_values_and_types_without_a_price_are_named() -> None:
    instance = resource("rds.Instance", "db", engine="postgres", instanceClass=UNKNOWN, allocatedStorage=10)
    found = delta((Op.CREATE, None, instance), (Op.CREATE, None, resource("sagemaker.Endpoint")))
    assert found.unknown == ("db instanceClass",)
    assert found.unpriced == ("sagemaker.Endpoint (no rule knows this type)",)
    assert found.amount == Decimal("1.15")
    assert deltas.shown([found]) == (found,)


def test_deleting_what_has_no_price_is_no_news() -> None:
    assert deltas.shown([delta((Op.DELETE, resource("sagemaker.Endpoint"), None))]) == ()
