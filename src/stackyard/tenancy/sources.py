"""Git repositories of hosted projects: which refs there are, and a commit's files, time and bundle.

Nothing of a repository is run: no work tree is made, no hook, filter or submodule followed. Credentials come from
git's own helpers or the ssh agent; none is in a URL or an argument, and git never asks at a terminal.
Every function here blocks; call it in a thread.
"""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import os
import posixpath
import re
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from stackyard.cloud.client import files, installation
from stackyard.errors import SourceError, Unreachable
from stackyard.kit import globs

LISTING_SECONDS: Final = 30.0
FETCHING_SECONDS: Final = 300.0
TEXT_BYTES: Final = 1 << 20
BUNDLE_BYTES: Final = 256 << 20
LISTING_BYTES: Final = 64 << 20
REFS: Final = 20_000
"""How many branches and tags a repository may have: each is held against every rule."""
INCLUDED: Final = 100
"""How many files one pattern of `include_paths` may name."""
_ADVICE: Final = ("Please make sure you have the correct access rights", "and the repository exists.")
_COMPLAINTS: Final = 64 << 10
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_URL: Final = re.compile(r"(https?|ssh|git|file)://[^\s\\]+|/[^\\\0\n]+|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:[^\s\\]+")
_PASSWORD: Final = re.compile(r"[a-z+]+://[^/@]*:[^/@]*@")
# What git itself allows in a name, less what would need quoting somewhere further on.
_REF: Final = re.compile(r"refs/(heads|tags)/[A-Za-z0-9_][A-Za-z0-9_.+/@#=,-]{0,199}")
_KEPT: Final = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
                "GIT_CONFIG_NOSYSTEM", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH")  # fmt: skip
_SAFE: Final = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.attributesFile=/dev/null",
                "-c", "core.autocrlf=false", "-c", "tar.umask=0022", "-c", "gc.auto=0",
                "-c", "submodule.recurse=false")  # fmt: skip


class _Late(Unreachable):
    """It had its time, and is not asked again in another way."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Ref:
    """A branch or tag by its full name (`refs/heads/main`) and the commit, 40 or 64 hex digits, it leads to."""

    name: str
    commit: str

    @property
    def kind(self) -> str:
        """`branch` or `tag`."""
        return "branch" if self.name.startswith("refs/heads/") else "tag"

    @property
    def short(self) -> str:
        """The name without `refs/heads/` or `refs/tags/`."""
        return self.name.split("/", 2)[2]


@dataclasses.dataclass(frozen=True, slots=True)
class Bundle:
    """A commit's files as a gzipped tar, the same bytes each time, and their SHA-256 in hex."""

    data: bytes = dataclasses.field(repr=False)
    sha256: str


def check(repository: str) -> None:
    """Raise SourceError for what is no URL or absolute path of a repository, or holds a password."""
    if _PASSWORD.match(repository):
        hint = "keep it in a git credential helper"
        raise SourceError("the URL of a repository has a password in it", hint=hint)
    if not _URL.fullmatch(repository):
        hint = "https://…, ssh://…, git@host:path, file:///… or an absolute path"
        raise SourceError(f"{repository!r} is not the URL of a git repository", hint=hint)


def refs(repository: str, refused: list[str] | None = None) -> list[Ref]:
    """Branches and tags with the commits they lead to, sorted by name; annotated tags are followed.

    Names that cannot be used safely are left out and added to `refused`. Raises Unreachable when the repository
    could not be asked, SourceError for a bad URL.
    """
    check(repository)
    listed = _git(None, ["ls-remote", "--heads", "--tags", "--", repository], LISTING_SECONDS, fault=Unreachable)
    found: dict[str, str] = {}
    for line in listed.decode(errors="backslashreplace").splitlines():
        commit, _, name = line.partition("\t")
        plain = name.removesuffix("^{}")
        if _is_good(plain) and _COMMIT.fullmatch(commit):
            found[plain] = commit  # a tag's `^{}` line comes after it: the commit wins over the tag object
        elif refused is not None:
            refused.append(plain)
    if len(found) > REFS:
        hint = "delete those that nobody needs"
        raise SourceError(f"it has {len(found)} branches and tags; at most {REFS} are looked at", hint=hint)
    return [Ref(name, commit) for name, commit in sorted(found.items())]


def head(repository: str) -> str:
    """The commit of the default branch; empty when there is none. Raises Unreachable, SourceError as `refs` does."""
    check(repository)
    listed = _git(None, ["ls-remote", "--", repository, "HEAD"], LISTING_SECONDS, fault=Unreachable)
    commit = listed.decode(errors="backslashreplace").partition("\t")[0]
    return commit if _COMMIT.fullmatch(commit) else ""


