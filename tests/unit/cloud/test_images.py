"""Local images and volumes: what the client writes is what the server reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud, images
from stackyard.cloud.server.tasks import catalogue
from stackyard.errors import CloudError


def _provided(tmp_path: Path, *items: images.LocalImage | images.Volume) -> Path:
    cloud = EmbeddedCloud(tmp_path / "estate")
    cloud.provide(*items)
    return cloud.folder


def test_an_image_is_found_whatever_its_registry_and_tag(tmp_path: Path) -> None:
    image = images.LocalImage("production/runner", tmp_path, ("run", "it"), {"A": "1"}, (tmp_path / "more",))
    folder = _provided(tmp_path, image)
    found = catalogue.image(folder, "1.dkr.ecr.eu-west-1.amazonaws.com/production/runner:9")
    assert found == catalogue.Image(str(tmp_path), ("run", "it"), {"A": "1"}, (str(tmp_path / "more"),))
    assert catalogue.image(folder, "runner") is None


def test_a_tag_in_the_name_is_that_tag_alone(tmp_path: Path) -> None:
    rows = [images.LocalImage(name, tmp_path, (name,)) for name in ("a:1", "a:latest", "b:1")]
    folder = _provided(tmp_path, *rows)
    assert [getattr(catalogue.image(folder, name), "entrypoint", None) for name in ("a:1", "a", "b:2")] == [
        ("a:1",), ("a:latest",), None,
    ]  # fmt: skip


def test_providing_again_replaces_and_keeps_the_rest(tmp_path: Path) -> None:
    cloud = EmbeddedCloud(tmp_path / "estate")
    cloud.provide(images.LocalImage("a", tmp_path, ("1",)), images.LocalImage("b", tmp_path, ("1",)))
    cloud.provide(images.LocalImage("a", tmp_path, ("2",)))
    assert [getattr(catalogue.image(cloud.folder, name), "entrypoint", None) for name in "ab"] == [("2",), ("1",)]
    assert (cloud.folder / "images.json").stat().st_mode & 0o777 == 0o600


def test_a_volume_is_found_by_its_name_its_path_or_its_file_system(tmp_path: Path) -> None:
    folder = _provided(tmp_path, images.Volume("cache", tmp_path, frozenset({"123456789012"})))
    expected = catalogue.Volume("cache", str(tmp_path), frozenset({"123456789012"}))
    for given in (
        {"name": "cache"},
        {"name": "x", "host": {"sourcePath": str(tmp_path)}},
        {"name": "x", "host": {"sourcePath": "cache"}},
        {"name": "x", "efsVolumeConfiguration": {"fileSystemId": "cache"}},
    ):
        assert catalogue.volume(folder, given) == expected
    assert catalogue.volume(folder, {"name": "x", "host": {"sourcePath": "/etc"}}) is None


def test_without_a_file_there_is_nothing(tmp_path: Path) -> None:
    assert catalogue.image(tmp_path, "a") is None


@pytest.mark.parametrize(
    ("item", "says"),
    [
        (lambda path: images.LocalImage("No Name", path, ("x",)), "name for an image"),
        (lambda path: images.LocalImage("a", path, ()), "no entry point"),
        (lambda path: images.LocalImage("a", path / "none", ("x",)), "not a folder"),
        (lambda path: images.Volume("a/b", path), "name for a volume"),
        (lambda path: images.Volume("a", path, frozenset({"12"})), "account number"),
    ],
)
def test_what_is_not_one_is_refused(tmp_path: Path, item: object, says: str) -> None:
    with pytest.raises(CloudError, match=says):
        _provided(tmp_path, item(tmp_path))  # type: ignore[operator]
