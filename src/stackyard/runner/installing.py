"""Plugins in the shared cache: one folder for each key, made once, at its final path, without running their code.

    <root>/<key>/<kind>/<plugin>/venv/    where Meltano looks for it (its `MELTANO_SYS_DIR_ROOT`)
    <root>/<key>/<kind>/<plugin>/lock     what was installed, pinned
    <root>/<key>/.ready                   written last: without it the folder is a build that died
    <root>/<key>.lock                     held by whoever builds

Wheels only: to build a package from its source would run it. Bytecode is compiled by the image's own Python, which
does not look into the new environment.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Final

from . import cures, logs
from .faults import MISSING, USAGE, RunFault

SECONDS: Final = 900.0
_KEY: Final = re.compile(r"[0-9a-f]{8,64}")
_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_KINDS: Final = ("extractors", "loaders", "mappers", "transformers", "utilities")


@dataclasses.dataclass(frozen=True, slots=True)
class Plugin:
    """One environment to make: its kind, the name of its folder, and what the package index is asked for."""

    kind: str
    name: str
    requirements: tuple[str, ...]


def install(environ: Mapping[str, str]) -> int:
    """Do what `STACKYARD_INSTALL` orders: a JSON object of `key` and `plugins` (kind, name, requirements).

    `STACKYARD_PLUGINS_ROOT` is the cache. What is there already is left alone. Raises RunFault.
    """
    root = Path(environ.get("STACKYARD_PLUGINS_ROOT") or "")
    key, plugins = _order(environ.get("STACKYARD_INSTALL") or "")
    if not root.is_absolute():
        raise RunFault("STACKYARD_PLUGINS_ROOT is not an absolute path", USAGE)
    os.umask(0o022)  # runs read this as other users
    root.mkdir(parents=True, exist_ok=True)
    folder = root / key
    if (folder / ".ready").exists():
        logs.say(f"plugins {key} are installed already")
        return 0
    with _locked(root / f"{key}.lock"):
        if not (folder / ".ready").exists():
            _build(folder, plugins, root / ".packages")
    logs.say(f"plugins {key} are installed")
    return 0


def _order(text: str) -> tuple[str, list[Plugin]]:
    try:
        given = json.loads(text)
        key = str(given["key"])
        plugins = [Plugin(each["kind"], each["name"], tuple(each["requirements"])) for each in given["plugins"]]
    except (ValueError, KeyError, TypeError) as fault:
        raise RunFault(f"STACKYARD_INSTALL is malformed: {fault}", USAGE) from fault
    good = all(each.kind in _KINDS and _NAME.fullmatch(each.name) and each.requirements for each in plugins)
    if (
        not good
        or not _KEY.fullmatch(key)
        or any(part.startswith("-") for each in plugins for part in each.requirements)
    ):
        raise RunFault("STACKYARD_INSTALL names what cannot be installed", USAGE)
    return key, plugins


def _build(folder: Path, plugins: Sequence[Plugin], packages: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder)
    for plugin in plugins:
        logs.say(f"installing {plugin.name}: {' '.join(plugin.requirements)}")
        home = folder / plugin.kind / plugin.name
        python = home / "venv" / "bin" / "python"
        home.mkdir(parents=True)
        _uv(plugin, packages, "venv", "--quiet", "--no-project", "--python", sys.executable, str(home / "venv"))
        _uv(plugin, packages, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", str(python),
            "--", *plugin.requirements)  # fmt: skip
        (home / "lock").write_text(_locked_versions(home / "venv"))
        for site_packages in (home / "venv" / "lib").glob("python3.*/site-packages"):
            for why in cures.apply(site_packages):
                logs.say(f"{plugin.name}: cured: {why}")
    _compile(folder)
    os.sync()
    (folder / ".ready").touch()


def _locked_versions(venv: Path) -> str:
    """What is installed, pinned. Its own Python is not asked: that would run every `.pth` file that was installed."""
    places = [str(place) for place in (venv / "lib").glob("python3.*/site-packages")]
    found = {f"{each.name}=={each.version}" for each in metadata.distributions(path=places)}
    return "".join(f"{line}\n" for line in sorted(found, key=str.lower))


def _uv(plugin: Plugin, packages: Path, *arguments: str) -> str:
    """Run uv of the image; raises RunFault with its own words."""
    uv = Path(sys.executable).with_name("uv")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    environ |= {"UV_CACHE_DIR": str(packages), "UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "NO_COLOR": "1"}
    if "UV_DEFAULT_INDEX" not in environ and "PIP_INDEX_URL" in environ:
        environ["UV_DEFAULT_INDEX"] = environ["PIP_INDEX_URL"]
    try:
        done = subprocess.run(
            [str(uv), *arguments], env=environ, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise RunFault(f"{plugin.name} cannot be installed: {fault}", MISSING) from fault
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-15:])
        hint = "\nOnly packages with wheels are installed; one that must be built first is refused." if (
            "wheel" in said or "binary" in said) else ""  # fmt: skip
        raise RunFault(f"{plugin.name} cannot be installed:\n{said}{hint}", MISSING)
    return done.stdout


def _compile(folder: Path) -> None:
    """Compile to bytecode, for runs cannot write here. A module that does not compile is no fault until it is used."""
    places = [str(place) for place in folder.glob("*/*/venv/lib/python3.*/site-packages")]
    if places:
        subprocess.run(
            [sys.executable, "-I", "-m", "compileall", "-q", "-q", "-j", "0", *places],
            capture_output=True, timeout=SECONDS, check=False,
        )  # fmt: skip


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
