"""How values are divided, and put together again: whatever is done, the records say what the value is."""

from __future__ import annotations

import collections
import copy
import itertools
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest

from stackyard.cloud.server.durability import layouts, tracking
from stackyard.cloud.server.durability.layouts import GONE
from stackyard.cloud.server.durability.tracking import EVERY

OWNER = ("store", "entry")


class Disk:
    """The records of one entry, brought up to date as the keeper does it."""

    def __init__(self, layout: layouts.Layout) -> None:
        self.layout = layout
        self.chunks: dict[Any, dict[Any, Any]] = {}

    def follow(self, value: Any, touches: tracking.Touches) -> None:
        """Write what of `value` changed."""
        touched = touches.taken(seen=True)
        self._write(self.layout.changes(OWNER, value, self.chunks))
        for tracked, key in touched:
            if tracked.owner is not None:
                for each in [*tracked, *self._before(tracked)] if key is EVERY else [key]:
                    self._write(self.layout.inner(value, tracked, each, self.chunks))

    def _before(self, tracked: tracking.Tracked) -> list[Any]:
        owner = tracked.owner or ()
        if len(owner) == 3:
            return list(self.chunks.get(("c", owner[2]), ()))
        return [first[1] for first in self.chunks if first != ""]

    def _write(self, changes: Any) -> None:
        for first, rest, piece in list(changes):
            if piece is not GONE:
                self.chunks.setdefault(first, {})[rest] = piece
            elif rest is EVERY:
                self.chunks.pop(first, None)
            else:
                self.chunks.get(first, {}).pop(rest, None)

    def value(self) -> Any:
        """The value that a restart would make."""
        return self.layout.joined(self.chunks)


KEYS = st.sampled_from("abc")
STEPS = st.lists(st.tuples(st.sampled_from(["put", "delete", "swap", "clear", "rename"]), KEYS, KEYS, st.integers()))


@hypothesis.given(STEPS)
def test_items_of_a_table(steps: list[tuple[str, str, str, int]]) -> None:
    touches = tracking.begin()
    table: dict[str, Any] = {"name": "t", "items": collections.defaultdict(dict), "_index_members": {"left": "out"}}
    disk = Disk(layouts.BY_STORE["dynamodb._tables"])
    disk.follow(table, touches)
    for step, partition, sort, number in steps:
        _to_table(table, step, partition, sort, number)
        disk.follow(table, touches)
        kept = {pk: part for pk, part in table["items"].items() if part}
        found = {pk: part for pk, part in disk.value()["items"].items() if part}
        assert found == kept
    assert "_index_members" not in disk.value()


def _to_table(table: dict[str, Any], step: str, partition: str, sort: str, number: int) -> None:
    items = table["items"]
    if step == "put":
        items.setdefault(partition, {})[sort] = {"v": number}
    elif step == "rename":
        items[partition][sort] = {"v": number}
    elif step == "delete":
        part = items.get(partition)
        if part is not None:
            part.pop(sort, None)
            if not part:
                del items[partition]
    elif step == "clear":
        items.clear()
    else:
        table["items"] = collections.defaultdict(dict, {partition: {sort: {"v": number}}})


@hypothesis.given(STEPS)
def test_objects_of_a_bucket(steps: list[tuple[str, str, str, int]]) -> None:
    touches = tracking.begin()
    bucket: dict[str, Any] = {"created": "now", "objects": {}}
    disk = Disk(layouts.BY_STORE["s3._buckets"])
    disk.follow(bucket, touches)
    for step, key, other, number in steps:
        if step == "put":
            bucket["objects"][key] = {"body": number}
        elif step == "delete":
            bucket["objects"].pop(key, None)
        elif step == "swap":
            bucket["objects"] = {key: {"body": number}}
        elif step == "clear":
            bucket["objects"].clear()
        elif key in bucket["objects"]:
            bucket["objects"][key]["acl"] = other  # in place
        disk.follow(bucket, touches)
        assert disk.value() == {"created": "now", "objects": dict(bucket["objects"])}


@hypothesis.given(STEPS)
def test_messages_of_a_queue(steps: list[tuple[str, str, str, int]]) -> None:
    touches = tracking.begin()
    queue: dict[str, Any] = {"name": "q", "messages": []}
    disk = Disk(layouts.BY_STORE["sqs._queues"])
    for count, (step, _key, _other, number) in enumerate(steps):
        messages = queue["messages"]
        if step == "put":
            messages.append({"id": count, "visible_at": 0, "receive_count": 0, "receipt_handle": None})
        elif step == "rename" and messages:
            messages[number % len(messages)]["visible_at"] = number
        elif step == "clear":
            messages.clear()
        else:
            queue["messages"] = [message for message in messages if message["id"] % 3]
        disk.follow(queue, touches)
        assert disk.value() == queue


