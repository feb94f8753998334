"""Archives hold what the program says, under the names that it says."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from stackyard.model.values import Archive, Asset
from stackyard.providers import assets


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    (tmp_path / ".hidden").write_text("h")
    (tmp_path / "main.py").write_text("m")
    (tmp_path / "inner" / "..odd").write_text("o")
    return tmp_path


def packed(archive: Archive) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(assets.pack(archive))).namelist()


def test_names_that_begin_with_dots_keep_them(program: Path) -> None:
    archive = Archive(assets={".": Archive(path=str(program))})
    assert packed(archive) == [".hidden", "inner/..odd", "main.py"]
    assert packed(Archive(assets={"lib": Archive(path=str(program))}))[0] == "lib/.hidden"


def test_state_that_lies_beside_a_program_is_not_packed_with_it(program: Path) -> None:
    """A program that packs its own folder would otherwise change with every run, and carry its state along."""
    before = assets.resolved(Archive(path=str(program)), program)
    (program / ".stackyard").mkdir()
    (program / ".stackyard" / "state.json").write_text("{}")
    assert assets.resolved(Archive(path=str(program)), program) == before


def test_the_same_content_is_the_same_archive(program: Path, tmp_path: Path) -> None:
    one = Archive(assets={"a": Asset(text="1"), "b": Asset(text="2")})
    other = Archive(assets={"b": Asset(text="2"), "a": Asset(text="1")})
    assert assets.pack(one) == assets.pack(other)
