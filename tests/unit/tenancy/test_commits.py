"""When a commit was made is what its author wrote: any number, or none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from stackyard.errors import SourceError
from stackyard.tenancy import sources


@pytest.fixture
def commit(tmp_path: Path) -> sources.Commit:
    return sources.Commit("https://git.example/shop", "c" * 40, tmp_path)


def _says(monkeypatch: pytest.MonkeyPatch, told: bytes) -> None:
    monkeypatch.setattr(sources, "_git", lambda *_, **__: told)


def test_it_is_what_the_commit_says(commit: sources.Commit, monkeypatch: pytest.MonkeyPatch) -> None:
    _says(monkeypatch, b"1700000000\n")
    assert commit.moved == 1_700_000_000


def test_a_commit_of_the_future_does_not_keep_its_environment_for_ever(
    commit: sources.Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    _says(monkeypatch, b"99999999999999999999999\n")
    monkeypatch.setattr(time, "time", lambda: 1_800_000_000.5)
    assert commit.moved == 1_800_000_000


@pytest.mark.parametrize("told", [b"\n", b"-5\n", b""])
def test_a_commit_without_a_date_is_told(commit: sources.Commit, monkeypatch: pytest.MonkeyPatch, told: bytes) -> None:
    """Git prints nothing for a date that it cannot read."""
    _says(monkeypatch, told)
    with pytest.raises(SourceError, match="a commit without a date, cccccccccccc"):
        _ = commit.moved
