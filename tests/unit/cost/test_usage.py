"""Runs are metered as Fargate bills tasks; use becomes rows of the month it belongs to."""

from __future__ import annotations

import dataclasses
import datetime
from decimal import Decimal

import pytest

from stackyard.cost import periods, prices, usage
from stackyard.cost.owners import Owner
from stackyard.cost.usage import Kind, RunTime, Usage
from tests.unit.cost.making import day

BOOK = prices.load()
NOVEMBER = periods.month("2026-11", day(1, month=12))


def run(seconds: float | None) -> RunTime:
    """A run of 1 vCPU and 2 GB that took `seconds`, or that goes on."""
    ended = None if seconds is None else day(3) + datetime.timedelta(seconds=seconds)
    return RunTime("acme", "shop", "prod", "run-1", 1024, 2048, day(3), ended, "222")


@pytest.mark.parametrize(("took", "billed"), [(3, 60), (60, 60), (60.2, 61), (3600, 3600)])
def test_a_run_is_billed_by_the_second_and_at_least_a_minute(took: float, billed: int) -> None:
    cpu, memory = usage.of_run(run(took), day(4))
    assert (cpu.kind, cpu.amount) == (Kind.CPU_SECONDS, billed)
    assert (memory.kind, memory.amount) == (Kind.GB_SECONDS, 2 * billed)
    assert cpu.approximate == ""


def test_an_hour_of_one_cpu_and_two_gb_costs_what_the_price_page_says() -> None:
    rows, unpriced = usage.to_rows(usage.of_run(run(3600), day(4)), BOOK, NOVEMBER)
    assert [row.cost for row in rows] == [Decimal("0.04048"), Decimal("0.00889")]
    assert unpriced == ()
    assert rows[0].owner == Owner("environments", "acme", "shop", "prod", "acme")
    assert (rows[0].resource_id, rows[0].account) == ("run-1", "222")


def test_a_run_under_way_counts_until_now_and_says_so() -> None:
    cpu, _ = usage.of_run(run(None), day(3) + datetime.timedelta(seconds=90))
    assert (cpu.amount, cpu.approximate) == (90, usage.NO_END)
    lost = dataclasses.replace(run(None), limit=datetime.timedelta(minutes=60))
    assert usage.of_run(lost, day(20))[0].amount == 3600, "a run that nobody settled costs no more than one may"


def held(start: datetime.datetime, end: datetime.datetime) -> Usage:
    return Usage("acme", "", "", Kind.BYTES_STORED, Decimal(10 * usage.GIB), start, end, "bucket")


def test_what_is_held_counts_for_the_part_of_the_month_it_was_held() -> None:
    rows, _ = usage.to_rows([held(day(16), day(1, month=12)), held(day(1, month=9), day(1, month=10))], BOOK, NOVEMBER)
    (row,) = rows
    assert (row.quantity, row.cost, row.owner.layer) == (5, Decimal("0.115"), "sites")


def test_a_run_belongs_to_the_month_in_which_it_began() -> None:
    before = RunTime("acme", "shop", "prod", "r", 256, 512, day(31, 23, month=10), day(1, 3))
    rows, _ = usage.to_rows(usage.of_run(before, day(4)), BOOK, NOVEMBER)
    assert rows == ()
    rows, _ = usage.to_rows(usage.of_run(before, day(4)), BOOK, periods.month("2026-10", day(4)))
    assert len(rows) == 2


def test_use_that_the_book_has_no_price_for_is_named() -> None:
    empty = prices.PriceBook("none", "AWS", "x", "", "USD", BOOK.date, {})
    rows, unpriced = usage.to_rows([held(day(1), day(2))], empty, NOVEMBER)
    assert (rows, unpriced) == ((), ("bytes_stored (s3.standard)",))
