"""Only one process reconciles an estate at a time."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from stackyard.errors import Cancelled, ProviderError
from stackyard.operations import hosting


async def test_the_second_waits_for_the_first_and_says_so(tmp_path: Path) -> None:
    told: list[str] = []
    waiting = asyncio.Event()

    def tell(line: str) -> None:
        told.append(line)
        waiting.set()

    async def second() -> None:
        async with hosting.alone(tmp_path, tell):
            assert (tmp_path / "reconcile.lock").read_text() == f"{os.getpid()}\n"

    with open(tmp_path / "reconcile.lock", "w+") as first:
        first.write("4711\n")
        first.flush()
        fcntl.flock(first, fcntl.LOCK_EX)
        task = asyncio.create_task(second())
        await asyncio.wait_for(waiting.wait(), 10)
        assert not task.done()
    await asyncio.wait_for(task, 10)
    assert told == ["waiting: process 4711 reconciles this estate"]


async def test_nobody_waits_when_nobody_is_there(tmp_path: Path) -> None:
    told: list[str] = []
    for _ in range(2):
        async with hosting.alone(tmp_path / "new", told.append):
            pass
    assert told == []


async def test_the_clouds_own_faults_are_ours() -> None:
    def refused() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")

    def away() -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:1")

    with pytest.raises(ProviderError, match="AccessDenied") as denied:
        await hosting.in_cloud(refused)
    assert denied.value.hint == ""
    with pytest.raises(ProviderError, match="Could not connect") as gone:
        await hosting.in_cloud(away)
    assert "stackyard cloud status" in gone.value.hint


async def test_who_waits_can_be_stopped(tmp_path: Path) -> None:
    told: list[str] = []
    cancelled = asyncio.Event()

    async def second() -> None:
        async with hosting.alone(tmp_path, lambda line: (told.append(line), cancelled.set())[0], cancelled):
            raise AssertionError("it was not alone")

    with open(tmp_path / "reconcile.lock", "w+") as first:
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(Cancelled, match="another process reconciles"):
            await asyncio.wait_for(second(), 10)
    assert told == ["waiting: process ? reconciles this estate"]
