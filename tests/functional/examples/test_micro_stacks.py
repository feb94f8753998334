"""Micro-stacks: what changed is deployed and nothing else, and a role deploys its own stack alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from stackyard.operations import deployers
from tests.functional import asking, running

pytestmark = pytest.mark.cloud
EXAMPLE = Path(__file__).parents[3] / "examples" / "micro_stacks_python"
ROLE = ("--as-role", "deploy-{project}")


@pytest.fixture(scope="module")
def estate(embedded_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The example, up; other tests use the same account, so it goes away at the end."""
    root = running.copied(EXAMPLE, tmp_path_factory.mktemp("micro") / "estate", embedded_cloud)
    running.run(root, "up", "--yes", "--json").done()
    yield root
    running.run(root, "destroy", "--yes", "--json").done()


@pytest.fixture
def ada(estate: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs of this test are those of the team member who may deploy the API."""
    made = running.outputs(estate, "deployers/dev")
    monkeypatch.setenv(deployers.KEY_ID, made["ada_key_id"])
    monkeypatch.setenv(deployers.SECRET, made["ada_secret_key"])
    return str(made["ada_key_id"])


@pytest.fixture
def cloud(embedded_cloud: EmbeddedCloud) -> asking.Cloud:
    return asking.Cloud(embedded_cloud.environ(account_of(DEFAULT_ORGANIZATION), "us-east-1"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def tags(cloud: asking.Cloud, estate: Path) -> Any:
    table = running.outputs(estate, "core/dev")["table_arn"]
    return cloud.client("dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"]


def state(estate: Path, stack: str) -> bytes:
    project, _, name = stack.partition("/")
    (file,) = (estate / ".stackyard").glob(f".pulumi/stacks/{project}/{name}.json")
    return file.read_bytes()


def test_the_core_comes_before_the_api(estate: Path) -> None:
    graph = running.run(estate, "graph", "--json").done().documents[-1]
    edges = [(each["reader"], each["target"]) for each in graph["references"]]
    assert edges == [("organization/api/dev", "organization/core/dev")]


def test_a_changed_function_is_all_that_is_deployed(estate: Path) -> None:
    edit(estate / "api" / "functions" / "get.py", "no such item", "nothing here")
    done = running.run(estate, "up", "--yes", "--json").done()
    assert [urn.rpartition("::")[2] for _, urn in done.executed] == ["api-get"]
    assert running.run(estate, "up", "--yes", "--json").done().executed == set()


@pytest.fixture
def renamed(estate: Path) -> Iterator[Path]:
    """The core's program, in which an export has another name, as long as a test runs."""
    program = estate / "core" / "__main__.py"
    edit(program, '"table_name"', '"name_of_table"')
    yield program
    edit(program, '"name_of_table"', '"table_name"')


def test_check_names_both_places_of_a_renamed_output(estate: Path, renamed: Path) -> None:
    done = running.run(estate, "check", "--json")
    (found,) = done.documents[-1]["diagnostics"]
    assert done.exit_code == 1
    assert (found["position"]["path"], found["severity"]) == ("api/__main__.py", "error")
    assert "'table_name' of core/dev" in found["message"]
    assert f"core/__main__.py:{line(renamed, 'name_of_table')}:" in found["message"]
    assert "'name_of_table'" in found["hint"]


@pytest.mark.parametrize("select", [(), ("core",)])
def test_preview_and_up_refuse_a_renamed_output(estate: Path, renamed: Path, select: tuple[str, ...]) -> None:
    before = state(estate, "core/dev")
    for verb in (("preview",), ("up", "--yes")):
        done = running.run(estate, *verb, *select, "--json")
        assert done.exit_code == 1
        (found,) = done.plans["core/dev"]["diagnostics"]
        assert found["position"]["path"] == "api/__main__.py"
        assert f"core/__main__.py:{line(renamed, 'name_of_table')}:" in found["message"]
    assert state(estate, "core/dev") == before


def test_check_of_the_sound_example_says_nothing(estate: Path) -> None:
    done = running.run(estate, "check", "--json").done()
    assert done.documents[-1]["diagnostics"] == []


def line(program: Path, text: str) -> int:
    return next(n for n, each in enumerate(program.read_text().splitlines(), 1) if text in each)


def test_a_member_deploys_what_their_role_may(estate: Path, ada: str) -> None:
    edit(estate / "api" / "functions" / "update.py", "no such item", "nothing to change")
    done = running.run(estate, "up", "api", "--yes", "--json", *ROLE).done()
    assert [urn.rpartition("::")[2] for _, urn in done.executed] == ["api-update"]


def test_a_member_is_refused_another_role_and_nothing_changes(estate: Path, ada: str, cloud: asking.Cloud) -> None:
    (estate / "core" / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1, core:owner: ada}\n")
    before, had = state(estate, "core/dev"), tags(cloud, estate)
    done = running.run(estate, "up", "core", "--yes", "--json", *ROLE)
    assert done.exit_code == 1
    assert "AccessDenied" in done.complaints[0]
    assert "sts:AssumeRole" in done.complaints[0]
    assert state(estate, "core/dev") == before
    assert tags(cloud, estate) == had


@pytest.mark.parametrize("role", [(), ("--as-role", "deploy-api")])
def test_the_role_of_one_stack_cannot_change_another(
    estate: Path, ada: str, cloud: asking.Cloud, role: tuple[str, ...]
) -> None:
    (estate / "core" / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1, core:owner: ada}\n")
    had, recorded = tags(cloud, estate), running.outputs(estate, "core/dev")
    done = running.run(estate, "up", "core", "--yes", "--json", *role)
    assert done.exit_code == 4
    assert "AccessDenied" in " ".join(done.complaints)
    assert tags(cloud, estate) == had
    assert running.outputs(estate, "core/dev") == recorded
    assert running.run(estate, "preview", "core", "--json").done().counts == {"update": 1}


def test_a_role_makes_and_removes_its_whole_stack(estate: Path) -> None:
    running.run(estate, "destroy", "api", "core", "--yes", "--json", *ROLE).done()
    made = running.run(estate, "up", "core", "api", "--yes", "--json", *ROLE).done()
    assert made.executed == made.planned
    assert len(made.planned) == 23  # two of them the stacks themselves


def test_half_a_key_is_refused(estate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(deployers.KEY_ID, "AKIA")
    done = running.run(estate, "preview", "core", "--json")
    assert done.exit_code == 1
    assert "belong together" in " ".join(done.complaints)
