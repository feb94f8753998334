"""The server's virtual environment: built once per machine for each set of pinned requirements.

PostgreSQL's programs come the same way, when the first database is made: `postgresql`, and `main` for the server,
which asks with the command and the environment of `fetching`.

It lies in `~/.cache/stackyard/cloud/<digest>/` (`STACKYARD_CACHE_DIR` replaces `~/.cache/stackyard`), where the
digest covers the pinned requirements and the Python version. A file `.ready` is written last: a folder without it
is a build that died and is built again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from stackyard.cloud.client import files
from stackyard.errors import CloudError

Progress = Callable[[str], None]
SERVER: Final = Path(__file__).parent.parent / "server"
REQUIREMENTS: Final = SERVER / "requirements.txt"
POSTGRESQL: Final = SERVER / "postgresql.txt"
_WHEELS: Final = {
    ("linux", "x86_64"): "manylinux_2_17_x86_64",
    ("darwin", "arm64"): "macosx_11_0_arm64",
    ("darwin", "x86_64"): "macosx_10_9_x86_64",
}
_REACHING: Final = (
    "PIP_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE", "NETRC", "HOME",
    "PATH", "LANG", "LC_ALL", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "STACKYARD_CACHE_DIR",
)  # fmt: skip
# Of the wheel, what runs; headers and static libraries do not.
_PROGRAMS, _LIBRARIES = "pgserver/pginstall", "pgserver.libs/"
_LEFT_OUT: Final = (f"{_PROGRAMS}/include/", f"{_PROGRAMS}/lib/pkgconfig/", f"{_PROGRAMS}/lib/postgresql/pgxs/")


def cache_folder() -> Path:
    """Where Stackyard keeps what can be made again."""
    given = os.environ.get("STACKYARD_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard"


def location() -> Path:
    """The folder of the environment that this version of Stackyard needs."""
    version = "{}.{}.{}".format(*sys.version_info[:3])
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + f"{version} {sys.platform}".encode()).hexdigest()
    return cache_folder() / "cloud" / digest[:16]


def program() -> str:
    """A digest that tells one version of the server's own files from another."""
    facts = [(path.relative_to(SERVER).as_posix(), path.stat()) for path in sorted(SERVER.rglob("*.py"))]
    told = "\n".join(f"{name} {status.st_size} {status.st_mtime_ns}" for name, status in facts)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def interpreter(progress: Progress | None = None) -> Path:
    """The server's Python, its environment built first when it is missing.

    Safe when several processes do it at once: one builds, the others wait for it. `progress` gets a line for each
    stage. Raises CloudError with pip's own words when the build fails.
    """
    folder = location()
    python, ready = folder / "bin" / "python", folder / ".ready"
    if ready.exists():
        return python
    report = progress or (lambda _line: None)
    with files.locked(folder.with_suffix(".lock")):
        if not ready.exists():
            _build(folder, python, report)
            ready.touch()
    return python


def postgresql(progress: Progress | None = None) -> Path:
    """The folder of PostgreSQL's programs, fetched first when it is missing: 11 MB, once per machine.

    Where the pinned wheel is not made for this machine, the newest PostgreSQL of the system. Raises CloudError when
    there is none, or it cannot be fetched.
    """
    tag = _WHEELS.get((sys.platform, platform.machine()))
    if tag is None:
        return _of_the_system()
    digest = hashlib.sha256(POSTGRESQL.read_bytes() + tag.encode()).hexdigest()[:16]
    folder = cache_folder() / "postgresql" / digest
    ready, report = folder / ".ready", progress or (lambda _line: None)
    if not ready.exists():
        python = interpreter(progress)  # its pip: a project's own environment may have none
        with files.locked(folder.with_suffix(".lock")):
            if not ready.exists():
                _fetch(folder, python, tag, report)
                ready.touch()
    return folder / _PROGRAMS / "bin"


def _of_the_system() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise CloudError(
            f"PostgreSQL for databases is not packaged for {sys.platform} on {platform.machine()}",
            hint="Install PostgreSQL, as Debian's package does it, below /usr/lib/postgresql.",
        )
    return found[-1].parent


def _fetch(folder: Path, python: Path, tag: str, report: Progress) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    report("fetching PostgreSQL for the embedded cloud's databases")
    _run([str(python), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input",
          "--require-hashes", "--no-deps", "--only-binary", ":all:", "--platform", tag, "--python-version", "312",
          "--implementation", "cp", "--dest", str(folder), "-r", str(POSTGRESQL)])  # fmt: skip
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            name = member.filename
            wanted = name.startswith((f"{_PROGRAMS}/", _LIBRARIES)) and not name.startswith(_LEFT_OUT)
            if wanted and not member.is_dir() and not name.endswith(".a"):
                os.chmod(archive.extract(member, folder), 0o755 if "/bin/" in name or ".so" in name else 0o644)
    wheel.unlink()
    for inner in (folder, *folder.rglob("*/")):
        inner.chmod(0o755)  # they run as other users, whatever mask this process has
    _trust_vectors(folder / _PROGRAMS / "share" / "postgresql" / "extension" / "vector.control")
    report(f"PostgreSQL is in {folder}")


def _trust_vectors(control: Path) -> None:
    """Let the owner of a database add the extension `vector`, as RDS does; PostgreSQL's own rule is superusers."""
    text = control.read_text(encoding="utf-8")
    control.write_text(text.rstrip("\n") + "\ntrusted = true\n", encoding="utf-8")


def _build(folder: Path, python: Path, report: Progress) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    report(f"making the embedded cloud's Python environment in {folder}")
    _run([sys.executable, "-m", "venv", str(folder)])
    report("installing the embedded cloud's pinned packages")
    # pip runs by path so that its isolation flags hold whatever the user's pip configuration says.
    _run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input",
          "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(REQUIREMENTS)])  # fmt: skip
    report("the embedded cloud is installed")


def _run(command: Sequence[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-15:]
        raise CloudError(
            "the embedded cloud could not be installed:\n" + "\n".join(said),
            hint="It needs PyPI once. Set PIP_INDEX_URL for a mirror, or STACKYARD_CACHE_DIR for another folder.",
        )


def fetching() -> dict[str, object]:
    """The command that prints PostgreSQL's folder, and the environment with which pip reaches its index from here."""
    code = "from stackyard.cloud.client import installation; raise SystemExit(installation.main())"
    environ = {name: value for name, value in os.environ.items() if name.upper().startswith(_REACHING)}
    environ["PYTHONPATH"] = str(Path(__file__).parents[3])
    return {"argv": [sys.executable, "-P", "-c", code], "environ": environ}


def _on_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    """Print the folder of PostgreSQL's programs, and on stderr what happens; returns the exit status."""
    try:
        found = postgresql(_on_stderr)
    except CloudError as error:
        _on_stderr(f"{error.message} {error.hint}")
        return 1
    sys.stdout.write(f"{found}\n")
    return 0
