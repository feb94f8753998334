"""What a preview lists, URN by URN and operation by operation, is what `up` then executes."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.running import QUIET, Result, copied, run

PROGRAM = Path(__file__).parent.parent / "faults" / "program"
pytestmark = pytest.mark.cloud
Steps = collections.Counter[tuple[str, str]]


def previewed(result: Result) -> Steps:
    steps = [step for plan in result.plans.values() for step in plan["steps"] if not step["internal"]]
    return Steps((step["urn"], step["op"]) for step in steps if step["op"] not in QUIET)


def executed(result: Result) -> Steps:
    """The steps that ended well after the run that changes things began."""
    documents = result.documents
    started = [n for n, each in enumerate(documents) if each["kind"] == "run-started" and not each["preview"]]
    finished = [each for each in documents[started[0] :] if each["kind"] == "step-finished"]
    assert not [each for each in finished if each["error"]]
    shown = [each for each in finished if "pulumi:providers:aws::default_" not in each["urn"]]
    return Steps((each["urn"], each["op"]) for each in shown if each["op"] not in QUIET)


def size(estate: Path, number: int) -> None:
    (estate / "Pulumi.dev.yaml").write_text(f"config:\n  aws:region: us-east-1\n  victim:size: {number}\n")


def test_create_update_replace_and_destroy(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> None:
    estate = copied(PROGRAM, tmp_path / "victim", embedded_cloud)
    for number, arguments in ((1, ("up",)), (2, ("up",)), (2, ("destroy",))):
        size(estate, number)
        before = run(estate, "preview", "--json").done()
        result = run(estate, *arguments, "--yes", "--json").done()
        assert previewed(result)
        assert executed(result) == previewed(result)
        if arguments == ("up",):
            assert previewed(before) == previewed(result)
    assert {op for _, op in previewed(result)} == {"delete"}


def test_a_replacement_names_the_property_that_forces_it(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> None:
    estate = copied(PROGRAM, tmp_path / "victim", embedded_cloud)
    size(estate, 1)
    run(estate, "up", "--yes").done()
    size(estate, 2)
    result = run(estate, "preview").done()
    assert "forces replacement" in result.stdout
    plan = run(estate, "preview", "--json").done().plans["victim/dev"]
    reasons = {step["urn"].rpartition("::")[2]: step["reasons"] for step in plan["steps"] if step["op"] == "replace"}
    assert reasons == {"inner": ["cidrBlock"], "gateway": ["subnetId"]}
    changed = {
        step["urn"].rpartition("::")[2]: [change["path"] for change in step["changes"]]
        for step in plan["steps"]
        if step["op"] == "update"
    }
    assert changed["jobs"] == ["visibilityTimeoutSeconds"]
    assert set(changed) == {"net", "group", "jobs"}
    run(estate, "destroy", "--yes").done()


def test_unknown_only_where_the_provider_computes(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> None:
    estate = copied(PROGRAM, tmp_path / "victim", embedded_cloud)
    size(estate, 1)
    plan = run(estate, "preview", "--json").done().plans["victim/dev"]
    inputs = {step["urn"].rpartition("::")[2]: step["new"]["inputs"] for step in plan["steps"] if step["new"]}
    assert inputs["net"]["cidrBlock"] == "10.9.0.0/16"
    assert inputs["dead"]["name"].startswith("dead-")
    assert inputs["inner"]["vpcId"] == "[unknown]"
    assert inputs["inner"]["cidrBlock"] == "10.9.1.0/24"
