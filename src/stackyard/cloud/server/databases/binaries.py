"""Where PostgreSQL's programs are; brought here when the first database is made.

The server has none of the settings with which pip reaches the world (its environment is small on purpose), so it asks
as whoever started it would: `fetching.json` in the cloud's folder (0600) holds that command and its environment.
"""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from pathlib import Path

_SECONDS = 600
_log = logging.getLogger("stackyard.databases")
_LOCK = threading.Lock()
_FOUND: list[Path] = []


class Unavailable(Exception):
    """There is no PostgreSQL here; says why, and what to do."""


def programs(cloud: Path) -> Path:
    """The folder of `initdb`, `postgres` and the rest, fetched first if need be: that takes some seconds, once.

    `cloud` is the cloud's own folder. Raises Unavailable when it cannot be fetched.
    """
    with _LOCK:
        if not _FOUND:
            _FOUND.append(_fetched(cloud))
        return _FOUND[0]


def shown(found: Path) -> tuple[str, ...]:
    """What a program of the folder `found` must see to run: its whole installation, where it is not the system's."""
    if str(found).startswith("/usr/"):
        return ()
    # A wheel keeps its libraries beside the package; `found` is <root>/pgserver/pginstall/bin.
    return (str(found.parents[2]),)


def _fetched(cloud: Path) -> Path:
    try:
        order = json.loads((cloud / "fetching.json").read_text(encoding="utf-8"))
        done = subprocess.run(
            order["argv"], env=order["environ"], cwd=cloud, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"PostgreSQL could not be fetched: {error}") from error
    for line in done.stderr.splitlines():
        _log.info("PostgreSQL: %s", line)
    if done.returncode:
        raise Unavailable("PostgreSQL could not be fetched: " + "; ".join(done.stderr.splitlines()[-5:]))
    return Path(done.stdout.strip())
