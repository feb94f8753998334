"""What one tenant's runs have written, however malformed, stops nobody else's environments."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from stackyard.model.activations import Activation
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