def fetch(repository: str, commit: str, into: Path | None = None) -> Commit:
    """Bring a commit's files into a bare cache on this machine, unless they are there.

    `into` replaces the cache's folder, `~/.cache/stackyard/repositories`. Safe when several processes do it at once.
    Raises Unreachable when the repository could not be asked, SourceError when it has no such commit.
    """
    check(repository)
    if not _COMMIT.fullmatch(commit):
        raise SourceError(f"{commit!r} is not a commit")
    folder = (into or installation.cache_folder() / "repositories") / hashlib.sha256(repository.encode()).hexdigest()
    found = Commit(repository, commit, folder)
    if not found.is_there():
        with files.locked(folder.with_suffix(".lock")) as lock:
            if not found.is_there():
                _bring(folder, repository, commit, lock)
                if not found.is_there():
                    raise SourceError(f"{repository} has no commit {commit}")
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Commit:
    """One commit of a repository, in the bare cache `folder`."""

    repository: str
    commit: str
    folder: Path

    def is_there(self) -> bool:
        """Whether the cache has the commit with all its files."""
        if not (self.folder / "HEAD").is_file():
            return False
        try:
            self._run("rev-parse", "--verify", "--quiet", f"refs/stackyard/{self.commit}^{{tree}}")
        except SourceError:
            return False
        return True

    @property
    def moved(self) -> int:
        """When it was committed, in seconds of the epoch, as the commit says; now, when that is still to come.

        Raises SourceError when the commit does not say it in any way that git reads.
        """
        told = self._run("log", "-1", "--format=%ct", self.commit, "--").strip()
        if not told.isdigit():
            raise SourceError(f"{self.repository} has a commit without a date, {self.commit[:12]}")
        return min(int(told), int(time.time()))

    def text(self, path: str) -> str:
        """A file's text. Raises SourceError when it is absent, no regular file, too large or not UTF-8."""
        entry = self._run("ls-tree", "-z", "-l", self.commit, "--", _inside(path)).decode(errors="replace")
        details, _, name = entry.rstrip("\0").partition("\t")
        mode, _, _, size = (details.split() or ["", "", "", "0"])[:4]
        if name != _inside(path) or not mode.startswith("100"):
            raise SourceError(f"{self.repository} has no file {path} at {self.commit[:12]}")
        if int(size) > TEXT_BYTES:
            raise SourceError(f"{path} at {self.commit[:12]} is larger than {TEXT_BYTES // 1024} KiB")
        data = self._run("cat-file", "blob", f"{self.commit}:{name}")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as fault:
            raise SourceError(f"{path} at {self.commit[:12]} is not UTF-8 text (byte {fault.start})") from None

    def included(self, manifest: str) -> _Included:
        """What `tenancy.meltano.read` takes as `included`: files that match a pattern beside `manifest`."""
        return _Included(self, posixpath.dirname(manifest))

    def paths(self) -> list[str]:
        """Every regular file's path, sorted."""
        listed = self._run("ls-tree", "-r", "-z", self.commit).decode(errors="backslashreplace")
        entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
        return sorted(name for details, _, name in entries if details.startswith("100"))

    def bundle(self, subfolder: str = "") -> Bundle:
        """The files (of `subfolder` alone, when given) under their paths in the repository, as a gzipped tar.

        Raises SourceError when there are none, or more than 256 MiB.
        """
        paths = ["--", _inside(subfolder)] if subfolder else []
        data = self._run("archive", "--format=tar", self.commit, *paths, most=BUNDLE_BYTES)
        packed = gzip.compress(data, compresslevel=6, mtime=0)
        return Bundle(packed, hashlib.sha256(packed).hexdigest())

    def _run(self, *arguments: str, most: int = 0) -> bytes:
        return _git(self.folder, arguments, LISTING_SECONDS, most=most)


@dataclasses.dataclass(frozen=True, slots=True)
class _Included:
    commit: Commit
    folder: str

    def __call__(self, pattern: str) -> Mapping[str, str]:
        wanted = posixpath.normpath(posixpath.join(self.folder, pattern))
        names = (path for path in self.commit.paths() if path.endswith((".yml", ".yaml")))
        found = [path for path in names if globs.matches(wanted, path)]
        if len(found) > INCLUDED:
            raise SourceError(f"include_paths {pattern!r} names {len(found)} files; at most {INCLUDED} are read")
        return {path: self.commit.text(path) for path in found}


