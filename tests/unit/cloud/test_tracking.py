"""Dictionaries that note touches."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from stackyard.cloud.server.durability import keeping, tracking
from stackyard.cloud.server.durability.tracking import BACKGROUND, EVERY, Tracked

TOUCHING: list[tuple[str, Callable[[Tracked], Any], set[Any], set[Any]]] = [
    ("read", lambda d: d["a"], {"a"}, set()),
    ("get", lambda d: d.get("a"), {"a"}, set()),
    ("put", lambda d: d.__setitem__("b", 1), set(), {"b"}),
    ("delete", lambda d: d.__delitem__("a"), set(), {"a"}),
    ("pop", lambda d: d.pop("a"), set(), {"a"}),
    ("pop nothing", lambda d: d.pop("z", None), set(), set()),
    ("popitem", lambda d: d.popitem(), set(), {"a"}),
    ("setdefault there", lambda d: d.setdefault("a", 1), {"a"}, set()),
    ("setdefault absent", lambda d: d.setdefault("b", 1), set(), {"b"}),
    ("update", lambda d: d.update({"b": 1, "c": 2}), set(), {"b", "c"}),
    ("clear", lambda d: d.clear(), set(), {EVERY}),
    ("values", lambda d: list(d.values()), {EVERY}, set()),
    ("items", lambda d: list(d.items()), {EVERY}, set()),
    ("keys alone", lambda d: list(d), set(), set()),
    ("whether", lambda d: "a" in d, set(), set()),
]


@pytest.mark.parametrize(("_name", "act", "seen", "made"), TOUCHING, ids=[row[0] for row in TOUCHING])
def test_each_way_to_touch(_name: str, act: Callable[[Tracked], Any], seen: set[Any], made: set[Any]) -> None:
    tracked = Tracked({"a": 0})
    touches = tracking.begin()
    act(tracked)
    assert set(touches.seen) == {(tracked, key) for key in seen}
    assert set(touches.made) == {(tracked, key) for key in made}


async def test_requests_are_noted_apart_and_their_tasks_with_them() -> None:
    tracked = Tracked()

    async def request(key: str) -> tracking.Touches:
        touches = tracking.begin()
        await asyncio.gather(asyncio.to_thread(tracked.__setitem__, key, 1))
        return touches

    first, second = await asyncio.gather(request("a"), request("b"))
    assert set(first.made) == {(tracked, "a")}
    assert set(second.made) == {(tracked, "b")}


def test_what_comes_after_a_request_is_background() -> None:
    tracked = Tracked()
    BACKGROUND.taken(seen=True)
    touches = tracking.begin()
    touches.closed = True
    tracked["late"] = 1
    assert set(BACKGROUND.taken(seen=True)) == {(tracked, "late")}
    assert not touches.made


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda d: pickle.loads(pickle.dumps(d))])
def test_a_copy_is_an_ordinary_dictionary(copied: Callable[[Tracked], Any]) -> None:
    tracked = Tracked({"a": {"b": 1}})
    assert type(copied(tracked)) is dict
    assert copied(tracked) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("method", "path", "action", "reads"),
    [("GET", "h/b/k", "", True), ("PUT", "h/b/k", "", False), ("POST", "h/", "DescribeVpcs", True),
     ("POST", "h/", "CreateVpc", False), ("POST", "h/", "GetSessionToken", False), ("POST", "h/", "Query", True),
     ("GET", "h/", "CreateVpc", False), ("GET", "x.execute-api.localhost/p", "", False)],
)  # fmt: skip
def test_which_requests_only_read(method: str, path: str, action: str, reads: bool) -> None:
    assert keeping.reading(method, path, action) is reads
