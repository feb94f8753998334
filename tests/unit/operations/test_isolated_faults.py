"""What one tenant's runs have written, however malformed, stops nobody else's environments."""

from __future__ import annotations

import asyncio
import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from stackyard.cost.usage import Usage
from stackyard.model.activations import Activation
from stackyard.operations import costing, metering
from stackyard.operations.reconciling import Reconciliation
from stackyard.tenancy.reconcile import Act, Change


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
