"""What a program may do besides registering: read, import, open stashes, ask for resources; and ordering."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from stackyard import errors
from stackyard.engines.base import Options
from stackyard.engines.embedded import goals
from stackyard.engines.embedded.defaults import default_name
from stackyard.model.names import StackName
from stackyard.model.registrations import Alias, Goal
from stackyard.model.resources import CustomTimeouts
from stackyard.model.updates import Outcome
from stackyard.model.values import UNKNOWN
from stackyard.testing.programs import Script
from stackyard.testing.providers import Gate, Rules
from stackyard.testing.stages import Stage, changes, shown
from tests.unit.engines.embedded.cases import program

ARN = {"arn": lambda item: f"arn:{item.id}"}
RULES = {"fake:x:Thing": Rules(replaces=("zone",), computed=ARN)}
HARD = {"fake:x:Thing": Rules(replaces=("zone", "of"), computed=ARN, first=True)}


async def test_reading_records_without_owning() -> None:
    stage = Stage(RULES)
    stage.cloud.add("fake:x:Thing", {"size": 3}, id_="theirs")

    async def reading(script: Script) -> None:
        found = await script.read("fake:x:Thing", "their", "theirs")
        script.export("size", found["size"])

    update = await stage.up(reading)
    assert update.outputs == {"size": 3}
    assert stage.resource("their").external
    assert (await stage.preview()).settled
    plan = await stage.preview(program([]))
    assert changes(plan.steps) == ["discard their"]
    await stage.apply(plan)
    assert "theirs" in stage.cloud.items


async def test_reading_what_does_not_exist_is_told() -> None:
    stage = Stage(RULES)

    async def reading(script: Script) -> None:
        await script.read("fake:x:Thing", "their", "nobody")

    plan = await stage.preview(reading)
    assert "there is none with the id 'nobody'" in plan.diagnostics[0].message


async def test_reading_by_an_unknown_id_is_unknown_in_a_preview() -> None:
    stage = Stage(RULES)

    async def reading(script: Script) -> None:
        own = await script.resource("fake:x:Thing", "own", {"size": 5})
        found = await script.read("fake:x:Thing", "again", own.id)
        script.export("size", found["size"])

    plan = await stage.preview(reading)
    assert plan.outputs == {"size": UNKNOWN}
    assert (await stage.apply(plan)).outputs == {"size": 5}


async def test_an_owned_resource_that_is_only_read_is_let_go_of() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a"}]))

    async def reading(script: Script) -> None:
        await script.read("fake:x:Thing", "a", "thing-1")

    update = await stage.up(reading)
    assert changes(update.steps) == ["read a"]
    assert stage.resource("a").external
    assert "thing-1" in stage.cloud.items


async def test_reading_another_in_the_place_of_an_owned_resource_deletes_that() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a"}]))
    stage.cloud.add("fake:x:Thing", {}, id_="other")

    async def reading(script: Script) -> None:
        await script.read("fake:x:Thing", "a", "other")

    update = await stage.up(reading)
    assert changes(update.steps) == ["read-replacement a", "replace a", "delete-replaced a"]
    assert set(stage.cloud.items) == {"other"}


async def test_an_external_resource_that_becomes_owned_is_made_beside_it() -> None:
    stage = Stage(RULES)
    stage.cloud.add("fake:x:Thing", {}, id_="theirs")

    async def reading(script: Script) -> None:
        await script.read("fake:x:Thing", "a", "theirs")

    await stage.up(reading)
    update = await stage.up(program([{"name": "a"}]))
    assert changes(update.steps) == ["create-replacement a", "replace a", "discard a"]
    assert set(stage.cloud.items) == {"theirs", "thing-2"}


async def test_importing_adopts_what_exists_and_brings_it_up_to_date() -> None:
    stage = Stage(RULES)
    stage.cloud.add("fake:x:Thing", {"size": 1}, id_="mine")
    body = program([{"name": "a", "inputs": {"size": 2}, "import_id": "mine"}])
    plan = await stage.preview(body)
    assert changes(plan.steps) == ["create shop-dev", "import a", "update a"]
    update = await stage.apply(plan)
    assert update.outcome is Outcome.SUCCEEDED
    assert stage.resource("a").import_id == "mine"
    assert stage.cloud.items["mine"].inputs == {"size": 2}
    assert (await stage.preview()).settled


async def test_importing_what_is_as_wanted_changes_nothing() -> None:
    stage = Stage(RULES)
    stage.cloud.add("fake:x:Thing", {"size": 1}, id_="mine")
    update = await stage.up(program([{"name": "a", "inputs": {"size": 1}, "import_id": "mine"}]))
    assert changes(update.steps) == ["create shop-dev", "import a"]
    assert stage.cloud.calls == []


async def test_importing_what_does_not_exist_is_told() -> None:
    plan = await Stage(RULES).preview(program([{"name": "a", "import_id": "nobody"}]))
    assert "there is none with the id 'nobody' to import" in plan.diagnostics[0].message


async def test_a_stash_keeps_its_first_input() -> None:
    stage = Stage()

    def stashing(value: int) -> object:
        async def body(script: Script) -> None:
            stash = await script.resource("pulumi:index:Stash", "kept", {"input": value})
            script.export("kept", stash["output"])

        return body

    assert (await stage.up(stashing(1))).outputs == {"kept": 1}  # type: ignore[arg-type]
    update = await stage.up(stashing(2))  # type: ignore[arg-type]
    assert changes(update.steps) == ["update kept"]
    assert update.outputs == {"kept": 1}


async def test_a_program_may_ask_for_a_resource_by_its_urn() -> None:
    stage = Stage(RULES)
    seen = []

    async def asking(script: Script) -> None:
        a = await script.resource("fake:x:Thing", "a", {"size": 1})
        seen.append((await script.invoke("pulumi:pulumi:getResource", {"urn": a.urn})).outputs)

    await stage.up(asking)
    assert [each["id"] for each in seen] == [UNKNOWN, "thing-1"]
    assert seen[1]["state"] == {"size": 1, "arn": "arn:thing-1"}


async def test_outputs_of_components_are_recorded() -> None:
    stage = Stage(RULES)

    async def boxed(script: Script) -> None:
        box = await script.component("fake:x:Box", "box")
        await script.monitor.register_outputs(box.urn, {"size": 4})

    await stage.up(boxed)
    assert stage.resource("box").outputs == {"size": 4}
    assert (await stage.preview()).settled


async def test_asking_for_dry_run_makes_a_plan_unsettled() -> None:
    stage = Stage(RULES)

    async def branching(script: Script) -> None:
        if not script.dry_run:
            await script.resource("fake:x:Thing", "late")

    await stage.up(branching)
    plan = await stage.preview()
    assert not plan.settled


async def test_a_resource_may_be_replaced_on_demand() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a"}]))
    stage.options = Options(replace=(stage.resource("a").urn,))
    plan = await stage.preview()
    assert changes(plan.steps) == ["create-replacement a", "replace a", "delete-replaced a"]
    await stage.apply(plan)
    assert set(stage.cloud.items) == {"thing-2"}


async def test_a_tainted_resource_is_replaced() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a"}]))
    resources = tuple(r.replaced(taint=r.id == "thing-1") for r in stage.state.checkpoint.resources)
    stage.state.checkpoint = dataclasses.replace(stage.state.checkpoint, resources=resources)
    update = await stage.up()
    assert changes(update.steps) == ["create-replacement a", "replace a", "delete-replaced a"]


async def test_a_replaced_resource_that_is_retained_stays_in_the_cloud() -> None:
    stage = Stage(RULES)
    await stage.up(program([{"name": "a", "inputs": {"zone": 1}, "retain_on_delete": True}]))
    update = await stage.up(program([{"name": "a", "inputs": {"zone": 2}, "retain_on_delete": True}]))
    assert changes(update.steps) == ["create-replacement a", "replace a", "delete-replaced a"]
    assert set(stage.cloud.items) == {"thing-1", "thing-2"}


async def test_what_is_deleted_with_a_replaced_resource_is_replaced_with_it() -> None:
    stage = Stage(HARD)

    async def parts(script: Script, zone: int) -> None:
        a = await script.resource("fake:x:Thing", "a", {"zone": zone})
        await script.resource("fake:x:Thing", "b", {}, deleted_with=a.urn, dependencies=(a.urn,))

    await stage.up(lambda script: parts(script, 1))
    stage.provider.failures["delete", "b"] = errors.ProviderError("b must not be deleted by a call")
    update = await stage.up(lambda script: parts(script, 2))
    assert update.outcome is Outcome.SUCCEEDED, update.diagnostics
    assert changes(update.steps) == [
        "delete-replaced b",
        "delete-replaced a",
        "replace a",
        "create-replacement a",
        "replace b",
        "create-replacement b",
    ]


async def test_what_is_condemned_is_made_anew_only_once_it_is_gone() -> None:
    stage = Stage(HARD)
    await stage.up(program([{"name": "a", "inputs": {"zone": 1}}, {"name": "b", "inputs": {"of": {"$": "a.arn"}}}]))

    async def apart(script: Script) -> None:
        first = asyncio.ensure_future(script.resource("fake:x:Thing", "a", {"zone": 2}))
        await asyncio.sleep(0)
        await asyncio.gather(first, script.resource("fake:x:Thing", "b", {"of": "nothing"}))

    plan = await stage.preview(apart)
    gate = stage.provider.gates["delete", "b"] = Gate()
    running = asyncio.ensure_future(stage.apply(plan))
    await gate.reached.wait()
    assert stage.cloud.counts["create"] == 2
    gate.set()
    update = await running
    assert update.outcome is Outcome.SUCCEEDED, update.diagnostics
    assert stage.ids() == set(stage.cloud.items)


async def test_decisions_are_made_in_the_order_of_registration() -> None:
    stage = Stage(RULES)

    async def together(script: Script) -> None:
        await asyncio.gather(*(script.resource("fake:x:Thing", f"t{n}") for n in range(6)))

    plan = await stage.preview(together)
    assert shown(plan.steps)[1:] == [f"create t{n}" for n in range(6)]


async def test_generated_names_are_those_of_the_preview_and_new_in_another_life() -> None:
    stage = Stage({"fake:x:Thing": Rules(autoname=True)})
    plan = await stage.preview(program([{"name": "a"}]))
    planned = next(step.new.inputs["name"] for step in plan.steps if step.new and step.urn.endswith("::a"))
    await stage.apply(plan)
    assert stage.resource("a").inputs["name"] == planned
    await stage.destroy()
    await stage.up()
    assert stage.resource("a").inputs["name"] != planned


async def test_timeouts_are_recorded_and_reach_the_provider() -> None:
    stage = Stage(RULES)
    body = program([{"name": "a", "custom_timeouts": CustomTimeouts(create=90)}])
    await stage.up(body)
    assert stage.resource("a").custom_timeouts == CustomTimeouts(create=90)
    assert stage.cloud.timeouts == [90]


async def test_a_relation_to_a_later_component_deletes_in_order() -> None:
    stage = Stage(RULES)
    box = {"name": "box", "type": "fake:x:Box", "component": True}
    await stage.up(program([box, {"name": "a", "parent": {"$urn": "box"}}, {"name": "b"}]))
    update = await stage.destroy()
    order = [step for step in shown(update.steps) if "shop" not in step]
    assert order.index("delete a") < order.index("delete box")


@pytest.mark.parametrize(
    ("version", "url", "name"),
    [
        ("", "", "default"),
        ("7.51.1", "", "default_7_51_1"),
        ("v1.0.0-alpha.1+x", "", "default_1_0_0_alpha_1_x"),
        ("1.2.3", "https://get.example/p", "default_1_2_3_https_get_example_p"),
    ],
)
def test_names_of_default_providers(version: str, url: str, name: str) -> None:
    assert default_name(version, url) == name


STACK = StackName("organization", "shop", "dev")


def test_an_alias_may_name_another_stack_and_project() -> None:
    goal = Goal("fake:x:Thing", "a", True)
    assert goals.collapse(goal, STACK, Alias(stack="old", project="shed"), {}) == (
        "urn:pulumi:old::shed::fake:x:Thing::a"
    )


def test_what_is_not_said_is_inherited_from_the_parent() -> None:
    provider = "urn:pulumi:dev::shop::pulumi:providers:fake::p::1"
    parent = Goal(
        "fake:x:Thing", "p", True, protect=True, retain_on_delete=True, deleted_with="urn:x", provider=provider
    )
    child = goals.inherit(Goal("fake:x:Thing", "c", True), parent)
    assert (child.protect, child.retain_on_delete, child.deleted_with, child.provider) == (
        True,
        True,
        "urn:x",
        provider,
    )
    other = goals.inherit(Goal("other:x:Thing", "c", True, protect=False), parent)
    assert (other.protect, other.provider) == (False, "")


def test_without_property_dependencies_each_input_depends_on_everything() -> None:
    goal = Goal("fake:x:Thing", "a", True, {"x": 1, "y": 2}, dependencies=("urn:b",))
    assert goals.property_dependencies(goal) == {"x": ("urn:b",), "y": ("urn:b",)}
