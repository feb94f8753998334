"""All PostgreSQL servers of one cloud: which runs, what is being done to it, and what is left to do at the end.

A server is known by its *resource*, the id that RDS never gives twice. The work on one resource is done in order, in
threads; a server that ends by itself is started again, a few times.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import contextvars
import hashlib
import logging
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from .. import confinement  # noqa: TID252 - the server is loaded under another name
from . import binaries, servers

MOST = 20  # servers at once; each takes 20 to 100 MB
_FIRST_PORT, _PORTS = 30_000, 2_700  # below 32768, where Linux hands out none, and above the clouds' own
_AGAIN, _WITHIN = 3, 60.0  # how often, in how many seconds, a server is started again
Place = tuple[str, int]
_log = logging.getLogger("stackyard.databases")


class Fleet:
    """The servers below `<cloud>/data/databases`."""

    def __init__(self, cloud: Path) -> None:
        self._cloud, self._root = cloud, cloud / "data" / "databases"
        self._servers: dict[str, servers.Server] = {}
        self._locks: dict[str, threading.RLock] = {}
        self._guard = threading.Lock()
        self._closed = False

    def prepare(self) -> str:
        """Make sure that PostgreSQL can run here, fetched if need be; returns why it cannot, or an empty text."""
        if confinement.means() == "none" and os.geteuid() == 0:
            return "PostgreSQL refuses to run as root, and this machine lets root make no other users' namespaces"
        try:
            binaries.programs(self._cloud)
        except binaries.Unavailable as error:
            return str(error)
        return ""

    def home(self, account: str, resource: str, place: Place) -> servers.Home:
        """Where the server of `resource` lives. Raises binaries.Unavailable."""
        return servers.Home(self.folder(resource), binaries.programs(self._cloud), confinement.uid_of(account), *place)

    def folder(self, resource: str) -> Path:
        """The files of a server or of a snapshot."""
        return self._root / resource

    def running(self, resource: str) -> servers.Server | None:
        """The server of `resource`, if it runs."""
        server = self._servers.get(resource)
        return server if server is not None and not server.ended.is_set() else None

    def pids(self) -> dict[str, int]:
        """The launcher's process of each server that runs."""
        return {name: server.pid for name, server in list(self._servers.items()) if not server.ended.is_set()}

    @contextlib.contextmanager
    def alone(self, resource: str) -> Iterator[None]:
        """Nothing else is done to `resource` inside."""
        with self._guard:
            lock = self._locks.setdefault(resource, threading.RLock())
        with lock:
            yield

    def later(self, resource: str, work: Callable[[], None]) -> None:
        """Do `work` on `resource` in a thread, as the account and region of the caller, after what goes on there."""
        context = contextvars.copy_context()

        def done() -> None:
            with self.alone(resource):
                if not self._closed:
                    work()

        threading.Thread(target=context.run, args=(done,), daemon=True, name=f"database {resource}").start()

    def start(
        self, resource: str, begin: Callable[[], servers.Server], parameters: Callable[[], Mapping[str, str]],
        failed: Callable[[str], None],
    ) -> servers.Server:  # fmt: skip
        """Run the server that `begin` starts, and again with `parameters` when it ends by itself; then `failed`."""
        server = begin()
        self._servers[resource] = server
        context = contextvars.copy_context()
        watch = threading.Thread(
            target=context.run, args=(self._watch, resource, server, parameters, failed), daemon=True,
            name=f"watch {resource}",
        )  # fmt: skip
        watch.start()
        return server

    def stop(self, resource: str) -> None:
        """End the server of `resource`, everything written; nothing when it does not run."""
        server = self._servers.pop(resource, None)
        if server is not None:
            server.stop()

    def remove(self, resource: str) -> None:
        """End a server and delete its files."""
        with self.alone(resource):
            self.stop(resource)
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(self.folder(resource))
        self._locks.pop(resource, None)

    def sweep(self, wanted: Collection[str]) -> None:
        """Delete what no record speaks of: its deletion was cut short."""
        with contextlib.suppress(FileNotFoundError):
            for name in set(os.listdir(self._root)) - set(wanted):
                _log.info("the files of %s are deleted", name)
                self.remove(name)

    def close(self) -> None:
        """End all servers, at once."""
        self._closed = True
        names = list(self._servers)
        if names:
            with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(self.stop, names))

    def free_place(self, resource: str, port: int, taken: Collection[Place]) -> Place:
        """An address of this machine alone, where nobody listens; the same for the same `resource` where possible.

        `port` is the one that is asked for, on an address of 127.0.0.0/8 of its own, as each instance has its own on
        AWS; 0, or a system where there is only 127.0.0.1, gives a port of its own. Raises OSError when none is free.
        """
        digest = hashlib.sha256(f"{self._cloud} {resource}".encode()).digest()
        first = int.from_bytes(digest[:8], "big")
        for step in range(_PORTS):
            number = first + step
            own = f"127.{64 + (number >> 16) % 128}.{(number >> 8) % 256}.{1 + number % 254}"
            place = (own, port) if port and sys.platform == "linux" else ("127.0.0.1", _FIRST_PORT + number % _PORTS)
            if place not in taken and is_free(place):
                return place
        raise OSError("no port is free for a database")

    def _watch(
        self, resource: str, server: servers.Server, parameters: Callable[[], Mapping[str, str]],
        failed: Callable[[str], None],
    ) -> None:  # fmt: skip
        ends: list[float] = []
        while True:
            server.ended.wait()
            with self.alone(resource):
                if self._servers.get(resource) is not server or self._closed:
                    return
                ends = [end for end in ends if end > time.monotonic() - _WITHIN] + [time.monotonic()]
                _log.warning("PostgreSQL of %s ended by itself: %s", resource, server.reason or list(server.said)[-1:])
                try:
                    if len(ends) > _AGAIN:
                        raise servers.Broken("it ended again and again")
                    server = self._servers[resource] = servers.Server(server.home, parameters())
                except (servers.Broken, OSError) as error:
                    self._servers.pop(resource, None)
                    failed(str(error))
                    return


def is_free(place: Place) -> bool:
    """Whether nobody listens on an address and port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(place)
        except OSError:
            return False
    return True
