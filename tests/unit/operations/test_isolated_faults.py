"""What one tenant's runs have written, however malformed, stops nobody else's environments."""

from __future__ import annotations

import asyncio
import datetime
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stackyard.cost.usage import Usage
from stackyard.errors import Unreachable
from stackyard.model.activations import Activation
from stackyard.model.tenants import HostedProject, Organization
from stackyard.operations import archives, costing, metering, surveying
from stackyard.operations.reconciling import Reconciliation
from stackyard.tenancy import sources, wishes
from stackyard.tenancy.reconcile import Act, Change
from stackyard.tenancy.retention import Expiry
from stackyard.tenancy.wishes import Heard


def change(organization: str) -> Change:
    record = Activation(
        organization=organization, project="shop", environment="prod", ref="refs/heads/main", commit="c" * 40,
        repository="https://git.example/shop.git", meltano_environment="prod",
    )  # fmt: skip
    return Change(Act.RETIRE, record, None)


async def test_a_fault_that_nobody_foresaw_is_reported_and_the_others_proceed() -> None:
    hosting: Any = SimpleNamespace(records=None)
    pass_ = Reconciliation(hosting, lambda _: None, lambda _: None, asyncio.Event())

    async def work(one: Change) -> Change:
        if one.entry.startswith("acme"):
            raise AttributeError("'str' object has no attribute 'items'")
        return one

    bad, good = change("acme"), change("globex")
    assert await pass_._each([bad, good], work) == [good]
    assert [(each.entry, each.fault) for each in pass_.results] == [
        ("acme.shop.prod", "AttributeError: 'str' object has no attribute 'items'")
    ]


async def test_a_malformed_row_of_one_tenant_is_noted_and_stops_no_bill(monkeypatch: pytest.MonkeyPatch) -> None:
    async def site(*_: object) -> dict[str, Any]:
        return {}

    def read(*_: object) -> tuple[Usage, ...]:
        return tuple(metering.run_of(row, account) for row in [forged])  # type: ignore[misc]

    account = metering.Account("acme", "1" * 12, lambda _: None)
    started = "2026-11-01T00:00:00+00:00"
    forged = {"environment": "shop.dev", "run": "20261101T000000.000000Z-00000001", "started": started, "cpu": "no"}
    monkeypatch.setattr(costing, "_site", site)
    monkeypatch.setattr(costing, "_account", lambda *_: account)
    monkeypatch.setattr(metering, "read", read)
    now = datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC)
    period: Any = None
    workspace: Any = None
    used = await costing._used_by(workspace, "acme", period, now, 60)
    assert used.usage == ()
    assert "what acme used cannot be read" in used.notes[0]


async def test_a_repository_that_breaks_its_reader_leaves_the_others_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hear(organization: Organization, project: HostedProject, _records: object) -> Heard:
        if organization.name == "acme":
            raise ValueError("invalid literal for int()")
        return Heard(project.name)

    monkeypatch.setattr(wishes, "hear", hear)
    shop = HostedProject("shop", "https://git.example/shop")
    heard = {}
    for name in ("acme", "globex"):
        organization = Organization(name, name, "a@b.example", "a@b.example", projects={"shop": shop})
        (heard[name],) = await surveying._hear(organization, [], asyncio.Semaphore(1))
    assert heard["acme"].silent
    assert "acme/shop cannot be read: ValueError" in heard["acme"].diagnostics[0].message
    assert heard["globex"] == Heard("shop")


async def test_what_is_in_one_tenants_archive_stops_nobody_elses_from_expiring(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def expired(_hosts: object, name: str, _tell: object) -> Expiry:
        if name == "acme":
            raise OverflowError("int too large to convert to float")
        return Expiry()

    async def is_up(_stack: object) -> bool:
        return True

    active = {name: SimpleNamespace(suspended=False) for name in ("acme", "globex")}
    hosts: Any = SimpleNamespace(
        workspace=SimpleNamespace(folder=tmp_path), organizations=lambda: (active, ()), stack=lambda *each: each,
        is_up=is_up,
    )  # fmt: skip
    monkeypatch.setattr(archives, "_expired", expired)
    gone, told = await archives.expire_all(hosts, lambda _: None)
    assert gone == ()
    assert [each.message for each in told] == ["the archives of acme: OverflowError: int too large to convert to float"]


async def test_a_server_that_lists_and_does_not_serve_is_asked_once_and_not_for_every_branch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Everything that comes up waits for it, other organizations' environments too."""
    clock, asked = [0.0], []

    def fetch(_repository: str, commit: str) -> None:
        asked.append(commit)
        clock[0] += sources.FETCHING_SECONDS
        raise Unreachable("git fetch did not end within 300 seconds")

    monkeypatch.setattr(sources, "fetch", fetch)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    hosting: Any = SimpleNamespace(records=None)
    pass_ = Reconciliation(hosting, lambda _: None, lambda _: None, asyncio.Event())

    async def work(one: Change) -> Change:
        assert one.record is not None
        await pass_._fetched(one.record)
        return one

    assert await pass_._each([change("acme")] * 20, work) == []
    assert len(asked) == 1
    assert "take more than 300 seconds" in pass_.results[-1].fault


def test_a_server_that_had_its_time_is_not_asked_for_everything_instead(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[str] = []

    def bounded(command: list[str], *_: object, **__: object) -> tuple[int, bytes, bytes]:
        asked.append(next(each for each in command if each in ("init", "fetch", "rev-parse")))
        if asked[-1] == "fetch":
            raise subprocess.TimeoutExpired(command, 300)
        return 0, b"", b""

    monkeypatch.setattr(sources, "_bounded", bounded)
    with pytest.raises(Unreachable, match="did not end"):
        sources.fetch("https://git.example/shop", "c" * 40, tmp_path)
    assert asked == ["init", "fetch"]
