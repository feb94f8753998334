"""What clouds tell of use is read as what it is: runs of the month, bytes by whose they are, logs by environment."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from stackyard.cost import periods
from stackyard.cost.usage import Kind
from stackyard.operations import metering
from stackyard.operations.metering import Account

UTC = datetime.UTC
NOW = datetime.datetime(2026, 11, 21, tzinfo=UTC)
NOVEMBER = periods.month("2026-11", NOW)


def _day(number: int, month: int = 11) -> datetime.datetime:
    return datetime.datetime(2026, month, number, tzinfo=UTC)


def _row(run: str, environment: str = "shop.prod", **rest: Any) -> dict[str, Any]:
    return {"environment": environment, "run": run, "cpu": 1024, "memory_mb": 2048, **rest}


GOOD = _row("20261103T000000.000000Z-ab", started="2026-11-03T00:00:00Z", ended="2026-11-03T00:10:00Z")


def _typed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: {"N": str(value)} if isinstance(value, int) else {"S": value} for name, value in row.items()}


class Fake:
    """Every client at once: lists of pages by operation, bodies by key."""

    def __init__(self, bodies: dict[str, bytes] | None = None, **pages: list[dict[str, Any]]) -> None:
        self.pages = pages
        self.bodies = bodies or {}
        self.asked: list[dict[str, Any]] = []
        self._operation = ""

    def __call__(self, service: str) -> Fake:
        return self

    def get_paginator(self, operation: str) -> Fake:
        self._operation = operation
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(asked)
        return iter(self.pages.get(self._operation, [{"Items": []} if self._operation == "scan" else {}]))

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.bodies[Key])}


def _account(client: Fake, **rest: Any) -> Account:
    return Account("acme", "222", client, **rest)


def test_runs_of_the_month_are_read_once() -> None:
    archived = {"Key": "archive/old.dev/s/runs.jsonl", "LastModified": _day(9), "Size": 1}
    long_ago = {"Key": "archive/older.dev/s/runs.jsonl", "LastModified": _day(9, month=10), "Size": 1}
    gone = _row("20261104T000000.000000Z-cd", "old.dev", started="2026-11-04T00:00:00Z")
    lines = "\n".join(json.dumps(row) for row in (gone, GOOD, {"environment": "old.dev", "run": "head"}))
    client = Fake(
        {"archive/old.dev/s/runs.jsonl": lines.encode()},
        scan=[{"Items": [_typed(GOOD)]}],
        list_objects_v2=[{"Contents": [archived, long_ago]}],
    )
    runs = list(metering.runs_of(_account(client, runs_table="site-runs", buckets=("archive",)), NOVEMBER))
    assert [(run.project, run.environment, run.ended is None) for run in runs] == [
        ("shop", "prod", False),
        ("old", "dev", True),
    ]
    first = client.asked[0]["ExpressionAttributeValues"]
    assert (first[":first"]["S"], first[":last"]["S"]) == ("20261101T", "20261201T")


@pytest.mark.parametrize(
    "row",
    [
        _row("lease", started="2026-11-03T00:00:00Z"),
        _row("20261103T0Z-ab"),
        _row("20261103T0Z-ab", "environments", started="2026-11-03T00:00:00Z"),
        _row("20261103T0Z-ab", started="when it suits"),
    ],
)
def test_what_is_no_run_is_none(row: dict[str, Any]) -> None:
    assert metering.run_of(row, _account(Fake())) is None


@pytest.mark.parametrize("cpu", [-(10**9), 10**30, "no"])
def test_a_forged_row_is_noted_and_takes_no_other_out_of_the_bill(cpu: Any) -> None:
    """Its own bill would be negative, and shared costs by compute be charged to the others."""
    forged = {**GOOD, "run": "20261103T000000.000000Z-cd", "cpu": cpu}
    listed = {"Key": "archive/shop.old/s/runs.jsonl", "LastModified": _day(9), "Size": 1}
    deep = b"[" * 100_000 + b"]" * 100_000
    client = Fake(
        {listed["Key"]: b"\n".join([b"7", b"{", deep])},  # type: ignore[dict-item]
        scan=[{"Items": [_typed(forged), _typed(GOOD)]}],
        list_objects_v2=[{"Contents": [listed]}],
    )
    notes: list[str] = []
    account = _account(client, runs_table="site-runs", buckets=("archive",))
    assert [run.cpu for run in metering.runs_of(account, NOVEMBER, notes.append)] == [1024]
    assert "run '20261103T000000.000000Z-cd' in 'shop.prod' is malformed" in notes[0]
    assert notes[1:] == ["a line of 'archive/shop.old/s/runs.jsonl' is no row"] * 3


def test_a_run_of_another_month_is_not_this_months() -> None:
    other = _row("20261101T000000.000000Z-ab", started="2026-10-31T23:59:59Z", ended="2026-11-01T00:10:00Z")
    client = Fake(scan=[{"Items": [_typed(other)]}])
    assert list(metering.runs_of(_account(client, runs_table="site-runs"), NOVEMBER)) == []


@pytest.mark.parametrize(
    ("key", "whose"),
    [
        ("projects/shop/sources/abc.tar.gz", ("shop", "")),
        ("environments/shop.prod/commits/r/state.json", ("shop", "prod")),
        ("archive/shop.prod/20261101/index.json", ("shop", "prod")),
        ("projects/stray", ("", "")),
        ("environments/stray/x", ("", "")),
        ("notes.txt", ("", "")),
    ],
)
def test_keys_say_whose_an_object_is(key: str, whose: tuple[str, str]) -> None:
    assert metering.owner_of(key) == whose


def test_every_version_counts_from_when_it_was_written() -> None:
    versions = [
        {"Key": "environments/shop.prod/a", "Size": 1000, "LastModified": _day(1, month=10)},
        {"Key": "environments/shop.prod/a", "Size": 1000, "LastModified": _day(11)},
        {"Key": "readme", "Size": 10, "LastModified": _day(1)},
    ]
    found = metering.read(_account(Fake(list_object_versions=[{"Versions": versions}]), buckets=("b",)), NOVEMBER, NOW)
    held = {(use.project, use.environment): use.amount for use in found if use.kind is Kind.BYTES_STORED}
    assert held == {("shop", "prod"): Decimal(1500), ("", ""): Decimal(10)}, "half of the 20 days so far"
    assert {use.approximate for use in found} == {metering.AT_REST}


def test_kept_logs_belong_to_their_environment() -> None:
    def group(name: str, began: datetime.datetime) -> dict[str, Any]:
        return {"logGroupName": name, "storedBytes": 100, "creationTime": int(began.timestamp() * 1000)}

    groups = [
        group("/site/production/acme", _day(1, month=10)),
        group("/site/production/acme/shop/prod", _day(11)),
        {**group("/site/production/acme/web/dev", _day(11)), "storedBytes": 0},
    ]
    client = Fake(describe_log_groups=[{"logGroups": groups}])
    found = metering.read(_account(client, log_groups="/site/production/acme"), NOVEMBER, NOW)
    assert [(use.project, use.environment, use.kind) for use in found] == [
        ("", "", Kind.LOG_BYTES_STORED),
        ("shop", "prod", Kind.LOG_BYTES_STORED),
    ]


def test_metrics_cost_for_the_hours_in_which_runs_ended() -> None:
    def ended(minute: int, hour: int) -> dict[str, Any]:
        when = f"2026-11-03T{hour:02}:{minute:02}:00Z"
        return _typed(_row(f"20261103T{hour:02}{minute:02}Z-ab", started="2026-11-03T00:00:00Z", ended=when))

    client = Fake(scan=[{"Items": [ended(5, 1), ended(50, 1), ended(5, 2)]}])
    found = metering.read(_account(client, runs_table="site-runs"), NOVEMBER, NOW)
    [metrics] = [use for use in found if use.kind is Kind.METRICS]
    assert metrics.amount == 6, "three metrics in two hours"
    assert metrics.end - metrics.start == datetime.timedelta(hours=1)
