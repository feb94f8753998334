"""Repositories of hosted projects, against real git."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from stackyard.errors import SourceError, Unreachable
from stackyard.tenancy import meltano, sources

MANIFEST = "version: 1\ninclude_paths: [more/*.yml]\nenvironments:\n- name: prod\n"


def git(folder: Path, *arguments: str) -> str:
    environ = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_COMMITTER_DATE": "1700000000 +0000"}
    identity = ["-c", "user.name=Someone", "-c", "user.email=someone@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "more").mkdir(parents=True)
    (folder / "meltano.yml").write_text(MANIFEST)
    (folder / "more" / "jobs.yml").write_text("environments:\n- name: dev\n")
    (folder / "link.yml").symlink_to("/etc/passwd")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def test_refs_lead_to_commits(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "branch", "feature/One")
    git(repository, "tag", "-a", "v1", "-m", "annotated")
    git(repository, "tag", "light")
    found = sources.refs(str(repository))
    assert found == [
        sources.Ref("refs/heads/feature/One", commit),
        sources.Ref("refs/heads/main", commit),
        sources.Ref("refs/tags/light", commit),
        sources.Ref("refs/tags/v1", commit),
    ]
    assert [(each.kind, each.short) for each in found][::3] == [("branch", "feature/One"), ("tag", "v1")]


def test_a_repository_may_have_so_many_refs(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is held against every rule, and whoever may push can push very many."""
    monkeypatch.setattr(sources, "REFS", 2)
    git(repository, "branch", "a")
    assert len(sources.refs(str(repository))) == 2
    git(repository, "branch", "b")
    with pytest.raises(SourceError, match="3 branches and tags; at most 2"):
        sources.refs(str(repository))


def test_names_that_would_need_quoting_are_left_out(repository: Path) -> None:
    for name in ("$(id)", "a;b", "x'y", "é", "a&b"):
        git(repository, "branch", name)
    refused: list[str] = []
    assert [each.short for each in sources.refs(f"file://{repository}", refused)] == ["main"]
    assert len(refused) == 5


def test_a_commit_is_read_without_a_work_tree(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "core.hooksPath", str(tmp_path / "hooks"))
    commit = sources.fetch(str(repository), git(repository, "rev-parse", "HEAD"), tmp_path / "cache")
    assert commit.moved == 1700000000
    assert commit.text("meltano.yml") == MANIFEST
    manifest, faults = meltano.read(commit.text("meltano.yml"), "meltano.yml", commit.included("meltano.yml"))
    assert not faults
    assert manifest is not None
    assert list(manifest.environments) == ["prod", "dev"]
    for missing in ("gone.yml", "link.yml", "more"):
        with pytest.raises(SourceError, match="has no file"):
            commit.text(missing)
    for outside in ("../x", "/etc/passwd", "-x", ""):
        with pytest.raises(SourceError, match="not a path inside"):
            commit.text(outside)


def test_a_bundle_is_the_same_bytes_each_time(repository: Path, tmp_path: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    first = sources.fetch(str(repository), head, tmp_path / "one").bundle()
    assert first == sources.fetch(str(repository), head, tmp_path / "two").bundle()
    with tarfile.open(fileobj=io.BytesIO(first.data)) as archive:
        assert archive.getnames() == ["link.yml", "meltano.yml", "more", "more/jobs.yml"]
    part = sources.fetch(str(repository), head, tmp_path / "one").bundle("more")
    with tarfile.open(fileobj=io.BytesIO(part.data)) as archive:
        assert archive.getnames() == ["more", "more/jobs.yml"]


def test_a_fetched_commit_needs_no_remote(repository: Path, tmp_path: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    sources.fetch(str(repository), head, tmp_path / "cache")
    repository.rename(tmp_path / "gone")
    assert sources.fetch(str(repository), head, tmp_path / "cache").text("meltano.yml") == MANIFEST
    with pytest.raises(Unreachable):
        sources.refs(str(repository))
    with pytest.raises(Unreachable):
        sources.fetch(str(repository), "0" * 40, tmp_path / "cache")


def test_what_git_complains_of_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as told:
        sources.refs((tmp_path / "nowhere").as_uri())
    assert "does not appear to be a git repository; " in told.value.message
    assert "Please" not in told.value.message
    assert "\n" not in told.value.message


def test_a_commit_that_is_gone_is_told(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="has no commit") as told:
        sources.fetch(str(repository), "1" * 40, tmp_path / "cache")
    assert not isinstance(told.value, Unreachable)


def test_a_killed_fetch_does_not_block_the_next(repository: Path, tmp_path: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    folder = sources.fetch(str(repository), first, tmp_path / "cache").folder
    (folder / "shallow.lock").touch()
    (repository / "meltano.yml").write_text("version: 2\n")
    git(repository, "commit", "--quiet", "-am", "second")
    second = sources.fetch(str(repository), git(repository, "rev-parse", "HEAD"), tmp_path / "cache")
    assert second.text("meltano.yml") == "version: 2\n"


@pytest.mark.parametrize(
    ("repository", "says"),
    [
        ("--upload-pack=touch /tmp/x", "not the URL"),
        ("ext::sh -c id", "not the URL"),
        ("relative/path", "not the URL"),
        ("https://user:word@example.com/x.git", "has a password"),
        ("https://example.com/a b", "not the URL"),
    ],
)
def test_what_is_no_repository_is_refused(repository: str, says: str) -> None:
    with pytest.raises(SourceError, match=says) as told:
        sources.refs(repository)
    assert "word" not in str(told.value).replace("password", "")


def test_a_pack_that_unpacks_to_more_than_memory_holds_is_given_up(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = sources.fetch(str(repository), git(repository, "rev-parse", "HEAD"), tmp_path / "cache")
    monkeypatch.setattr(sources, "BUNDLE_BYTES", 1024)
    with pytest.raises(SourceError, match="is larger than"):
        commit.bundle()
    endless = sources._bounded(["yes"], os.environ, 60, 1000, cwd=tmp_path, lock=None)
    assert len(endless[1]) == 1001
    with pytest.raises(subprocess.TimeoutExpired):
        sources._bounded(["sleep", "60"], os.environ, 0.05, 1000, cwd=tmp_path, lock=None)


def test_a_pattern_that_names_thousands_of_files_is_refused(repository: Path, tmp_path: Path) -> None:
    for number in range(sources.INCLUDED):
        (repository / "more" / f"{number}.yml").write_text("{}")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "many")
    commit = sources.fetch(str(repository), git(repository, "rev-parse", "HEAD"), tmp_path / "cache")
    with pytest.raises(SourceError, match=r"names 101 files; at most 100"):
        commit.included("meltano.yml")("more/*.yml")
