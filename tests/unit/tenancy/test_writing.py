"""Tenants' files as they are written: new ones are sound, and a changed flag changes nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stackyard.errors import ConfigError
from stackyard.estate import documents
from stackyard.model import tenants
from stackyard.tenancy import registry, writing


def test_a_new_file_is_sound_and_has_the_schema_beside_it(tmp_path: Path) -> None:
    text = writing.fresh("acme", display_name="Acme: Sons & Co", owner="ada@acme.example", billing="pay@acme.example")
    path = writing.create(tmp_path, "acme", text)
    read, told = registry.read_one(path)
    assert told == ()
    assert read is not None
    assert (read.display_name, read.owner, read.billing) == ("Acme: Sons & Co", "ada@acme.example", "pay@acme.example")
    assert read.limits == tenants.Limits()
    assert "$schema=tenant.schema.json" in text
    assert (tmp_path / "tenant.schema.json").exists()


def test_what_is_commented_out_is_sound_too(tmp_path: Path) -> None:
    text = writing.fresh("acme", owner="ada@acme.example").replace("projects: {}", "projects:")
    lines = [line.replace("# ", "", 1) if line.lstrip().startswith("# ") else line for line in text.splitlines()]
    prose = ("yaml-language-server", "One organization:", "Who may do", "Git repositories", "The first rule")
    whole = "\n".join(line.replace("#   ", "  ") for line in lines if not line.startswith(prose))
    file = tmp_path / "acme.yaml"
    file.write_text(whole)
    read, told = registry.read_one(file)
    assert told == (), whole
    assert read is not None
    assert [rule.name for rule in read.projects["shop"].rules] == ["prod", "dev-{slug}"]
    assert read.budget is not None


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "acme.yaml").write_text("mine")
    with pytest.raises(ConfigError, match="already"):
        writing.create(tmp_path, "acme", "other")
    assert (tmp_path / "acme.yaml").read_text() == "mine"


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.strip() and text.isprintable()))
def test_any_name_is_written_as_it_is(name: str) -> None:
    root = documents.parse(writing.fresh("acme", display_name=name, owner="a@b.example"), "x").root
    assert root is not None
    assert root.at("display_name").scalar == name


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\nsuspended: false # why\nb: 2\n", "a: 1\nsuspended: true # why\nb: 2\n"),
        ("a: 1 # one", "a: 1 # one\nsuspended: true\n"),
        ("a: 1\n", "a: 1\nsuspended: true\n"),
        ("{a: 1, suspended: false}\n", "{a: 1, suspended: true}\n"),
        ("suspended: true\n", "suspended: true\n"),
    ],
)
def test_a_flag_is_set_and_the_rest_stays(before: str, after: str) -> None:
    assert writing.with_flag(before, "suspended", True, "x") == after


@pytest.mark.parametrize("text", ["{a: 1}\n", "- 1\n", "", "a: [\n", "suspended: &x false\nb: *x\n", "a: |\n  x\n ..."])
def test_what_a_small_change_cannot_do_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="cannot be set by a small change"):
        writing.with_flag(text, "suspended", True, "x")
