"""Images that were pushed to the account's own registry (ECR): unpacked once, and described as their makers said."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import threading
from pathlib import Path
from typing import Any

from .. import confinement, trees  # noqa: TID252
from . import catalogue, definitions, unpacking

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_LOCK = threading.Lock()


def image(folder: Path, account: str, reference: str) -> catalogue.Image | None:
    """The image of the account's registry that `reference` names, ready to run; None when it has none.

    Called within the scope of the account and its region. Raises definitions.Impossible when it cannot be unpacked.
    """
    ecr: Any = importlib.import_module("ministack.services.ecr")
    name, tag = definitions.repository(reference)
    digest = reference.partition("@")[2]
    manifest = _manifest(ecr, name, digest or tag or "latest")
    if not manifest:
        return None
    if confinement.means() == "none":
        raise _impossible(reference, "images need namespaces, which this machine does not allow; provide a local image")
    blobs = ecr._layer_blobs.get(name, {})
    settings = json.loads(_blob(blobs, manifest["config"]["digest"], reference)).get("config") or {}
    # Never by the digest that the record has: PutImage takes any text for one.
    own = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    root = folder / "data" / "images" / account / f"sha256-{own}"
    with _LOCK:
        if not (root / "ready").exists():
            _unpack(root, account, [_blob(blobs, row["digest"], reference) for row in manifest["layers"]], reference)
    return catalogue.Image(
        folder=settings.get("WorkingDir") or "/",
        entrypoint=tuple(settings.get("Entrypoint") or ()),
        environment=dict(row.partition("=")[::2] for row in settings.get("Env") or ()),
        root=str(root / "files"),
        command=tuple(settings.get("Cmd") or ()),
    )


def _manifest(ecr: Any, name: str, reference: str) -> dict[str, Any]:
    """The manifest for this machine; empty when there is none."""
    _digest, text, _kind = ecr._resolve_manifest(name, reference) if name in ecr._repositories else (None, None, None)
    if not text:
        return {}
    content: dict[str, Any] = json.loads(text)
    for row in content.get("manifests") or []:
        asked = row.get("platform") or {}
        if (asked.get("os"), asked.get("architecture")) == ("linux", _MACHINES.get(platform.machine())):
            return _manifest(ecr, name, row["digest"])
    return content if "layers" in content else {}


def _blob(blobs: dict[str, bytes], digest: str, reference: str) -> bytes:
    if digest not in blobs:
        raise _impossible(reference, f"its registry has no blob {digest}")
    return blobs[digest]


def _unpack(root: Path, account: str, layers: list[bytes], reference: str) -> None:
    trees.remove(root)  # what a server that was killed left behind
    files = root / "files"
    files.mkdir(parents=True)
    owner = confinement.uid_of(account) if os.geteuid() == 0 else None
    unpacked = unpacking.Unpacking(files, owner)
    try:
        for layer in layers:
            unpacked.layer(layer)
    except unpacking.Broken as error:
        raise _impossible(reference, str(error)) from error
    files.chmod(0o755)
    (root / "ready").touch()


def _impossible(reference: str, reason: str) -> definitions.Impossible:
    return definitions.Impossible(f"CannotPullContainerError: {reference}: {reason}")
