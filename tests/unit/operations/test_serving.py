"""Calls that come together make one round, and who may read what it came to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from stackyard.errors import UsageError
from stackyard.model import diagnostics
from stackyard.model.diagnostics import Diagnostic
from stackyard.operations import serving
from stackyard.operations.environments import Voice
from stackyard.operations.workspace import Opening

SECRET = "a secret of some length"


def test_the_secret_comes_from_a_private_file_or_the_environment(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    assert serving.secret_of(path, {}) == SECRET
    assert serving.secret_of(None, {serving.SECRET: SECRET}) == SECRET
    assert serving.secret_of(None, {}) == ""
    path.chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        serving.secret_of(path, {})
    with pytest.raises(UsageError, match="shorter than 16"):
        serving.secret_of(None, {serving.SECRET: "short"})
    with pytest.raises(UsageError, match="cannot be read"):
        serving.secret_of(tmp_path / "missing", {})
    assert SECRET not in repr(serving.Serving(secret=SECRET))


async def test_calls_that_come_together_make_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = asyncio.Event()
    rounds: list[list[str]] = []
    loop = serving.Loop(Opening(), serving.Serving(every=0), Voice(lambda _: None, lambda _: None, cancelled))

    async def reconciled(chosen: list[str]) -> dict[str, Any]:
        rounds.append(chosen)
        if len(rounds) == 1:
            for name in ("globex", "acme", "globex"):
                loop.ask(name)
        elif len(rounds) == 2:
            cancelled.set()
        return {"exit_code": 0}

    monkeypatch.setattr(loop, "_reconciled", reconciled)
    loop.ask("acme")
    async with asyncio.timeout(10):
        await loop.run()
    assert rounds == [["acme"], ["acme", "globex"]]
    assert loop.state["rounds"] == 2
    assert loop.state["last"]["exit_code"] == 0


async def test_the_clock_asks_for_everything_and_a_fault_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = asyncio.Event()
    told: list[str] = []
    rounds: list[list[str]] = []
    loop = serving.Loop(Opening(), serving.Serving(every=0.01), Voice(lambda _: None, told.append, cancelled))

    async def reconciled(chosen: list[str]) -> dict[str, Any]:
        rounds.append(chosen)
        if len(rounds) == 3:
            cancelled.set()
        raise UsageError("the estate is broken")

    monkeypatch.setattr(loop, "_reconciled", reconciled)
    async with asyncio.timeout(10):
        await loop.run()
    assert rounds == [[], [], []]
    assert told == ["the estate is broken"] * 3
    assert loop.state["last"]["faults"] == ["the estate is broken"]


async def test_webhooks_without_end_do_not_put_off_what_the_clock_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, cancelled = [1000.0], asyncio.Event()
    rounds: list[list[str]] = []
    loop = serving.Loop(Opening(), serving.Serving(every=60), Voice(lambda _: None, lambda _: None, cancelled))

    async def reconciled(chosen: list[str]) -> dict[str, Any]:
        rounds.append(chosen)
        clock[0] += 25
        loop.ask("acme")
        if len(rounds) == 5:
            cancelled.set()
        return {"exit_code": 0}

    monkeypatch.setattr(loop, "_reconciled", reconciled)
    monkeypatch.setattr(serving.time, "monotonic", lambda: clock[0])
    async with asyncio.timeout(10):
        await loop.run()
    assert rounds == [[], ["acme"], ["acme"], ["acme"], []]


async def test_a_full_disk_ends_a_round_and_not_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    cancelled = asyncio.Event()
    told: list[str] = []
    loop = serving.Loop(Opening(), serving.Serving(), Voice(lambda _: None, told.append, cancelled))

    async def reconciled(_chosen: list[str]) -> dict[str, Any]:
        cancelled.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loop, "_reconciled", reconciled)
    async with asyncio.timeout(10):
        await loop.run()
    assert loop.state["last"]["exit_code"] == 1
    assert told == ["OSError: [Errno 28] No space left on device"]


async def test_archives_are_looked_at_once_a_day_and_only_by_who_may_change_things(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, asked, told = [1000.0], [], []

    async def expire_all(_hosts: Any, _tell: Any) -> tuple[tuple[str, ...], tuple[Diagnostic, ...]]:
        asked.append(clock[0])
        return ("acme/archive/shop.prod/1",), (diagnostics.error("one is damaged"),)

    monkeypatch.setattr(serving.archives, "expire_all", expire_all)
    monkeypatch.setattr(serving.time, "monotonic", lambda: clock[0])

    def loop(*, reconcile: bool) -> serving.Loop:
        voice = Voice(lambda _: None, told.append, asyncio.Event())
        return serving.Loop(Opening(), serving.Serving(reconcile=reconcile), voice)

    hosts: Any = None
    assert await loop(reconcile=False)._expired(hosts) == {}
    serves = loop(reconcile=True)
    said = await serves._expired(hosts)
    assert (said["expired"], told) == (("acme/archive/shop.prod/1",), ["error: one is damaged"])
    clock[0] += serving.EXPIRY_SECONDS - 1
    assert await serves._expired(hosts) == {}
    clock[0] += 1
    assert await serves._expired(hosts) == said
    assert asked == [1000.0, 1000.0 + serving.EXPIRY_SECONDS]


@pytest.mark.parametrize(
    ("secret", "header", "is_good"),
    [
        (SECRET, f"Bearer {SECRET}", True),
        (SECRET, f"bearer {SECRET}", True),
        (SECRET, SECRET, False),
        (SECRET, f"Basic {SECRET}", False),
        (SECRET, "Bearer", False),
        (SECRET, "Bearer é", False),
        ("", "Bearer ", False),
        ("", "", False),
    ],
)
def test_names_are_told_to_who_knows_the_secret(secret: str, header: str, is_good: bool) -> None:
    assert serving.is_bearer(secret, {"authorization": header}) is is_good


def test_the_outline_of_a_round_names_nobody() -> None:
    last = {"began": 1.0, "seconds": 2.0, "exit_code": 1, "organizations": ["acme"], "faults": ["acme/shop: gone"]}
    state = {"rounds": 1, "running": False, "last": last, "started": 0.5}
    assert serving.outline(state) == {**state, "last": {"began": 1.0, "seconds": 2.0, "exit_code": 1}}
    assert serving.outline({**state, "last": None})["last"] is None
