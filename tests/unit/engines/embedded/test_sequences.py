"""Updates one after another, with failures between: steps and states as the Pulumi CLI 3.272 was seen to leave them.

Each run of a sequence is {p: the program as in `cases`, fail: {"create:name": "refused" | "partial"}, cloud and gone:
what is put into and taken out of the cloud before, refresh | destroy | go: instead of an update, or with
`continue_on_error`}, and what came of it: {fails, steps, state}, sorted, in a `name! ?` short for waiting for deletion
and for replacement. The plugin that the CLI ran had the rules below. Where `why` says that we differ, `measured` are
the CLI's steps.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from stackyard import errors
from stackyard.engines.base import Options
from stackyard.model.events import StepStarted
from stackyard.model.plans import Op, Operation
from stackyard.model.resources import Resource
from stackyard.model.updates import Outcome
from stackyard.testing.providers import Item, Rules
from stackyard.testing.stages import Stage
from tests.unit.engines.embedded import cases

_ARN = {"arn": lambda item: f"arn:{item.id}"}
RULES = {
    "fake:x:Soft": Rules(replaces=("zone",), computed=_ARN),
    "fake:x:Hard": Rules(replaces=("zone", "of"), first=True, computed=_ARN),
}
SEQUENCES = json.loads((cases.FOLDER / "sequences" / "measured.json").read_text())


@pytest.mark.parametrize("sequence", SEQUENCES, ids=[each["about"] for each in SEQUENCES])
async def test_sequence(sequence: dict[str, Any]) -> None:
    stage = Stage(RULES)
    for number, run in enumerate(sequence["runs"]):
        fails, steps = await play(stage, run)
        assert fails is run["fails"], number
        assert steps == run["steps"], number
        assert sorted(map(shown, owned(stage))) == run["state"], number


async def play(stage: Stage, run: dict[str, Any]) -> tuple[bool, list[str]]:
    prepare(stage, run)
    operation = Operation.REFRESH if "refresh" in run else Operation.DESTROY if "destroy" in run else Operation.UP
    stage.options = Options(continue_on_error="go" in run)
    plan = await stage.preview(operation=operation)
    if plan.failed:
        return True, sorted(step_name(step.op, step.urn) for step in plan.steps if is_shown(step.op, step.urn))
    faults = run.get("fail", {})
    refusal = errors.ProviderError("refused")
    stage.provider.failures = {tuple(key.split(":")): refusal for key, how in faults.items() if how == "refused"}
    stage.provider.unhealthy = {key.split(":")[1]: ("not ready",) for key, how in faults.items() if how == "partial"}
    stage.events.clear()
    update = await stage.apply(plan)
    stage.provider.failures, stage.provider.unhealthy = {}, {}
    begun = [(each.op, each.urn) for each in stage.events if isinstance(each, StepStarted)]
    begun = begun or [(step.op, step.urn) for step in update.steps]
    return update.outcome is not Outcome.SUCCEEDED, sorted(step_name(*each) for each in begun if is_shown(*each))


def prepare(stage: Stage, run: dict[str, Any]) -> None:
    if "p" in run:
        stage.language.body = cases.program(run["p"])
    for id_, inputs in run.get("cloud", {}).items():
        stage.cloud.items[id_] = Item(id_, "fake:x:Soft", inputs, "")
    for id_ in run.get("gone", []):
        del stage.cloud.items[id_]


def is_shown(op: Op, urn: str) -> bool:
    return op is not Op.SAME and not urn.endswith("::default")


def step_name(op: Op, urn: str) -> str:
    return f"{op} {urn.rsplit('::', 1)[-1]}"


def owned(stage: Stage) -> list[Resource]:
    return [r for r in stage.state.checkpoint.resources if r.custom and not r.is_provider]


def shown(resource: Resource) -> str:
    marks = ("!" if resource.delete else "") + ("?" if resource.pending_replacement else "")
    words = (" external" if resource.external else "") + (" unhealthy" if resource.init_errors else "")
    return resource.urn.rsplit("::", 1)[-1] + marks + words
