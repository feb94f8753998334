"""A function sees its own code and nothing of the cloud's or of others', and ends with the cloud."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients, client_of
from tests.functional.cloud.test_functions import call

CODE = """
import glob, os, subprocess, sys, time

def look(event, context):
    found = {}
    for path in event["paths"]:
        try:
            found[path] = os.listdir(path) if os.path.isdir(path) else len(open(path, "rb").read())
        except OSError as error:
            found[path] = type(error).__name__
    return found

def self(event, context):
    return {
        "uid": os.getuid(), "pids": sorted(int(p) for p in os.listdir("/proc") if p.isdigit()),
        "environs": [p for p in glob.glob("/proc/*/environ") if readable(p) and os.stat(p).st_uid != os.getuid()],
        "environ": dict(os.environ), "folder": os.path.dirname(__file__), "real": os.getpid(),
    }

def readable(path):
    try:
        return bool(open(path, "rb").read())
    except OSError:
        return False

def write(event, context):
    found = {}
    for folder in (os.path.dirname(__file__), "/tmp", "/usr", "/", os.path.dirname(sys.executable)):
        try:
            open(folder + "/written", "w").close()
            found[folder] = True
        except OSError:
            found[folder] = False
    return list(found.values())

def hog(event, context):
    return len(bytearray(os.urandom(1 << 20)) * event["megabytes"])

def slow(event, context):
    subprocess.Popen(["sleep", "4321"])
    if event.get("sleep"):
        time.sleep(60)
    return 1

def quit(event, context):
    os._exit(3)
"""


@pytest_asyncio.fixture
async def kind(embedded_cloud: EmbeddedCloud) -> str:
    """The means of confinement here; tests of what it hides are skipped where there are none."""
    found = str((await embedded_cloud.describe())["confinement"])
    if found == "none":
        pytest.skip("neither users nor namespaces can be made here")
    return found


def make(client: Clients, handler: str, **settings: Any) -> None:
    lambdas.function(client, handler, code=CODE, **settings)


async def test_it_cannot_read_the_cloud_s_files(client: Clients, embedded_cloud: EmbeddedCloud, kind: str) -> None:
    make(client, "look")
    folder = embedded_cloud.folder
    hidden = [folder / name for name in ("accounts.json", "token", "server.json", "server.log", "data/services")]
    assert all(path.exists() for path in hidden[:4]), kind
    hidden += [Path(__file__), Path("/root/.ssh"), Path("/home"), Path("/etc/shadow"), Path("/var/lib")]
    found, _ = call(client, "look", {"paths": [str(path) for path in hidden]})
    assert set(found.values()) == {"FileNotFoundError"}
    beside, _ = call(client, "look", {"paths": [str(folder), str(folder / "data")]})
    assert beside == {str(folder): ["data"], str(folder / "data"): ["scratch"]}


async def test_it_cannot_see_the_code_and_processes_of_others(
    client: Clients, embedded_cloud: EmbeddedCloud, kind: str
) -> None:
    environ = embedded_cloud.environ(account_of("somebody-else"))

    def other(service: str, **given: Any) -> Any:
        return client_of(environ, service, **given)

    make(other, "self")
    make(client, "self")
    make(client, "look")
    theirs, _ = call(other, "self")
    own, _ = call(client, "self")
    assert theirs["uid"] != own["uid"] or kind == "user namespaces"
    assert 0 not in (own["uid"], theirs["uid"])
    assert own["environs"] == []
    assert len(own["pids"]) <= 3
    found, _ = call(client, "look", {"paths": [theirs["folder"], os.path.dirname(os.path.dirname(own["folder"]))]})
    assert found[theirs["folder"]] == "FileNotFoundError"
    # Of all functions' folders, it sees the one of the function that looks.
    assert [len(value) for path, value in found.items() if path != theirs["folder"]] == [1]


async def test_it_writes_to_its_scratch_alone(client: Clients, kind: str) -> None:
    make(client, "write")
    assert call(client, "write")[0] == [False, True, False, False, False], kind


def test_its_environment_is_its_own(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    make(client, "self", Environment={"Variables": {"MINE": "1", "HOME": "/tmp/own"}})
    environ = call(client, "self")[0]["environ"]
    assert (environ["MINE"], environ["HOME"], environ["TMPDIR"]) == ("1", "/tmp/own", "/tmp")
    assert str(embedded_cloud.folder) not in json.dumps(
        {name: value for name, value in environ.items() if name != "LAMBDA_TASK_ROOT"}
    )


def test_memory_is_bounded(client: Clients) -> None:
    make(client, "hog", MemorySize=128)
    assert call(client, "hog", {"megabytes": 16})[0] == 16 << 20
    answer = client("lambda").invoke(FunctionName="hog", Payload=json.dumps({"megabytes": 400}))
    assert answer["FunctionError"]
    assert "signal: killed" in json.loads(answer["Payload"].read())["errorMessage"]
    assert call(client, "hog", {"megabytes": 16})[0] == 16 << 20


def test_an_exit_is_told(client: Clients) -> None:
    make(client, "quit")
    assert "exit status 3" in call(client, "quit")[0]["errorMessage"]


def sleepers() -> set[int]:
    """Processes that `slow` starts."""
    found = set()
    for name in os.listdir("/proc"):
        try:
            line = Path(f"/proc/{name}/cmdline").read_bytes() if name.isdigit() else b""
        except OSError:
            continue
        if line == b"sleep\x004321\x00":
            found.add(int(name))
    return found


def test_time_is_bounded_and_takes_its_processes_along(client: Clients) -> None:
    before = sleepers()
    make(client, "slow", Timeout=1)
    began = time.monotonic()
    assert "timed out after 1" in call(client, "slow", {"sleep": True})[0]["errorMessage"]
    assert time.monotonic() - began < 10
    deadline = time.monotonic() + 10
    while sleepers() - before:
        assert time.monotonic() < deadline


def test_a_warm_call_is_quick(client: Clients) -> None:
    lambdas.function(client, "echo")
    api = client("lambda")
    api.invoke(FunctionName="echo", Payload=b"{}")
    times = []
    for _ in range(30):
        began = time.perf_counter()
        api.invoke(FunctionName="echo", Payload=b"{}")["Payload"].read()
        times.append(time.perf_counter() - began)
    assert min(times) < 0.012


@pytest_asyncio.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[EmbeddedCloud]:
    """A cloud that is ended here."""
    made = EmbeddedCloud(tmp_path)
    await made.ensure()
    yield made
    await made.stop()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_functions_end_with_the_server(cloud: EmbeddedCloud, number: int) -> None:
    environ = cloud.environ(account_of("acme"))

    def client(service: str, **given: Any) -> Any:
        return client_of(environ, service, **given)

    before = sleepers()
    await asyncio.to_thread(make, client, "slow")
    assert (await asyncio.to_thread(call, client, "slow"))[0] == 1
    assert len(sleepers() - before) == 1
    info = await cloud.status()
    assert info is not None
    os.kill(info.pid, number)
    deadline = time.monotonic() + 20
    while sleepers() - before:
        assert time.monotonic() < deadline, "a function outlived the server"
