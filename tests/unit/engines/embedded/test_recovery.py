"""After a kill at any point the next run finds out what happened, and nothing is made twice."""

from __future__ import annotations

import asyncio

import pytest

from stackyard.model.checkpoints import Checkpoint, Pending, PendingOperation
from stackyard.model.diagnostics import Severity
from stackyard.model.plans import Plan
from stackyard.model.resources import Resource
from stackyard.model.updates import Outcome
from stackyard.testing.providers import Rules
from stackyard.testing.stages import Stage, changes
from stackyard.testing.states import Kill, Killed
from tests.unit.engines.embedded.cases import program

RULES = {"fake:x:Thing": Rules(replaces=("zone",), computed={"arn": lambda item: f"arn:{item.id}"}, autoname=True)}
CHAIN = [{"name": "a", "inputs": {"zone": 1}}, {"name": "b", "inputs": {"of": {"$": "a.arn"}}}]


async def killed(stage: Stage, plan: Plan, at: int) -> bool:
    """Apply until the kill; the state is then as the next run finds it. False when it was not reached."""
    stage.provider.boundary = stage.state.boundary = kill = Kill(at)
    try:
        await asyncio.wait_for(stage.apply(plan), 5)
    except Killed:
        stage.state = stage.state.reopen()
        return True
    finally:
        stage.provider.boundary = lambda label: None
        assert kill.labels
        stage.state.boundary = lambda label: None
    return False


async def every_kill(before: list[dict[str, object]] | None, after: list[dict[str, object]], rules: Rules) -> int:
    """Kill the update at each boundary in turn; answers how many there were."""
    at = 0
    while True:
        at += 1
        stage = Stage({"fake:x:Thing": rules})
        if before is not None:
            await stage.up(program(before))
        plan = await stage.preview(program(after))
        assert not plan.failed
        if not await killed(stage, plan, at):
            return at - 1
        again = await stage.preview()
        update = await stage.apply(again)
        assert update.outcome is Outcome.SUCCEEDED, (at, update.diagnostics)
        assert stage.ids() == set(stage.cloud.items), at
        assert stage.state.checkpoint.pending == (), at
        tokens = [item.token for item in stage.cloud.items.values()]
        assert len(tokens) == len(set(tokens)) == len([each for each in after if not each.get("component")]), at
        assert (await stage.preview()).settled, at


async def test_creations_killed_anywhere() -> None:
    assert await every_kill(None, CHAIN, RULES["fake:x:Thing"]) > 8


async def test_updates_killed_anywhere() -> None:
    after = [
        {"name": "a", "inputs": {"zone": 1, "size": 2}},
        {"name": "b", "inputs": {"of": {"$": "a.arn"}, "size": 2}},
    ]
    assert await every_kill(CHAIN, after, RULES["fake:x:Thing"]) > 8


async def test_replacements_killed_anywhere() -> None:
    after = [{"name": "a", "inputs": {"zone": 2}}, CHAIN[1]]
    assert await every_kill(CHAIN, after, RULES["fake:x:Thing"]) > 10


async def test_delete_before_replace_killed_anywhere() -> None:
    rules = Rules(replaces=("zone", "of"), computed=RULES["fake:x:Thing"].computed, first=True, autoname=True)
    after = [{"name": "a", "inputs": {"zone": 2}}, CHAIN[1]]
    assert await every_kill(CHAIN, after, rules) > 14


async def test_deletions_killed_anywhere() -> None:
    assert (
        await every_kill([*CHAIN, {"name": "c", "inputs": {"of": {"$": "b.arn"}}}], CHAIN[:1], RULES["fake:x:Thing"])
        > 8
    )


async def test_renaming_and_replacing_killed_anywhere() -> None:
    after = [
        {"name": "z", "inputs": {"zone": 2}, "aliases": [{"name": "a"}]},
        {"name": "b", "inputs": {"of": {"$": "z.arn"}}},
    ]
    assert await every_kill(CHAIN, after, RULES["fake:x:Thing"]) > 10


