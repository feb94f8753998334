"""A commit is one transaction: at whichever call the run dies, state and data belong to the same run."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from stackyard.runner import commits, faults, orders
from tests.unit.runner.test_orders import GOOD

FIRST, SECOND = "20260101T000001-1", "20260101T000002-2"


class Killed(BaseException):
    """Where the process died."""


class Content(io.BytesIO):
    """The body of an object."""

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self.read(size):
            yield chunk


class Cloud:
    """S3 and DynamoDB as far as commits go; dies before or after its `dies_at`th write."""

    class ConditionalCheckFailedException(Exception):
        pass

    class TransactionCanceledException(Exception):
        pass

    class NoSuchKey(Exception):
        pass

    exceptions = SimpleNamespace(
        ConditionalCheckFailedException=ConditionalCheckFailedException,
        TransactionCanceledException=TransactionCanceledException,
        NoSuchKey=NoSuchKey,
    )

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.table: dict[str, dict[str, Any]] = {}
        self.writes = 0
        self.dies_at = -1
        self.dies_after = False

    def write(self, change: Callable[[], None]) -> None:
        self.writes += 1
        dies = self.writes == self.dies_at
        if dies and not self.dies_after:
            raise Killed
        change()
        if dies:
            raise Killed

    def put_object(self, *, Bucket: str, Key: str, Body: bytes | IO[bytes]) -> None:
        content = Body if isinstance(Body, bytes) else Body.read()
        assert Key not in self.objects, "objects of commits are never changed"
        self.write(lambda: self.objects.update({Key: content}))

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise Cloud.NoSuchKey(Key)
        return {"Body": Content(self.objects[Key])}

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        self.write(lambda: self.objects.pop(Key, None) and None)

    def get_paginator(self, _name: str) -> Any:
        def paginate(*, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:
            yield {"Contents": [{"Key": key} for key in list(self.objects) if key.startswith(Prefix)]}

        return SimpleNamespace(paginate=paginate)

    def get_item(self, *, TableName: str, Key: Any, ConsistentRead: bool) -> dict[str, Any]:
        row = self.table.get(Key["run"]["S"])
        return {"Item": copy.deepcopy(row)} if row else {}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:
        check, put, update = (next(iter(each.values())) for each in TransactItems)
        head = self.table.get("head", {})
        before = put.get("ExpressionAttributeValues", {}).get(":before")
        if self.table["lease"]["holder"] != check["ExpressionAttributeValues"][":run"]:
            raise Cloud.TransactionCanceledException
        if head.get("committed_by") != before:
            raise Cloud.TransactionCanceledException
        rows = update["ExpressionAttributeValues"][":rows"]
        self.write(lambda: self.table.update({"head": put["Item"], update["Key"]["run"]["S"]: {"rows": rows}}))


def store(cloud: Cloud, run: str) -> commits.Store:
    cloud.table["lease"] = {"holder": {"S": run}}
    return commits.Store(dataclasses.replace(orders.read(GOOD), run=run), cloud, cloud)


def work(cloud: Cloud, run: str, folder: Path) -> None:
    """A run that appends a line to its data and its state, and leaves another file as it is."""
    state, data = folder / run / "state", folder / run / "data"
    state.mkdir(parents=True)
    data.mkdir()
    mine = store(cloud, run)
    before = mine.restore(state, data)
    for path in (data / "rows", state / "prod:a-to-b" / "state.json"):
        path.parent.mkdir(exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + f"{run}\n")
    (data / "same").write_text("same")
    (state / "prod:a-to-b" / "lock").touch()
    mine.prune(before, mine.commit(before, state, data, {"orders": 3}))


def committed(cloud: Cloud) -> tuple[list[str], list[str]]:
    """The runs whose data and whose state the head has."""
    head = cloud.table.get("head")
    if head is None:
        return [], []
    data = cloud.objects[head["data"]["M"]["rows"]["S"]].decode().split()
    states = json.loads(cloud.objects[head["state"]["S"]])
    assert list(states) == ["prod:a-to-b/state.json"]
    return data, states["prod:a-to-b/state.json"].split()


def test_what_is_committed_is_restored_and_what_is_unchanged_is_not_sent_again(tmp_path: Path) -> None:
    cloud = Cloud()
    work(cloud, FIRST, tmp_path)
    work(cloud, SECOND, tmp_path)
    assert committed(cloud) == ([FIRST, SECOND], [FIRST, SECOND])
    assert cloud.table["head"]["data"]["M"]["same"]["S"].split("/")[3] == FIRST
    assert cloud.table[SECOND]["rows"] == {"M": {"orders": {"N": "3"}}}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("dies_at", range(1, 8))
def test_killed_at_every_write(dies_at: int, after: bool, tmp_path: Path) -> None:
    cloud = Cloud()
    work(cloud, FIRST, tmp_path)
    cloud.writes, cloud.dies_at, cloud.dies_after = 0, dies_at, after
    try:
        work(cloud, SECOND, tmp_path)
    except Killed:
        data, state = committed(cloud)
        assert data == state
    else:
        assert cloud.writes < dies_at
    third = "20260101T000003-3"
    done = committed(cloud)[0]
    cloud.dies_at = -1
    work(cloud, third, tmp_path)
    assert committed(cloud) == ([*done, third], [*done, third])
    named = {cloud.table["head"]["state"]["S"], *(each["S"] for each in cloud.table["head"]["data"]["M"].values())}
    assert named <= set(cloud.objects)
    assert len(cloud.objects) <= 5, "what killed runs left is removed by the next"


def test_a_lost_lease_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    cloud = Cloud()
    work(cloud, FIRST, tmp_path)
    before = copy.deepcopy(cloud.table["head"])
    mine = store(cloud, SECOND)
    head = mine.restore(tmp_path, tmp_path)
    cloud.table["lease"] = {"holder": {"S": "another"}}
    with pytest.raises(faults.RunFault) as told:
        mine.commit(head, tmp_path, tmp_path, {})
    assert told.value.code == faults.REFUSED
    assert cloud.table["head"] == before


def test_a_reply_that_was_lost_is_no_refusal(tmp_path: Path) -> None:
    """The transaction was carried out, and its repetition is cancelled."""
    cloud = Cloud()
    whole = cloud.transact_write_items

    def twice(**given: Any) -> None:
        whole(**given)
        whole(**given)

    cloud.transact_write_items = twice  # type: ignore[method-assign]
    work(cloud, FIRST, tmp_path)
    assert committed(cloud) == ([FIRST], [FIRST])


def test_damaged_data_is_not_gone_on_from(tmp_path: Path) -> None:
    cloud = Cloud()
    work(cloud, FIRST, tmp_path)
    cloud.objects[cloud.table["head"]["data"]["M"]["rows"]["S"]] = b"other"
    with pytest.raises(faults.RunFault, match="is damaged"):
        store(cloud, SECOND).restore(tmp_path, tmp_path / "new")
    del cloud.objects[cloud.table["head"]["state"]["S"]]
    with pytest.raises(faults.RunFault, match="is not in bucket"):
        store(cloud, SECOND).restore(tmp_path, tmp_path / "new")


def test_names_that_lead_out_are_refused(tmp_path: Path) -> None:
    cloud = Cloud()
    cloud.objects["state"] = b'{"../../outside": "x"}'
    cloud.table["head"] = {"committed_by": {"S": FIRST}, "state": {"S": "state"}}
    with pytest.raises(faults.RunFault, match="leads out"):
        store(cloud, SECOND).restore(tmp_path / "a" / "b", tmp_path)
