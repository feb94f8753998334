"""One PostgreSQL server and its files: made, started, asked, stopped, copied. Everything here blocks: use threads.

`folder/` holds `data/`, which PostgreSQL owns and sees; `admin`, its superuser's password (0600), which it does not;
`postgresql.log`; and `made`, written last: a folder without it is a making that was cut short.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import secrets
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from .. import confinement  # noqa: TID252 - the server is loaded under another name
from . import binaries
from .settings import ACCESS, ADMIN, configuration

_STARTING, _STOPPING, _ASKING = 60.0, 10.0, 60.0  # seconds
_MEMORY, _PROCESSES, _FILE = 768 << 20, 1024, 8 << 30
_LOG_BYTES = 4_000_000
_READY = "database system is ready to accept connections"
# PostgreSQL waits for its clients at SIGTERM, which is what a box passes on, and ends them at SIGINT.
_SHIM = 'trap "kill -INT \\$child 2>/dev/null" TERM; "$@" & child=$!; wait $child; trap - TERM; wait $child'
_log = logging.getLogger("stackyard.databases")


class Broken(Exception):
    """PostgreSQL did not do what it was asked; says what it said itself."""


@dataclasses.dataclass(frozen=True)
class Home:
    """Where one server lives: its files, PostgreSQL's programs, the user that it runs as, and its address."""

    folder: Path
    programs: Path
    uid: int
    host: str
    port: int

    @property
    def data(self) -> Path:
        """What PostgreSQL sees."""
        return self.folder / "data"

    @property
    def is_made(self) -> bool:
        """Whether its making was finished."""
        return (self.folder / "made").exists()

    def password(self) -> str:
        """The superuser's password."""
        return (self.folder / "admin").read_text(encoding="ascii")


class Server:
    """A PostgreSQL that runs. `ended` is set when it has, whoever ended it; `said` are its last lines."""

    def __init__(self, home: Home, parameters: Mapping[str, str]) -> None:
        """Start it on what `make` or `copy` left; returns when it accepts connections. Raises Broken."""
        self.home, self.said, self.ended = home, deque[str](maxlen=12), threading.Event()
        self._accepts = threading.Event()
        configure(home, parameters)
        # Of a server that was killed; no other can use the folder, since the cloud's lock is ours.
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        command = ("/bin/sh", "-c", _SHIM, "sh", str(home.programs / "postgres"), "-D", str(home.data))
        self._process = confinement.start(_box(home, *command), stderr=subprocess.PIPE)
        threading.Thread(target=self._listen, daemon=True, name=f"postgresql {home.port}").start()
        self._accepts.wait(_STARTING)
        if self.ended.is_set() or not self._accepts.is_set():
            self.kill()
            raise Broken(self._process.fault or "\n".join(self.said) or "PostgreSQL did not start")

    def ask(self, statements: str, database: str = "postgres") -> str:
        """What the superuser's `statements` answer, rows as lines, columns parted by `|`. Raises Broken."""
        return asked(self.home, statements, database)

    def stop(self) -> None:
        """End its connections and it, everything written; killed when that takes too long, which loses nothing."""
        self._process.terminate()
        if not self.ended.wait(_STOPPING):
            _log.warning("PostgreSQL on port %d had to be killed", self.home.port)
            self.kill()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self.ended.wait(_STOPPING)

    @property
    def pid(self) -> int:
        """The process that all of it dies with."""
        return self._process.pid

    @property
    def reason(self) -> str:
        """ "OutOfMemory" when it was ended for taking too much."""
        return self._process.reason

    def _listen(self) -> None:
        stream = self._process.stderr
        assert stream is not None
        with _Log(self.home.folder / "postgresql.log") as log, stream:
            for line in stream:
                log.write(line)
                text = line.decode(errors="replace").rstrip()
                self.said.append(text)
                if text.endswith(_READY):
                    self._accepts.set()
        self._process.wait()
        self.ended.set()
        self._accepts.set()


def make(home: Home, parameters: Mapping[str, str], statements: str) -> Server:
    """Make the files of a new server, start it, and have its superuser run `statements` in it. Raises Broken.

    What a making that was cut short left behind goes first.
    """
    _fresh(home.folder)
    home.data.mkdir(mode=0o700)
    _give(home.data, home.uid)
    _write_private(home.folder / "admin", secrets.token_urlsafe(32))
    _initialize(home)
    server = Server(home, parameters)
    try:
        server.ask(statements)
    except BaseException:
        server.kill()
        raise
    (home.folder / "made").touch()
    return server


