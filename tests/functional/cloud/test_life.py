"""Starting, finding and stopping the server."""

from __future__ import annotations

import asyncio
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from stackyard.cloud.client import EmbeddedCloud, account_of, files
from stackyard.errors import CloudError
from tests.functional.cloud.conftest import client_of


@pytest_asyncio.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[EmbeddedCloud]:
    """A cloud of an estate in a temporary folder, stopped at the end."""
    made = EmbeddedCloud(tmp_path)
    yield made
    await made.stop()


async def test_ensure_starts_once_and_status_finds_it(cloud: EmbeddedCloud) -> None:
    assert await cloud.status() is None
    first = await cloud.ensure()
    assert await cloud.ensure() == first == await cloud.status()
    assert await cloud.stop()
    assert await cloud.status() is None
    assert not await cloud.stop()


async def test_concurrent_programs_start_one_server(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    program = (
        "import pathlib, sys; from stackyard.cloud.client import EmbeddedCloud;"
        "print(EmbeddedCloud(pathlib.Path(sys.argv[1])).start().pid)"
    )
    running = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", program, str(tmp_path), stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    pids = {(await process.communicate())[0].strip() for process in running}
    assert len(pids) == 1
    found = await cloud.status()
    assert found is not None
    assert pids == {str(found.pid).encode()}


async def test_the_port_stays_from_start_to_start(cloud: EmbeddedCloud) -> None:
    first = await cloud.ensure()
    await cloud.stop()
    assert (await cloud.ensure()).port == first.port


async def test_a_port_that_somebody_took_is_given_up(cloud: EmbeddedCloud) -> None:
    first = await cloud.ensure()
    await cloud.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        assert (await cloud.ensure()).port != first.port


async def test_two_estates_have_two_clouds(cloud: EmbeddedCloud, tmp_path: Path) -> None:
    other = EmbeddedCloud(tmp_path / "other")
    try:
        assert (await other.ensure()).port != (await cloud.ensure()).port
        account = account_of("acme")
        client_of(cloud.environ(account), "sqs").create_queue(QueueName="here")
        assert not client_of(other.environ(account), "sqs").list_queues().get("QueueUrls")
    finally:
        await other.stop()


async def test_a_dead_server_s_record_is_not_believed(cloud: EmbeddedCloud) -> None:
    info = await cloud.ensure()
    os.kill(info.pid, signal.SIGKILL)
    descriptor = files.opened(cloud.folder / "server.lock")
    try:
        assert await asyncio.to_thread(files.hold, descriptor)
    finally:
        os.close(descriptor)
    record = cloud.folder / "server.json"
    record.write_text(json.dumps({"pid": os.getpid(), "port": info.port}))
    assert await cloud.status() is None
    assert (await cloud.ensure()).pid not in {info.pid, os.getpid()}


async def test_it_listens_on_the_loopback_address_alone(cloud: EmbeddedCloud) -> None:
    info = await cloud.ensure()
    listening = [line.split() for line in Path(f"/proc/{info.pid}/net/tcp").read_text().splitlines()[1:]]
    inodes = {os.readlink(link)[8:-1] for link in _sockets(info.pid)}
    mine = {row[1] for row in listening if row[3] == "0A" and row[9] in inodes}
    assert mine == {f"0100007F:{info.port:04X}"}
    six = Path(f"/proc/{info.pid}/net/tcp6").read_text().splitlines()[1:]
    assert not [row for row in six if row.split()[9] in inodes and row.split()[3] == "0A"]


def _sockets(pid: int) -> list[str]:
    links = [f"/proc/{pid}/fd/{name}" for name in os.listdir(f"/proc/{pid}/fd")]
    return [link for link in links if os.path.islink(link) and os.readlink(link).startswith("socket:")]


async def test_reset_asks_first_and_keeps_the_keys(cloud: EmbeddedCloud) -> None:
    await cloud.ensure()
    account = account_of("acme")
    environ = cloud.environ(account)
    client_of(environ, "sqs").create_queue(QueueName="gone")
    with pytest.raises(CloudError, match="deletes everything"):
        await cloud.reset(confirm=False)
    await cloud.reset(confirm=True)
    assert cloud.environ(account) == environ
    assert not client_of(environ, "sqs").list_queues().get("QueueUrls")


async def test_logs_follow(cloud: EmbeddedCloud) -> None:
    await cloud.ensure()
    environ = cloud.environ(account_of("acme"))
    following = cloud.logs(lines=0, follow=True)
    waiting = asyncio.ensure_future(anext(following))
    await asyncio.sleep(0)  # it has looked for the end of the log
    await asyncio.to_thread(
        client_of(environ, "s3").create_bucket,
        Bucket="followed", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )  # fmt: skip
    assert "followed" in await asyncio.wait_for(waiting, 10)
    await following.aclose()  # type: ignore[attr-defined]


def test_a_temporary_cloud_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import os; from stackyard.cloud.client import EmbeddedCloud\n"
        "with EmbeddedCloud.temporary() as cloud:\n"
        "    print(cloud.folder, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    folder = Path(done.stdout.strip())
    descriptor = files.opened(folder / "server.lock")
    try:
        deadline = 20
        assert any(files.hold(descriptor) for _ in range(deadline))
    finally:
        os.close(descriptor)


async def test_files_with_secrets_are_private(cloud: EmbeddedCloud) -> None:
    await cloud.ensure()
    secret = cloud.environ(account_of("acme"))["AWS_SECRET_ACCESS_KEY"]
    for path in [p for p in cloud.folder.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]:
        assert path.stat().st_mode & 0o077 == 0, path
    info = await cloud.status()
    assert info is not None
    for name in ("cmdline", "environ"):
        assert secret.encode() not in Path(f"/proc/{info.pid}/{name}").read_bytes()


async def test_a_server_whose_folder_is_deleted_ends(cloud: EmbeddedCloud) -> None:
    info = await cloud.ensure()
    ended = os.pidfd_open(info.pid)
    shutil.rmtree(cloud.folder)
    try:
        assert await asyncio.to_thread(select.select, [ended], [], [], 20) == ([ended], [], [])
    finally:
        os.close(ended)


async def test_a_server_of_another_version_starts_again_with_its_data(cloud: EmbeddedCloud) -> None:
    first = await cloud.ensure()
    queues = client_of(cloud.environ(account_of("x")), "sqs")
    queues.create_queue(QueueName="kept")
    record = json.loads((cloud.folder / "server.json").read_text())
    (cloud.folder / "server.json").write_text(json.dumps({**record, "program": "of yesterday"}))
    second = await cloud.ensure()
    assert second.pid != first.pid
    assert second.endpoint == first.endpoint
    assert len(queues.list_queues()["QueueUrls"]) == 1


async def test_a_server_that_keeps_nothing_is_left_alone(tmp_path: Path) -> None:
    with EmbeddedCloud.temporary() as server:
        record = json.loads((server.folder / "server.json").read_text())
        (server.folder / "server.json").write_text(json.dumps({**record, "program": "of yesterday"}))
        assert server.start().pid == record["pid"]
