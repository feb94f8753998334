"""FI-05 of the cloud: kill -9 at random moments under concurrent writers loses nothing that was acknowledged."""

from __future__ import annotations

import functools
import os
import random
import resource
import signal
import threading
import time
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, Settings, account_of, files, processes
from tests.faults.cloud import inhabitants, writers
from tests.functional.cloud import test_apis
from tests.functional.cloud.conftest import client_of

pytestmark = pytest.mark.cloud


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
            except (botocore.exceptions.BotoCoreError, OSError, KeyError):  # KeyError: an answer cut short
                return  # killed: whether it happened is unknown
            writer.acknowledged.append(made)


def _dead(cloud: EmbeddedCloud) -> None:
    descriptor = files.opened(cloud.folder / "server.lock")
    try:
        assert files.hold(descriptor)
    finally:
        os.close(descriptor)


BOTH = pytest.mark.parametrize("cloud", [64_000_000, 60_000], ids=["journal", "folding"], indirect=True)
"""For a cloud that keeps its journal, and for one that folds it all the time."""


@pytest.fixture
def cloud(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    """A durable cloud, killed at the end."""
    made = EmbeddedCloud(tmp_path, settings=Settings(fold=getattr(request, "param", 64_000_000)))
    yield made
    info = made.start()
    os.kill(info.pid, signal.SIGKILL)


@BOTH
def test_kill_9_loses_nothing_acknowledged(cloud: EmbeddedCloud) -> None:
    chance = random.Random(len(cloud.folder.parts))
    cloud.start()
    storm = Storm(cloud)
    for _ in range(2):
        assert storm.rage(chance.uniform(0.2, 0.8)) > 0
        _dead(cloud)
        cloud.start()
        lost = {writer.service: writer.missing() for writer in storm.writers}
        assert not {service: names for service, names in lost.items() if names}
    folded = any((cloud.folder / "data" / "journal").glob("snapshot-*"))
    assert folded == (cloud.settings.fold < 1_000_000)


def test_an_api_and_its_function_answer_after_kill_9(cloud: EmbeddedCloud) -> None:
    info = cloud.start()
    environ = cloud.environ(account_of("storm"))
    api = test_apis.http_api(lambda service, **given: client_of(environ, service, **given), "eu-west-1")
    assert test_apis.get(cloud, f"/_aws/execute-api/{api}/x") == (200, {"path": "/x"})
    os.kill(info.pid, signal.SIGKILL)
    _dead(cloud)
    cloud.start()
    assert test_apis.get(cloud, f"/_aws/execute-api/{api}/x") == (200, {"path": "/x"})


@pytest.mark.slow  # what a kill does not lose, a stop does not
@BOTH
def test_a_clean_stop_loses_nothing_either(cloud: EmbeddedCloud) -> None:
    cloud.start()
    storm = Storm(cloud)
    for writer in storm.writers:
        for n in range(3):
            writer.acknowledged.append(writer.write(n))
    processes.stop(cloud.folder)
    cloud.start()
    assert not {writer.service: names for writer in storm.writers if (names := writer.missing())}


def test_a_full_disk_refuses_the_write_and_recovers(cloud: EmbeddedCloud) -> None:
    info = cloud.start()
    sqs = client_of(cloud.environ(account_of("storm")), "sqs")
    sqs.create_queue(QueueName="before")
    limits = resource.prlimit(info.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(info.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    with pytest.raises(botocore.exceptions.ClientError, match="could not be kept"):
        sqs.create_queue(QueueName="refused")
    resource.prlimit(info.pid, resource.RLIMIT_FSIZE, limits)
    deadline = time.monotonic() + 20
    while not _accepts(sqs, "after"):
        assert time.monotonic() < deadline
    os.kill(info.pid, signal.SIGKILL)
    _dead(cloud)
    cloud.start()
    names = {url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]}
    assert {"before", "after"} <= names


def _accepts(sqs: Any, name: str) -> bool:
    try:
        sqs.create_queue(QueueName=name)
    except botocore.exceptions.ClientError:
        return False
    return True


def test_everything_is_described_as_before(cloud: EmbeddedCloud) -> None:
    info = cloud.start()
    environ = cloud.environ(account_of("storm"))
    clients = functools.cache(lambda service: client_of(environ, service))
    inhabitants.settle(clients)
    before = inhabitants.described(clients)
    os.kill(info.pid, signal.SIGKILL)
    _dead(cloud)
    cloud.start()
    after = inhabitants.described(clients)
    assert {name: answer for name, answer in after.items() if answer != before[name]} == {}
    assert all(before.values())
