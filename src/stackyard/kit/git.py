"""What git knows of a folder. Reads only; a repository's own hooks, pagers and file monitors are never run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Final

_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.pager=cat")
_TIMEOUT_SECONDS: Final = 30.0


class GitError(Exception):
    """Git is absent, or refused; the message is its own."""


def _git(folder: Path, *arguments: str) -> str:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    command = ["git", "-C", str(folder), *_SAFE, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, env=environ, timeout=_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise GitError(str(fault)) from fault
    if done.returncode:
        raise GitError(done.stderr.decode(errors="replace").strip() or f"git ended with {done.returncode}")
    return done.stdout.decode(errors="surrogateescape")


def toplevel(folder: Path) -> Path:
    """The root of the work tree that holds `folder`. Raises GitError when there is none."""
    return Path(_git(folder, "rev-parse", "--show-toplevel").rstrip("\n"))


def head(folder: Path) -> str:
    """The commit that is checked out, 40 hex digits. Raises GitError, also when there is no commit yet."""
    return _git(folder, "rev-parse", "--verify", "HEAD").strip()


def changed(folder: Path, base: str) -> tuple[Path, ...]:
    """Files that differ from where `base` and HEAD parted, committed or not, untracked ones too; absolute, sorted.

    A renamed file counts under both names. Raises GitError for an unknown `base`.
    """
    if base.startswith("-"):
        raise GitError(f"{base!r} is not a revision")
    root = toplevel(folder)
    parted = _git(root, "merge-base", base, "HEAD").strip()
    listed = _git(root, "diff", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "-z", parted)
    listed += _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return tuple(sorted({root / name for name in listed.split("\0") if name}))
