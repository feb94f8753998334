"""Groups of a wave, and how far it got."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.tenancy import waves

NAMES = ("acme", "globex", "initech", "umbrella")


def test_groups_of_a_size_begin_with_one_alone() -> None:
    assert waves.of_size(NAMES, 2) == (("acme",), ("globex", "initech"), ("umbrella",))
    assert waves.of_size(["acme"], 5) == (("acme",),)
    assert waves.of_size([], 2) == ()


def test_groups_of_a_file() -> None:
    groups, told = waves.read("- [initech]\n- [acme, '*x']\n", "waves.yaml", NAMES)
    assert told == ()
    assert groups == (("initech",), ("acme", "globex"), ("umbrella",))


def test_an_organization_is_rolled_once() -> None:
    groups, _ = waves.read("- [acme]\n- ['*']\n- [acme]\n", "waves.yaml", NAMES)
    assert groups == (("acme",), ("globex", "initech", "umbrella"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- [acne]", "waves.yaml:1:4: error: no organization is called 'acne'"),
        ("- ['x*', acme]", "waves.yaml:1:4: error: no organization is called 'x*'"),
        ("a: 1", "waves.yaml:1: error: must be a list of groups"),
        ("", "waves.yaml:1: error: must be a list of groups"),
        ("- [", "waves.yaml:2:1: error: malformed YAML"),
    ],
)
def test_faults_of_a_file(text: str, said: str) -> None:
    _, told = waves.read(text, "waves.yaml", NAMES)
    assert str(told[0]).startswith(said)


def test_a_wave_goes_on_where_it_stopped_with_the_same_change_only(tmp_path: Path) -> None:
    file, groups = tmp_path / "wave.json", waves.of_size(NAMES, 2)
    progress = waves.resumed(file, "one", groups)
    assert progress.group == 0
    progress = progress.with_group(["acme"], [])
    progress = progress.with_group(["globex"], ["initech"])
    waves.keep(file, progress)
    again = waves.resumed(file, "one", groups)
    assert (again.group, again.good, again.bad) == (1, ("acme", "globex"), ("initech",))
    assert waves.resumed(file, "two", groups).group == 0
    file.write_text("{")
    assert waves.resumed(file, "one", groups).group == 0


def test_one_that_turned_bad_is_no_longer_good() -> None:
    progress = waves.Progress("x", (("a", "b"), ("c",))).with_group(["a", "b"], [])
    assert progress.group == 1
    assert progress.with_group(["c"], ["b"]).group == 0


def test_a_change_is_of_the_programs_alone(tmp_path: Path) -> None:
    program = tmp_path / "site" / "__main__.py"
    program.parent.mkdir()
    program.write_text("x = 1")
    before = waves.change([program.parent], "1")
    (program.parent / "__pycache__").mkdir()
    (program.parent / "__pycache__" / "x.pyc").write_bytes(b"x")
    assert waves.change([program.parent], "1") == before
    program.write_text("x = 2")
    assert waves.change([program.parent], "1") != before
