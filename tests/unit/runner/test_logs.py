"""Meltano's log: readable, without secrets, and counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stackyard.runner import logs


def entry(event: str, **more: Any) -> bytes:
    return json.dumps({"event": event, "level": "info", "timestamp": "2026", **more}).encode() + b"\n"


def metric(stream: str, value: int, metric: str = "record_count") -> str:
    return "METRIC: " + json.dumps({"type": "counter", "metric": metric, "value": value, "tags": {"stream": stream}})


def test_lines_say_who_speaks() -> None:
    log = logs.Log()
    assert log.line(entry("Beginning sync", name="tap-shop")) == "tap-shop | Beginning sync"
    assert log.line(entry("Run failed", level="error")) == "meltano | error: Run failed"
    assert log.line(entry("oh", name="t", exception="Traceback\n  x")) == "t | oh\nTraceback\n  x"
    assert log.line(b"plain \xff text\r\n") == "plain \N{REPLACEMENT CHARACTER} text"
    assert log.line(b'{"not": "ours"}') == '{"not": "ours"}'
    assert log.line(b"{broken") == "{broken"


def test_secrets_are_hidden_wherever_they_are() -> None:
    log = logs.Log(["secret", "secret-longer", "", "ab"])
    assert log.line(entry("with secret-longer and secret", name="x")) == "x | with ******** and ********"
    assert log.line(b"cab fare: secret") == "cab fare: ********"


def test_rows_are_what_extractors_say() -> None:
    log = logs.Log()
    for event in (metric("orders", 1000), metric("orders", 5), metric("customers", 2), metric("orders", 9, "batches")):
        log.line(entry(event, name="tap", producer=True))
    log.line(entry(metric("orders", 1005), name="target", consumer=True, producer=False))
    log.line(entry('Loading 7 rows into \'"shop"."orders"\'', name="target", consumer=True))
    assert log.counts == {"customers": 2, "orders": 1005}


def test_or_what_loaders_say_when_the_extractor_has_no_metrics() -> None:
    log = logs.Log()
    for rows in (1000, 7):
        log.line(entry(f'Loading {rows} rows into \'"shop"."orders"\'', name="target", consumer=True))
    log.line(entry('Loading 99 rows into \'"shop"."orders"\'', name="tap", producer=True))
    assert log.counts == {"shop.orders": 1007}


@pytest.mark.parametrize("event", ["METRIC: {", "METRIC: []", "METRIC: {}", 'METRIC: {"metric": "record_count"}'])
def test_a_metric_that_is_none_is_only_shown(event: str) -> None:
    log = logs.Log()
    assert log.line(entry(event, name="tap", producer=True)) == f"tap | {event}"
    assert log.counts == {}
