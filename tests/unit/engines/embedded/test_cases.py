"""Every case of tests/cases: preview, update, state and cloud, and that nothing is left to do."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.model.updates import Outcome
from stackyard.testing.stages import Stage, changes, shown
from tests.unit.engines.embedded import cases

CASES = cases.load()


@pytest.mark.parametrize("case", [case for _, case in CASES], ids=[name for name, _ in CASES])
async def test_case(case: dict[str, Any]) -> None:
    stage = Stage(cases.rules(case))
    if "before" in case:
        await stage.up(cases.program(case["before"]))
    before = len(stage.cloud.calls)
    plan = await stage.preview(cases.program(case["after"]))
    if "errors" in case:
        messages = [each.message for each in plan.diagnostics]
        assert len(messages) == len(case["errors"]), messages
        for part, message in zip(case["errors"], messages, strict=True):
            assert part in message
        return
    assert not plan.failed, plan.diagnostics
    assert changes(plan.steps) == case["steps"]
    assert len(stage.cloud.calls) == before
    update = await stage.apply(plan)
    assert update.outcome is Outcome.SUCCEEDED, update.diagnostics
    assert shown(update.steps) == shown(plan.steps)
    if not case.get("retained"):
        assert stage.ids() == set(stage.cloud.items)
    if "calls" in case:
        assert [f"{call} {id_}" for call, id_ in stage.cloud.calls[before:]] == case["calls"]
    again = await stage.preview()
    assert (changes(again.steps) == []) is case.get("again", True)
    assert again.settled is case.get("again", True)