@hypothesis.given(STEPS)
def test_events_of_a_log_group(steps: list[tuple[str, str, str, int]]) -> None:
    touches = tracking.begin()
    group: dict[str, Any] = {"name": "g", "streams": {}}
    disk = Disk(layouts.Streams())
    for step, key, _other, number in steps:
        stream = group["streams"].setdefault(key, {"name": key, "events": []})
        if step == "delete":
            del group["streams"][key]
        elif step == "swap":
            stream["events"] = [{"message": number}, *stream["events"]]
        elif step == "clear":
            stream["events"] = []
        else:
            stream["events"].append({"message": number})
        disk.follow(group, touches)
        assert disk.value() == group


@hypothesis.given(STEPS, st.integers(0, 5))
def test_events_after_a_restart(steps: list[tuple[str, str, str, int]], restart: int) -> None:
    touches = tracking.begin()
    group: dict[str, Any] = {"name": "g", "streams": {}}
    disk = Disk(layouts.Streams())
    for count, (step, key, _other, number) in enumerate(steps):
        if count == restart:
            group = disk.value() if disk.chunks else group
            disk.layout = layouts.Streams()
        stream = group["streams"].setdefault(key, {"name": key, "events": []})
        if step == "delete":
            del group["streams"][key]
        else:
            stream["events"].append({"message": number})
        disk.follow(group, touches)
        assert disk.value() == group


def test_everything_says_the_whole_value() -> None:
    touches = tracking.begin()
    table: dict[str, Any] = {"name": "t", "items": {"a": {"1": {"v": 1}, "2": {"v": 2}}, "b": {"1": {"v": 3}}}}
    disk = Disk(layouts.BY_STORE["dynamodb._tables"])
    disk.follow(table, touches)
    fresh = Disk(disk.layout)
    fresh._write(disk.layout.everything(table))
    assert fresh.value() == disk.value() == table


@pytest.mark.parametrize("after", range(8))
@pytest.mark.parametrize(
    ("store", "value"),
    [("dynamodb._tables", {"items": {"a": {"1": 1, "2": 2}, "b": {"1": 3}}}),
     ("s3._buckets", {"objects": {"k": 1, "l": 2}}),
     ("cloudwatch_logs._log_groups", {"streams": {"s": {"events": [1, 2]}, "t": {"events": [3]}}})],
)  # fmt: skip
def test_a_look_that_is_broken_off_begins_again(store: str, value: dict[str, Any], after: int) -> None:
    touches = tracking.begin()
    disk = Disk(copy.deepcopy(layouts.BY_STORE[store]))
    value = copy.deepcopy(value)
    broken = disk.layout.changes(OWNER, value, disk.chunks)
    seen = list(itertools.islice(broken, after))
    if len(seen) < after:
        disk._write(seen)  # it came to its end
    else:
        broken.close()  # type: ignore[attr-defined]
        disk.layout.forget(OWNER)
    disk.follow(value, touches)
    assert disk.value() == value


@hypothesis.given(st.lists(st.tuples(st.sampled_from(["append", "merge", "restart"]), st.integers(1, 4))))
def test_figures_of_a_metric(steps: list[tuple[str, int]]) -> None:
    touches = tracking.begin()
    points: list[dict[str, int]] = []
    disk = Disk(layouts.Appended())
    disk._write([("", "", [{"n": -1}])])  # a journal from before the layout
    assert disk.value() == [{"n": -1}]
    points.append({"n": -1})
    for step, number in steps:
        if step == "append":
            points.extend({"n": len(points) + each} for each in range(number))
        elif step == "merge":
            points[:number] = [{"n": sum(point["n"] for point in points[:number])}]
        else:
            disk.layout = layouts.Appended()
        disk.follow(points, touches)
        assert disk.value() == points


def test_what_is_appended_is_written_once() -> None:
    layout, value = layouts.Appended(), [{"n": 0}]
    known: dict[Any, Any] = {}
    assert list(layout.changes(OWNER, value, known)) == [("e", 0, [{"n": 0}])]
    value.append({"n": 1})
    assert list(layout.changes(OWNER, value, {"e": {0: 1}})) == [("e", 1, [{"n": 1}])]
    assert list(layout.changes(OWNER, value, {"e": {0: 1, 1: 1}})) == []


def test_a_stream_that_did_not_change_is_not_written() -> None:
    layout = layouts.Streams()
    group: dict[str, Any] = {"streams": {name: {"events": [{"m": 1}], "last": 1} for name in ("a", "b")}}
    list(layout.changes(OWNER, group, {}))
    group["streams"]["b"]["events"].append({"m": 2})
    known = {"s": {"a": 1, "b": 1}, ("e", "a"): {0: 1}, ("e", "b"): {0: 1}}
    assert [change[:2] for change in layout.changes(OWNER, group, known)][1:] == [(("e", "b"), 1)]
