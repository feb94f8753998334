"""Which archives may be deleted, and that none goes whose loss could be regretted."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from stackyard.model.activations import Activation
from stackyard.operations import archives
from stackyard.tenancy import archive, retention
from stackyard.tenancy.records import Reading
from stackyard.tenancy.retention import Held
from stackyard.tenancy.sites import Site

DAY = 86400
NOW = 100 * DAY
OLD, YOUNG = "archive/shop.prod/19700101T000000000000Z", "archive/shop.prod/19700409T000000000000Z"
OTHER = "archive/shop.dev/19700101T000000000000Z"


class _Bucket:
    """S3 as far as archives need it: one bucket, no versions but the last."""

    class exceptions:
        class NoSuchKey(Exception):
            """There is no such object."""

        NoSuchBucket = NoSuchKey

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise self.exceptions.NoSuchKey
        return {"Body": _Body(self.objects[Key])}

    def get_paginator(self, name: str) -> Any:
        pages = {"list_objects_v2": "Contents", "list_object_versions": "Versions"}
        return _Pages(self, pages[name])

    def delete_objects(self, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        for each in Delete["Objects"]:
            del self.objects[each["Key"]]
        return {}


class _Body(io.BytesIO):
    def iter_chunks(self, size: int) -> Iterator[bytes]:
        return iter(lambda: self.read(size), b"")


class _Pages:
    def __init__(self, bucket: _Bucket, kind: str) -> None:
        self._bucket, self._kind = bucket, kind

    def paginate(self, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        found = sorted(each for each in self._bucket.objects.items() if each[0].startswith(Prefix))
        return [{self._kind: [{"Key": key, "Size": len(data), "VersionId": "1"} for key, data in found]}]


@pytest.fixture
def bucket() -> _Bucket:
    """Two archives of one environment, of which the older is past its time, and an old one of another."""
    made = _Bucket()
    for prefix, days, when in ((OLD, 30, 0), (YOUNG, 30, 98), (OTHER, 30, 0)):
        _put(made, prefix, days, when)
    return made


def _put(bucket: _Bucket, prefix: str, days: int, when: int) -> None:
    data = prefix.encode()
    files = {"state": {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}}
    names = {"organization": "acme", "project": "shop", "environment": "prod", "ref": "r", "commit": "c"}
    made = f"1970-{1 + when // 31:02}-{1 + when % 31:02}T00:00:00+00:00"
    index = {"version": 1, **names, "made": made, "days": days, "snapshots": [], "files": files}
    bucket.objects |= {f"{prefix}/state": data, f"{prefix}/index.json": json.dumps(index).encode()}


NOTHING = Held()


def _expired(bucket: _Bucket, held: Held = NOTHING) -> retention.Expiry:
    site = Site("acme", "data", "archive", "runs", "site", "/site", client=lambda _: bucket)
    told: list[str] = []
    found = retention.expire(site, held, NOW, told.append)
    assert len(told) == len(found.gone)
    return found


def _prefixes(bucket: _Bucket) -> set[str]:
    return {key.rpartition("/")[0] for key in bucket.objects}


def test_what_is_past_its_time_goes_whole_and_nothing_else(bucket: _Bucket) -> None:
    _put(bucket, "archive/shop.old/19700101T000000000000Z", 0, 0)  # kept for ever
    found = _expired(bucket)
    assert [each.prefix for each in found.gone] == [OTHER, OLD]
    assert _prefixes(bucket) == {YOUNG, "archive/shop.old/19700101T000000000000Z"}
    assert {each.prefix for each in found.left} == _prefixes(bucket)
    assert found.diagnostics == ()
    assert _expired(bucket).gone == ()


def test_what_a_record_goes_by_stays(bucket: _Bucket) -> None:
    assert [each.prefix for each in _expired(bucket, Held(frozenset({OLD}))).gone] == [OTHER]
    _put(bucket, OTHER, 30, 0)
    assert [each.prefix for each in _expired(bucket, Held(keys=frozenset({"shop.dev"}))).gone] == [OLD]


@pytest.mark.parametrize(("name", "data"), [("state", b"other bytes"), ("index.json", b"{"), ("index.json", b"{}")])
def test_an_old_one_stays_while_the_one_that_would_be_left_is_damaged(bucket: _Bucket, name: str, data: bytes) -> None:
    bucket.objects[f"{YOUNG}/{name}"] = data
    found = _expired(bucket)
    assert [each.prefix for each in found.gone] == [OTHER]
    assert _prefixes(bucket) == {OLD, YOUNG}
    (told,) = found.diagnostics
    assert "no archive of shop.prod is deleted" in told.message


def test_records_say_what_is_held() -> None:
    given = {"ref": "refs/heads/main", "commit": "c" * 40, "repository": "r"}
    mine = Activation("acme", "shop", "prod", archive=OLD, **given)
    others = (Activation("acme", "shop", "dev", **given), Activation("globex", "shop", "prod", archive=OTHER, **given))
    reading = Reading((mine, *others), frozenset({"acme.site.prod", "globex.site.dev"}))
    assert archives.held(reading, "acme") == Held(frozenset({OLD}), frozenset({"site.prod"}))


@pytest.mark.parametrize(
    "change",
    [
        {"days": 10**400},
        {"days": -1},
        {"days": True},
        {"made": "0001-01-01T00:00:00"},
        {"made": 7},
        {"project": ["shop"]},
        {"snapshots": "shop-prod"},
        {"files": {"state": {"size": "large", "sha256": "0"}}},
    ],
)
def test_an_index_that_somebody_forged_is_told_and_stops_no_other_environment(
    bucket: _Bucket, change: dict[str, Any]
) -> None:
    """An organization's administrators may write into its archive; the service reads everybody's."""
    key = f"{OLD}/index.json"
    bucket.objects[key] = json.dumps({**json.loads(bucket.objects[key]), **change}).encode()
    found = _expired(bucket)
    assert [each.prefix for each in found.gone] == [OTHER]
    assert "cannot be read" in found.diagnostics[0].message
    assert {OLD, YOUNG} <= _prefixes(bucket)


def test_an_index_that_no_memory_holds_is_told(bucket: _Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.objects[f"{OLD}/index.json"] = b"[" * 100_000
    assert "cannot be read" in _expired(bucket).diagnostics[0].message
    monkeypatch.setattr(archive, "_INDEX_BYTES", 1000)
    assert "is too large" in _expired(bucket).diagnostics[0].message
