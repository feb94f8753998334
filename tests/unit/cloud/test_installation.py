"""The server's environment is built once, whoever asks at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from stackyard.cloud.client import installation
from stackyard.errors import CloudError


@pytest.fixture
def builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that were built, with pip left out."""
    built: list[Path] = []

    def build(folder: Path, python: Path, _report: Callable[[str], None]) -> None:
        built.append(folder)
        python.parent.mkdir(parents=True)
        python.touch()

    monkeypatch.setenv("STACKYARD_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(installation, "_build", build)
    return built


def test_two_at_once_build_one(builds: list[Path]) -> None:
    threads = [threading.Thread(target=installation.interpreter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert builds == [installation.location()]


def test_the_folder_can_be_chosen(builds: list[Path], tmp_path: Path) -> None:
    assert installation.interpreter().is_relative_to(tmp_path)
    assert len(builds) == 1


def test_a_build_that_died_is_built_again(builds: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_folder: Path, _python: Path, _report: Callable[[str], None]) -> None:
        raise CloudError("no PyPI")

    with monkeypatch.context() as context:
        context.setattr(installation, "_build", die)
        with pytest.raises(CloudError, match="no PyPI"):
            installation.interpreter()
    installation.interpreter()
    assert len(builds) == 1


def test_every_requirement_is_pinned_and_hashed() -> None:
    text = installation.REQUIREMENTS.read_text(encoding="utf-8")
    entries = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert all("==" in line for line in entries)
    assert text.count("--hash=sha256:") >= len(entries)
    assert "ministack==1.5.33" in text
    pins = dict(line.split(" ")[0].split("==") for line in entries)
    assert pins["boto3"] == pins["botocore"]
