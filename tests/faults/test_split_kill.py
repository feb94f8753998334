"""A split killed anywhere: every resource is in one stack, and the next split ends with nothing left to do."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.testing.clouds import embedded_cloud
from tests.functional import running
from tests.functional.splitting.conftest import ids, stored

__all__ = ["embedded_cloud"]
pytestmark = pytest.mark.cloud
DRIVER = Path(__file__).with_name("split_driver.py")
SPLIT = ("split", "shop/dev", "--into", "names", "keys", "--yes")
HEAD = "import pulumi, pulumi_random as random\n"
NAMES = """
    pet = random.RandomPet("pet")
    name = random.RandomId("name", byte_length=8, prefix=pet.id)
"""
KEYS = """
    key = random.RandomPassword("key", length=12)
    number = random.RandomUuid("number")
    pulumi.export("key", key.result)
"""
READS = """
    pulumi.export("pet", pulumi.StackReference("organization/names/dev").require_output("pet"))
"""
PET = """
    pulumi.export("pet", pet.id)
"""
STACKS = ("shop/dev", "names/dev", "keys/dev")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, embedded_cloud: EmbeddedCloud) -> Path:
    """An estate whose monolith is up, and whose parts are written."""
    root = tmp_path_factory.mktemp("split") / "estate"
    for name, program in (("shop", NAMES + KEYS), ("names", NAMES + PET), ("keys", KEYS + READS)):
        folder = root / name
        folder.mkdir(parents=True)
        (folder / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        (folder / "__main__.py").write_text(HEAD + textwrap.dedent(program))
    (root / "stackyard.yaml").write_text("layers: []\n")
    (root / "shop/Pulumi.dev.yaml").touch()
    (root / ".stackyard").mkdir()
    (root / ".stackyard/cloud").symlink_to(embedded_cloud.folder)
    running.run(root, "up", "--yes", "--json").done()
    return root


def drive(estate: Path, nth: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(DRIVER), str(nth), "-C", str(estate), *SPLIT],
        env={**os.environ, "CI": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def seen(estate: Path) -> list[tuple[str, str]]:
    """What our own commands see in each stack."""
    found = []
    for stack in STACKS:
        told = running.run(estate, "state", "ls", stack, "--json")
        for each in told.documents[-1]["resources"] if told.exit_code == 0 else ():
            type_ = each["urn"].split("::")[2]
            found += [(type_, each["id"])] if each["id"] and not type_.startswith("pulumi:") else []
    return sorted(found)


def survives(whole: Path, folder: Path, nth: int) -> str:
    estate = folder / f"estate-{nth}"
    shutil.copytree(whole, estate, symlinks=True)
    before = ids(estate)
    killed = drive(estate, nth)
    assert killed.returncode == -9, killed.stderr
    assert seen(estate) == before
    if nth % 2:
        hasty = running.run(estate, "up", "--yes", "--json")
        assert (hasty.executed, ids(estate)) == (set(), before), hasty.stdout
    again = running.run(estate, *SPLIT)
    # 6: the killed one had got as far as putting the old stack's file aside; then nothing is left to split.
    assert again.exit_code in (0, 6), again.stdout + again.stderr
    assert seen(estate) == ids(estate) == before
    assert set(stored(estate)) == {"names/dev", "keys/dev"}
    assert not (estate / "shop/Pulumi.dev.yaml").exists()
    assert running.run(estate, "preview", "--detailed-exitcode", "--json").done().changes == []
    assert not list((estate / ".stackyard/.pulumi/stackyard").glob("intents~/*.json"))
    applied = running.run(estate, "up", "--yes", "--json").done()
    assert (applied.executed, ids(estate)) == (set(), before)
    return killed.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def points(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many boundaries an undisturbed split passes."""
    estate = tmp_path_factory.mktemp("counted") / "estate"
    shutil.copytree(whole, estate, symlinks=True)
    done = drive(estate, 0)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.splitlines()[-1])


def test_a_split_killed_at_some_points_is_finished_or_undone(whole: Path, points: int, tmp_path: Path) -> None:
    assert points >= 30
    for nth in (points // 2, points * 2 // 3, points * 4 // 5):
        survives(whole, tmp_path, nth)


@pytest.mark.slow
def test_a_split_killed_at_random_points_is_finished_or_undone(whole: Path, points: int, tmp_path: Path) -> None:
    for nth in random.sample(range(1, points + 1), 10):
        survives(whole, tmp_path, nth)


@pytest.mark.slow
def test_a_split_killed_at_every_point_is_finished_or_undone(whole: Path, points: int, tmp_path: Path) -> None:
    for nth in range(1, points + 1):
        survives(whole, tmp_path, nth)
