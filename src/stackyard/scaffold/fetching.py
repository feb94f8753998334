"""Where a template is: a folder, or a git repository that is fetched into a temporary one."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.scaffold import templates
from stackyard.scaffold.templates import Template

_URL: Final = re.compile(r"(?:https|ssh|file)://[^\s#]+|[A-Za-z0-9_][A-Za-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^\s#]+")
_PASSWORD: Final = re.compile(r"[a-z]+://[^/@]*:[^/]*@")
_REF: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,199}")
_TIMEOUT_SECONDS: Final = 120.0
_QUIET: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "https:ssh:file",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "LC_ALL": "C",
}
_SHALLOW: Final = ("--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules")
_SAFE: Final = ("-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=true", "-c", "protocol.ext.allow=never")


@contextlib.contextmanager
def opened(place: str, start: Path) -> Iterator[Template]:
    """The template at `place`: a folder (relative to `start`) or `URL[#ref]` of a git repository. Blocks.

    Raises UsageError, SourceError when git refuses or is not there.
    """
    address, _, ref = place.partition("#")
    if not _URL.fullmatch(address):
        if "://" in address:
            raise errors.UsageError(f"{address!a} is no address of a template", hint="use https://, ssh:// or a folder")
        yield templates.read((start / place).resolve(), place)
        return
    if _PASSWORD.match(address):
        hint = "use ssh, or a credential helper of git"
        raise errors.UsageError("an address has no password in it: it would be shown and kept", hint=hint)
    if ref and (not _REF.fullmatch(ref) or ".." in ref):
        raise errors.UsageError(f"{ref!a} is no branch, tag or commit", hint="write URL#ref")
    with tempfile.TemporaryDirectory(prefix="stackyard-template-") as folder:
        _git(folder, "init", "--quiet")
        _git(folder, "fetch", *_SHALLOW, "--", address, ref or "HEAD")
        _git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
        yield templates.read(Path(folder), place)


def _git(folder: str, *arguments: str) -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | _QUIET
    command = ["git", "-C", folder, *_SAFE, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, env=environ, timeout=_TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise errors.SourceError(f"the template cannot be fetched: {fault}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise errors.SourceError(
            f"the template cannot be fetched: {said[-1] if said else 'git refused'}",
            hint="check the address and the part after `#`: a branch, tag or commit",
        )
