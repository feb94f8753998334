"""New estates and projects."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from stackyard import errors
from stackyard.estate.discovery import discover
from stackyard.graph import graphs, references
from stackyard.scaffold import estates, projects


def test_what_is_made_passes_discovery_and_evaluation(tmp_path: Path) -> None:
    (manifest,) = estates.create(tmp_path, "acme")
    root = tmp_path / "acme"
    assert manifest == root / "stackyard.yaml"
    written = projects.create(root / "foundation", "network")
    assert [path.relative_to(root).as_posix() for path in written] == [
        "foundation/network/Pulumi.yaml",
        "foundation/network/__main__.py",
    ]
    projects.create(root / "applications", "api", description='says "hello": now')
    found = discover(root, stacks=("network/QA", "api/QA"))
    assert found.diagnostics == ()
    assert [(p.name, p.layer, p.description) for p in found.estate.projects] == [
        ("api", "applications", 'says "hello": now'),
        ("network", "foundation", "The network project"),
    ]
    graph = graphs.build(found.estate, references.evaluate(found.estate))
    assert [str(name) for name in graph.order] == ["acme/api/QA", "acme/network/QA"]
    ast.parse(written[1].read_text())


def test_a_project_alone_is_an_estate_of_one(tmp_path: Path) -> None:
    projects.create(tmp_path, "alone")
    found = discover(tmp_path / "alone", stacks=("dev",))
    assert found.diagnostics == ()
    (exports,) = references.evaluate(found.estate).exports.values()
    assert list(exports.keys) == ["stage"]


@pytest.mark.parametrize("name", ["true", "1", "1.5", "a.b", "null"])
def test_names_that_yaml_would_take_for_something_else(tmp_path: Path, name: str) -> None:
    projects.create(tmp_path, name)
    assert [p.name for p in discover(tmp_path / name).estate.projects] == [name]


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "x" * 101, "/etc", "a\n"])
def test_names_that_cannot_be(tmp_path: Path, name: str) -> None:
    for create in (estates.create, projects.create):
        with pytest.raises(errors.UsageError, match="cannot be the name"):
            create(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    program = tmp_path / "api" / "__main__.py"
    program.parent.mkdir()
    program.write_text("mine")
    with pytest.raises(errors.UsageError, match="is there already"):
        projects.create(tmp_path, "api")
    assert program.read_text() == "mine"
    assert [path.name for path in program.parent.iterdir()] == ["__main__.py"]


def test_links_are_not_written_through(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "api").symlink_to(elsewhere)
    with pytest.raises(errors.UsageError, match="is not a folder"):
        projects.create(tmp_path, "api")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Pulumi.yaml").symlink_to(elsewhere / "made")
    with pytest.raises(errors.UsageError, match="is there already"):
        projects.create(tmp_path, "web")
    assert list(elsewhere.iterdir()) == []


def test_a_second_project_of_a_name_is_refused_with_its_place(tmp_path: Path) -> None:
    estates.create(tmp_path, "acme")
    projects.create(tmp_path / "acme", "api")
    with pytest.raises(errors.UsageError, match="has a project 'api' already") as raised:
        projects.create(tmp_path / "acme" / "new", "api", estate=discover(tmp_path / "acme").estate)
    assert str(raised.value.position) == "api/Pulumi.yaml:1:7"
