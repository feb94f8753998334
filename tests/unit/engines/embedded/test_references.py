"""Reading other stacks: per key, located, and never a previewed value in an update."""

from __future__ import annotations

from stackyard.model.plans import StackRead
from stackyard.model.updates import Outcome
from stackyard.model.values import UNKNOWN, Secret
from stackyard.testing.programs import Script
from stackyard.testing.stages import Stage, shown


async def reader(script: Script) -> None:
    await script.reference("net/dev")
    vpc = await script.stack_output("net/dev", "vpc", required=True)
    await script.resource("fake:x:Thing", "host", {"vpc": vpc})


def staged(**fields: object) -> Stage:
    stage = Stage()
    stage.references.add("net/dev", **{"origin": "/estate/net/__main__.py", **fields})
    return stage


async def test_reads_are_recorded_per_key() -> None:
    stage = staged(values={"vpc": "vpc-1", "other": 2})
    plan = await stage.preview(reader)
    assert plan.reads == (StackRead("organization/net/dev", "vpc", True),)
    update = await stage.apply(plan)
    assert update.reads == plan.reads
    assert stage.cloud.items["thing-1"].inputs == {"vpc": "vpc-1"}


async def test_the_reference_is_an_external_resource_of_the_engines_provider() -> None:
    stage = staged(values={"vpc": "vpc-1", "key": Secret("s3cr3t")})
    await stage.up(reader)
    recorded = stage.resource("net/dev")
    assert recorded.external
    assert recorded.id == "net/dev"
    assert recorded.outputs == {
        "name": "net/dev",
        "outputs": {"vpc": "vpc-1", "key": Secret("s3cr3t")},
        "secretOutputNames": ["key"],
    }
    assert "pulumi:providers:pulumi::default::" in recorded.provider
    plan = await stage.preview()
    assert plan.settled


async def test_a_stack_opened_without_single_keys_counts_as_read_whole() -> None:
    stage = staged(values={"vpc": "vpc-1"})

    async def whole(script: Script) -> None:
        await script.reference("net/dev")

    plan = await stage.preview(whole)
    assert plan.reads == (StackRead("organization/net/dev", "*"),)


async def test_a_missing_required_output_names_both_places() -> None:
    stage = staged(values={"subnet": "s"})
    plan = await stage.preview(reader)
    fault = plan.diagnostics[0]
    assert "net/dev has no output 'vpc'" in fault.message
    assert "main.py:2:1" in fault.message
    assert "/estate/net/__main__.py" in fault.message
    assert str(fault.position) == "main.py:2:1"


async def test_a_missing_output_that_is_not_required_is_none() -> None:
    stage = staged(values={})

    async def lenient(script: Script) -> None:
        script.export("vpc", await script.stack_output("net/dev", "vpc"))

    assert (await stage.up(lenient)).outputs == {"vpc": None}


async def test_a_stack_that_was_never_brought_up_is_told() -> None:
    plan = await Stage().preview(reader)
    assert plan.failed
    assert "net/dev does not exist" in plan.diagnostics[0].message
    assert str(plan.diagnostics[0].position) == "main.py:1:1"


async def test_previewed_outputs_flow_through_a_preview_with_their_unknowns() -> None:
    stage = staged(values={"vpc": UNKNOWN}, previewed=True)
    plan = await stage.preview(reader)
    assert not plan.failed
    host = next(step for step in plan.steps if step.urn.endswith("host"))
    assert host.new is not None
    assert host.new.inputs == {"vpc": UNKNOWN}
    assert not plan.settled


async def test_previewed_outputs_never_reach_an_update() -> None:
    stage = staged(values={"vpc": "vpc-9"}, previewed=True)
    plan = await stage.preview(reader)
    update = await stage.apply(plan)
    assert update.outcome is Outcome.FAILED
    assert "only previewed" in update.diagnostics[0].message
    assert stage.cloud.items == {}


async def test_a_plan_that_used_previewed_outputs_is_not_settled() -> None:
    stage = staged(values={"vpc": "vpc-1"})
    await stage.up(reader)
    stage.references.add("net/dev", values={"vpc": "vpc-1"}, previewed=True)
    plan = await stage.preview()
    assert shown(plan.steps) == ["same shop-dev", "read net/dev", "same host"]
    assert not plan.settled


async def test_outputs_are_looked_up_once_a_run() -> None:
    stage = staged(values={"vpc": "vpc-1"})
    await stage.preview(reader)
    assert stage.references.asked == ["net/dev"]


async def test_a_changed_output_of_another_stack_is_an_update() -> None:
    stage = staged(values={"vpc": "vpc-1"})
    await stage.up(reader)
    stage.references.add("net/dev", values={"vpc": "vpc-2"})
    update = await stage.up()
    assert "update host" in shown(update.steps)
    assert stage.resource("net/dev").outputs["outputs"] == {"vpc": "vpc-2"}


async def test_of_a_stack_that_is_opened_whole_only_what_the_source_asks_for_is_recorded_and_may_be_unknown() -> None:
    outputs = {"vpc": "vpc-1", "zone": UNKNOWN, "deep": {"a": [UNKNOWN]}, "other": 2}
    stage = staged(values=outputs, previewed=True, keys=frozenset({"vpc", "zone"}))
    found: list[object] = []

    async def whole(script: Script) -> None:
        found.append((await script.reference("net/dev")).registered.outputs["outputs"])

    plan = await stage.preview(whole)
    assert found == [{"vpc": "vpc-1", "zone": UNKNOWN, "other": 2}]
    assert plan.reads == (StackRead("organization/net/dev", "vpc"), StackRead("organization/net/dev", "zone"))
