"""FI-01: killed at any boundary between intent, call and result, the next run ends with cloud equal to state.

Every point: a fresh `up` (then, for some, a change, or a destroy) is killed there; the same command is then run
undisturbed. Nothing may exist twice, nothing may be lost, and the program must then have nothing left to do.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests import census

PROGRAM = Path(__file__).with_name("program")
DRIVER = Path(__file__).with_name("driver.py")
ENVIRON = {**os.environ, "CI": "1"}
VICTIMS = ["engine", "cloud", "both"]
pytestmark = pytest.mark.cloud


class Estate:
    """A folder with the program, and an embedded cloud of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PROGRAM, folder)
        self.cloud = EmbeddedCloud(folder)
        self.cloud.start()
        self.account = account_of("organization")
        self.empty = self.census()

    def census(self) -> dict[str, tuple[str, ...]]:
        self.cloud.start()
        return census.take(self.cloud.environ(self.account, "us-east-1"))

    def drive(self, victim: str, nth: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(DRIVER), victim, str(nth), "-C", str(self.folder), *arguments]
        return subprocess.run(
            command, env=ENVIRON, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = self.drive("nobody", 0, *arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done

    def boundaries(self, *arguments: str) -> int:
        return int(self.run(*arguments).stdout.splitlines()[-1])

    def size(self, number: int) -> None:
        (self.folder / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: us-east-1\n  victim:size: {number}\n")

    def recorded(self) -> list[dict[str, Any]]:
        """The resources in the checkpoint file, as it stands on disk."""
        path = self.folder / ".stackyard/.pulumi/stacks/victim/dev.json"
        latest = json.loads(path.read_text())["checkpoint"]["latest"]
        assert not latest.get("pending_operations")
        found: list[dict[str, Any]] = latest.get("resources") or []
        assert not [each for each in found if each.get("delete")]
        return [each for each in found if each["type"].startswith("aws:")]

    def check(self) -> None:
        """Cloud equals state: each recorded resource exists, and nothing else does."""
        added = census.added(self.empty, self.census())
        # Every VPC brings a route table and a security group of its own; they go with it.
        for kind in ("route table", "security group"):
            added[kind] = added.get(kind, ())[1:]
        counts = {kind: len(names) for kind, names in added.items() if names}
        wanted: dict[str, int] = {}
        for resource in self.recorded():
            kind = KINDS[resource["type"]]
            wanted[kind] = wanted.get(kind, 0) + 1
        assert counts == wanted


KINDS = {
    "aws:ec2/vpc:Vpc": "VPC",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/eip:Eip": "address",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "VPC endpoint",
    "aws:ec2/natGateway:NatGateway": "NAT gateway",
    "aws:ec2/securityGroup:SecurityGroup": "security group",
    "aws:sqs/queue:Queue": "queue",
    "aws:sns/topic:Topic": "topic",
    "aws:sns/topicSubscription:TopicSubscription": "subscription",
    "aws:ecr/repository:Repository": "image repository",
}


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    made = Estate(tmp_path_factory.mktemp("kill") / "victim")
    made.size(1)
    yield made
    subprocess.run([sys.executable, "-m", "stackyard", "-C", str(made.folder), "cloud", "stop"], check=True)


def _points(estate: Estate, victims: list[str], share: int) -> Iterator[tuple[str, int]]:
    total = estate.boundaries("up", "--yes", "-s", "dev")
    assert total >= 40
    estate.run("destroy", "--yes")
    for index, nth in enumerate(range(1, total + 1, share)):
        yield victims[index % len(victims)], nth


def _survives(estate: Estate, victim: str, nth: int) -> None:
    killed = estate.drive(victim, nth, "up", "--yes", "-s", "dev")
    assert f"killing {victim}" in killed.stderr
    if victim != "cloud":
        assert killed.returncode == -9
    estate.run("up", "--yes")
    estate.check()
    plan = estate.run("preview", "--detailed-exitcode")
    assert plan.returncode == 0
    estate.run("destroy", "--yes")
    assert census.added(estate.empty, estate.census()) == {}
    assert estate.recorded() == []


def test_an_update_killed_anywhere_is_finished_by_the_next(estate: Estate) -> None:
    """Two points: one kills the engine, one the cloud."""
    for victim, nth in _points(estate, VICTIMS, share=40):
        _survives(estate, victim, nth)


@pytest.mark.slow
def test_an_update_killed_at_every_point_is_finished_by_the_next(estate: Estate) -> None:
    """Every point, the engine, the cloud and both by turns."""
    for victim, nth in _points(estate, VICTIMS, share=1):
        _survives(estate, victim, nth)


def _changes_size(estate: Estate, nth: int, number: int) -> bool:
    """A change that replaces the subnet and its gateway, killed at a point and repeated; whether it has that point."""
    estate.size(number)
    killed = estate.drive("engine", nth, "up", "--yes").returncode == -9
    estate.run("up", "--yes")
    estate.check()
    return killed


def _is_destroyed(estate: Estate, nth: int) -> bool:
    """A destroy, killed at a point and repeated; whether it has that point."""
    estate.run("up", "--yes", "-s", "dev")
    killed = estate.drive("engine", nth, "destroy", "--yes").returncode == -9
    estate.run("destroy", "--yes")
    assert census.added(estate.empty, estate.census()) == {}
    assert estate.recorded() == []
    return killed


@pytest.mark.slow
def test_a_replacement_and_a_destroy_killed_in_the_middle_are_finished(estate: Estate) -> None:
    estate.size(1)
    estate.run("up", "--yes", "-s", "dev")
    for number, nth in enumerate((5, 17, 29), 2):
        assert _changes_size(estate, nth, number)
    for nth in (7, 19):
        assert _is_destroyed(estate, nth)
    estate.size(1)


@pytest.mark.slow
def test_a_replacement_killed_at_every_point_is_finished(estate: Estate) -> None:
    estate.size(1)
    estate.run("up", "--yes", "-s", "dev")
    beyond = next(nth for nth in itertools.count(1) if not _changes_size(estate, nth, nth + 1))
    assert beyond > 29
    estate.run("destroy", "--yes")
    estate.size(1)


@pytest.mark.slow
def test_a_destroy_killed_at_every_point_is_finished(estate: Estate) -> None:
    beyond = next(nth for nth in itertools.count(1) if not _is_destroyed(estate, nth))
    assert beyond > 19
