"""Whether the process that wrote a lock still lives."""

from __future__ import annotations

import functools
import getpass
import os
import socket
from pathlib import Path

from stackyard.state.base import LockInfo


@functools.cache
def username() -> str:
    """Who runs this; a number where the system has no name for it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def hostname() -> str:
    """This host, as the CLI writes it into its locks."""
    return socket.gethostname()


def identity(pid: int) -> str:
    """Boot, pid namespace and start time of a living process; empty where /proc does not tell."""
    place, started = _place(), _started(pid)
    return f"{place}/{started}" if place and started else ""


def is_dead(lock: LockInfo) -> bool:
    """Whether the holder surely no longer runs: same host, boot and pid namespace, and its process is gone.

    A pid that another process has by now counts as gone. When in doubt the holder lives.
    """
    if lock.hostname != hostname() or lock.pid <= 0:
        return False
    place, _, started = lock.process.rpartition("/")
    if lock.process:
        return place == _place() and _started(lock.pid) != started
    return not _place() and not is_running(lock.pid)


@functools.cache
def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Start time in clock ticks since boot; empty when the process is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]


def is_running(pid: int) -> bool:
    """Whether a process of that number exists here."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