def _is_good(name: str) -> bool:
    parts = name.split("/")
    return bool(_REF.fullmatch(name)) and not any(
        part in ("", ".", "..") or part.startswith(("-", ".")) or part.endswith(".lock") for part in parts
    )


def _inside(path: str) -> str:
    """`path` as git names it; raises SourceError when it leads out of the repository."""
    plain = posixpath.normpath(path)
    if not path or plain.startswith(("/", "../", "-", ":")) or plain in (".", "..") or "\0" in plain or "\n" in plain:
        raise SourceError(f"{path!r} is not a path inside a repository")
    return plain


def _bring(folder: Path, repository: str, commit: str, lock: int) -> None:
    """Fetch one commit without its history; servers that only serve whole branches are asked for those."""
    if not (folder / "HEAD").is_file():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _git(None, ["init", "--quiet", "--bare", "--template=", str(folder)], LISTING_SECONDS)
    for stale in folder.glob("*.lock"):  # of a git that was killed; who lives holds our lock
        stale.unlink(missing_ok=True)
    kept = f"refs/stackyard/{commit}"
    quiet = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"]
    try:
        exactly = [*quiet, "--depth=1", "--", repository, f"+{commit}:{kept}"]
        _git(folder, exactly, FETCHING_SECONDS, fault=Unreachable, lock=lock)
    except _Late:
        raise
    except Unreachable:
        whole = [*quiet, "--", repository, "+refs/heads/*:refs/all/heads/*", "+refs/tags/*:refs/all/tags/*"]
        _git(folder, whole, FETCHING_SECONDS, fault=Unreachable, lock=lock)
        try:
            _git(folder, ["update-ref", kept, commit], LISTING_SECONDS)
        except SourceError:
            raise SourceError(f"{repository} has no commit {commit}", hint="It may have been force-pushed.") from None


def _git(
    folder: Path | None, arguments: Sequence[str], seconds: float, *,
    fault: type[SourceError] = SourceError, lock: int | None = None, most: int = 0,
) -> bytes:  # fmt: skip
    """Run git and return what it prints; `lock` stays held for as long as it runs, even if we are killed.

    A small pack can unpack to what no memory holds: beyond `most` bytes (0 = LISTING_BYTES) git is ended, and
    SourceError is raised.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    environ |= {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1",
                "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh", "GCM_INTERACTIVE": "never"}  # fmt: skip
    environ.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=15")
    where = ["--git-dir", str(folder)] if folder else []
    command = ["git", *_SAFE, *where, *arguments]
    try:
        code, printed, told = _bounded(
            command, environ, seconds, most or LISTING_BYTES, cwd=folder or Path("/"), lock=lock
        )
    except FileNotFoundError:
        raise SourceError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise _Late(f"git {arguments[0]} did not end within {seconds:.0f} seconds") from None
    if len(printed) > (most or LISTING_BYTES):
        raise SourceError(f"what git {arguments[0]} gives is larger than {(most or LISTING_BYTES) >> 20} MiB")
    if code:
        raise fault(_said(told.decode(errors="backslashreplace")) or f"git ended with {code}")
    return printed


def _said(complaint: str) -> str:
    """What git complained of, in one line, without its advice to people who typed the command."""
    lines = (line.strip() for line in complaint.splitlines())
    return "; ".join(line for line in lines if line and line not in _ADVICE and not line.startswith("hint:"))


def _end(process: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    process.kill()


def _bounded(
    command: Sequence[str], environ: Mapping[str, str], seconds: float, most: int, *, cwd: Path, lock: int | None
) -> tuple[int, bytes, bytes]:
    """A command's exit code, output and complaints; at most one byte beyond `most` of output is ever held."""
    late = threading.Event()
    with tempfile.TemporaryFile() as complaints, subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=complaints, stdin=subprocess.DEVNULL, env=environ, cwd=cwd,
        pass_fds=() if lock is None else (lock,),
    ) as process:  # fmt: skip
        timer = threading.Timer(seconds, _end, (process, late))
        timer.start()
        try:
            assert process.stdout is not None
            printed = process.stdout.read(most + 1)
            if len(printed) > most:
                process.kill()
            code = process.wait()
        finally:
            timer.cancel()
        if late.is_set():
            raise subprocess.TimeoutExpired(command, seconds)
        complaints.seek(0)
        return code, printed, complaints.read(_COMPLAINTS)
