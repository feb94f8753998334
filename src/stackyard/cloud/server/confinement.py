"""Programs of other people, run where they see only what they are shown, and ended with the server, however it ends.

    box = Box(argv=("python", "-c", "print(1)"), environ={}, uid=uid_of(account), read_only=shown_for(python))
    with start(box, stdout=subprocess.PIPE) as process: ...

`start` gives a `subprocess.Popen` whose process is the launcher (`sandbox`); its streams are the program's own, its
`terminate()` reaches the program, its `kill()` ends everything inside, its exit status is the program's as a shell
tells it (137 when killed). Three means, the first that works here:

"namespaces"       the server is root: the program has a root of its own with the system's software read-only and
                   the paths of the box, a private /tmp, /proc and /dev, an account's uid, no capability, and only
                   such calls of the kernel as `syscalls` leaves it.
"user namespaces"  the same with the user's own uid, where the kernel lets users do so.
"none"             limits only: the program can do what the user can. `means()` tells, so that it can be said.

The network is shared in all three: the cloud itself is on the loopback address.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import hashlib
import marshal
import os
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from . import syscalls

_LAUNCHER = Path(__file__).with_name("sandbox.py")
_FIRST_UID, _UIDS = 200_000, 100_000
_PROBING = 20  # seconds
Stream = int | IO[bytes] | None


@dataclasses.dataclass(frozen=True)
class Bind:
    """The file or folder `source` of the machine, seen inside at `target`."""

    source: str
    target: str
    writable: bool = False


@dataclasses.dataclass(frozen=True)
class Box:
    """One program and everything that it is given.

    `environ` is its whole environment; `argv[0]` is looked up on its PATH. `read_only` and `writable` are seen at
    their own paths, `binds` at others; folders of these that are `hidden` are empty inside. `scratch`, an empty
    folder that `uid` may write to, becomes /tmp; without it /tmp is 256 MB of memory. `root` is the unpacked file
    system of an image, used in place of the machine's, with its changes written to the folder `changes`. `memory` is
    in bytes, of all processes inside together; `processes` is counted over everything of the same uid; `file_bytes`
    is the longest file that it may write. It listens on `ports`, as far as the kernel can be told (Linux 6.7), and on
    ports that the kernel chooses: everybody has the same address, so another's port could be taken before it is.
    """

    argv: tuple[str, ...]
    environ: Mapping[str, str]
    uid: int
    cwd: str = "/tmp"
    groups: tuple[int, ...] = ()
    read_only: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    hidden: tuple[str, ...] = ()
    scratch: str = ""
    root: str = ""
    changes: str = ""
    memory: int | None = None
    processes: int | None = 1024
    file_bytes: int | None = 4 << 30
    cpu_seconds: int | None = None
    niceness: int = 5
    ports: tuple[int, ...] = ()
    umask: int = 0o022
    name: str = "task"


class Confined(subprocess.Popen[bytes]):
    """The launcher of one box. Everything of `subprocess.Popen`, and what became of the program.

    `fault` says why it could not be started; `reason` is "OutOfMemory" when its memory was used up. Both are
    settled when `wait()` has returned, and `fault` also when `started()` has.
    """

    def __init__(self, box: Box, kind: str, *, stdin: Stream, stdout: Stream, stderr: Stream) -> None:
        self.fault = self.reason = ""
        self._settled = threading.Event()
        self._measured: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._channel, theirs = socket.socketpair()
        try:
            super().__init__(
                [sys.executable, "-I", "-S", str(_LAUNCHER), str(theirs.fileno())],
                stdin=stdin, stdout=stdout, stderr=stderr, env={}, cwd="/", pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            self._channel.close()
            raise
        finally:
            theirs.close()
        self._send(box, kind)
        self._listener = threading.Thread(target=self._listen, daemon=True, name=f"box {box.name}")
        self._listener.start()

    def started(self, timeout: float | None = None) -> bool:
        """Wait until the program has replaced its launcher; False, with `fault` set, when it could not."""
        self._settled.wait(timeout)
        return self._settled.is_set() and not self.fault

    def memory(self, timeout: float = 0.5) -> int:
        """Bytes of anonymous memory of everything inside; 0 when that is not known within `timeout` seconds."""
        with contextlib.suppress(OSError, queue.Empty):
            self._channel.sendall(b"?")
            return self._measured.get(timeout=timeout)
        return 0

    def kill(self) -> None:
        """End everything inside at once; the exit status is then 137."""
        with contextlib.suppress(OSError):  # the launcher has ended already
            self._channel.shutdown(socket.SHUT_WR)

    def wait(self, timeout: float | None = None) -> int:
        """The program's exit status as a shell tells it; raises subprocess.TimeoutExpired after `timeout` seconds."""
        code = super().wait(timeout)
        self._listener.join(timeout=5)
        return code if code >= 0 else 128 - code  # a launcher that is told to end before it listens ends by the signal

    def _send(self, box: Box, kind: str) -> None:
        binds = [(bind.source, bind.target, bind.writable) for bind in box.binds]
        binds += [(path, path, False) for path in box.read_only] + [(path, path, True) for path in box.writable]
        order = {**vars(box), "environ": dict(box.environ), "binds": binds, "means": kind, "filter": _filter()}
        try:
            text = marshal.dumps(order)
            self._channel.sendall(len(text).to_bytes(8, "big") + text)
        except BrokenPipeError:
            self.fault = "the launcher did not start"

    def _listen(self) -> None:
        """Until the launcher ends. The socket's end being open is what tells the launcher that the server lives."""
        with self._channel, self._channel.makefile("rb") as lines:
            for line in lines:
                event, _space, text = line.decode(errors="replace").rstrip("\n").partition(" ")
                if event == "memory":
                    self._measured.put(int(text))
                    continue
                self.fault = text if event == "failed" else self.fault
                self.reason = text if event == "ended" else self.reason
                self._settled.set()
        self._settled.set()


