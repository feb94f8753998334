"""What fails: told once, located, with the rest of the state true to the cloud."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from stackyard import errors
from stackyard.engines.base import Options
from stackyard.model.checkpoints import Pending
from stackyard.model.plans import Operation
from stackyard.model.updates import Outcome
from stackyard.model.values import UNKNOWN
from stackyard.testing.programs import Script
from stackyard.testing.providers import Gate, Rules
from stackyard.testing.stages import Stage, changes, shown
from tests.unit.engines.embedded.cases import program

RULES = {"fake:x:Thing": Rules(replaces=("zone",), computed={"arn": lambda item: f"arn:{item.id}"})}
REFUSED = errors.ProviderError("the cloud says no", hint="ask nicely")


def things(*names: str, **inputs: object) -> list[dict[str, object]]:
    return [{"name": name, "inputs": inputs} for name in names]


async def test_a_failed_create_is_told_once_and_located() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(program(things("a", "b")))
    stage.provider.failures["create", "a"] = REFUSED
    update = await stage.apply(plan)
    assert update.outcome is Outcome.FAILED
    (fault,) = update.diagnostics
    assert (fault.message, fault.hint, str(fault.position)) == ("the cloud says no", "ask nicely", "main.py:1:1")
    assert fault.urn.endswith("::a")
    assert stage.names() == []
    assert stage.state.checkpoint.pending == ()


async def test_the_next_run_goes_on_where_the_last_one_failed() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(program(things("a", "b", "c")))
    stage.provider.failures["create", "b"] = REFUSED
    await stage.apply(plan)
    assert stage.names() == ["a"]
    stage.provider.failures.clear()
    update = await stage.up()
    assert changes(update.steps) == ["create b", "create c"]
    assert stage.ids() == set(stage.cloud.items)


async def test_a_failed_update_deletes_nothing_and_keeps_old_outputs() -> None:
    stage = Stage(RULES)

    async def first(script: Script) -> None:
        await script.resource("fake:x:Thing", "a", {"size": 1})
        await script.resource("fake:x:Thing", "gone", {})
        script.export("one", 1)
        script.export("two", 1)

    async def second(script: Script) -> None:
        script.export("one", 2)
        await script.monitor.register_outputs(script.stack, {"one": 2})
        await script.resource("fake:x:Thing", "a", {"size": 2})

    await stage.up(first)
    plan = await stage.preview(second)
    stage.provider.failures["update", "a"] = REFUSED
    update = await stage.apply(plan)
    assert stage.names() == ["a", "gone"]
    assert stage.resource("a").inputs == {"size": 1}
    assert update.outputs == {"one": 2, "two": 1}
    assert stage.state.checkpoint.outputs == {"one": 2, "two": 1}


async def test_running_steps_finish_when_another_fails() -> None:
    stage = Stage(RULES)
    gate = stage.provider.gates["create", "slow"] = Gate()
    failed = stage.provider.failures["create", "bad"] = errors.ProviderError("no")

    async def both(script: Script) -> None:
        slow = asyncio.ensure_future(script.resource("fake:x:Thing", "slow"))
        await asyncio.sleep(0)
        try:
            await script.resource("fake:x:Thing", "bad")
        finally:
            gate.set()
            await slow

    plan = await stage.preview(both)
    update = await stage.apply(plan)
    assert [each.message for each in update.diagnostics] == [failed.message]
    assert stage.names() == ["slow"]
    assert stage.ids() == set(stage.cloud.items)


async def test_a_resource_that_is_made_but_not_healthy_is_recorded_and_finished_later() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(program(things("a", "b")))
    stage.provider.unhealthy["a"] = ("does not answer",)
    update = await stage.apply(plan)
    assert "not healthy: does not answer" in update.diagnostics[0].message
    assert stage.resource("a").init_errors == ("does not answer",)
    stage.provider.unhealthy.clear()
    update = await stage.up()
    assert changes(update.steps) == ["update a", "create b"]
    assert stage.resource("a").init_errors == ()


async def test_a_failed_deletion_of_a_replaced_one_is_done_next_time() -> None:
    stage = Stage(RULES)
    await stage.up(program(things("a", zone=1)))
    plan = await stage.preview(program(things("a", zone=2)))
    stage.provider.failures["delete", "a"] = REFUSED
    assert (await stage.apply(plan)).outcome is Outcome.FAILED
    assert stage.names() == ["a", "a!"]
    stage.provider.failures.clear()
    update = await stage.up()
    assert changes(update.steps) == ["delete-replaced a"]
    assert stage.ids() == set(stage.cloud.items) == {"thing-2"}


async def test_a_delete_before_replace_whose_creation_failed_is_made_next_time() -> None:
    stage = Stage({"fake:x:Thing": dataclasses.replace(RULES["fake:x:Thing"], first=True)})
    await stage.up(program(things("a", zone=1)))
    plan = await stage.preview(program(things("a", zone=2)))
    stage.provider.failures["create", "a"] = REFUSED
    assert (await stage.apply(plan)).outcome is Outcome.FAILED
    assert stage.resource("a").pending_replacement
    assert stage.cloud.items == {}
    stage.provider.failures.clear()
    update = await stage.up()
    assert changes(update.steps) == ["replace a", "create-replacement a"]
    assert stage.ids() == set(stage.cloud.items)


async def test_a_program_that_fails_is_told_with_its_place_and_deletes_nothing() -> None:
    stage = Stage(RULES)
    await stage.up(program(things("a")))

    async def broken(script: Script) -> None:
        raise ValueError("oops")

    plan = await stage.preview(broken)
    assert [(each.message, str(each.position)) for each in plan.diagnostics] == [("ValueError: oops", "main.py:1")]
    assert changes(plan.steps) == []
    with pytest.raises(errors.UsageError, match="has errors"):
        await stage.apply(plan)


async def test_an_unexpected_exception_leaves_the_intent_in_the_record() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(program(things("a")))
    stage.provider.failures["create", "a"] = ConnectionError("reset")
    update = await stage.apply(plan)
    assert update.diagnostics[0].message == "ConnectionError: reset"
    assert [each.kind for each in stage.state.checkpoint.pending] == [Pending.CREATING]
    stage.provider.failures.clear()
    update = await stage.up()
    assert changes(update.steps) == []
    assert stage.ids() == set(stage.cloud.items) == {"thing-1"}
    assert stage.state.checkpoint.pending == ()


@pytest.mark.parametrize("call", ["create", "update", "delete"])
async def test_a_lost_reply_leaves_the_intent_and_the_next_run_finds_out(call: str) -> None:
    stage = Stage(RULES)
    if call != "create":
        await stage.up(program(things("a")))
    plan = await stage.preview(program(things(*([] if call == "delete" else ["a"]), size=2)))
    stage.provider.lost.add((call, "a"))
    update = await stage.apply(plan)
    assert [each.message for each in update.diagnostics] == [f"{call} a: no reply"]
    assert len(stage.state.checkpoint.pending) == 1
    stage.provider.lost.clear()
    assert (await stage.up()).outcome is Outcome.SUCCEEDED
    assert stage.ids() == set(stage.cloud.items)
    assert len(stage.cloud.items) == (0 if call == "delete" else 1)


async def test_continue_on_error_skips_dependents_and_does_the_rest() -> None:
    stage = Stage(RULES)
    stage.options = Options(continue_on_error=True)
    await stage.up(program(things("gone")))
    body = program([{"name": "a"}, {"name": "b", "inputs": {"of": {"$": "a.arn"}}}, {"name": "c"}])
    plan = await stage.preview(body)
    stage.provider.failures["create", "a"] = REFUSED
    update = await stage.apply(plan)
    assert update.outcome is Outcome.FAILED
    assert changes(update.steps) == ["create c", "delete gone"]
    assert len(update.diagnostics) == 1
    assert stage.ids() == set(stage.cloud.items)


async def test_continue_on_error_keeps_what_a_failed_resource_still_needs() -> None:
    stage = Stage(RULES)
    stage.options = Options(continue_on_error=True)
    await stage.up(program([{"name": "base"}, {"name": "a", "inputs": {"of": {"$": "base.arn"}}}, {"name": "gone"}]))
    plan = await stage.preview(program(things("a", size=2)))
    stage.provider.failures["update", "a"] = REFUSED
    update = await stage.apply(plan)
    assert changes(update.steps) == ["delete gone"]
    assert stage.names() == ["base", "a"]


async def test_cancelling_starts_no_new_step_and_finishes_running_ones() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(program(things("a", "b")))
    gate = stage.provider.gates["create", "a"] = Gate()
    running = asyncio.ensure_future(stage.engine.apply(stage.context(True), plan))
    await gate.reached.wait()
    stage.cancelled.set()
    gate.set()
    update = await running
    await stage.state.commit(update)
    assert update.outcome is Outcome.CANCELLED
    assert stage.names() == ["a"]
    assert stage.ids() == set(stage.cloud.items)


async def test_a_program_that_never_ends_is_ended_once_a_step_failed() -> None:
    stage = Stage(RULES)

    async def stubborn(script: Script) -> None:
        try:
            await script.resource("fake:x:Thing", "a")
        except errors.StackyardError:
            await asyncio.Event().wait()

    plan = await stage.preview(stubborn)
    stage.provider.failures["create", "a"] = REFUSED
    update = await asyncio.wait_for(stage.apply(plan), 5)
    assert [each.message for each in update.diagnostics] == ["the cloud says no"]


async def test_an_unplanned_replacement_stops_before_it_begins() -> None:
    stage = Stage(RULES)
    await stage.up(program(things("a", zone=1)))
    plan = await stage.preview(program(things("a", zone=1, size=2)))
    stage.language.body = program(things("a", zone=2))
    update = await stage.apply(plan)
    assert update.outcome is Outcome.FAILED
    assert "which its plan does not have" in update.diagnostics[0].message
    assert stage.cloud.counts["create"] == 1
    assert stage.names() == ["a"]


async def test_an_unplanned_deletion_stops_before_it_begins() -> None:
    stage = Stage(RULES)
    await stage.up(program(things("a", "b")))
    plan = await stage.preview(program(things("a", "b", size=2)))
    stage.language.body = program(things("a", size=2))
    update = await stage.apply(plan)
    assert "would delete it, which its plan does not have" in update.diagnostics[0].message
    assert stage.names() == ["a", "b"]


async def test_state_that_cannot_be_written_stops_the_run_and_is_raised() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(program(things("a", "b")))
    stage.state.failure = errors.FencedError("the lock was lost")
    with pytest.raises(errors.FencedError):
        await stage.apply(plan)
    assert stage.cloud.items == {}


async def test_faults_of_a_preview_are_all_told() -> None:
    stage = Stage({"fake:x:Thing": Rules(required=("size",), computed={"arn": lambda item: item.id})})
    body = program([{"name": "a"}, {"name": "b"}, {"name": "c", "inputs": {"size": 1}}])
    plan = await stage.preview(body)
    assert [each.message for each in plan.diagnostics] == [
        "fake:x:Thing 'a': size: is required",
        "fake:x:Thing 'b': size: is required",
    ]
    assert [str(each.position) for each in plan.diagnostics] == ["main.py:1:1", "main.py:2:1"]
    assert shown(plan.steps) == ["create shop-dev", "create c"]


async def test_parallel_steps_keep_within_the_limit() -> None:
    stage = Stage(RULES)
    stage.options = Options(parallel=3)
    gates = [stage.provider.gates.setdefault(("create", f"t{n}"), Gate()) for n in range(6)]

    async def many(script: Script) -> None:
        await asyncio.gather(*(script.resource("fake:x:Thing", f"t{n}") for n in range(6)))

    plan = await stage.preview(many)
    running = asyncio.ensure_future(stage.apply(plan))
    await asyncio.gather(*(gate.reached.wait() for gate in gates[:3]))
    assert stage.provider.concurrent == 3
    for gate in gates:
        gate.set()
    await running
    assert stage.provider.most_concurrent == 3
    assert len(stage.cloud.items) == 6


async def test_a_resource_cannot_use_a_provider_that_is_not_registered() -> None:
    stage = Stage(RULES)
    reference = "urn:pulumi:dev::shop::pulumi:providers:fake::p::1234"
    plan = await stage.preview(program([{"name": "a", "provider": reference}]))
    assert "names a provider that is not registered" in plan.diagnostics[0].message


async def test_targets_are_refused_rather_than_ignored() -> None:
    stage = Stage(RULES)
    stage.options = Options(targets=("urn:x",))
    with pytest.raises(errors.Unsupported):
        await stage.preview(program([]))


async def test_components_of_other_languages_are_refused() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(program([{"name": "a", "component": True, "remote": True}]))
    assert "is a component that a plugin of its package makes" in plan.diagnostics[0].message


async def test_unknown_arguments_make_the_answer_of_a_function_unknown() -> None:
    stage = Stage(RULES)
    stage.provider.functions["fake:x:get"] = lambda arguments: {"got": arguments["of"]}
    seen = []

    async def asking(script: Script) -> None:
        a = await script.resource("fake:x:Thing", "a")
        known = await script.invoke("fake:x:get", {"of": 1})
        answer = await script.invoke("fake:x:get", {"of": a["arn"]})
        seen.append((known.outputs, answer.unknown, answer.outputs))

    await stage.up(asking)
    assert seen == [({"got": 1}, True, {}), ({"got": 1}, False, {"got": "arn:thing-1"})]


async def test_a_provider_with_unknown_settings_previews_and_then_works() -> None:
    stage = Stage(RULES)
    body = program(
        [
            {"name": "a"},
            {"name": "p", "type": "pulumi:providers:fake", "inputs": {"role": {"$": "a.arn"}}},
            {"name": "b", "inputs": {"size": 1}, "provider": {"$provider": "p"}},
        ]
    )
    plan = await stage.preview(body)
    assert shown(plan.steps) == ["create shop-dev", "create a", "create p", "create b"]
    assert not any(UNKNOWN in settings.config.values() for settings in stage.provider.settings)
    update = await stage.apply(plan)
    assert update.outcome is Outcome.SUCCEEDED
    assert stage.provider.settings[-1].config == {"role": "arn:thing-1"}


async def test_a_disabled_default_provider_is_told() -> None:
    stage = Stage(RULES)
    stage.config = {"pulumi:disable-default-providers": '["fake"]'}
    plan = await stage.preview(program([{"name": "a"}]))
    assert "the default provider of fake is disabled" in plan.diagnostics[0].message


async def test_destroy_checks_protection_before_its_first_step() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a", "protect": True}, {"name": "b"}, {"name": "c", "protect": True}]))
    plan = await stage.preview(operation=Operation.DESTROY)
    assert len(plan.diagnostics) == 2
    assert plan.steps == ()


async def test_destroy_goes_backwards_without_the_program() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a"}, {"name": "b", "inputs": {"of": {"$": "a.arn"}}}]))
    runs = stage.language.runs
    update = await stage.destroy()
    assert [step for step in shown(update.steps) if "shop" not in step] == ["delete b", "delete a"]
    assert stage.cloud.items == {}
    assert stage.state.checkpoint.resources == ()
    assert stage.language.runs == runs


async def test_a_failed_destroy_keeps_what_is_left() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a"}, {"name": "b", "inputs": {"of": {"$": "a.arn"}}}]))
    plan = await stage.preview(operation=Operation.DESTROY)
    stage.provider.failures["delete", "b"] = REFUSED
    update = await stage.apply(plan)
    assert update.outcome is Outcome.FAILED
    assert str(update.diagnostics[0].position) == "/estate/shop/main.py:2:1"
    assert stage.names() == ["a", "b"]
    stage.provider.failures.clear()
    assert (await stage.destroy()).outcome is Outcome.SUCCEEDED


async def test_a_step_that_runs_is_finished_though_its_program_ended() -> None:
    stage = Stage(RULES)
    gate = stage.provider.gates["create", "a"] = Gate()

    async def leaving(script: Script) -> None:
        task = asyncio.ensure_future(script.resource("fake:x:Thing", "a"))
        await asyncio.sleep(0)
        if not script.program.dry_run:
            await gate.reached.wait()
            task.cancel()
            asyncio.get_running_loop().call_soon(gate.set)
            raise ValueError("left")
        await task

    plan = await stage.preview(leaving)
    update = await stage.apply(plan)
    assert [each.message for each in update.diagnostics] == ["ValueError: left"]
    assert stage.names() == ["a"]
    assert stage.ids() == set(stage.cloud.items)
    assert stage.state.checkpoint.pending == ()


async def test_a_half_made_update_keeps_the_old_inputs_so_that_it_is_tried_again() -> None:
    stage = Stage(RULES)
    await stage.up(program(things("a", size=1)))
    plan = await stage.preview(program(things("a", size=2)))
    stage.provider.unhealthy["a"] = ("not ready",)
    await stage.apply(plan)
    recorded = stage.resource("a")
    assert (recorded.inputs, recorded.outputs["size"], recorded.init_errors) == ({"size": 1}, 2, ("not ready",))
    stage.provider.unhealthy.clear()
    assert changes((await stage.up()).steps) == ["update a"]
    assert stage.resource("a").inputs == {"size": 2}
