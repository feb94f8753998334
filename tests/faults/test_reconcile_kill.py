"""A reconcile killed anywhere ends in the same state after the next one, and destroys nothing without its archive."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.reconciling.hosting import Hosted, Repository

DRIVER = Path(__file__).with_name("reconcile_driver.py")
SEED = 20260101
pytestmark = pytest.mark.cloud


class Estate:
    """One organization whose branches come, move and go round after round."""

    def __init__(self, folder: Path, cloud: EmbeddedCloud) -> None:
        self.hosted = Hosted.made(folder, cloud)
        self.environ = {**os.environ, "CI": "1", "XDG_CACHE_HOME": str(folder / "cache")}
        self.shop: Repository = self.hosted.repository("shop")
        self.hosted.tenant("acme", {"shop": self.shop})
        self.commits = {"main": self.shop.push("main"), "feature/0": self.shop.push("feature/0")}
        self.round = 0
        self.archived: list[str] = []
        self.reconcile()
        self.check()

    def drive(self, nth: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(DRIVER), str(nth), "-C", str(self.hosted.root)]
        command += ["environment", "reconcile", "--yes", "--grace", "0", "--no-install", "--json"]
        return subprocess.run(
            command,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def reconcile(self) -> int:
        """Undisturbed; how many boundaries it passed."""
        done = self.drive(0)
        assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr}"
        return int(done.stdout.splitlines()[-1])

    def change(self) -> None:
        """One branch is moved, one goes, one comes; what goes has run."""
        gone, self.round = f"feature/{self.round}", self.round + 1
        self.hosted.ran("acme", self.hosted.records[f"acme.shop.{gone.replace('/', '-')}"])
        self.shop.delete(gone)
        del self.commits[gone]
        self.archived.append(gone.replace("/", "-"))
        self.commits["main"] = self.shop.push("main")
        self.commits[f"feature/{self.round}"] = self.shop.push(f"feature/{self.round}")

    def check(self) -> None:
        """Everything is as the refs say, and nothing is left of what went but its archive."""
        wanted = {"prod" if ref == "main" else ref.replace("/", "-"): commit for ref, commit in self.commits.items()}
        records = self.hosted.records
        assert {each.environment: each.commit for each in records.values()} == wanted
        assert all(each.deployed == each.shape for each in records.values())
        assert self.hosted.commits("acme") == {f"shop_{name}": commit for name, commit in wanted.items()}
        assert self.hosted.groups("acme") == {f"shop/{name}" for name in wanted}
        assert set(self.hosted.objects("acme", "data")) >= {each.source for each in records.values()}
        assert not self.hosted.objects("acme", "data", "environments/")
        assert self.hosted.client("acme", "secretsmanager").list_secrets()["SecretList"] == []
        assert self.hosted.client("acme", "dynamodb").scan(TableName="site-runs")["Items"] == []
        assert sorted(self.whole_archives()) == sorted(self.archived)

    def whole_archives(self) -> list[str]:
        """Environments of every archive that has an index; each of them must be whole."""
        objects, found = self.hosted.objects("acme", "archive"), []
        for key, data in objects.items():
            if key.endswith("/index.json"):
                index = json.loads(data)
                for name, file in index["files"].items():
                    body = objects[f"{key.removesuffix('/index.json')}/{name}"]
                    assert file == {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
                assert {"state", "data/shop.duckdb", "source.tar.gz", "logs/run/runner/1.jsonl"} <= set(index["files"])
                found.append(index["environment"])
        return found

    def nothing_went_without_an_archive(self) -> None:
        """Right after the kill: what goes is whole, or its archive is."""
        gone = self.archived[-1]
        key = f"shop.{gone}"
        if gone in self.whole_archives():
            return
        assert f"shop/{gone}" in self.hosted.groups("acme")
        assert f"shop_{gone}" in self.hosted.commits("acme")
        assert len(self.hosted.objects("acme", "data", f"environments/{key}/")) == 2
        assert len(self.hosted.client("acme", "secretsmanager").list_secrets()["SecretList"]) == 1
        assert len(self.hosted.client("acme", "dynamodb").scan(TableName="site-runs")["Items"]) == 2

    def survives(self, nth: int) -> None:
        """One round, killed at a boundary and repeated."""
        self.change()
        killed = self.drive(nth)
        assert killed.returncode == -9, f"{nth}: {killed.stdout[-2000:]}\n{killed.stderr}"
        self.nothing_went_without_an_archive()
        self.reconcile()
        self.check()


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with EmbeddedCloud.temporary() as cloud:
        yield Estate(tmp_path_factory.mktemp("reconcile"), cloud)


def _points(estate: Estate, count: int) -> list[int]:
    """That many points, spread over all there are and different on each, but the same in each test run."""
    estate.change()
    total = estate.reconcile()
    estate.check()
    assert total >= 60
    chosen = random.Random(SEED + count)
    return [chosen.randint(total * nth // count + 1, total * (nth + 1) // count) for nth in range(count)]


def test_a_reconcile_killed_anywhere_is_finished_by_the_next(estate: Estate) -> None:
    """Two random points."""
    for nth in _points(estate, 2):
        estate.survives(nth)


@pytest.mark.slow
def test_a_reconcile_killed_at_twenty_points_is_finished_by_the_next(estate: Estate) -> None:
    """Twenty random points."""
    for nth in _points(estate, 20):
        estate.survives(nth)
