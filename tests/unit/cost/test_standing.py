"""How long resources stood, whom they belong to, and what that comes to."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from stackyard import errors
from stackyard.cost import periods, prices, standing
from stackyard.cost.owners import Owner, Owners
from stackyard.cost.rows import total
from tests.unit.cost.making import day, past, resource

BOOK = prices.load()
NOVEMBER = periods.month("2026-11", day(1, month=12))
TAGS = {"Layer": "sites", "Organization": "acme", "Project": "site_instances", "CostOwner": "acme-finance"}


def test_a_month_is_clipped_to_what_has_passed() -> None:
    so_far = periods.month("", day(21))
    assert (so_far.name, so_far.end, so_far.is_over) == ("2026-11", day(21), False)
    assert NOVEMBER.is_over
    assert NOVEMBER.units("Hours", day(1), day(2)) == 24
    assert NOVEMBER.units("Months", day(1), day(16)) == Decimal("0.5")
    december = periods.month("2026-12", day(2, month=12))
    assert (december.start, december.whole_end.year) == (day(1, month=12), 2027)
    for wrong in ("2026-13", "november", "2027-01"):
        with pytest.raises(errors.UsageError):
            periods.month(wrong, day(21))


def test_times_of_both_writers_are_read() -> None:
    assert periods.moment("2026-11-03T04:00:00Z") == day(3, 4)
    assert periods.moment("2026-11-03T05:00:00.123456789+01:00") == day(3, 4).replace(microsecond=123456)
    assert periods.moment("soon") is None


def test_a_resource_costs_from_its_creation_to_its_end() -> None:
    gateway = resource("ec2.NatGateway", created=day(5))
    stood = standing.stood([past((day(5, 1), [gateway]), (day(6, 12), []))], BOOK, NOVEMBER)
    (row,) = stood.rows
    assert (row.start, row.end, row.quantity, row.cost) == (day(5), day(6, 12), 36, Decimal("1.62"))
    assert (row.approximate, row.resource_name, row.account, row.monthly) == ("", "it", "111122223333", 0)


def test_before_and_after_the_month_nothing_is_charged() -> None:
    gateway = resource("ec2.NatGateway", created=day(1, month=10))
    (row,) = standing.stood([past((day(1, month=10), [gateway]))], BOOK, NOVEMBER).rows
    assert (row.quantity, row.cost) == (720, Decimal("32.4"))
    ended = past((day(1, month=9), [gateway]), (day(30, month=10), []))
    assert standing.stood([ended], BOOK, NOVEMBER).rows == ()


def test_monthly_prices_are_prorated_over_the_calendar_month() -> None:
    key = resource("kms.Key", created=day(16))
    (row,) = standing.stood([past((day(16), [key]))], BOOK, NOVEMBER).rows
    assert (row.quantity, row.cost, row.monthly) == (Decimal("0.5"), Decimal("0.5"), 1)


def test_a_resource_that_changes_is_charged_by_what_it_was_at_the_time() -> None:
    small, large = (
        resource("rds.Instance", engine="postgres", instanceClass=name, allocatedStorage=0, created=day(1))
        for name in ("db.t4g.micro", "db.t4g.small")
    )
    states = past((day(1), [small]), (day(2), [small]), (day(11), [large]), (day(12), [large]))
    stood = standing.stood([states], BOOK, NOVEMBER)
    assert [(row.start, row.end, row.price.key) for row in stood.rows] == [
        (day(1), day(11), "rds.postgres.db.t4g.micro"),
        (day(11), day(1, month=12), "rds.postgres.db.t4g.small"),
    ]


def test_what_is_not_recorded_is_said_to_be_approximate() -> None:
    (row,) = standing.stood([past((day(3), [resource("kms.Key")]))], BOOK, NOVEMBER).rows
    assert row.approximate == standing.NO_CREATION
    assert row.start == day(3)


def test_a_replacement_is_two_resources() -> None:
    old = resource("ec2.NatGateway", created=day(1))
    new = dataclasses.replace(resource("ec2.NatGateway", created=day(10)), id="second")
    rows = standing.stood([past((day(1), [old]), (day(10), [new]))], BOOK, NOVEMBER).rows
    assert sorted((row.start, row.end) for row in rows) == [(day(1), day(10)), (day(10), day(1, month=12))]


def test_an_old_creation_time_of_something_new_to_the_stack_counts_from_the_state_before() -> None:
    """An imported resource brings its own age along; the stack pays since it has it."""
    imported = resource("ec2.NatGateway", created=day(1, month=1))
    rows = standing.stood([past((day(2), []), (day(4), [imported]))], BOOK, NOVEMBER).rows
    assert rows[0].start == day(2)


def test_unpriced_metered_and_free_are_counted_apart() -> None:
    found = [
        resource("sagemaker.Endpoint", "a"),
        resource("sagemaker.Endpoint", "b"),
        resource("s3.Bucket"),
        resource("iam.Role"),
        resource("ec2.Instance", "big", instanceType="u-24tb1.metal"),
    ]
    stood = standing.stood([past((day(1), found))], BOOK, NOVEMBER)
    assert [(each.what, each.count) for each in stood.unpriced] == [
        ("ec2.instance.u-24tb1.metal", 1),
        ("sagemaker.Endpoint", 2),
    ]
    assert (stood.metered, stood.free) == ((("s3.Bucket", 1),), 1)
    assert total(stood.rows) == Decimal("0.80")  # the disk of the instance


def test_resources_of_other_regions_are_counted() -> None:
    found = [resource("kms.Key", "a", region="eu-west-1"), resource("kms.Key", "b", region="us-east-1")]
    stood = standing.stood([past((day(1), [*found, resource("iam.Role", region="eu-west-1")]))], BOOK, NOVEMBER)
    assert stood.elsewhere == (("eu-west-1", 1),)


def test_logs_that_are_kept_for_ever_are_told_apart() -> None:
    found = [resource("cloudwatch.LogGroup", "a", retentionInDays=30), resource("cloudwatch.LogGroup", "b")]
    stood = standing.stood([past((day(1), found))], BOOK, NOVEMBER)
    assert stood.metered == (("cloudwatch.LogGroup", 1), ("cloudwatch.LogGroup that keeps all for ever", 1))


def test_tags_decide_whose_a_resource_is() -> None:
    parent = resource("kms.Key", "key", tags=TAGS)
    alias = dataclasses.replace(resource("kms.Alias", "alias"), parent=parent.urn)
    stray = resource("kms.Key", "stray")
    environment = resource(
        "cloudwatch.MetricAlarm",
        "alarm",
        tagsAll={**TAGS, "Layer": "environments", "Project": "shop", "HostedEnvironment": "prod"},
    )
    owners = Owners([parent, alias, stray, environment], Owner("fabric", "platform", "dns"))
    acme = Owner("sites", "acme", "site_instances", "", "acme-finance")
    assert owners.of(parent) == owners.of(alias) == acme
    assert owners.of(environment) == Owner("environments", "acme", "shop", "prod", "acme-finance")
    assert owners.of(stray).organization == "acme"
    assert Owners([stray], Owner("fabric", "platform", "dns")).of(stray) == Owner("fabric", "platform", "dns")


def test_another_organizations_tag_does_not_bring_the_stacks_project_along() -> None:
    theirs = resource("kms.Key", "theirs", tags={"Organization": "globex"})
    ours = [resource("kms.Key", name, tags=TAGS) for name in "ab"]
    assert Owners([*ours, theirs], Owner()).of(theirs) == Owner("sites", "globex")