def start(
    box: Box, *, stdin: Stream = subprocess.DEVNULL, stdout: Stream = subprocess.DEVNULL,
    stderr: Stream = subprocess.DEVNULL, kind: str | None = None,
) -> Confined:  # fmt: skip
    """Start the box; raises OSError when not even the launcher can be. `kind` forces one of the means, for tests."""
    return Confined(box, kind or means(), stdin=stdin, stdout=stdout, stderr=stderr)


@functools.cache
def _filter() -> bytes:
    return syscalls.filter_for(os.uname().machine)


@functools.cache
def means() -> str:
    """ "namespaces", "user namespaces" or "none": what works for this user on this machine. Takes 0.1 s once."""
    if sys.platform != "linux":
        return "none"
    candidate = "namespaces" if os.geteuid() == 0 else "user namespaces"
    return candidate if _works(candidate) else "none"


def _works(kind: str) -> bool:
    with start(Box(argv=("/bin/true",), environ={}, uid=_FIRST_UID), kind=kind) as probe:
        try:
            return probe.wait(_PROBING) == 0
        except subprocess.TimeoutExpired:
            probe.kill()
            return False


def uid_of(account: str) -> int:
    """The user id of an account's programs, the same everywhere; below 300000 and above what people have."""
    digest = hashlib.sha256(b"stackyard uid\0" + account.encode()).digest()
    return _FIRST_UID + int.from_bytes(digest[:8], "big") % _UIDS


def shown_for(*interpreters: str) -> tuple[str, ...]:
    """The folders without which these Pythons do not run: their virtual environments and what those are made from."""
    found: list[str] = []
    for interpreter in interpreters:
        path = Path(interpreter)
        for step in (path, *_links(path)):
            found += _homes(step)
    return tuple(_outermost(found))


def _links(path: Path) -> Iterable[Path]:
    for _ in range(40):  # as many links as Linux follows
        if not path.is_symlink():
            return
        path = path.parent / path.readlink()
        yield path


def _homes(interpreter: Path) -> list[str]:
    folder = Path(os.path.abspath(interpreter)).parent.parent
    settings = folder / "pyvenv.cfg"
    if not settings.exists():
        return [str(folder)]
    rows = dict(line.split("=", 1) for line in settings.read_text(encoding="utf-8").splitlines() if "=" in line)
    home = next((value.strip() for name, value in rows.items() if name.strip() == "home"), "")
    return [str(folder), *([str(Path(home).parent)] if home else [])]


def _outermost(paths: Iterable[str]) -> list[str]:
    """Without those that lie in another, and without the system's, which are seen in every box."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if path != "/" and not any(path == root or path.startswith(f"{root}/") for root in ("/usr", *kept)):
            kept.append(path)
    return kept
