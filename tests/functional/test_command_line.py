"""Small things of single verbs: what they say, and what may be left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.running import run


def test_a_new_project_may_lie_in_a_layer(tmp_path: Path) -> None:
    run(tmp_path, "new", "estate", "shop").done()
    result = run(tmp_path / "shop", "new", "project", "foundation/network").done()
    assert result.stdout.count("shop/foundation/network/") == 2
    again = run(tmp_path / "shop", "new", "project", "applications/network")
    assert again.exit_code == 1
    assert "has a project 'network' already" in again.stderr


def test_an_estate_without_stacks_says_how_to_make_one(tmp_path: Path) -> None:
    run(tmp_path, "new", "estate", "shop").done()
    run(tmp_path / "shop", "new", "project", "foundation/network").done()
    result = run(tmp_path / "shop", "preview")
    assert result.exit_code == 1
    assert "Pulumi.STACK.yaml" in result.stderr


def test_a_missing_value_names_a_command_that_sets_it(tmp_path: Path) -> None:
    run(tmp_path, "new", "project", "shelf").done()
    (tmp_path / "shelf" / "Pulumi.dev.yaml").write_text("config: {}\n")
    missing = run(tmp_path / "shelf", "config", "get", "tone")
    assert "stackyard config set --on shelf/dev shelf:tone VALUE" in missing.stderr
    run(tmp_path / "shelf", "config", "set", "--on", "shelf/dev", "shelf:tone", "quiet").done()
    assert run(tmp_path / "shelf", "config", "get", "tone").done().stdout == "quiet\n"


def test_values_of_a_fleet_come_from_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "stackyard.yaml").write_text(
        "organization: acme\nfleets:\n  - project: sites\n    registry: tenants\n"
        '    stack: "{entry}"\n    config: {tenant: "{entry}"}\n'
    )
    run(tmp_path, "new", "project", "sites").done()
    (tmp_path / "tenants").mkdir()
    (tmp_path / "tenants" / "globex.yaml").write_text("{}\n")
    [row] = run(tmp_path, "config", "explain", "sites/globex", "--json").done().documents[-1]["config"]
    assert (row["key"], row["value"]) == ("sites:tenant", "globex")
    assert (row["origin"]["path"], row["origin"]["line"]) == ("stackyard.yaml", 3)


def test_of_several_stacks_one_is_to_be_named(tmp_path: Path) -> None:
    run(tmp_path, "new", "estate", "shop").done()
    for project in ("network", "orders"):
        run(tmp_path / "shop", "new", "project", project).done()
        (tmp_path / "shop" / project / "Pulumi.dev.yaml").write_text("config: {}\n")
    unnamed = run(tmp_path / "shop", "output")
    assert unnamed.exit_code == 1
    assert "there are several stacks: name one" in unnamed.stderr
    assert "network/dev, orders/dev" in unnamed.stderr
    assert "several stacks are called 'dev'" in run(tmp_path / "shop", "output", "dev").stderr
    assert "`stack:dev` selects all of that name" in run(tmp_path / "shop", "ls", "--stack", "dev").stderr


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = run(tmp_path / "nowhere", "ls")
    assert result.exit_code == 1
    assert "There is no folder" in result.stderr


@pytest.fixture
def shelf(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> Path:
    """A folder with one program, on the session's cloud."""
    run(tmp_path, "new", "project", "shelf").done()
    (tmp_path / "shelf" / ".stackyard").mkdir()
    (tmp_path / "shelf" / ".stackyard" / "cloud").symlink_to(embedded_cloud.folder)
    return tmp_path / "shelf"


@pytest.mark.cloud
def test_the_only_stack_need_not_be_named(shelf: Path) -> None:
    run(shelf, "up", "--stack", "dev", "--yes").done()
    assert run(shelf, "output", "stage").done().stdout == "dev\n"
    assert run(shelf, "output", "dev", "stage").done().stdout == "dev\n"
    assert run(shelf, "output", "stage", "--json").done().documents[-1]["value"] == "dev"
    unknown = run(shelf, "output", "stages")
    assert unknown.exit_code == 1
    assert "shelf/dev has no output 'stages'" in unknown.stderr


@pytest.mark.cloud
def test_a_run_without_changes_says_what_that_means(shelf: Path) -> None:
    run(shelf, "up", "--stack", "dev", "--yes").done()
    assert "everything is as the programs say" in run(shelf, "up", "--yes").done().stdout
    assert "the state is as things are" in run(shelf, "refresh", "--yes").done().stdout


@pytest.mark.cloud
def test_a_lock_that_nobody_holds_is_told_as_json_too(shelf: Path) -> None:
    run(shelf, "up", "--stack", "dev", "--yes").done()
    assert json.loads(run(shelf, "cancel", "--json").done().stdout)["locks"] == []
    assert "nobody holds it" in run(shelf, "cancel").done().stdout


@pytest.mark.cloud
def test_the_clouds_status_is_for_people(shelf: Path) -> None:
    shown = run(shelf, "cloud", "status").done().stdout
    assert "running" in shown
    assert "yes" in shown
    assert " MB\n" in shown
    assert "[" not in shown
    assert run(shelf, "cloud", "status", "--json").done().documents[-1]["running"] is True
