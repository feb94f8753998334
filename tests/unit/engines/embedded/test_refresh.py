"""Refresh: the record is brought in line with what exists."""

from __future__ import annotations

import dataclasses

from stackyard import errors
from stackyard.engines.base import Options
from stackyard.model.plans import Operation
from stackyard.model.updates import Outcome
from stackyard.testing.providers import Rules
from stackyard.testing.stages import Stage, changes, without_times
from tests.unit.engines.embedded.cases import program

RULES = {"fake:x:Thing": Rules(computed={"arn": lambda item: f"arn:{item.id}"})}
TWO = [{"name": "a", "inputs": {"size": 1}}, {"name": "b", "inputs": {"of": {"$": "a.arn"}}}]


async def staged() -> Stage:
    stage = Stage(RULES)
    await stage.up(program(TWO))
    return stage


async def test_nothing_drifted() -> None:
    stage = await staged()
    before = without_times(stage.state.checkpoint)
    plan = await stage.preview(operation=Operation.REFRESH)
    assert changes(plan.steps) == []
    await stage.apply(plan)
    assert without_times(stage.state.checkpoint) == before


async def test_drift_is_shown_and_recorded() -> None:
    stage = await staged()
    stage.cloud.items["thing-1"].inputs["size"] = 7
    plan = await stage.preview(operation=Operation.REFRESH)
    assert changes(plan.steps) == ["update a"]
    assert [change.path for change in plan.changes[0].changes] == ["size"]
    await stage.apply(plan)
    assert stage.resource("a").outputs["size"] == 7
    assert stage.resource("a").inputs == {"size": 7}
    update = await stage.up()
    assert changes(update.steps) == ["update a"]
    assert stage.cloud.items["thing-1"].inputs == {"size": 1}


async def test_what_is_gone_is_dropped_with_every_reference_to_it() -> None:
    stage = await staged()
    del stage.cloud.items["thing-1"]
    plan = await stage.preview(operation=Operation.REFRESH)
    assert changes(plan.steps) == ["delete a"]
    await stage.apply(plan)
    assert stage.names() == ["b"]
    assert stage.resource("b").dependencies == ()
    assert stage.resource("b").property_dependencies == {"of": ()}


async def test_children_of_what_is_gone_move_to_its_parent() -> None:
    stage = Stage(RULES)
    box = {"name": "box", "type": "fake:x:Box", "component": True}
    await stage.up(program([box, {"name": "a", "parent": {"$urn": "box"}}, {"name": "b", "parent": {"$urn": "a"}}]))
    del stage.cloud.items["thing-1"]
    await stage.refresh()
    assert stage.resource("b").parent.endswith("fake:x:Box::box")


async def test_a_plan_of_a_refresh_changes_nothing() -> None:
    stage = await staged()
    before = stage.state.checkpoint
    del stage.cloud.items["thing-1"]
    await stage.preview(operation=Operation.REFRESH)
    assert stage.state.checkpoint == before


async def test_up_with_refresh_makes_what_is_gone_again() -> None:
    stage = await staged()
    del stage.cloud.items["thing-1"]
    stage.options = Options(refresh=True)
    update = await stage.up()
    assert changes(update.steps) == ["refresh a", "refresh b", "create a", "update b"]
    assert stage.ids() == set(stage.cloud.items) == {"thing-2", "thing-3"}


async def test_a_read_that_fails_is_told_and_the_rest_is_recorded() -> None:
    stage = await staged()
    stage.cloud.items["thing-2"].inputs["of"] = "else"
    plan = await stage.preview(operation=Operation.REFRESH)
    stage.provider.failures["read", "a"] = errors.ProviderError("throttled")
    update = await stage.apply(plan)
    assert update.outcome is Outcome.FAILED
    assert [each.message for each in update.diagnostics] == ["throttled"]
    assert stage.names() == ["a", "b"]
    assert stage.resource("b").outputs["of"] == "else"


async def test_an_unhealthy_resource_is_recorded_as_such() -> None:
    stage = await staged()
    stage.cloud.items["thing-1"] = dataclasses.replace(stage.cloud.items["thing-1"], unhealthy=("slow",))
    await stage.refresh()
    assert stage.resource("a").init_errors == ("slow",)


async def test_finding_nothing_at_all_in_a_real_cloud_forgets_nothing() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": name} for name in "abc"]))
    stage.cloud.items.clear()
    stage.cloud_name = "aws"
    plan = await stage.preview(operation=Operation.REFRESH)
    assert "none of the 3 recorded resources of shop/dev was found" in plan.diagnostics[0].message
    assert plan.steps == ()
    stage.cloud_name = "embedded"
    assert changes((await stage.preview(operation=Operation.REFRESH)).steps) == ["delete a", "delete b", "delete c"]