def _initialize(home: Home) -> None:
    shown = home.folder / "password"  # a copy for as long as initdb runs, as its user
    shutil.copy2(home.folder / "admin", shown)
    _give(shown, home.uid)
    command = (str(home.programs / "initdb"), "-D", str(home.data), "-U", ADMIN, f"--pwfile={shown}",
               "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--wal-segsize=4")  # fmt: skip
    box = dataclasses.replace(_box(home, *command), writable=(str(home.data), str(shown)))
    with confinement.start(box, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        said, _ = process.communicate(timeout=_STARTING)
    shown.unlink()
    if process.returncode:
        raise Broken(process.fault or said.decode(errors="replace").strip()[-600:])


def configure(home: Home, parameters: Mapping[str, str]) -> None:
    """Write the server's configuration; it counts at its next start, parts of it when it is told to read it again."""
    for name, text in (("postgresql.conf", configuration(home.host, home.port, parameters)), ("pg_hba.conf", ACCESS)):
        path = home.data / name
        path.unlink(missing_ok=True)
        _write_private(path, text)
        _give(path, home.uid)


def asked(home: Home, statements: str, database: str = "postgres") -> str:
    """Ask the server on `home`'s port as its superuser."""
    done = subprocess.run(
        [str(home.programs / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", home.host, "-p", str(home.port),
         "-U", ADMIN, "-d", database], input=statements, env=_environ(home), capture_output=True, text=True,
        timeout=_ASKING, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Broken(done.stderr.strip()[-600:])
    return done.stdout.rstrip("\n")


def copy(running: Home, folder: Path) -> None:
    """Copy a running server into `folder`, as it is at the end of the copying. Raises Broken."""
    _fresh(folder)
    done = subprocess.run(
        [str(running.programs / "pg_basebackup"), "-h", running.host, "-p", str(running.port), "-U", ADMIN,
         "-D", str(folder / "data"), "-X", "stream", "-c", "fast"], env=_environ(running), capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=_ASKING * 10, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Broken(done.stderr.strip()[-600:])
    shutil.copy2(running.folder / "admin", folder / "admin")
    (folder / "made").touch()


def take(home: Home, source: Path) -> None:
    """Make the files of a new server from those of a stopped one, or of a copy."""
    _fresh(home.folder)
    shutil.copytree(source / "data", home.data, symlinks=True)
    shutil.copy2(source / "admin", home.folder / "admin")
    for path in (home.data, *home.data.rglob("*")):
        _give(path, home.uid)
    (home.folder / "made").touch()


def _fresh(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(parents=True, mode=0o700)


def _box(home: Home, *command: str) -> confinement.Box:
    return confinement.Box(
        argv=command, environ={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}, uid=home.uid, cwd="/",
        read_only=binaries.shown(home.programs), writable=(str(home.data),), memory=_MEMORY, processes=_PROCESSES,
        file_bytes=_FILE, niceness=0, umask=0o077, name="postgresql", ports=(home.port,),
    )  # fmt: skip


def _environ(home: Home) -> dict[str, str]:
    # Whoever else had taken the port could ask for the password itself, or take what is said without one.
    return {"PGPASSWORD": home.password(), "PGREQUIREAUTH": "scram-sha-256", "PGCONNECT_TIMEOUT": "10",
            "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}  # fmt: skip


def _write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "w", encoding="utf-8") as out:
        out.write(text)


def _give(path: Path, uid: int) -> None:
    """Only root can give, and only root needs to: anybody else's servers run as they do."""
    if os.geteuid() == 0:
        os.chown(path, uid, uid, follow_symlinks=False)


class _Log:
    """A file that begins anew when it is long; the one before stays."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stream = path.open("ab", buffering=0)

    def __enter__(self) -> _Log:
        return self

    def __exit__(self, *_fault: object) -> None:
        self._stream.close()

    def write(self, line: bytes) -> None:
        """Append one line."""
        if self._stream.tell() > _LOG_BYTES:
            self._stream.close()
            self._path.replace(self._path.with_suffix(".log.1"))
            self._stream = self._path.open("ab", buffering=0)
        self._stream.write(line)
