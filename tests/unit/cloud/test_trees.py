"""Whatever a program leaves behind is removed, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from stackyard.cloud.server import orders, trees


def _deep(folder: Path, levels: int) -> None:
    """Folders in each other, deeper than a path may be long."""
    folder.mkdir()
    place = os.open(folder, os.O_DIRECTORY)
    for _ in range(levels):
        os.mkdir("moved-1", dir_fd=place)
        inner = os.open("moved-1", os.O_DIRECTORY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)


def test_a_folder_of_any_depth_is_removed(tmp_path: Path) -> None:
    _deep(tmp_path / "deep", 3000)
    trees.remove(tmp_path / "deep")
    assert list(tmp_path.iterdir()) == []
    trees.remove(tmp_path / "deep")


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "gone" / "closed").mkdir(parents=True)
    (tmp_path / "gone" / "closed" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "gone" / "closed").chmod(0)
    (tmp_path / "other").symlink_to(tmp_path / "kept")
    trees.remove(tmp_path / "gone")
    trees.remove(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "kept"]


def test_a_cloud_starts_whatever_tasks_have_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    scratch = tmp_path / "data" / "scratch"
    scratch.mkdir(parents=True)
    _deep(scratch / "task", 1500)
    orders.settle_environment(orders.Order(tmp_path, 1, False, 1, 1, {}))
    assert list(scratch.iterdir()) == []
