"""Who is at the other end of a connection of this machine: the user that it belongs to.

All programs share one loopback address, and where the server is root each account's programs run as a user of their
own (`confinement.uid_of`): so the kernel knows what no header has to be believed for. Follows proc_pid_net(5).
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

_TABLE = "/proc/net/tcp"
Place = Sequence[object]


def user_of(client: Place | None, server: Place | None) -> int | None:
    """The uid of the program at `client`, connected to `server` (host and port each, IPv4); None when nobody knows."""
    if client is None or server is None:
        return None
    wanted = f"{_written(client)} {_written(server)}".encode()
    try:
        with open(_TABLE, "rb") as stream:
            line = next((line for line in stream if wanted in line), b"")
    except OSError:
        return None
    fields = line.split()
    return int(fields[7]) if len(fields) > 7 else None


def _written(place: Place) -> str:
    """An address as the kernel writes it: the four bytes as one number of this machine, and the port."""
    host, port = str(place[0]), int(str(place[1]))
    try:
        raw = socket.inet_aton(host)
    except OSError:
        return "-"
    return f"{int.from_bytes(raw, 'little'):08X}:{port:04X}"
