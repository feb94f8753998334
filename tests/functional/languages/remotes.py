"""Where the packages of programs in other languages are kept between runs of the tests, and how they are had."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE_PACKAGES = {
    "name": "tests",
    "private": True,
    "dependencies": {"@pulumi/pulumi": "3.200.0", "@pulumi/random": "4.18.4", "typescript": "5.6.3"},
    "devDependencies": {"@types/node": "20.14.0"},
}


def cache() -> Path:
    """The folder they are kept in."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stackyard" / "tests"


def node_modules() -> Path:
    """A folder `node_modules` with Pulumi's SDK; skips the test where it cannot be had, and says why."""
    if shutil.which("npm") is None:
        pytest.skip("Node.js is not installed")
    text = json.dumps(NODE_PACKAGES)
    folder = cache() / f"node-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    done = folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(text, encoding="utf-8")
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund"]
        made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if made.returncode:
            pytest.skip(f"the packages of Node.js cannot be had: {made.stderr.strip()[-200:]}")
        done.touch()
    return folder / "node_modules"
