"""FI-05 of the cloud: kill -9 at random moments under concurrent writers loses nothing that was acknowledged."""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of, files
from tests.faults.cloud import writers
from tests.functional.cloud.conftest import client_of

pytestmark = [pytest.mark.cloud, pytest.mark.xdist_group("cloud")]


class Storm:
    """Every writer in a thread of its own, until the server is killed."""

    def __init__(self, cloud: EmbeddedCloud) -> None:
        self._cloud = cloud
        self.writers = [kind(self.client) for kind in writers.ALL]
        self._next = dict.fromkeys(self.writers, 0)
        for writer in self.writers:
            writer.prepare()

    def client(self, service: str, **given: Any) -> Any:
        return client_of(self._cloud.environ(account_of("storm")), service, **given)

    def rage(self, seconds: float) -> int:
        """Write until `seconds` have passed, then kill; returns how many writes were acknowledged."""
        info = self._cloud.start()
        before = sum(len(writer.acknowledged) for writer in self.writers)
        threads = [threading.Thread(target=self._write, args=(writer,)) for writer in self.writers]
        killer = threading.Timer(seconds, os.kill, (info.pid, signal.SIGKILL))
        for thread in [*threads, killer]:
            thread.start()
        for thread in [*threads, killer]:
            thread.join()
        return sum(len(writer.acknowledged) for writer in self.writers) - before

    def _write(self, writer: writers.Writer) -> None:
        while True:
            self._next[writer] += 1
            try:
                made = writer.write(self._next[writer])
            except (botocore.exceptions.BotoCoreError, OSError):
                return  # killed: whether it happened is unknown
            writer.acknowledged.append(made)


def _dead(cloud: EmbeddedCloud) -> None:
    descriptor = files.opened(cloud.folder / "server.lock")
    try:
        assert files.hold(descriptor)
    finally:
        os.close(descriptor)


@pytest.fixture
def cloud(tmp_path: Path) -> Any:
    """A durable cloud, killed at the end."""
    made = EmbeddedCloud(tmp_path)
    yield made
    info = made.start()
    os.kill(info.pid, signal.SIGKILL)


@pytest.mark.parametrize("seed", range(2))
def test_kill_9_loses_nothing_acknowledged(cloud: EmbeddedCloud, seed: int) -> None:
    chance = random.Random(seed)
    cloud.start()
    storm = Storm(cloud)
    for _ in range(2):
        assert storm.rage(chance.uniform(0.2, 0.8)) > 0
        _dead(cloud)
        cloud.start()
        lost = {writer.service: writer.missing() for writer in storm.writers}
        assert not {service: names for service, names in lost.items() if names}
