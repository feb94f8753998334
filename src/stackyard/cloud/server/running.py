"""The life of the server process: settle, patch, restore, serve, and leave when told or orphaned."""

from __future__ import annotations

import asyncio
import faulthandler
import importlib
import logging
import logging.handlers
import os
import signal
import socket
from typing import Any

from . import arrivals, endings, floods, gateway, orders, patches
from .durability import door, keeping
from .metering import counting, passages

_LOG_BYTES, _LOG_FILES = 5_000_000, 3
_log = logging.getLogger("stackyard.cloud")
_LOOK = 1.0  # seconds between looks at whether the folder is still there


def main(text: str) -> int:
    """Run the order `text` until a signal, or until the parent's pipe closes; returns the exit code."""
    order = orders.Order.parse(text)
    faulthandler.enable()
    os.umask(0o077)
    for descriptor in order.descriptors.values():
        os.set_inheritable(descriptor, False)
    orders.settle_environment(order)
    _log_to(order)
    arrivals.watch(patches.gathered(order))
    emulator = importlib.import_module("ministack.app")
    keeper = keeping.Keeper(order.folder / "data" / "journal", fold=order.fold) if order.durable else None
    application = emulator.app
    if keeper is not None:
        keeper.restore()
        application = door.Door(application, keeper)
    application = passages.Meter(application)
    application = gateway.Gateway(application, order.folder, emulator._loaded_modules)
    asyncio.run(_serve(order, floods.Dam(application), keeper))
    return 0


def _log_to(order: orders.Order) -> None:
    handler = logging.handlers.RotatingFileHandler(
        order.folder / "server.log", maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(name)s] %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


async def _serve(order: orders.Order, application: gateway.Application, keeper: keeping.Keeper | None) -> None:
    # By name, and after ministack.app, which changes hypercorn's protocol when it is imported.
    wrappers = importlib.import_module("hypercorn.app_wrappers")
    worker = importlib.import_module("hypercorn.asyncio.run")
    settings = importlib.import_module("hypercorn.config")
    config = settings.Config()
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.include_server_header = config.include_date_header = False
    listener = socket.socket(fileno=order.descriptors["socket"])
    listener.setblocking(False)
    stop = asyncio.Event()
    _watch(order, stop)
    leaving = asyncio.create_task(_leave_when_deleted(order))
    settling = asyncio.create_task(counting.settling())
    if keeper is not None:
        keeper.begin()
    await worker.worker_serve(
        wrappers.ASGIWrapper(application),
        config,
        sockets=settings.Sockets([], [listener], []),
        shutdown_trigger=stop.wait,
    )
    leaving.cancel()
    settling.cancel()
    await asyncio.to_thread(endings.end)
    if keeper is not None:
        await keeper.end()
    counting.end()


async def _leave_when_deleted(order: orders.Order) -> None:
    """End the process when its folder was deleted or replaced: nobody can find it, or stop it, any more."""
    lock = order.folder / "server.lock"
    own = os.fstat(order.descriptors["lock"]).st_ino
    while True:
        await asyncio.sleep(_LOOK)
        try:
            if lock.stat().st_ino == own:
                continue
        except (FileNotFoundError, NotADirectoryError):
            _log.warning("%s was deleted", order.folder)
        os._exit(0)  # there is no place left to write to, and no one to answer


def _watch(order: orders.Order, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    parent = order.descriptors.get("parent")
    if parent is not None:
        loop.add_reader(parent, _orphaned, loop, parent, stop)


def _orphaned(loop: Any, parent: int, stop: asyncio.Event) -> None:
    """The parent's end of the pipe closed, however it died."""
    loop.remove_reader(parent)
    stop.set()
