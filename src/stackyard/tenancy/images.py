"""The runner's image on this machine: a virtual environment with Meltano, and the program that runs in it.

It lies in `~/.cache/stackyard/images/<digest>/` (`STACKYARD_CACHE_DIR` replaces `~/.cache/stackyard`), built once for
each set of pinned requirements and Python version. A file `.ready` is written last: a folder without it is a build
that died and is built again. The program is copied in under a digest of its own, so that running tasks keep theirs.
"""

from __future__ import annotations

import compileall
import contextlib
import dataclasses
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Final

from stackyard import runner
from stackyard.cloud.client import EmbeddedCloud, files, images, installation
from stackyard.errors import StackyardError

Progress = Callable[[str], None]
# The repositories of the runner's image in the stages of a platform (its layer 1), and the bare name.
NAMES: Final = ("runner", "qa/runner", "production/runner")
VOLUME: Final = "plugins"
PYTHON: Final = "{}.{}".format(*sys.version_info[:2])
_PROGRAM: Final = Path(runner.__file__).parent
_REQUIREMENTS: Final = _PROGRAM / "requirements.txt"


class ImageError(StackyardError):
    """The runner's image or its plugins cannot be made on this machine."""


@dataclasses.dataclass(frozen=True, slots=True)
class Runner:
    """The image as built: `folder` has everything, `python` is its interpreter, `program` the file to start with it.

    `plugins` is the root of the plugins' cache, which runs read and only the platform's account writes.
    """

    folder: Path
    python: Path
    program: Path
    plugins: Path

    @property
    def entrypoint(self) -> tuple[str, ...]:
        """The command to which `run` or `install-plugins` is added."""
        return (str(self.python), "-I", str(self.program))

    @property
    def environment(self) -> dict[str, str]:
        """The variables that the image itself sets."""
        return {"STACKYARD_PLUGINS_ROOT": str(self.plugins), "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def meltano_version() -> str:
    """The version of Meltano in the image."""
    found = re.search(r"^meltano==(\S+)", _REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    assert found is not None
    return found[1]


def provide(cloud: EmbeddedCloud, writers: Collection[str] = (), progress: Progress | None = None) -> Runner:
    """Build the image and let tasks of `cloud` run it, under each of NAMES; the plugins' cache is its volume.

    `writers` are the accounts whose tasks may write the cache: the platform's own. Cheap to repeat. Blocks.
    """
    image = build(progress)
    shown = (image.plugins,)
    provided: list[images.LocalImage | images.Volume] = [
        images.LocalImage(name, image.folder, image.entrypoint, image.environment, shown) for name in NAMES
    ]
    images.provide(cloud.folder, [*provided, images.Volume(VOLUME, image.plugins, frozenset(writers))])
    return image


def build(progress: Progress | None = None) -> Runner:
    """The runner's image, built first when it is missing.

    Safe when several processes do it at once: one builds, the others wait. `progress` gets a line for each stage.
    Blocks (seconds; minutes without uv or a near index). Raises ImageError with the installer's own words.
    """
    report = progress or (lambda _line: None)
    digest = hashlib.sha256(_REQUIREMENTS.read_bytes() + f"{PYTHON} {sys.platform} {sys.base_prefix}".encode())
    folder = installation.cache_folder() / "images" / digest.hexdigest()[:16]
    with contextlib.ExitStack() as held:
        if not (folder / ".ready").exists():
            held.enter_context(files.locked(folder.with_suffix(".lock")))
        if not (folder / ".ready").exists():
            _install(folder, report)
            (folder / ".ready").touch()
    plugins = installation.cache_folder() / "plugins"
    plugins.mkdir(mode=0o755, parents=True, exist_ok=True)
    return Runner(folder, folder / "bin" / "python", _program(folder) / "start.py", plugins)


def _install(folder: Path, report: Progress) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    report(f"making the runner's Python environment in {folder}")
    _run([sys.executable, "-m", "venv", *(["--without-pip"] if _uv() else []), str(folder)])
    report("installing Meltano and what it needs, as pinned")
    python = str(folder / "bin" / "python")
    flags = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", str(_REQUIREMENTS)]
    if uv := _uv():
        _run([uv, "--no-config", "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *flags])
    else:
        _run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", *flags])
    report("the runner is installed")


def _program(folder: Path) -> Path:
    """A copy of the runner's sources in the image, named by their digest."""
    sources = sorted(_PROGRAM.glob("*.py"))
    digest = hashlib.sha256(b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in sources))
    target = folder / f"program-{digest.hexdigest()[:16]}"
    if not target.is_dir():
        fresh = folder / f".{target.name}.{os.getpid()}"
        fresh.mkdir(exist_ok=True)
        fresh.chmod(0o755)  # tasks run as other users, whatever mask this process has
        for path in sources:
            shutil.copyfile(path, fresh / path.name)
            (fresh / path.name).chmod(0o644)
        compileall.compile_dir(str(fresh), quiet=2)
        try:
            fresh.rename(target)
        except OSError:  # somebody else was first
            shutil.rmtree(fresh)
    return target


def _uv() -> str | None:
    return shutil.which("uv")


def _run(command: Sequence[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, umask=0o022
    )
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()[-15:]
        raise ImageError(
            "the runner's image could not be made:\n" + "\n".join(said),
            hint="It needs PyPI once. Set PIP_INDEX_URL (or UV_DEFAULT_INDEX) for a mirror.",
        )
