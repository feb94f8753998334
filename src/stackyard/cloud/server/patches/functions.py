"""Faults: a function's credentials are a hash of two ARNs, which anybody can work out; every warm call waits 50 ms
for log lines that do not come; a function runs as the server's user, sees the server's environment and files and the
code of others, takes what memory it likes, logs every
call to a stream of its own, and a binary is not told where the cloud is. Cures: the hash has a secret
in it; waiting ends when the pipe is empty; a function runs in a box (`confinement`) of its account, with its code
read-only and its `MemorySize`, and ends with the server. Its first call pays for the box, warm calls do not.
"""

from __future__ import annotations

import contextvars
import fcntl
import hashlib
import hmac
import importlib
import io
import os
import queue
import shutil
import struct
import subprocess
import sys
import termios
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

# Relative, since the server is loaded under another name.
from .. import confinement, downloads, peers, reports  # noqa: TID252

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

_STEP, _LONGEST = 0.0004, 0.25  # seconds
_QUIET = 3  # steps without a byte in the pipe or a line in the queue
# What a function may have of the server's own environment.
_SHARED = frozenset({"PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "AWS_EC2_METADATA_DISABLED"})
_PROCESSES, _FILE_BYTES = 1024, 1 << 30
_SPAWNING: contextvars.ContextVar[Any] = contextvars.ContextVar("spawning", default=None)


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """Where the worker processes are started, and where a binary is for a single call."""
    secret = (order.folder / "token").read_bytes()
    endpoint = f"http://127.0.0.1:{order.port}"
    reports.add("confinement", confinement.means)

    def in_runtime(module: Any) -> None:
        _secret_credentials(module, secret)
        module.Worker._drain_stderr_bounded = _drained
        for kind in (module.Worker, module.ProvidedWorker):
            _known_while_spawning(kind)
        _told_of_memory(module.Worker)
        _asked_by_its_own(module.ProvidedWorker)
        module.subprocess = _Boxed(endpoint)

    def in_service(module: Any) -> None:
        module.subprocess = _Boxed(endpoint)
        _handed_out(module, secret.strip())
        _one_stream(module, secret)

    return {"ministack.core.lambda_runtime": in_runtime, "ministack.services.lambda_svc": in_service}


def _handed_out(module: Any, secret: bytes) -> None:
    """Sign the addresses of code and layers, which the gateway asks for. A layer's is kept with it, and has no end."""
    code, layer = module._presigned_code_url, module._layer_content_url
    module._presigned_code_url = lambda *given: downloads.signed(secret, code(*given), downloads.SHORT)
    module._layer_content_url = lambda *given: downloads.signed(secret, layer(*given), downloads.LONG)


def _asked_by_its_own(kind: Any) -> None:
    """Let nobody but the function's own user take its events: its runtime API is a port that everybody reaches.

    Where the server is not root all programs are of one user, and this keeps none of them apart.
    """
    if sys.platform != "linux":
        return
    build = kind._build_handler_class

    def build_checked(self: Any, *given: Any) -> Any:
        base: Any = build(self, *given)
        account = self.config.get("FunctionArn", "::::").split(":")[4]
        own = confinement.uid_of(account) if confinement.means() == "namespaces" else os.geteuid()

        class Checked(base):  # type: ignore[misc]
            def handle(self) -> None:
                if peers.user_of(self.client_address, self.connection.getsockname()) == own:
                    super().handle()

        return Checked

    kind._build_handler_class = build_checked


def _secret_credentials(module: Any, secret: bytes) -> None:
    def execution_credentials(config: dict[str, Any]) -> dict[str, str]:
        account, _region = module._account_region_from_function_config(config)
        role = config.get("Role", "").rsplit("/", 1)[-1]
        name = config.get("FunctionName", "function")[:64]
        text = f"{config.get('FunctionArn', '')}:{config.get('Role', '')}".encode()
        digests = [
            hmac.new(secret, kind + text, hashlib.sha256).hexdigest() for kind in (b"key ", b"secret ", b"token ")
        ]
        key = f"ASIA{digests[0][:16].upper()}"
        sessions = importlib.import_module("ministack.services.sts")
        sessions.register_session(key, {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{name}", "UserId": f"{role}:{name}",
            "SecretAccessKey": digests[1], "SessionToken": digests[2], "Service": "lambda",
        })  # fmt: skip
        return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": digests[1], "AWS_SESSION_TOKEN": digests[2]}

    module.execution_credentials = execution_credentials


def _drained(self: Any, *_waits: float, **_named: float) -> str:
    """What the function has written so far. Its answer comes after its last line, so the pipe has it all by now."""
    lines: list[str] = []
    deadline, quiet = time.monotonic() + _LONGEST, 0
    while quiet < _QUIET and time.monotonic() < deadline:
        before = len(lines)
        try:
            while True:
                lines.append(self._stderr_queue.get_nowait())
        except queue.Empty:
            quiet = 0 if len(lines) > before or _waiting(self._proc) else quiet + 1
        time.sleep(_STEP)
    return "\n".join(lines)


def _waiting(process: Any) -> int:
    """Bytes in a process's stderr pipe that the reading thread has not taken yet."""
    if process is None or process.stderr is None or process.stderr.closed:
        return 0
    answer = fcntl.ioctl(process.stderr.fileno(), termios.FIONREAD, b"\0\0\0\0")
    return int(struct.unpack("i", answer)[0])


def _one_stream(module: Any, secret: bytes) -> None:
    """Log what a function says to one stream a day, and not to a new one each call, which nothing would ever clear."""
    emit = module._emit_lambda_logs
    stream: contextvars.ContextVar[str] = contextvars.ContextVar("stream", default="")
    # The same function, for which `new_uuid` is the name of the function's stream.
    steady = types.FunctionType(emit.__code__, {**vars(module), "new_uuid": stream.get}, emit.__name__)
    steady.__kwdefaults__, steady.__defaults__ = emit.__kwdefaults__, emit.__defaults__

    def emit_steady(func: dict[str, Any], *given: Any, **named: Any) -> Any:
        config = func.get("config") or func
        text = f"{config.get('FunctionArn')} {config.get('Version')}".encode()
        held = stream.set(hmac.new(secret, b"stream " + text, hashlib.sha256).hexdigest()[:32])
        try:
            return steady(func, *given, **named)
        finally:
            stream.reset(held)

    module._emit_lambda_logs = emit_steady


# ---- boxes


def _known_while_spawning(kind: Any) -> None:
    """Let `_Boxed` know for which worker a process is started."""
    spawn = kind._spawn

    def spawn_known(self: Any, *given: Any, **named: Any) -> Any:
        held = _SPAWNING.set(self)
        try:
            return spawn(self, *given, **named)
        finally:
            _SPAWNING.reset(held)

    kind._spawn = spawn_known


def _told_of_memory(kind: Any) -> None:
    """Say what AWS says when a function has used up its memory."""
    invoke = kind.invoke

    def invoke_told(self: Any, *given: Any, **named: Any) -> Any:
        answer = invoke(self, *given, **named)
        box = getattr(self, "_box", None)
        if answer.get("error") == "Worker process died" and box is not None:
            box.wait(5)
            killed = "signal: killed" if box.reason == "OutOfMemory" else f"exit status {box.returncode}"
            answer["error"] = f"Runtime exited with error: {killed}"
        return answer

    kind.invoke = invoke_told


class _Boxed:
    """Stands where a module of ministack has `subprocess`: everything of it, but processes start in boxes."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def run(self, *_given: Any, **_named: Any) -> Any:
        """Refused: nothing here has a reason to run a function outside a box."""
        raise RuntimeError("this runtime is not emulated")

    def Popen(self, argv: list[str], *, cwd: str, env: dict[str, str], text: bool = False, **streams: Any) -> Any:
        """Start a function's process in a box of its account; as `subprocess.Popen`, for what ministack uses of it."""
        streams.pop("bufsize", None)
        worker = _SPAWNING.get()
        process = confinement.start(self._box(worker, argv, cwd, env), **streams)
        if text:
            for name in ("stdin", "stdout", "stderr"):
                stream = getattr(process, name)
                if stream is not None:
                    setattr(process, name, io.TextIOWrapper(stream, encoding="utf-8", line_buffering=True))
        if worker is not None:
            worker._box = process
        return process

    def _box(self, worker: Any, argv: list[str], cwd: str, env: dict[str, str]) -> confinement.Box:
        responses: Any = importlib.import_module("ministack.core.responses")
        config = worker.config if worker is not None else {}
        account = config.get("FunctionArn", "::::").split(":")[4] or responses.get_account_id()
        # The worker's folder, which has its code and layers; for a binary, the folder of its code alone.
        shown = getattr(worker, "_tmpdir", None) or cwd
        _readable(shown)
        program = shutil.which(argv[0]) or argv[0]
        outside = () if program.startswith(f"{shown}/") else confinement.shown_for(program)
        return confinement.Box(
            argv=(program, *argv[1:]), environ=self._environ(env), uid=confinement.uid_of(account), cwd=cwd,
            read_only=(shown, *outside), memory=int(config.get("MemorySize") or 128) << 20, processes=_PROCESSES,
            file_bytes=_FILE_BYTES, niceness=0, name=config.get("FunctionName", "function"),
        )  # fmt: skip

    def _environ(self, env: dict[str, str]) -> dict[str, str]:
        """The function's own variables, and a few of the server's."""
        kept = {name: value for name, value in env.items() if name in _SHARED or os.environ.get(name) != value}
        kept.setdefault("AWS_ENDPOINT_URL", self._endpoint)
        return {"HOME": "/tmp", "TMPDIR": "/tmp", **kept}


def _readable(folder: str) -> None:
    """Let another user read a folder that was made for the server alone; nobody else sees it."""
    for path in (Path(folder), *Path(folder).rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