def interrupted(kind: Pending, **fields: object) -> Checkpoint:
    provider = Resource(
        urn="urn:pulumi:dev::shop::pulumi:providers:fake::default",
        type="pulumi:providers:fake",
        custom=True,
        id="1111",
        inputs={"__internal": {}},
    )
    resource = Resource(
        urn="urn:pulumi:dev::shop::fake:x:Thing::a",
        type="fake:x:Thing",
        custom=True,
        provider=f"{provider.urn}::1111",
        source_position="project:///main.py#3,7",
        **fields,  # type: ignore[arg-type]
    )
    recorded = () if kind is Pending.CREATING else (resource,)
    return Checkpoint("dev", (provider, *recorded), (PendingOperation(kind, resource),))


async def test_what_cannot_be_told_stops_with_its_place() -> None:
    stage = Stage({"fake:x:Thing": Rules(uncertain=True)}, interrupted(Pending.CREATING))
    plan = await stage.preview(program([{"name": "a"}]))
    (fault,) = plan.diagnostics
    assert "was being changed (creating) when an earlier run was killed" in fault.message
    assert "items of this type carry no token" in fault.message
    assert str(fault.position) == "/estate/shop/main.py:3:7"
    assert plan.steps == ()
    assert stage.state.checkpoint.pending != ()


async def test_a_refresh_forgets_what_cannot_be_told_and_warns() -> None:
    stage = Stage({"fake:x:Thing": Rules(uncertain=True)}, interrupted(Pending.CREATING))
    update = await stage.refresh()
    assert update.outcome is Outcome.SUCCEEDED
    (warning,) = update.diagnostics
    assert warning.severity is Severity.WARNING
    assert "that is forgotten now: items of this type carry no token" in warning.message
    assert stage.state.checkpoint.pending == ()


async def test_a_creation_without_a_trace_is_dropped() -> None:
    stage = Stage({}, interrupted(Pending.CREATING))
    update = await stage.up(program([{"name": "a"}]))
    assert "create a" in changes(update.steps)
    assert stage.state.checkpoint.pending == ()
    assert len(stage.cloud.items) == 1


async def test_an_interrupted_update_is_read_again() -> None:
    stage = Stage({}, interrupted(Pending.UPDATING, id="thing-1", inputs={"size": 1}))
    stage.cloud.add("fake:x:Thing", {"size": 2}, id_="thing-1")
    update = await stage.up(program([{"name": "a", "inputs": {"size": 2}}]))
    assert changes(update.steps) == ["create shop-dev"]
    assert stage.resource("a").inputs == {"size": 2}


@pytest.mark.parametrize("exists", [True, False])
async def test_an_interrupted_deletion_is_looked_at(exists: bool) -> None:
    stage = Stage({}, interrupted(Pending.DELETING, id="thing-9", inputs={"size": 1}))
    if exists:
        stage.cloud.add("fake:x:Thing", {"size": 1}, id_="thing-9")
    update = await stage.up(program([{"name": "a", "inputs": {"size": 1}}]))
    made = changes(update.steps)[1:]
    assert made == ([] if exists else ["create-replacement a", "replace a"])
    assert stage.ids() == set(stage.cloud.items)


async def test_a_preview_resolves_in_memory_only() -> None:
    stage = Stage({}, interrupted(Pending.CREATING))
    before = stage.state.checkpoint
    plan = await stage.preview(program([{"name": "a"}]))
    assert "create a" in changes(plan.steps)
    assert not plan.settled
    assert stage.state.checkpoint == before


async def test_a_settled_plan_still_repairs() -> None:
    stage = Stage(RULES)
    await stage.up(program(CHAIN))
    plan = await stage.preview()
    assert plan.settled
    leftover = interrupted(Pending.CREATING).pending
    stage.state.checkpoint = Checkpoint("dev", stage.state.checkpoint.resources, leftover)
    provider = next(r for r in stage.state.checkpoint.resources if r.is_provider)
    fixed = leftover[0].resource.replaced(provider=f"{provider.urn}::{provider.id}", urn=leftover[0].resource.urn + "x")
    stage.state.checkpoint = Checkpoint(
        "dev", stage.state.checkpoint.resources, (PendingOperation(Pending.CREATING, fixed),)
    )
    update = await stage.apply(plan)
    assert update.outcome is Outcome.SUCCEEDED
    assert stage.state.checkpoint.pending == ()
