"""One program in one forked child: set the process up as Pulumi's own executor does, run the entry, say how it went.

After sdk/python/cmd/pulumi-language-python-exec and main.go beside it (pulumi/pulumi).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import inspect
import json
import logging
import os
import runpy
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import pulumi
import pulumi.runtime
from pulumi.runtime import settings as runtime_settings

from . import faults, frames, references, streams, warming
from .monitor import GONE_STATUS, Connection, Monitor
from .zygote import Job

_PR_SET_PDEATHSIG = 1
_SHOWN_STATUS = 32
_OK: dict[str, Any] = {"ok": True}
_SETTINGS = inspect.signature(pulumi.runtime.Settings.__init__).parameters


def run(job: Job) -> NoReturn:
    """Run the program that comes over the job's socket, and end the process."""
    _die_with(job.zygote)
    connection = Connection(job.connection)
    _, _, payload = connection.receive()
    program: dict[str, Any] = json.loads(payload)
    before = warming.begin()
    streams.capture(connection, job.stdout, job.stderr)
    _set_process_up(program)
    connection.start()
    monitor = Monitor(connection, program)
    references.install(connection, monitor)
    _dry_run.connection = connection
    result, status = _outcome(program, monitor)
    if connection.stopped and not result["ok"]:
        result["message"] = ""
    streams.flush()
    learnt = warming.learnt(before, program["learn"])
    connection.send(frames.RESULT, json.dumps({**result, "learnt": learnt}).encode())
    _finish(status)


def execute(program: dict[str, Any], monitor: Any, entry: Any) -> None:
    """Run `entry` inside a stack, on an event loop of its own; raises what it raises."""
    wanted = {
        "monitor": monitor,
        "engine": monitor,
        "project": program["project"],
        "stack": program["stack"],
        "parallel": program["parallel"],
        "dry_run": program["dry_run"],
        "organization": program["organization"],
        "root_directory": program["directory"],
    }
    # Older SDKs know fewer settings.
    settings = pulumi.runtime.Settings(**{key: value for key, value in wanted.items() if key in _SETTINGS})
    pulumi.runtime.configure(settings)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    executor = ThreadPoolExecutor(max_workers=max(program["parallel"], 1) * 4)
    loop.set_default_executor(executor)
    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(entry))
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
        loop.close()


def _outcome(program: dict[str, Any], monitor: Monitor) -> tuple[dict[str, Any], int]:
    entry = program["entry"]
    if os.path.isdir(entry) and not os.path.exists(os.path.join(entry, "__main__.py")):
        message = f"there is no program: {os.path.abspath(entry)} has no __main__.py"
        return {"ok": False, "message": message}, _SHOWN_STATUS
    # Like the SDK's executor: a failed program leaves futures that nobody will await, which is no news to its author.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        execute(program, monitor, lambda: _run_path(entry))
    except SystemExit as error:
        status = faults.exit_status(error)
        if status == 0:
            return _OK, 0
        fault = faults.describe(error, monitor.failures)
        return (fault | {"message": ""} if status == _SHOWN_STATUS else fault), status
    except BaseException as error:  # noqa: BLE001 - whatever ended the program is what its author is told
        return faults.describe(error, monitor.failures), 1
    return _OK, 0


def _run_path(entry: str) -> None:
    runpy.run_path(entry, run_name="__main__")


def _set_process_up(program: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(program["environ"])
    time.tzset()
    os.chdir(program["pwd"])
    sys.argv = [program["entry"]]
    extra = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if os.path.isfile(program["entry"]):
        extra.insert(0, program["pwd"])
    sys.path[:0] = extra
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    pulumi.runtime.set_all_config(program["config"], program["secret_keys"])


class _DryRun:
    """Stands for the SDK's `is_dry_run`: tells the parent, once, when the program asks, and not the SDK itself."""

    connection: Connection | None = None

    def __call__(self) -> bool:
        if self.connection is not None and not faults.is_sdk(sys._getframe(1).f_code.co_filename):
            self.connection.send(frames.DRY_RUN_READ)
            self.connection = None
        return bool(runtime_settings.SETTINGS.dry_run)


# Replaced before any provider's SDK is preloaded, which may keep the function under a name of its own.
_dry_run = _DryRun()
setattr(runtime_settings, "is_dry_run", _dry_run)  # noqa: B010 - a function, to the type checker
setattr(pulumi.runtime, "is_dry_run", _dry_run)  # noqa: B010


def _die_with(zygote: int) -> None:
    """Have the kernel kill this process when the zygote dies."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != zygote:
        os._exit(GONE_STATUS)


def _finish(status: int) -> NoReturn:
    """End as an interpreter ends: wait for threads, run exit handlers; but skip tearing every module down."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    streams.flush()
    os._exit(status)
