"""Requests as the SDK's own messages write them, read into the model; answers, read back by those messages."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard import errors
from stackyard.errors import Position
from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import Alias, CheckFailure, Goal, Invoked, LogEntry, Registered, Result
from stackyard.model.resources import CustomTimeouts
from stackyard.model.values import UNKNOWN, UNKNOWN_STRING, Asset, Secret
from stackyard.wire import protos, registrations
from stackyard.wire import values as wire

Request = protos.resource.RegisterResourceRequest


def goal(**fields: Any) -> Goal:
    return registrations.goal(Request(type="a:b:C", name="n", **fields).SerializeToString())


def test_what_is_not_said_is_none() -> None:
    assert goal() == Goal(type="a:b:C", name="n", custom=False, providers={})


@pytest.mark.parametrize("value", [True, False])
def test_what_is_said_is_told_apart_from_what_is_not(value: bool) -> None:
    said = goal(protect=value, retainOnDelete=value, deleteBeforeReplace=value, deleteBeforeReplaceDefined=True)
    assert (said.protect, said.retain_on_delete, said.delete_before_replace) == (value, value, value)
    assert goal(deleteBeforeReplace=value).delete_before_replace is None


def test_every_plain_field_arrives() -> None:
    request = Request(
        type="a:b:C", name="n", custom=True, parent="urn:p", provider="urn:q::id", providers={"aws": "urn:r::id"},
        dependencies=["urn:a"], ignoreChanges=["x"], version="1.2.3", pluginDownloadURL="https://x", importId="i",
        additionalSecretOutputs=["s"], remote=True, replaceOnChanges=["y"], deletedWith="urn:d", replace_with=["urn:w"],
        hideDiffs=["h"], supportsPartialValues=True, packageRef="ref",
    )  # fmt: skip
    request.replacement_trigger.string_value = "now"
    assert registrations.goal(request.SerializeToString()) == Goal(
        type="a:b:C", name="n", custom=True, parent="urn:p", provider="urn:q::id", providers={"aws": "urn:r::id"},
        dependencies=("urn:a",), ignore_changes=("x",), version="1.2.3", plugin_download_url="https://x",
        import_id="i", additional_secret_outputs=("s",), remote=True, replace_on_changes=("y",), deleted_with="urn:d",
        replace_with=("urn:w",), hide_diffs=("h",), supports_partial_values=True, package_ref="ref",
        replacement_trigger="now",
    )  # fmt: skip


def test_dependencies_of_output_values_join_those_that_are_named() -> None:
    request = Request(type="a:b:C", name="n", dependencies=["urn:a"])
    request.propertyDependencies["x"].urns.append("urn:a")
    request.propertyDependencies["z"].urns.extend([])
    signature = {"4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4"}
    fields = {"x": signature | {"value": 1, "dependencies": ["urn:b"]}, "y": signature | {"dependencies": ["urn:c"]}}
    wire.encode_struct(fields, request.object)
    read = registrations.goal(request.SerializeToString())
    assert read.inputs == {"x": 1, "y": UNKNOWN}
    assert read.property_dependencies == {"x": ("urn:a", "urn:b"), "y": ("urn:c",), "z": ()}
    assert read.dependencies == ("urn:a", "urn:b", "urn:c")


def test_aliases() -> None:
    request = Request(type="a:b:C", name="n", aliasURNs=["urn:old"])
    request.aliases.add(urn="urn:older")
    request.aliases.add().spec.name = "before"
    request.aliases.add().spec.noParent = True
    request.aliases.add().spec.parentUrn = "urn:parent"
    assert registrations.goal(request.SerializeToString()).aliases == (
        Alias(urn="urn:old"), Alias(urn="urn:older"), Alias(name="before"), Alias(no_parent=True),
        Alias(parent_urn="urn:parent"),
    )  # fmt: skip


def test_positions_are_of_files() -> None:
    request = Request(type="a:b:C", name="n")
    request.sourcePosition.uri = "file:///a/b%20%C3%A9/__main__.py"
    request.sourcePosition.line = 3
    read = registrations.goal(request.SerializeToString())
    assert read.source_position == Position("/a/b é/__main__.py", 3, 0)
    request.sourcePosition.uri = "https://example.com/x"
    assert registrations.goal(request.SerializeToString()).source_position is None


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0), ("0", 0), ("5m", 300), ("1h30m", 5400), ("1.5s", 1.5), ("300ms", 0.3), ("2m10s", 130), ("+1s", 1)],
)
def test_durations(text: str, seconds: float) -> None:
    assert registrations.seconds(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["5", "m", "5 minutes", "1h-5m", "x5m"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(errors.UsageError, match="is not a duration"):
        registrations.seconds(text)


def test_timeouts() -> None:
    message = Request.CustomTimeouts(create="5m", delete="1h")
    assert goal(customTimeouts=message).custom_timeouts == CustomTimeouts(300, 0, 3600)


def test_callbacks_are_refused_but_an_empty_binding_is_none() -> None:
    request = Request(type="a:b:C", name="n")
    request.hooks.SetInParent()
    assert registrations.goal(request.SerializeToString()).name == "n"
    request.hooks.before_create.append("hook")
    with pytest.raises(errors.Unsupported, match="a:b:C 'n' uses hooks"):
        registrations.goal(request.SerializeToString())
    with pytest.raises(errors.Unsupported, match="uses transforms"):
        goal(transforms=[{"target": "x", "token": "y"}])


def test_a_read_may_have_an_unknown_id() -> None:
    Read = protos.resource.ReadResourceRequest
    request = Read(type="a:b:C", name="n", id="i", parent="urn:p", dependencies=["urn:a"], version="1.0.0")
    read = registrations.read_request(request.SerializeToString())
    assert (read.type, read.name, read.id, read.parent) == ("a:b:C", "n", "i", "urn:p")
    assert (read.dependencies, read.version, read.source_position) == (("urn:a",), "1.0.0", None)
    assert registrations.read_request(Read(id=UNKNOWN_STRING).SerializeToString()).id is UNKNOWN


def test_an_invocation() -> None:
    request = protos.resource.ResourceInvokeRequest(tok="a:b:c", provider="urn:p::i", version="1.0.0")
    wire.encode_struct({"x": [1]}, request.args)
    read = registrations.invocation(request.SerializeToString())
    assert (read.token, read.arguments, read.provider, read.version) == ("a:b:c", {"x": [1]}, "urn:p::i", "1.0.0")


def test_outputs_and_log_lines() -> None:
    request = protos.resource.RegisterResourceOutputsRequest(urn="urn:a")
    wire.encode_struct({"x": Secret("s")}, request.outputs)
    assert registrations.outputs(request.SerializeToString()) == ("urn:a", {"x": Secret("s")})
    line = protos.engine.LogRequest(severity=protos.engine.WARNING, message="é", urn="urn:a", ephemeral=True)
    assert registrations.log_entry(line.SerializeToString()) == LogEntry(Severity.WARNING, "é", "urn:a", ephemeral=True)


def test_answers() -> None:
    answer = Registered(
        "urn:a", "id", {"x": Asset(text="t"), "u": UNKNOWN}, {"x": ("urn:b", "urn:c")}, result=Result.SKIPPED
    )
    read = protos.resource.RegisterResourceResponse.FromString(registrations.registered(answer))
    assert (read.urn, read.id, read.result) == ("urn:a", "id", protos.resource.Result.FAIL)
    assert wire.decode_struct(read.object) == answer.outputs
    assert list(read.propertyDependencies["x"].urns) == ["urn:b", "urn:c"]
    again = protos.resource.ReadResourceResponse.FromString(registrations.read_answer(answer))
    assert (again.urn, again.id, wire.decode_struct(again.properties)) == ("urn:a", "id", answer.outputs)


@pytest.mark.parametrize("id_", [UNKNOWN, None, ""])
def test_an_id_that_is_not_there_is_empty(id_: Any) -> None:
    read = protos.resource.RegisterResourceResponse.FromString(registrations.registered(Registered("urn:a", id_)))
    assert read.id == ""
    assert read.HasField("object")


def test_an_invoke_is_answered() -> None:
    answer = Invoked({"a": 1}, (CheckFailure("x", "bad"),), unknown=True)
    read = protos.resource.ResourceInvokeResponse.FromString(registrations.invoked(answer))
    assert wire.decode_struct(getattr(read, "return")) == {"a": 1}
    assert [(failure.property, failure.reason) for failure in read.failures] == [("x", "bad")]
    assert read.unknown is True


@pytest.mark.parametrize("value", [1, None, UNKNOWN, Secret("x"), {"a": [Secret(1)]}])
def test_one_value(value: Any) -> None:
    assert registrations.struct(registrations.value(value)) == {"value": value}
