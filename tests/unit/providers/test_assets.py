"""Archives hold what the program says, under the names that it says."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stackyard.model.values import Archive, Asset
from stackyard.providers import assets, tars


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


def test_a_path_is_recorded_as_the_program_said_it_and_read_where_the_program_is(program: Path) -> None:
    found = assets.resolved({"one": Asset(path="main.py"), "all": Archive(path=".")}, program)
    assert (found["one"].path, found["one"].file) == ("main.py", str(program / "main.py"))
    assert assets.read(found["one"]) == b"m"
    assert packed(found["all"]) == [".hidden", "inner/..odd", "main.py"]


def test_of_two_files_with_one_name_the_first_is_taken() -> None:
    archive = Archive(assets={"a": Archive(assets={"b": Asset(text="first")}), "a/b": Asset(text="second")})
    with zipfile.ZipFile(io.BytesIO(assets.pack(archive))) as opened:
        assert {name: opened.read(name) for name in opened.namelist()} == {"a/b": b"first"}


HASHES = {
    "nothing": ({}, "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"),
    "one": ({"a": "1"}, "42d7dfd001d7965b6bd388d1e4df993328ecbfcc0c8907ce4a08dec4205fabcb"),
    "order": ({"B": "1", "a": "2", "_": "3"}, "0044a345ce525bac6b5bf808b01af72027b6544c7f9f423a78ecc2209114d9c2"),
    "twice": (
        {"a/b": "1", "a": {"b": "2", "c": "3"}},
        "93ed6330b64b24035cfdd42454e707bb40279ded34ab9bb25710e2ad587fc027",
    ),
    "two blocks": ({"big": "z" * 1025}, "8e0e2be1105249a7f4e653b4ce95f1e18148653715a2fbde469f024dc5c12810"),
    "full field": ({"x" * 100: "exact"}, "4482d772adee2d16d5c66934024bebdb09f80ebe5b3738e67af6f79a3c85bc99"),
    "split name": (
        {"d" * 60 + "/" + "e" * 60: "1"},
        "1996189ac437204efbde7ae8ff145abb9e499f958d5cbb7e46d8438aef90da0b",
    ),
    "long name": ({"x" * 101: "1"}, "3985cbe7ff500629cf596a506cb1b3c43da5a22c1f9bf2e3e376594f45fb21d2"),
    "not ASCII": ({"a/" + "é" * 70: "3"}, "f73b4de2e80200fcef3489a50df80838c1b1c7f64a30f24b77aadc2afe919773"),
    "deep": ({("a" * 50 + "/") * 6 + "f": "n"}, "a07323d2ae78aa37531448fe92a50b23d765438f313765311667aa76f57e8937"),
}


@pytest.mark.parametrize("name", HASHES)
def test_an_archive_has_the_hash_that_pulumi_gives_it(name: str) -> None:
    """Taken from pulumi/pulumi 3.272's own archive.FromAssets."""

    def archive(members: dict[str, Any]) -> Archive:
        inside = {each: Asset(text=of) if isinstance(of, str) else archive(of) for each, of in members.items()}
        return Archive(assets=inside)

    members, expected = HASHES[name]
    assert assets.resolved(archive(members), Path("/")).hash == expected


def test_a_folder_is_hashed_in_the_order_of_a_walk(tmp_path: Path) -> None:
    """`a/b` comes before `a.txt` there, and after it among sorted paths."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_text("2")
    (tmp_path / "a.txt").write_text("1")
    walked = Archive(assets={"0": Asset(text="2"), "1": Asset(text="1")})
    renamed = assets.resolved(Archive(path=str(tmp_path)), tmp_path)
    assert renamed.hash == tars.digest([("a/b", b"2"), ("a.txt", b"1")]) != assets.resolved(walked, tmp_path).hash


def test_an_archive_file_has_the_hash_of_its_bytes(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "k.zip", "w") as made:
        made.writestr("a", "1")
    raw = (tmp_path / "k.zip").read_bytes()
    assert assets.resolved(Archive(path="k.zip"), tmp_path).hash == hashlib.sha256(raw).hexdigest()
