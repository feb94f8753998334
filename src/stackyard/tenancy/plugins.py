"""The plugins' shared cache: what a project locks is installed once per machine, and runs only read it.

An entry is `<cache>/plugins/<key>/`, made by the runner's image at its final path; its layout is told in
`stackyard.runner.installing`. Equal keys mean equal installations, so projects and organizations share entries.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Collection
from pathlib import Path

from stackyard.cloud.client import files, installation
from stackyard.model.activations import Activation
from stackyard.runner import cures
from stackyard.tenancy import images, meltano, sources
from stackyard.tenancy.images import ImageError, Progress, Runner

_SEEN = ("PATH", "LANG", "LC_ALL", "HOME", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY",
         "https_proxy", "http_proxy", "no_proxy", "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "LD_LIBRARY_PATH")  # fmt: skip


def folder() -> Path:
    """The cache's root."""
    return installation.cache_folder() / "plugins"


def key(manifest: meltano.Manifest) -> str:
    """The cache's key of a project's plugins: it covers the image's Python, Meltano and cures, too."""
    recipe = hashlib.sha256(Path(cures.__file__).read_bytes()).hexdigest()[:12]
    return meltano.lock_key(manifest, images.PYTHON, f"{images.meltano_version()} {recipe}")


def is_ready(name: str) -> bool:
    """Whether the entry of that key is installed."""
    return (folder() / name / ".ready").exists()


def ensure(manifest: meltano.Manifest, progress: Progress | None = None) -> str:
    """Install a project's plugins unless they are there, and return their key.

    No code of the project or of the packages runs; a package without a wheel is an ImageError with the installer's
    words. Safe when several processes do it at once. Blocks.
    """
    name = key(manifest)
    if not is_ready(name):
        _install(order(manifest), images.build(progress), progress or (lambda _line: None))
    os.utime(folder() / name / ".ready")
    return name


def ensure_activated(activation: Activation, progress: Progress | None = None) -> str:
    """`ensure` for an environment's record, whose project is read again only when something is missing.

    Raises SourceError (Unreachable) when its commit is not in the cache of repositories any more.
    """
    if is_ready(activation.plugins):
        os.utime(folder() / activation.plugins / ".ready")
        return activation.plugins
    commit = sources.fetch(activation.repository, activation.commit)
    manifest, faults = meltano.read(
        commit.text(activation.manifest), activation.manifest, commit.included(activation.manifest)
    )
    if manifest is None:
        raise ImageError(f"{activation.title}: {activation.manifest} cannot be read: {faults[0]}")
    if key(manifest) != activation.plugins:
        hint = "run `stackyard environment reconcile`"
        raise ImageError(f"{activation.title} was activated for another Meltano or Python", hint=hint)
    return ensure(manifest, progress)


def prune(days: float, keep: Collection[str] = ()) -> list[str]:
    """Remove entries that nobody asked for within `days`, but none in `keep`; returns their keys.

    Builds that died are removed as well. An entry that is being built stays.
    """
    removed = []
    for entry in sorted(folder().iterdir()) if folder().is_dir() else ():
        if not entry.is_dir() or entry.name.startswith(".") or entry.name in keep:
            continue
        lock = entry.with_suffix(".lock")
        ready = entry / ".ready"
        if files.is_held(lock) or (ready.exists() and ready.stat().st_mtime > time.time() - days * 86_400):
            continue
        with files.locked(lock):
            ready.unlink(missing_ok=True)
            shutil.rmtree(entry)
        removed.append(entry.name)
    return removed


def order(manifest: meltano.Manifest) -> str:
    """What `install-plugins` of the runner's image takes as `STACKYARD_INSTALL`, here and as a task on AWS."""
    wanted = [
        {"kind": each.kind, "name": each.home, "requirements": each.pip_url.split()}
        for each in meltano.installed(manifest)
    ]
    return json.dumps({"key": key(manifest), "plugins": wanted})


def _install(ordered: str, image: Runner, report: Progress) -> None:
    """Run the image's `install-plugins` as a process of its own; its log goes to `report`."""
    environ = {variable: os.environ[variable] for variable in _SEEN if variable in os.environ}
    environ |= {**image.environment, "STACKYARD_INSTALL": ordered}
    process = subprocess.Popen(
        [*image.entrypoint, "install-plugins"], env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip
    said = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line.rstrip("\n").removeprefix("runner | "))
            report(said[-1])
    if process.returncode:
        raise ImageError("plugins cannot be installed:\n" + "\n".join(said[-15:]))
