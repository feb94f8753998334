"""Amounts are never rounded to a nothing that they are not; previews tell what changes."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

import pytest

from stackyard.cost import periods, prices, reports
from stackyard.cost.budgets import Finding, Verdict
from stackyard.cost.deltas import Delta
from stackyard.cost.owners import Owner
from stackyard.cost.reports import By, Report
from stackyard.cost.rows import Origin, Row
from stackyard.cost.standing import Unpriced
from stackyard.views import costs

BOOK = prices.load()
NOW = datetime.datetime(2026, 11, 21, tzinfo=datetime.UTC)
PERIOD = periods.month("2026-11", NOW)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0.00"),
        ("1234.5", "1,234.50"),
        ("0.01", "0.01"),
        ("0.0042", "0.0042"),
        ("0.0000001", "<0.0001"),
        ("-32.85", "-32.85"),
        ("-0.0000001", ">-0.0001"),
    ],
)
def test_amounts(value: str, text: str) -> None:
    assert costs.amount(Decimal(value)) == text


def _row(cost: str, owner: Owner) -> Row:
    price = BOOK.prices["vpc.nat_gateway"]
    return Row(
        Origin.STANDING, owner, price, Decimal(1), Decimal(cost), NOW, NOW, approximate="a guess", monthly=price.amount
    )


def _report(**rest: object) -> Report:
    rows = (_row("7.5", Owner("fabric", "platform")), _row("2.5", Owner("sites", "acme")))
    return Report(BOOK, PERIOD, By.LAYER, rows, reports.lines(rows, By.LAYER), **rest)  # type: ignore[arg-type]


def test_a_report_says_what_it_adds_up_and_what_it_leaves_out() -> None:
    budget = Finding("acme", Decimal(2), Decimal("2.5"), Verdict.EXCEEDED, 100, True)
    unpriced = (Unpriced("sagemaker.Endpoint", "no rule knows this type", 2),)
    told = _report(
        unpriced=unpriced, metered_by_use=(("s3.Bucket", 3),), free=1, notes=("no cloud",), budgets=(budget,)
    )
    lines = costs.render(told)
    assert lines[0] == "Cost of 2026-11 by layer, up to 2026-11-21 00:00 UTC (USD)"
    assert lines[1].split() == ["LAYER", "STANDING", "METERED", "TOTAL", "PART", "A", "MONTH"]
    assert lines[2].split() == ["fabric", "7.50", "0.00", "7.50", "75.0", "%", "0.04"]
    assert "Total: 10.00 USD; what stands now costs 0.09 USD a month" in lines
    assert "no price: 2 resources of sagemaker.Endpoint (no rule knows this type)" in lines
    assert "approximate: a guess" in lines
    assert "no cloud" in lines
    assert "charged by use alone: 3 s3.Bucket" in lines
    assert "free: 1 resource" in lines
    assert lines[-1] == "budget exceeded: acme has spent 125 % (2.50 of 2.00 USD): stackyard tenant suspend acme"


def test_prices_that_were_only_recalled_are_named() -> None:
    assert not any("recalled" in line for line in costs.render(_report()))
    told = dataclasses.replace(_row("1", Owner("fabric")), price=BOOK.prices["ecr.storage"])
    lines = costs.render(Report(BOOK, PERIOD, By.LAYER, (told,), reports.lines([told], By.LAYER)))
    assert lines[-1].endswith("recalled, not looked up again: ecr.storage")


def test_an_empty_report_says_so() -> None:
    lines = costs.render(Report(BOOK, PERIOD, By.LAYER, (), ()))
    assert lines[1:3] == ["nothing was charged for", "Total: 0.00 USD; what stands now costs 0.00 USD a month"]


def test_a_report_as_data_keeps_amounts_exact() -> None:
    found = costs.document(_report())
    assert (found["total"], found["monthly"], found["currency"]) == ("10", "0.09", "USD")
    assert found["lines"][1] == {
        "name": "sites", "standing": "2.5", "metered": "0", "allocated": "0", "total": "2.5", "monthly": "0.045"
    }  # fmt: skip
    assert found["rows"][0]["BilledCost"] == "7.5"


def test_a_preview_tells_each_stack_and_the_sum() -> None:
    one = Delta("network/QA", Decimal("33.85"), (("KMS key", 1), ("NAT gateway", 1)))
    two = Delta("db/QA", Decimal("-5"), (("database", -2), ("secret", 0)), ("db instanceClass",), ("x (no rule)",))
    assert costs.changes([one], "USD") == ["Cost: network/QA: +33.85 USD a month: 1 KMS key, 1 NAT gateway"]
    assert costs.changes([one, two], "USD") == [
        "network/QA: +33.85 USD a month: 1 KMS key, 1 NAT gateway",
        "db/QA: -5.00 USD a month: less 2 databases, secret changed; "
        "depends on what is not known yet: db instanceClass; no price for x (no rule)",
        "Cost: +28.85 USD a month",
    ]
    assert costs.changes([], "USD") == []
    found = costs.change_document([one, two], BOOK)
    assert (found["monthly"], found["stacks"][1]["unknown"]) == ("28.85", ["db instanceClass"])
