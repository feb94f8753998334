"""Whatever was answered was counted, though the server is killed at once and again."""

from __future__ import annotations

import datetime
import os
import signal
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of, usage
from stackyard.cloud.server.metering import counters
from tests.faults.cloud.test_durability import _dead
from tests.functional.cloud.conftest import client_of

ACCOUNT = account_of("metered")
PROGRAM = """
import os, pathlib, signal, sys
from stackyard.cloud.server.metering.counters import Counters
counts = Counters(pathlib.Path(sys.argv[1]), lambda: 0.0)
for n in range(10_000):
    counts.add("1", "requests", f"r{n % 5_000}", "", 1)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_lost_with_the_process(tmp_path: Path) -> None:
    """It ends without closing or syncing anything, and after its files have grown."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert sum(amount for *_, amount in counters.read(tmp_path, 0, 1)) == 10_000


def _sent(cloud: EmbeddedCloud, port: int) -> Decimal:
    now = datetime.datetime.now(datetime.UTC)
    window = (now - datetime.timedelta(hours=2), now + datetime.timedelta(hours=1))
    found = usage.read(cloud.folder, port, *window, hourly=False)
    return sum((row.amount for row in found.counts if row.kind == "requests" and row.account == ACCOUNT), Decimal(0))


@pytest.mark.cloud
@pytest.mark.slow
def test_kill_9_loses_no_count(tmp_path: Path) -> None:
    cloud = EmbeddedCloud(tmp_path)

    def bucket() -> Any:
        return client_of(cloud.environ(ACCOUNT), "s3")

    info = cloud.start()
    try:
        bucket().create_bucket(Bucket="b-1", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        sent = 1
        for _ in range(3):
            s3 = bucket()
            for n in range(20):
                s3.put_object(Bucket="b-1", Key=f"k{n}", Body=b"x")
                sent += 1
            os.kill(info.pid, signal.SIGKILL)
            _dead(cloud)
            info = cloud.start()
            assert _sent(cloud, info.port) == sent
    finally:
        os.kill(info.pid, signal.SIGKILL)
