"""Finding, starting and stopping the server process of one folder.

The folder holds, beside the cloud's data: `server.lock`, held by the server for as long as it lives, so that a
stale pid is never believed; `server.json`, its pid, port and program; `port`, which stays the same from start to start;
`token`, which its control endpoints ask for; `fetching.json`, how it gets what is not installed yet;
`start.lock`, held by whoever starts or stops it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from stackyard.cloud.client import files, installation
from stackyard.errors import CloudError

HOST: Final = "127.0.0.1"
STARTING: Final = 60.0  # seconds; a start takes 0.6, but a busy machine can be forty times slower
STOPPING: Final = 15.0
_SEEN: Final = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "LD_LIBRARY_PATH")
# Below 32768, where Linux begins to hand out ports of its own choice.
_FIRST_PORT, _PORTS = 14_000, 16_000


@dataclasses.dataclass(frozen=True, slots=True)
class CloudInfo:
    """A running cloud: the URL for SDKs, its port, its process, and the version of the emulator inside."""

    endpoint: str
    port: int
    pid: int
    version: str


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """How a server is to run.

    `durable`: every write survives kill -9; without it nothing outlives the process. `fold`: bytes at which the
    journal of writes is folded into a snapshot. `tasks`: how many tasks of ECS run at once; more wait their turn.
    """

    durable: bool = True
    fold: int = 64_000_000
    tasks: int = 16


def running(folder: Path) -> CloudInfo | None:
    """The server of `folder` if it is alive and answers; None when no process holds the folder."""
    if not files.is_held(folder / "server.lock"):
        return None
    record = _record(folder)
    if record is None:
        return None
    answer = ask(folder, record["port"], "GET", "/_stackyard/health", timeout=30)
    return CloudInfo(f"http://{HOST}:{record['port']}", record["port"], record["pid"], answer["version"])


def is_outdated(folder: Path) -> bool:
    """Whether the server of `folder` began as another program than the one that is installed now, and may start again.

    It starts parts of itself from files, long after its own start. One that keeps nothing is never outdated.
    """
    record = _record(folder) or {}
    return bool(record.get("durable")) and record.get("program") != installation.program()


def start(
    folder: Path, settings: Settings, *, parent: int | None = None, progress: installation.Progress | None = None
) -> CloudInfo:
    """Start the server of `folder`, or find the one that runs; returns when it answers.

    `parent` is the read end of a pipe: the server stops when its write end closes. Safe when several processes do
    it at once. Raises CloudError, with the end of the server's log, when it does not come up.
    """
    python = installation.interpreter(progress)
    with files.locked(folder / "start.lock"):
        if not files.is_held(folder / "server.lock"):
            process, port = _spawn(folder, python, settings, parent)
            _await_answer(folder, process, port)
    found = running(folder)
    if found is None:
        raise CloudError("the embedded cloud stopped as soon as it had started", hint=_tail(folder))
    return found


def stop(folder: Path) -> bool:
    """Stop the server of `folder`; returns whether one ran. Nothing acknowledged is lost even if it must be killed."""
    with files.locked(folder / "start.lock"):
        if not files.is_held(folder / "server.lock"):
            return False
        record = _record(folder)
        if record is None:
            raise CloudError(f"{folder} is held by a process that left no record", hint="End that process by hand.")
        with contextlib.suppress(ProcessLookupError):
            os.kill(record["pid"], signal.SIGTERM)
        if not _poll(lambda: not files.is_held(folder / "server.lock"), STOPPING):
            os.kill(record["pid"], signal.SIGKILL)
            _poll(lambda: not files.is_held(folder / "server.lock"), STOPPING)
        (folder / "server.json").unlink(missing_ok=True)
        return True


def token(folder: Path) -> str:
    """The secret that the server's control endpoints ask for, made on first use."""
    path = folder / "token"
    with contextlib.suppress(FileNotFoundError):
        return path.read_text(encoding="ascii")
    files.write_private(path, secrets.token_urlsafe(24))
    return path.read_text(encoding="ascii")


