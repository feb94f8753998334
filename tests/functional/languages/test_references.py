"""Stack references are asked of the engine key by key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stackyard.errors import Position
from stackyard.model.registrations import OutputQuery
from stackyard.model.values import UNKNOWN, Secret
from stackyard.testing.monitors import EchoMonitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

STACKS = {
    "org/net/prod": {
        "cidr": "10.0.0.0/16",
        "key": Secret("s3cret"),
        "id": UNKNOWN,
        "zones": ["a", {"b": 2}],
        "no": None,
    }
}
OTHER = 'import pulumi\nother = pulumi.StackReference("net", stack_name="org/net/prod")\n'
THING = """
class Thing(pulumi.CustomResource):
    def __init__(self, name, text):
        super().__init__("test:index:Thing", name, {"text": text})
"""


async def test_each_key_is_asked_with_its_place(run: Any, tmp_path: Path) -> None:
    text = OTHER + 'pulumi.export("a", other.get_output("cidr"))\npulumi.export("b", other.require_output("zones"))\n'
    exit_, monitor = await run(text, EchoMonitor(stacks=STACKS))
    assert exit_.ok, exit_
    path = str(tmp_path / "__main__.py")
    assert sorted(monitor.queries, key=lambda query: str(query.key)) == [
        OutputQuery("org/net/prod", "cidr", False, Position(path, 3)),
        OutputQuery("org/net/prod", "zones", True, Position(path, 4)),
    ]
    assert monitor.stack_outputs == {"a": "10.0.0.0/16", "b": ["a", {"b": 2}]}


async def test_the_reference_itself_is_read_as_in_pulumi(run: Any) -> None:
    text = OTHER + THING + 'Thing("t", other.get_output("cidr"))\npulumi.StackReference("org/net/prod")'
    exit_, monitor = await run(text, EchoMonitor(stacks=STACKS))
    assert exit_.ok, exit_
    # The SDK sends reads from threads: their order is not the program's.
    reads = sorted(monitor.reads, key=lambda read: read.name)
    assert [(read.type, read.name, read.id, read.inputs) for read in reads] == [
        ("pulumi:pulumi:StackReference", "net", "org/net/prod", {"name": "org/net/prod"}),
        ("pulumi:pulumi:StackReference", "org/net/prod", "org/net/prod", {"name": "org/net/prod"}),
    ]
    urn = "urn:pulumi:dev::project::pulumi:pulumi:StackReference::net"
    assert monitor.goal("t").property_dependencies == {"text": (urn,)}
    assert monitor.goal("t").dependencies == (urn,)


async def test_unknown_and_secret_belong_to_one_key_only(run: Any) -> None:
    text = (
        OTHER
        + THING
        + """
for key in ("cidr", "key", "id", "absent", "no"):
    pulumi.export(key, other.get_output(key))
Thing("known", other.require_output("cidr").apply(lambda cidr: cidr + "!"))
Thing("unknown", other.require_output("id").apply(lambda id: 1 / 0))
Thing("secret", other.require_output("key"))
"""
    )
    monitor = EchoMonitor(preview=True, stacks=STACKS)
    exit_, _ = await run(text, monitor, dry_run=True)
    assert exit_.ok, exit_
    outputs = dict(monitor.stack_outputs)
    assert outputs.pop("absent", None) is None
    assert outputs.pop("no", None) is None
    assert outputs == {"cidr": "10.0.0.0/16", "key": Secret("s3cret"), "id": UNKNOWN}
    assert monitor.goal("known").inputs == {"text": "10.0.0.0/16!"}
    assert monitor.goal("unknown").inputs == {"text": UNKNOWN}
    assert monitor.goal("secret").inputs == {"text": Secret("s3cret")}


async def test_a_missing_output_that_is_not_required_is_a_known_none(run: Any) -> None:
    text = OTHER + 'pulumi.export("a", other.get_output("absent").apply(lambda value: value is None))'
    exit_, monitor = await run(text, EchoMonitor(stacks=STACKS))
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"a": True}


async def test_a_missing_required_output_is_told_in_the_engines_words(run: Any) -> None:
    text = OTHER + THING + '\nvalue = other.require_output("absent")\nThing("t", value)\n'
    exit_, monitor = await run(text, EchoMonitor(stacks=STACKS))
    assert not exit_.ok
    assert exit_.message == "stack org/net/prod has no output 'absent'"
    assert exit_.position is not None
    assert exit_.position.line == text.splitlines().index('value = other.require_output("absent")') + 1
    assert [goal.name for goal in monitor.goals] == ["project-dev"]


async def test_the_error_is_a_key_error_to_the_program(run: Any) -> None:
    text = (
        OTHER
        + """
async def main():
    try:
        await other.require_output("absent").future()
    except KeyError as error:
        return {"caught": str(error)}
pulumi.run(main)
"""
    )
    exit_, monitor = await run(text, EchoMonitor(stacks=STACKS))
    assert monitor.stack_outputs == {"caught": "stack org/net/prod has no output 'absent'"}
    # As with the SDK, an output that failed fails the program at its end even when somebody caught it.
    assert not exit_.ok


async def test_reading_outputs_counts_as_all_keys(run: Any) -> None:
    text = OTHER + 'pulumi.export("all", other.outputs)\npulumi.export("one", other.outputs["cidr"])'
    monitor = EchoMonitor(stacks={"org/net/prod": {"cidr": "10.0.0.0/16", "n": 1}})
    exit_, _ = await run(text, monitor)
    assert exit_.ok, exit_
    assert {query.key for query in monitor.queries} == {None}
    assert monitor.stack_outputs == {"all": {"cidr": "10.0.0.0/16", "n": 1}, "one": "10.0.0.0/16"}


async def test_details(run: Any) -> None:
    text = (
        OTHER
        + """
async def main():
    plain = await other.get_output_details("cidr")
    secret = await other.get_output_details("key")
    absent = await other.get_output_details("absent")
    return {"a": [plain.value, plain.secret_value, secret.value, absent.value, absent.secret_value],
            "b": secret.secret_value == "s3cret"}
pulumi.run(main)
"""
    )
    exit_, monitor = await run(text, EchoMonitor(stacks=STACKS))
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"a": ["10.0.0.0/16", None, None, None, None], "b": True}


async def test_a_key_that_is_an_output_itself(run: Any) -> None:
    text = OTHER + 'pulumi.export("a", other.get_output(pulumi.Output.from_input("cidr")))'
    exit_, monitor = await run(text, EchoMonitor(stacks=STACKS))
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"a": "10.0.0.0/16"}
