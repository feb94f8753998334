"""Fifty environments over ten organizations on the platform itself: only what changed in git is touched."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import account_of
from tests.functional.asking import Cloud
from tests.functional.platform import living
from tests.functional.reconciling import hosting
from tests.functional.reconciling.hosting import Hosted

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
ORGANIZATIONS = [f"org{number}" for number in range(10)]
BRANCHES = ["main", *(f"feature/{number}" for number in range(4))]


def test_fifty_environments_of_the_platform_and_then_only_what_changed(tmp_path: Path) -> None:
    with living.lived(tmp_path) as estate:
        for tenant in living.TENANTS:
            (estate.root / "tenants" / f"{tenant}.yaml").unlink()
        hosted = Hosted(estate.root, estate.server)
        shops = {name: hosted.repository(name) for name in ORGANIZATIONS}
        commits = {(name, branch): shops[name].push(branch) for name in ORGANIZATIONS for branch in BRANCHES}
        for name, shop in shops.items():
            hosted.tenant(name, {"shop": shop})
        _timed("the fabric, ten sites, ten projects", lambda: estate.run("up", "--yes"))
        _timed("fifty environments from nothing", hosted.reconcile)
        assert _deployed(estate) == _wanted(commits)

        for name in ORGANIZATIONS:
            shops[name].delete("feature/0")
            del commits[name, "feature/0"]
            commits[name, "feature/1"] = shops[name].push("feature/1")
        for name in ORGANIZATIONS[:5]:
            commits[name, "feature/new"] = shops[name].push("feature/new")
        done = _timed("ten gone, ten moved, five new", hosted.reconcile)
        assert _deployed(estate) == _wanted(commits)
        touched = {stack for stack, _ in hosting.steps(done)}
        assert touched == {
            *(f"{name}.shop.{which}.Production" for name in ORGANIZATIONS for which in ("feature-0", "feature-1")),
            *(f"{name}.shop.feature-new.Production" for name in ORGANIZATIONS[:5]),
        }
        moved = {op for stack, op in hosting.steps(done) if ".feature-1." in stack}
        assert moved <= {"update", "replace", "create-replacement", "delete-replaced"}
        assert list(hosting.steps(_timed("nothing to do", hosted.reconcile))) == []


def _timed(what: str, work: Any) -> Any:
    begun = time.monotonic()
    done = work()
    print(f"{what}: {time.monotonic() - begun:.1f} s")
    return done


def _wanted(commits: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    return {
        (name, f"shop.{'prod' if branch == 'main' else branch.replace('/', '-')}"): commit
        for (name, branch), commit in commits.items()
    }


def _deployed(estate: living.Estate) -> dict[tuple[str, str], str]:
    """What the accounts themselves say is active, and at which commit."""
    found = {}
    for name in ORGANIZATIONS:
        rows = Cloud(estate.server.environ(account_of(name), living.REGION)).client("dynamodb").query(
            TableName="site-runs",
            KeyConditionExpression="environment = :e",
            ExpressionAttributeValues={":e": {"S": "environments"}},
        )["Items"]  # fmt: skip
        found.update({(name, row["run"]["S"]): row["commit"]["S"] for row in rows})
    return found
