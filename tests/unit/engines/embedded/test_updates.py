"""Create, same, update, delete, outputs: the whole way through the engine, without a process."""

from __future__ import annotations

from stackyard.model.plans import Op
from stackyard.model.updates import Outcome
from stackyard.model.values import UNKNOWN
from stackyard.testing.programs import Script
from stackyard.testing.providers import Rules
from stackyard.testing.stages import Stage, changes, shown

ARN = Rules(computed={"arn": lambda item: f"arn:{item.id}"})
RULES = {"fake:x:Thing": ARN}


async def two(script: Script) -> None:
    first = await script.resource("fake:x:Thing", "first", {"size": 1})
    second = await script.resource("fake:x:Thing", "second", {"of": first["arn"]})
    script.export("arn", second["arn"])


async def test_a_new_stack_is_created_in_order() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(two)
    assert shown(plan.steps) == ["create shop-dev", "create first", "create second"]
    assert plan.outputs == {"arn": UNKNOWN}
    assert stage.cloud.items == {}
    update = await stage.apply(plan)
    assert update.outcome is Outcome.SUCCEEDED
    assert shown(update.steps) == shown(plan.steps)
    assert update.outputs == {"arn": "arn:thing-2"}
    assert stage.cloud.items["thing-2"].inputs == {"of": "arn:thing-1"}
    assert stage.state.checkpoint.outputs == {"arn": "arn:thing-2"}


async def test_the_same_program_changes_nothing_and_settles() -> None:
    stage = Stage(RULES)
    await stage.up(two)
    plan = await stage.preview(two)
    assert changes(plan.steps) == []
    assert plan.settled
    assert plan.outputs == {"arn": "arn:thing-2"}
    runs = stage.language.runs
    update = await stage.apply(plan)
    assert stage.language.runs == runs
    assert update.outcome is Outcome.SUCCEEDED
    assert len(stage.cloud.calls) == 2


async def test_a_changed_input_is_an_update_with_known_outputs() -> None:
    stage = Stage(RULES)
    await stage.up(two)

    async def bigger(script: Script) -> None:
        first = await script.resource("fake:x:Thing", "first", {"size": 2})
        second = await script.resource("fake:x:Thing", "second", {"of": first["arn"]})
        script.export("arn", second["arn"])

    plan = await stage.preview(bigger)
    assert changes(plan.steps) == ["update first"]
    assert [change.path for change in plan.changes[0].changes] == ["size"]
    assert not plan.settled
    update = await stage.apply(plan)
    assert changes(update.steps) == ["update first"]
    assert stage.cloud.items["thing-1"].inputs == {"size": 2}
    assert stage.resource("first").inputs == {"size": 2}


async def test_what_is_no_longer_wanted_is_deleted_dependents_first() -> None:
    stage = Stage(RULES)
    await stage.up(two)

    async def nothing(script: Script) -> None:
        return None

    plan = await stage.preview(nothing)
    assert changes(plan.steps)[:2] == ["delete second", "delete first"]
    update = await stage.apply(plan)
    assert shown(update.steps) == shown(plan.steps)
    assert stage.cloud.items == {}
    assert stage.names() == []
    assert stage.state.checkpoint.outputs == {}


async def test_a_stack_without_a_change_writes_no_entry_before_a_later_one() -> None:
    stage = Stage(RULES)
    await stage.up(two)

    async def exported(script: Script) -> None:
        await two(script)
        script.export("more", 1)

    plan = await stage.preview(exported)
    assert changes(plan.steps) == []
    assert not plan.settled
    await stage.apply(plan)
    assert stage.state.checkpoint.outputs == {"arn": "arn:thing-2", "more": 1}


async def test_events_tell_steps_and_the_plan_counts_no_default_provider() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(two)
    assert [step.op for step in plan.steps if step.internal] == [Op.CREATE]
    assert len(plan.changes) == 3
    kinds = {event.kind for event in stage.events}
    assert kinds == {"step-finished"}
    await stage.apply(plan)
    assert "step-started" in {event.kind for event in stage.events}
