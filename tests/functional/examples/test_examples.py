"""Every example lives its whole life: up, nothing to do, a change, gone; the cloud is asked after each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests.functional import asking, running

pytestmark = pytest.mark.cloud
ROOT = Path(__file__).parents[3]
CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in CASES.glob("*.yaml"))
# It needs Go and Node.js, and minutes to build: test_micro_stacks_languages is its case.
ELSEWHERE = {"micro_stacks"}


def test_every_example_has_a_case() -> None:
    examples = {path.name for path in (ROOT / "examples").iterdir() if path.is_dir()}
    assert sorted(examples - ELSEWHERE) == NAMES


@pytest.fixture(scope="module")
def cloud(embedded_cloud: EmbeddedCloud) -> asking.Cloud:
    return asking.Cloud(embedded_cloud.environ(account_of(DEFAULT_ORGANIZATION), "us-east-1"))


# What others show as well is lived through by `make test-all` alone.
ALIKE = {"dns_certificate", "generated_values", "iam_roles_users", "kms_secrets_ssm", "event_schedule_lambda"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] if n in ALIKE else []) for n in NAMES])
def test_an_example_lives_its_life(
    name: str, embedded_cloud: EmbeddedCloud, cloud: asking.Cloud, tmp_path: Path
) -> None:
    case = yaml.safe_load((CASES / f"{name}.yaml").read_text())
    estate = running.copied(ROOT / "examples" / name, tmp_path / name, embedded_cloud)
    before = cloud.things()

    _comes_up(estate)
    outputs = _outputs(estate, case)
    _ask(cloud, case["after_up"], outputs)

    _changes(estate, case["change"])
    outputs = _outputs(estate, case)
    _ask(cloud, case["after_change"], outputs)

    running.run(estate, "destroy", "--yes", "--json").done()
    _ask(cloud, case["after_destroy"], outputs)
    assert cloud.things() - before == set()


def _comes_up(estate: Path) -> None:
    first = running.run(estate, "preview", "--json").done()
    assert set(first.counts) == {"create"}
    made = running.run(estate, "up", "--yes", "--json").done()
    assert made.executed == made.planned == first.planned
    assert running.run(estate, "preview", "--json").done().changes == []


def _changes(estate: Path, change: dict[str, Any]) -> None:
    stack = ["--stack", change["stack"]] if "stack" in change else []
    for key, value in change["config"].items():
        running.run(estate, "config", "set", key, str(value), *stack).done()
    planned = running.run(estate, "preview", "--json").done()
    assert planned.counts == change["steps"], [(step["op"], step["urn"]) for step in planned.changes]
    forced = sorted({reason for step in planned.changes for reason in step["reasons"]})
    assert forced == sorted(change.get("forced", []))
    applied = running.run(estate, "up", "--yes", "--json").done()
    assert applied.executed == applied.planned == planned.planned
    assert running.run(estate, "preview", "--json").done().changes == []


def _outputs(estate: Path, case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for stack in case.get("stacks", [""]):
        found |= running.outputs(estate, stack)
    return found


def _ask(cloud: asking.Cloud, questions: list[dict[str, Any]], outputs: dict[str, Any]) -> None:
    for question in questions:
        cloud.check(question, outputs)
