"""The micro-stacks in Go and TypeScript: installed, up, asked, changed, and refused when their contract breaks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests.functional import asking, running

pytestmark = [
    pytest.mark.cloud,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed"),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js is not installed"),
]
EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.fixture(scope="module")
def estate(embedded_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its packages installed."""
    root = running.copied(EXAMPLES / "micro_stacks", tmp_path_factory.mktemp("micro") / "estate", embedded_cloud)
    running.run(root, "install").done()
    return root


def test_it_lives_its_life(estate: Path, embedded_cloud: EmbeddedCloud) -> None:
    cloud = asking.Cloud(embedded_cloud.environ(account_of(DEFAULT_ORGANIZATION), "us-east-1"))
    edges = running.run(estate, "graph", "--json").done().documents[-1]["references"]
    assert [(each["reader"], each["target"]) for each in edges] == [("organization/api/dev", "organization/core/dev")]
    running.run(estate, "up", "--yes", "--json").done()
    items = running.outputs(estate, "api/dev")["url"] + "/items"
    table = running.outputs(estate, "core/dev")["table_name"]

    def answer(**asked: Any) -> Any:
        return {"http": asked, "look": "[status, body.name]"}

    cloud.check({**answer(url=items, method="POST", body={"id": "1", "name": "kettle"}), "is": [201, "kettle"]}, {})
    cloud.check({**answer(url=f"{items}/1"), "is": [200, "kettle"]}, {})
    cloud.check({**answer(url=f"{items}/1", method="PUT", body={"name": "teapot"}), "is": [200, "teapot"]}, {})
    cloud.check({**answer(url=f"{items}/1"), "is": [200, "teapot"]}, {})
    assert cloud.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "1"}})["Item"]["name"]["S"] == "teapot"

    assert running.run(estate, "up", "--yes", "--json").done().executed == set()
    _edit(estate / "api" / "functions" / "get.py", "no such item", "nothing here")
    done = running.run(estate, "up", "--yes", "--json").done()
    assert [urn.rpartition("::")[2] for _, urn in done.executed] == ["api-get"]

    _a_renamed_output_is_refused(estate)
    running.run(estate, "destroy", "--yes", "--json").done()


def _a_renamed_output_is_refused(estate: Path) -> None:
    _edit(estate / "core" / "main.go", '"table_name"', '"name_of_table"')
    checked = running.run(estate, "check", "--json")
    previewed = running.run(estate, "preview", "core", "--json")
    for done, told in (
        (checked, checked.documents[-1]["diagnostics"]),
        (previewed, previewed.plans["core/dev"]["diagnostics"]),
    ):
        (found,) = told
        assert done.exit_code == 1
        assert found["position"]["path"] == "api/index.ts"
        assert "'table_name' of core/dev" in found["message"]
        assert "core/main.go:" in found["message"]
    _edit(estate / "core" / "main.go", '"name_of_table"', '"table_name"')


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
