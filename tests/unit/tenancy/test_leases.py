"""Whose an environment is: what its runs have written, however false, keeps it from nobody."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from stackyard.model.activations import Activation
from stackyard.tenancy import leases, rows
from stackyard.tenancy.sites import Site

RECORD = Activation(
    organization="acme", project="shop", environment="prod", ref="refs/heads/main", commit="c" * 40,
    repository="https://git.example/shop.git", meltano_environment="prod",
)  # fmt: skip


class _Cloud:
    """ECS with the tasks that one run has started."""

    def __init__(self, run: str) -> None:
        self.run = run

    def list_tasks(self, cluster: str, startedBy: str) -> dict[str, Any]:
        return {"taskArns": ["arn"] if startedBy == self.run else []}

    def __call__(self, service: str) -> _Cloud:
        return self


@pytest.mark.parametrize(
    ("lease", "holder"),
    [
        ({"holder": "1-a", "taken": "an hour ago"}, ""),
        ({"holder": "1-a", "taken": "now"}, "1-a"),
        ({"holder": "1-a", "taken": "2026-11-21T00:00:00"}, ""),
        ({"holder": "1-a", "taken": "for ever"}, ""),
        ({"holder": "1-a"}, ""),
        ({"taken": "now"}, ""),
        ({"holder": "2-b", "taken": "for ever"}, "2-b"),
        (None, ""),
    ],
)
def test_who_holds_it(monkeypatch: pytest.MonkeyPatch, lease: dict[str, str] | None, holder: str) -> None:
    now = datetime.datetime.now(datetime.UTC)
    times = {"now": now.isoformat(), "an hour ago": (now - datetime.timedelta(hours=1)).isoformat()}
    if lease and (taken := lease.get("taken")):
        lease = {**lease, "taken": times.get(taken, taken)}
    monkeypatch.setattr(rows, "one", lambda *_: lease)
    monkeypatch.setattr(leases, "STARTING_SECONDS", 600)
    site = Site("acme", "data", "archive", "runs", "site", "/site", client=_Cloud("2-b"))
    assert leases.holder(site, RECORD) == holder
