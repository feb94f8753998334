"""The example's walk: one stack, four stacks, one stack; nothing is made, changed or deleted, and the API answers."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests.functional import asking, running
from tests.functional.splitting.conftest import Calls, ids, stored

pytestmark = pytest.mark.cloud
EXAMPLE = Path(__file__).parents[3] / "examples/monolith"
PARTS = ("core", "api", "packing", "restocking")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, embedded_cloud: EmbeddedCloud) -> Path:
    """The shop, up in one stack."""
    copy = running.copied(EXAMPLE, tmp_path_factory.mktemp("whole") / "monolith", embedded_cloud)
    running.run(copy, "up", "--yes", "--json").done()
    return copy


@pytest.fixture
def estate(tmp_path: Path, whole: Path) -> Path:
    """A copy of it, with its state; what is in the cloud is one for all."""
    shutil.copytree(whole, tmp_path / "monolith", symlinks=True)
    return tmp_path / "monolith"


def answer(url: str, method: str, path: str, body: Any = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(url + path, data, method=method), timeout=60) as reply:
        return json.loads(reply.read())


def _sorted(value: Any) -> Any:
    """The same with every list in order: programs give dependencies in any."""
    if isinstance(value, dict):
        return {key: _sorted(each) for key, each in value.items()}
    return sorted(value) if isinstance(value, list) else value


def split(estate: Path, *options: str) -> running.Result:
    return running.run(estate, "split", "shop/dev", "--into", *PARTS, "--yes", *options)


def test_the_shop_is_split_and_merged_and_never_closes(
    estate: Path, embedded_cloud: EmbeddedCloud, calls: Calls
) -> None:
    cloud = asking.Cloud(embedded_cloud.environ(account_of(DEFAULT_ORGANIZATION), "us-east-1"))
    url = running.outputs(estate, "shop/dev")["url"]
    order = answer(url, "POST", "/orders", {"item": "tea"})
    before, things = ids(estate), cloud.things()

    done = split(estate, "--json").done()
    assert done.changes == []
    assert not any(plan["outputs"] != plan["old_outputs"] for plan in done.plans.values())
    assert ids(estate) == before
    assert set(stored(estate)) == {f"{name}/dev" for name in PARTS}
    preview = running.run(estate, "preview", "--detailed-exitcode", "--json").done()
    assert preview.changes == []
    assert answer(url, "GET", f"/orders/{order['id']}")["item"] == "tea"
    assert running.outputs(estate, "api/dev")["url"] == url
    assert running.run(estate, "graph", "--json").done()

    running.run(estate, "up", "--yes", "--json").done()
    assert (
        running.run(estate, "merge", *(f"{name}/dev" for name in PARTS), "--into", "shop/dev", "--yes").exit_code == 0
    )
    assert ids(estate) == before
    assert set(stored(estate)) == {"shop/dev"}
    assert running.run(estate, "preview", "--detailed-exitcode", "--json").done().changes == []
    assert running.outputs(estate, "shop/dev")["url"] == url
    assert calls.none, calls.counts
    assert cloud.things() == things
    running.run(estate, "destroy", "--yes").done()
    assert calls.counts == {"delete": len(before)}


def test_the_record_after_both_ways_is_the_one_before(estate: Path) -> None:
    def record() -> dict[str, Any]:
        moving = {"outputs", "inputs", "created", "modified", "sourcePosition"}
        (resources,) = stored(estate).values()
        return {each["urn"]: _sorted({key: each[key] for key in each.keys() - moving}) for each in resources}

    before = record()
    split(estate).done()
    running.run(estate, "merge", *PARTS, "--into", "shop", "--yes").done()
    assert record() == before


def test_what_is_said_names_places_and_code(estate: Path) -> None:
    (estate / "restocking/__main__.py").write_text(
        (estate / "restocking/__main__.py").read_text().replace('core.require_output("stock_name")', '"shelf-table"')
    )
    (estate / "core/__main__.py").write_text(
        (estate / "core/__main__.py").read_text().replace('pulumi.export("stock_name", stock.name)\n', "")
    )
    told = running.run(estate, "split", "shop/dev", "--into", "core", "restocking", "--yes")
    assert told.exit_code == 1, told.stdout + told.stderr
    assert "restocking/dev aws:lambda/function:Function restocking.environment (parts/services.py:29)" in told.stdout
    assert 'to write in core: pulumi.export("stock_name", stock.name)' in told.stdout
    reference = 'pulumi.StackReference("organization/core/dev").require_output("stock_name")'
    assert f"to write in restocking: {reference}" in told.stdout
    assert "aws:lambda/function:Function restocking (environment.variables.STOCK)" in told.stdout
    assert "shop/dev: create aws:dynamodb/table:Table orders" in told.stdout


def test_a_mapping_is_written_edited_and_followed(estate: Path, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.yaml"
    declined = running.run(estate, "split", "shop/dev", "--into", *PARTS, "--map-out", str(mapping))
    assert declined.exit_code == 1
    assert "pass --yes" in declined.stderr
    assert set(stored(estate)) == {"shop/dev"}
    assert not (estate / "core/Pulumi.dev.yaml").exists()
    lines = mapping.read_text().splitlines()
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if "Queue::orders" not in line + before]
    assert len(lines) - len(kept) == 2
    mapping.write_text("\n".join(kept) + "\n")
    done = split(estate, "--map", str(mapping), "--json")
    assert {each["type"] for each in stored(estate)["shop/dev"] if "sqs" in each["type"]} == {"aws:sqs/queue:Queue"}
    assert ("create", "urn:pulumi:dev::core::aws:sqs/queue:Queue::orders") in done.planned
    mapping.write_text("resources: [{resource: 'urn:pulumi:dev::shop::a:b:C::x', to: core/dev}]")
    refused = split(estate, "--map", str(mapping))
    assert refused.exit_code == 1
    assert "there is no resource urn:pulumi:dev::shop::a:b:C::x" in refused.stderr


def test_an_unfinished_run_is_finished_first(estate: Path) -> None:
    path = estate / ".stackyard/.pulumi/stacks/shop/dev.json"
    state = json.loads(path.read_text())
    queue = next(each for each in state["checkpoint"]["latest"]["resources"] if each["type"] == "aws:sqs/queue:Queue")
    state["checkpoint"]["latest"]["pending_operations"] = [{"resource": queue, "type": "updating"}]
    path.write_text(json.dumps(state))
    refused = split(estate)
    assert refused.exit_code == 1
    assert "pending operations (the updating of urn:pulumi:dev::shop::aws:sqs/queue:Queue::orders)" in refused.stderr
    assert set(stored(estate)) == {"shop/dev"}
    (estate / ".stackyard/.pulumi/stackyard/shop/dev.journal").write_bytes(b'{"journal":1,"base":"0"}\n')
    assert "was killed and left its journal" in split(estate).stderr


def test_single_resources_are_moved_shown_and_read_by_the_pulumi_cli(estate: Path, calls: Calls) -> None:
    (estate / "core/Pulumi.dev.yaml").touch()
    listed = running.run(estate, "state", "ls", "shop/dev", "--json").done().documents[-1]["resources"]
    assert len(listed) == 30
    done = running.run(estate, "state", "move", "shop/dev", "core/dev", "--type", "aws:dynamodb/*", "--yes").done()
    assert "shop/dev aws:lambda/function:Function api.environment" in done.stdout
    moved = [each["urn"] for each in stored(estate)["core/dev"]]
    assert sorted(urn.rpartition("::")[2] for urn in moved if "Table" in urn) == ["orders", "stock"]
    shown = running.run(estate, "state", "show", "core/dev", "stock", "--json").done().documents[-1]["resource"]
    assert shown["urn"] == "urn:pulumi:dev::core::aws:dynamodb/table:Table::stock"
    assert calls.none
    pulumi = shutil.which("pulumi")
    if pulumi is not None:
        environ = {
            "PATH": str(Path(pulumi).parent),
            "HOME": str(estate),
            "PULUMI_BACKEND_URL": (estate / ".stackyard").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": (estate / ".stackyard/passphrase").read_text().strip(),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        export = subprocess.run(
            [pulumi, "stack", "export", "--stack", "organization/core/dev"],
            env=environ,
            cwd=estate / "core",
            capture_output=True,
            text=True,
            check=True,
        )
        assert [each["urn"] for each in json.loads(export.stdout)["deployment"]["resources"]] == moved
