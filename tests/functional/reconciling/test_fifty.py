"""Fifty environments over ten organizations: only what changed in git is touched, counted by what providers did."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.reconciling import hosting
from tests.functional.reconciling.hosting import Hosted

pytestmark = [pytest.mark.cloud, pytest.mark.slow]
ORGANIZATIONS = [f"org{number}" for number in range(10)]
BRANCHES = ["main", *(f"feature/{number}" for number in range(4))]


def test_fifty_environments_and_then_only_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedCloud.temporary() as cloud:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        hosted = Hosted.made(tmp_path, cloud)
        shops = {name: hosted.repository(name) for name in ORGANIZATIONS}
        commits = {(name, branch): shops[name].push(branch) for name in ORGANIZATIONS for branch in BRANCHES}
        for name, shop in shops.items():
            hosted.tenant(name, {"shop": shop})
        begun = time.monotonic()
        hosted.reconcile()
        print(f"fifty from nothing: {time.monotonic() - begun:.1f} s")
        _is_as_git_says(hosted, commits)
        for name in ORGANIZATIONS:
            shops[name].delete("feature/0")
            del commits[name, "feature/0"]
            commits[name, "feature/1"] = shops[name].push("feature/1")
        for name in ORGANIZATIONS[:5]:
            commits[name, "feature/new"] = shops[name].push("feature/new")
        begun = time.monotonic()
        done = hosted.reconcile()
        print(f"ten gone, ten moved, five new: {time.monotonic() - begun:.1f} s")
        _is_as_git_says(hosted, commits)
        _only_those_changed(done)
        begun = time.monotonic()
        assert list(hosting.steps(hosted.reconcile())) == []
        print(f"nothing to do: {time.monotonic() - begun:.2f} s")


def _is_as_git_says(hosted: Hosted, commits: dict[tuple[str, str], str]) -> None:
    for name in ORGANIZATIONS:
        wanted = {
            f"shop_{'prod' if branch == 'main' else branch.replace('/', '-')}": commit
            for (owner, branch), commit in commits.items()
            if owner == name
        }
        assert hosted.commits(name) == wanted
    assert len(hosted.records) == len(commits)


def _only_those_changed(done: hosting.running.Result) -> None:
    """One parameter updated for a move; a log group and a parameter made or deleted for what comes or goes."""
    found: dict[str, list[str]] = {}
    for stack, op in hosting.steps(done):
        found.setdefault(stack, []).append(op)
    wanted: dict[str, list[str]] = {}
    for number, name in enumerate(ORGANIZATIONS):
        wanted[f"{name}.shop.feature-0.Production"] = ["delete", "delete"]
        wanted[f"{name}.shop.feature-1.Production"] = ["update"]
        if number < 5:
            wanted[f"{name}.shop.feature-new.Production"] = ["create", "create"]
    assert found == wanted