def ask(folder: Path, port: int, method: str, path: str, *, timeout: float = 60) -> dict[str, Any]:
    """Call a control endpoint of the server and return its JSON answer; raises CloudError when it refuses."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request(method, path, headers={"x-stackyard-token": token(folder)})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CloudError(f"the embedded cloud on port {port} does not answer: {error}", hint=_tail(folder)) from error
    finally:
        connection.close()
    if response.status != 200:
        raise CloudError(f"the embedded cloud answered {response.status} to {path}", hint=_tail(folder))
    answer: dict[str, Any] = json.loads(body)
    return answer


def _spawn(folder: Path, python: Path, settings: Settings, parent: int | None) -> tuple[subprocess.Popen[bytes], int]:
    token(folder)
    files.write_private(folder / "fetching.json", json.dumps(installation.fetching()))
    held = files.opened(folder / "server.lock")
    listener = _listener(folder)
    port: int = listener.getsockname()[1]
    try:
        if not files.hold(held):
            raise CloudError(f"{folder} is held by another process", hint="Run `stackyard cloud status`.")
        inherited = {"lock": held, "socket": listener.fileno(), **({"parent": parent} if parent is not None else {})}
        order = {"folder": str(folder), "port": port, **dataclasses.asdict(settings), "descriptors": inherited}
        with os.fdopen(files.opened(folder / "crash.log"), "wb") as output:
            output.truncate()
            process = subprocess.Popen(
                [str(python), "-I", str(installation.SERVER / "__main__.py"), json.dumps(order)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environ(),
                pass_fds=tuple(inherited.values()), start_new_session=True, cwd=folder,
            )  # fmt: skip
        # It outlives this program; if it does not, this thread collects its exit status.
        threading.Thread(target=process.wait, daemon=True, name="embedded cloud").start()
        record = {"pid": process.pid, "port": port, "durable": settings.durable, "program": installation.program()}
        files.write_private(folder / "server.json", json.dumps(record))
    finally:
        listener.close()
        os.close(held)
    return process, port


def _environ() -> dict[str, str]:
    """What the server, and through it every function, may see of the environment of whoever starts it."""
    return {name: os.environ[name] for name in _SEEN if name in os.environ}


def _listener(folder: Path) -> socket.socket:
    """A bound socket on the folder's own port: the recorded one, else one derived from the folder's path."""
    path = folder / "port"
    digest = hashlib.sha256(str(folder).encode()).digest()
    first = int.from_bytes(digest[:8], "big")
    candidates = [_FIRST_PORT + (first + step * 7) % _PORTS for step in range(50)]
    with contextlib.suppress(FileNotFoundError, ValueError):
        candidates.insert(0, int(path.read_text(encoding="ascii")))
    for port in candidates:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(256)
        except OSError:
            listener.close()
            continue
        files.write_private(path, str(port))
        return listener
    raise CloudError("no free port on the loopback address", hint="Stop what listens on ports 14000 to 30000.")


def _await_answer(folder: Path, process: subprocess.Popen[bytes], port: int) -> None:
    """Wait until the server answers. Its socket already listens, so the first call waits in the queue, not here."""

    def answers() -> bool:
        if process.poll() is not None:
            raise CloudError(f"the embedded cloud did not start (exit code {process.returncode})", hint=_tail(folder))
        try:
            ask(folder, port, "GET", "/_stackyard/health", timeout=1)
        except CloudError:
            return False
        return True

    if not _poll(answers, STARTING):
        process.kill()
        process.wait()
        raise CloudError(f"the embedded cloud did not answer within {STARTING:.0f} seconds", hint=_tail(folder))


def _poll(condition: Callable[[], bool], seconds: float) -> bool:
    deadline, pause = time.monotonic() + seconds, 0.005
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((folder / "server.json").read_text(encoding="ascii"))
    except (FileNotFoundError, ValueError):
        return None
    return record


def _tail(folder: Path) -> str:
    lines: list[str] = []
    for name in ("server.log", "crash.log"):
        with contextlib.suppress(FileNotFoundError):
            lines += (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()[-8:]
    return "\n".join(lines[-12:]) or f"Its log is {folder / 'server.log'}."
