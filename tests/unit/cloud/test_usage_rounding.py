"""Work is rounded as AWS rounds it."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.cloud.server.metering import passages, rounding

KB = 1024


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (KB, 1), (KB + 1, 2), (10 * KB, 10), (400 * KB, 400)])
def test_a_write_is_a_unit_for_each_kilobyte_begun(size: int, units: int) -> None:
    assert rounding.write_units(size) == units


@pytest.mark.parametrize(("size", "halves"), [(0, 1), (4 * KB, 1), (4 * KB + 1, 2), (41 * KB, 11)])
def test_a_read_is_half_a_unit_for_each_four_kilobytes_begun(size: int, halves: int) -> None:
    assert rounding.read_halves(size, consistent=False) == halves
    assert rounding.read_halves(size, consistent=True) == 2 * halves


@pytest.mark.parametrize(("size", "count"), [(0, 1), (64 * KB, 1), (64 * KB + 1, 2), (256 * KB, 4)])
def test_a_message_is_a_request_for_each_64_kilobytes_begun(size: int, count: int) -> None:
    assert rounding.chunks(size) == count


@pytest.mark.parametrize(("seconds", "milliseconds"), [(0.0, 0), (0.001, 1), (0.0011, 2), (0.1, 100), (1.0001, 1001)])
def test_a_function_is_billed_by_milliseconds_begun(seconds: float, milliseconds: int) -> None:
    assert rounding.function_steps(128, seconds) == 128 * milliseconds


def test_log_events_have_26_bytes_of_their_own() -> None:
    assert rounding.log_bytes(["", "abc", "é"]) == 3 * 26 + 3 + 2


def test_an_events_size_is_that_of_its_texts() -> None:
    entry = {"Source": "abc", "DetailType": "d", "Detail": "{}", "Resources": ["r1"], "EventBusName": "not counted"}
    assert rounding.event_bytes(entry) == 3 + 1 + 2 + 2
    assert rounding.event_bytes({**entry, "Time": 1}) == 8 + 14


@pytest.mark.parametrize(
    ("method", "key", "query", "kind"),
    [
        ("PUT", "k", {}, "requests"),
        ("PUT", "", {}, "requests"),
        ("PUT", "", {"policy": [""]}, "requests"),
        ("PUT", "k", {"partNumber": ["1"], "uploadId": ["u"]}, "requests"),
        ("POST", "k", {"uploads": [""]}, "requests"),
        ("POST", "", {"delete": [""]}, ""),
        ("DELETE", "k", {}, ""),
        ("GET", "", {}, "requests"),
        ("GET", "", {"x-id": ["ListBuckets"]}, "requests"),
        ("GET", "", {"list-type": ["2"], "prefix": [""]}, "requests"),
        ("GET", "", {"prefix": [""], "delimiter": ["/"]}, "requests"),
        ("GET", "", {"versions": [""]}, "requests"),
        ("GET", "", {"uploads": [""]}, "requests"),
        ("GET", "k", {"uploadId": ["u"]}, "requests"),
        ("GET", "", {"location": [""]}, "read_requests"),
        ("GET", "k", {}, "read_requests"),
        ("GET", "k", {"tagging": [""]}, "read_requests"),
        ("HEAD", "k", {}, "read_requests"),
        ("HEAD", "", {}, "read_requests"),
    ],
)
def test_the_class_of_a_request_to_a_bucket(method: str, key: str, query: dict[str, Any], kind: str) -> None:
    assert rounding.storage_kind(method, key, query) == kind


@pytest.mark.parametrize(
    "scope",
    [
        {"headers": [], "query_string": b""},
        {"headers": [(b"authorization", b"Bearer x")]},
        {"headers": [(b"authorization", b"AWS4-HMAC-SHA256 Credential=ASIAUNKNOWN/20261101/r/s3/aws4_request")]},
        {"headers": [], "query_string": b"X-Amz-Credential=AKIAROOT%2F20261101"},
    ],
)
def test_whoever_is_no_role_is_nobody(scope: dict[str, Any]) -> None:
    assert passages.caller(scope) == ("", "")
