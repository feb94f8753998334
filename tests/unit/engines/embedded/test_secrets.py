"""A secret stays a secret: in outputs, in state, and never in what is shown."""

from __future__ import annotations

from stackyard import errors
from stackyard.engines.embedded import marking
from stackyard.engines.embedded.reporting import Scrubber
from stackyard.model import values
from stackyard.model.diagnostics import Severity
from stackyard.model.events import StepFinished
from stackyard.model.registrations import LogEntry
from stackyard.model.values import UNKNOWN, Secret
from stackyard.testing.programs import Script
from stackyard.testing.providers import Rules
from stackyard.testing.stages import Stage

CANARY = "canary-5e1f"
RULES = {"fake:x:Thing": Rules(computed={"endpoint": lambda item: "https://here", "key": lambda item: "k-12345"})}


async def guarded(script: Script) -> None:
    thing = await script.resource(
        "fake:x:Thing",
        "db",
        {"password": Secret(CANARY), "nested": {"token": Secret(CANARY), "size": 1}},
        additional_secret_outputs=("key", "id"),
    )
    script.export("password", thing["password"])
    script.export("key", thing["key"])
    script.export("endpoint", thing["endpoint"])


async def test_outputs_of_secret_inputs_are_secret_and_only_those() -> None:
    stage = Stage(RULES)
    update = await stage.up(guarded)
    assert update.outputs == {"password": Secret(CANARY), "key": Secret("k-12345"), "endpoint": "https://here"}
    outputs = stage.resource("db").outputs
    assert outputs["nested"] == {"token": Secret(CANARY), "size": 1}
    assert stage.resource("db").id == "thing-1"


async def test_the_provider_sees_plain_values() -> None:
    stage = Stage(RULES)
    await stage.up(guarded)
    assert stage.cloud.items["thing-1"].inputs["password"] == CANARY
    assert not values.has_secret(stage.provider.checked[0].inputs)


async def test_previewed_secret_outputs_are_unknown_secrets() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(guarded)
    assert plan.outputs["password"] == Secret(CANARY)
    assert plan.outputs["key"] == Secret(UNKNOWN)


async def test_a_provider_that_names_a_secret_in_its_fault_is_scrubbed() -> None:
    stage = Stage(RULES)
    plan = await stage.preview(guarded)
    stage.provider.failures["create", "db"] = errors.ProviderError(f"bad password {CANARY}", hint=f"not {CANARY}")
    update = await stage.apply(plan)
    assert [each.message for each in update.diagnostics] == ["bad password [secret]"]
    assert update.diagnostics[0].hint == "not [secret]"
    assert all(CANARY not in repr(event) for event in stage.events)
    failed = [event.error for event in stage.events if isinstance(event, StepFinished) and event.error]
    assert failed == ["bad password [secret]"]


async def test_printed_lines_are_scrubbed_also_of_config_secrets() -> None:
    stage = Stage(RULES)
    stage.config, stage.secret_keys = {"shop:token": "tok-998877"}, ("shop:token",)

    async def chatty(script: Script) -> None:
        script.monitor.log(LogEntry(Severity.INFO, "the token is tok-998877", stream="stdout"))

    await stage.preview(chatty)
    lines = [event.line for event in stage.events if event.kind == "printed"]
    assert lines == ["the token is [secret]"]


async def test_secret_config_of_a_default_provider_is_a_secret_input() -> None:
    stage = Stage(RULES)
    stage.config, stage.secret_keys = {"fake:token": CANARY, "fake:region": "x"}, ("fake:token",)
    await stage.up(guarded)
    provider = next(r for r in stage.state.checkpoint.resources if r.is_provider)
    assert provider.inputs == {"token": Secret(CANARY), "region": "x"}
    assert stage.provider.settings[-1].config == {"token": CANARY, "region": "x"}


def test_scrubbing_knows_json_and_base64() -> None:
    scrubber = Scrubber()
    scrubber.learn({"a": [Secret({"k": 'pass"word'})]})
    assert scrubber.scrub('x pass\\"word y cGFzcyJ3b3Jk z') == "x [secret] y [secret] z"
    assert scrubber.scrub("k") == "k"


def test_marks_follow_lists_of_the_same_length_and_cover_others() -> None:
    assert marking.carry([1, 2], [Secret(0), 0]) == [Secret(1), 2]
    assert marking.carry([1], [Secret(0), 0]) == Secret([1])
    assert marking.carry({"a": {"b": 1}, "c": 2}, {"a": Secret({"b": 0})}) == {"a": Secret({"b": 1}), "c": 2}


async def test_a_stash_keeps_the_secrets_inside_its_value() -> None:
    stage = Stage()

    async def stashing(script: Script) -> None:
        stash = await script.resource("pulumi:index:Stash", "kept", {"input": {"open": 1, "key": Secret(CANARY)}})
        script.export("kept", stash["output"])

    update = await stage.up(stashing)
    assert update.outputs == {"kept": {"open": 1, "key": Secret(CANARY)}}
    assert (await stage.preview()).settled
