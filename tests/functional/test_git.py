"""`kit.git` on a real repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from stackyard.kit import git


def _git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    _git(tmp_path, "init", "-q", "-b", "main")
    for name in ("kept", "edited", "removed", "moved"):
        (tmp_path / name).write_text(f"this is {name}\n" * 5)
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def test_changes_are_seen_committed_or_not(repository: Path) -> None:
    _git(repository, "checkout", "-q", "-b", "topic")
    (repository / "edited").write_text("new")
    _git(repository, "commit", "-q", "-am", "two")
    _git(repository, "mv", "moved", "there")
    (repository / "removed").unlink()
    (repository / "née.txt").write_text("untracked")
    names = [path.name for path in git.changed(repository, "main")]
    assert names == ["edited", "moved", "née.txt", "removed", "there"]
    assert len(git.head(repository)) == 40


def test_an_unknown_base_and_a_folder_without_git_are_faults(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(git.GitError):
        git.changed(repository, "nowhere")
    with pytest.raises(git.GitError):
        git.toplevel(tmp_path_factory.mktemp("plain"))


def test_the_repositorys_own_commands_are_not_run(repository: Path) -> None:
    _git(repository, "config", "core.fsmonitor", f"touch {repository}/ran")
    (repository / ".gitattributes").write_text("* diff=evil\n")
    _git(repository, "config", "diff.evil.textconv", f"touch {repository}/ran; cat")
    (repository / "edited").write_text("new")
    assert [path.name for path in git.changed(repository, "HEAD")] == [".gitattributes", "edited"]
    assert not (repository / "ran").exists()
