"""The server's virtual environment: built once per machine for each set of pinned requirements.

It lies in `~/.cache/stackyard/cloud/<digest>/` (`STACKYARD_CACHE_DIR` replaces `~/.cache/stackyard`), where the
digest covers the pinned requirements and the Python version. A file `.ready` is written last: a folder without it
is a build that died and is built again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from stackyard.cloud.client import files
from stackyard.errors import CloudError

Progress = Callable[[str], None]
SERVER: Final = Path(__file__).parent.parent / "server"
REQUIREMENTS: Final = SERVER / "requirements.txt"


def cache_folder() -> Path:
    """Where Stackyard keeps what can be made again."""
    given = os.environ.get("STACKYARD_CACHE_DIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard"


def location() -> Path:
    """The folder of the environment that this version of Stackyard needs."""
    version = "{}.{}.{}".format(*sys.version_info[:3])
    digest = hashlib.sha256(REQUIREMENTS.read_bytes() + f"{version} {sys.platform}".encode()).hexdigest()
    return cache_folder() / "cloud" / digest[:16]


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
