"""How AWS turns work into what it bills: units of tables, chunks of messages, classes of requests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

CHUNK = 64 * 1024
"""Bytes of messages that are one request (SQS, SNS), or one event (EventBridge)."""
API_CHUNK = 512 * 1024
"""Bytes of a request or its answer that an HTTP API takes for one request."""
EVENT_BYTES = 26
"""What CloudWatch Logs adds to each event that it takes in."""
SCALES = {"table_reads": 2, "function_gb_seconds": 1024 * 1000}
"""How many counted steps make one of a kind: reads are counted in halves, functions in megabyte-milliseconds."""
_WRITE, _READ = 1024, 4096
_LISTS = frozenset({"uploads", "versions", "list-type", "uploadId"})


def write_units(size: int) -> int:
    """Write request units of an item of `size` bytes: one for each KB begun, at least one."""
    return max(1, math.ceil(size / _WRITE))


def read_halves(size: int, *, consistent: bool) -> int:
    """Halves of a read request unit for `size` bytes read: a half for each 4 KB begun, two when consistent."""
    return max(1, math.ceil(size / _READ)) * (2 if consistent else 1)


def chunks(size: int, chunk: int = CHUNK) -> int:
    """Requests that `size` bytes are billed as: one for each chunk begun, at least one."""
    return max(1, math.ceil(size / chunk))


def function_steps(memory_mb: int, seconds: float) -> int:
    """Megabyte-milliseconds of a call: milliseconds are rounded up."""
    return memory_mb * math.ceil(round(seconds * 1000, 3))


def log_bytes(messages: Iterable[str]) -> int:
    """Bytes taken in for these events: their text as UTF-8, and 26 for each."""
    return sum(len(message.encode()) + EVENT_BYTES for message in messages)


def event_bytes(entry: Mapping[str, Any]) -> int:
    """Bytes of an entry of PutEvents: 14 for its time, its source, type, detail and resources.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size
    """
    texts = [entry.get(name) for name in ("Source", "DetailType", "Detail")] + list(entry.get("Resources") or ())
    return (14 if entry.get("Time") else 0) + sum(len(str(text).encode()) for text in texts if text)


def storage_kind(method: str, key: str, query: Mapping[str, Any]) -> str:
    """`requests` for what S3 bills as PUT, COPY, POST and LIST, `read_requests` for GET and all others, "" for DELETE.

    https://aws.amazon.com/s3/pricing/: DELETE and CANCEL requests are free; so is the POST that deletes many.
    """
    if method == "DELETE" or (method == "POST" and "delete" in query):
        return ""
    if method in ("PUT", "POST"):
        return "requests"
    is_list = method == "GET" and (bool(_LISTS & query.keys()) if key else _is_listing(query))
    return "requests" if is_list else "read_requests"


def _is_listing(query: Mapping[str, Any]) -> bool:
    """Whether a GET of a bucket, or of all, lists: it asks for no setting of the bucket."""
    settings = [name for name, value in query.items() if value in ("", [""]) and name not in _OF_LISTS]
    return bool(_LISTS & query.keys()) or not settings


_OF_LISTS = frozenset({"prefix", "delimiter", "marker", "key-marker", "encoding-type", "start-after"})
