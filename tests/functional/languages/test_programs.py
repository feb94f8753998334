"""What a program registers, and what it is answered."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.model.diagnostics import Severity
from stackyard.model.registrations import CheckFailure, Invoked
from stackyard.model.values import UNKNOWN, Archive, Asset, ResourceReference, Secret
from stackyard.testing.monitors import EchoMonitor

pytestmark = pytest.mark.asyncio(loop_scope="module")

THING = """
import pulumi
class Thing(pulumi.CustomResource):
    text: pulumi.Output[str]
    size: pulumi.Output[int]
    def __init__(self, name, text=None, size=None, opts=None, **others):
        super().__init__("test:index:Thing", name, {"text": text, "size": size, **others}, opts)
"""


async def test_a_resource_and_an_export(run: Any) -> None:
    exit_, monitor = await run(THING + 'thing = Thing("a", "x")\npulumi.export("id", thing.id)')
    assert exit_.ok, exit_
    assert [goal.type for goal in monitor.goals] == ["pulumi:pulumi:Stack", "test:index:Thing"]
    goal = monitor.goal("a")
    assert goal.custom
    assert goal.inputs == {"text": "x"}
    assert goal.parent == "urn:pulumi:dev::project::pulumi:pulumi:Stack::project-dev"
    assert goal.source_position is not None
    assert goal.source_position.path.endswith("__main__.py")
    assert goal.source_position.line == 8
    assert monitor.stack_outputs == {"id": "id-1"}
    assert monitor.finished == 1


async def test_options_are_said_or_not_said(run: Any) -> None:
    text = """
a = Thing("a")
b = Thing("b", "x", opts=pulumi.ResourceOptions(
    protect=False, depends_on=[a], ignore_changes=["text"], delete_before_replace=True, retain_on_delete=True,
    aliases=[pulumi.Alias(name="old"), "urn:pulumi:dev::p::t:i:T::n"], additional_secret_outputs=["text"],
    custom_timeouts=pulumi.CustomTimeouts(create="1h30m", delete="10s"), replace_on_changes=["size"],
    import_="there", version="1.2.3", deleted_with=a))
"""
    exit_, monitor = await run(THING + text)
    assert exit_.ok, exit_
    plain, rich = monitor.goal("a"), monitor.goal("b")
    assert (plain.protect, plain.delete_before_replace, plain.retain_on_delete) == (None, None, None)
    assert (plain.custom_timeouts, plain.aliases, plain.property_dependencies) == (None, (), None)
    assert (rich.protect, rich.delete_before_replace, rich.retain_on_delete) == (False, True, True)
    assert rich.dependencies == ("urn:pulumi:dev::project::test:index:Thing::a",)
    assert rich.deleted_with == rich.dependencies[0]
    assert rich.custom_timeouts is not None
    assert (rich.custom_timeouts.create, rich.custom_timeouts.delete) == (5400, 10)
    assert [(alias.name, alias.urn) for alias in rich.aliases] == [("old", ""), ("", "urn:pulumi:dev::p::t:i:T::n")]
    assert (rich.ignore_changes, rich.replace_on_changes) == (("text",), ("size",))
    assert (rich.import_id, rich.version, rich.additional_secret_outputs) == ("there", "1.2.3", ("text",))


async def test_components_hold_their_children(run: Any) -> None:
    text = """
class Group(pulumi.ComponentResource):
    def __init__(self, name):
        super().__init__("test:index:Group", name)
        self.child = Thing("child", "x", opts=pulumi.ResourceOptions(parent=self))
        self.register_outputs({"text": self.child.text})
group = Group("g")
after = Thing("after", group.child.text)
"""
    exit_, monitor = await run(THING + text)
    assert exit_.ok, exit_
    urn = "urn:pulumi:dev::project::test:index:Group::g"
    child = "urn:pulumi:dev::project::test:index:Group$test:index:Thing::child"
    assert monitor.goal("g").custom is False
    assert monitor.goal("child").parent == urn
    assert monitor.outputs[urn] == {"text": "x"}
    assert monitor.goal("after").property_dependencies == {"text": (child,)}


async def test_a_chain_of_applies_reaches_the_next_resource(run: Any) -> None:
    text = """
a = Thing("a", "x")
joined = pulumi.Output.all(a.text, a.id).apply(lambda both: "-".join(both)).apply(str.upper)
pulumi.export("joined", Thing("b", pulumi.Output.concat("<", joined, ">")).text)
"""
    exit_, monitor = await run(THING + text)
    assert exit_.ok, exit_
    assert monitor.goal("b").inputs == {"text": "<X-ID-1>"}
    assert monitor.stack_outputs == {"joined": "<X-ID-1>"}


async def test_secrets_stay_secret_both_ways(run: Any) -> None:
    monitor = EchoMonitor(computed={"test:index:Thing": {"size": Secret(3)}})
    text = """
config = pulumi.Config()
a = Thing("a", config.require_secret("password"), size=None)
pulumi.export("bigger", a.size.apply(lambda size: size + 1))
pulumi.export("plain", config.require("plain"))
pulumi.export("text", a.text)
"""
    config = {"project:password": "hunter2", "project:plain": "yes"}
    exit_, monitor = await run(THING + text, monitor, config=config, secret_keys=("project:password",))
    assert exit_.ok, exit_
    assert monitor.goal("a").inputs["text"] == Secret("hunter2")
    assert monitor.stack_outputs == {"bigger": Secret(4), "plain": "yes", "text": Secret("hunter2")}


async def test_what_is_unknown_in_a_preview_is_known_in_an_update(run: Any) -> None:
    text = """
a = Thing("a", "x")
seen = []
b = Thing("b", a.id.apply(lambda id: seen.append(id) or f"of {id}"), size=a.size, more=[a.id, "y"])
pulumi.export("id", a.id)
pulumi.export("text", a.text)
pulumi.export("later", Thing("c", "z").missing if False else b.text)
"""
    computed = {"test:index:Thing": {"size": UNKNOWN}}
    exit_, preview = await run(THING + text, EchoMonitor(preview=True, computed=computed), dry_run=True)
    assert exit_.ok, exit_
    assert preview.goal("b").inputs == {"text": UNKNOWN, "size": UNKNOWN, "more": [UNKNOWN, "y"]}
    assert preview.stack_outputs == {"id": UNKNOWN, "text": "x", "later": UNKNOWN}
    exit_, update = await run(THING + text, EchoMonitor(computed={"test:index:Thing": {"size": 5}}))
    assert exit_.ok, exit_
    assert update.goal("b").inputs == {"text": "of id-1", "size": 5, "more": ["id-1", "y"]}
    assert update.stack_outputs == {"id": "id-1", "text": "x", "later": "of id-1"}


async def test_assets_archives_and_references_cross_the_wire(run: Any) -> None:
    text = """
a = Thing("a")
pulumi.export("file", pulumi.FileAsset("./data.txt"))
Thing("b", asset=pulumi.StringAsset("héllo"), remote=pulumi.RemoteAsset("https://example.com/x"),
      archive=pulumi.AssetArchive({"in": pulumi.FileArchive("./folder"), "f": pulumi.FileAsset("f.txt")}), ref=a)
"""
    exit_, monitor = await run(THING + text)
    assert exit_.ok, exit_
    assert monitor.goal("b").inputs == {
        "asset": Asset(text="héllo"),
        "remote": Asset(uri="https://example.com/x"),
        "archive": Archive(assets={"in": Archive(path="./folder"), "f": Asset(path="f.txt")}),
        "ref": ResourceReference("urn:pulumi:dev::project::test:index:Thing::a", "id-1"),
    }
    assert monitor.stack_outputs == {"file": Asset(path="./data.txt")}


async def test_invokes_are_answered_or_refused(run: Any) -> None:
    text = """
found = pulumi.runtime.invoke("test:index:find", {"name": "x", "n": 2}).value
pulumi.export("found", found)
pulumi.export("later", pulumi.runtime.invoke_output("test:index:find", {"name": Thing("a", "t").text}))
"""
    exit_, monitor = await run(THING + text)
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"found": {"name": "x", "n": 2}, "later": {"name": "t"}}
    assert [invocation.token for invocation in monitor.invocations] == ["test:index:find"] * 2
    refusing = EchoMonitor()
    refusing.on_invoke = lambda _: Invoked(failures=(CheckFailure("name", "no such thing"),))
    exit_, _ = await run(THING + text, refusing)
    assert not exit_.ok
    assert "invoke of test:index:find failed: no such thing (name)" in exit_.message


async def test_a_resource_can_be_read(run: Any) -> None:
    monitor = EchoMonitor(computed={"test:index:Thing": {"size": 7}})
    text = 'got = Thing("a", opts=pulumi.ResourceOptions(id="there"))\npulumi.export("size", got.size)'
    exit_, monitor = await run(THING + text, monitor)
    assert exit_.ok, exit_
    assert [(request.name, request.id) for request in monitor.reads] == [("a", "there")]
    assert monitor.stack_outputs == {"size": 7}


async def test_lines_keep_their_order(run: Any) -> None:
    text = """
import os, subprocess, sys
import pulumi
print("one")
pulumi.log.info("two")
print("three", end=" ")
print("four ünïcode ✓")
pulumi.log.warn("five")
print("six", file=sys.stderr)
pulumi.log.debug("never")
print("seven\\nand", "eight"); sys.stdout.write("no newline")
subprocess.run(["echo", "from a child"])
os.write(2, b"raw \\xff\\n")
"""
    exit_, monitor = await run(text)
    assert exit_.ok, exit_
    mine = [entry.message for entry in monitor.entries if entry.message not in ("from a child", "raw \ufffd")]
    assert mine == ["one", "two", "three four ünïcode ✓", "five", "six", "seven", "and eight", "no newline"]
    assert "from a child" in monitor.lines("stdout")
    assert monitor.lines("stderr") == ["six", "raw \ufffd"]
    severities = {entry.message: entry.severity for entry in monitor.entries}
    assert severities["five"] == Severity.WARNING


async def test_debug_lines_come_when_they_are_wanted(run: Any) -> None:
    exit_, monitor = await run('import pulumi\npulumi.log.debug("deep")', debug=True)
    assert exit_.ok, exit_
    assert "deep" in [entry.message for entry in monitor.entries if entry.severity == Severity.DEBUG]


async def test_names_and_values_of_any_script(run: Any) -> None:
    exit_, monitor = await run(THING + 'Thing("名前 ∑", "žluťoučký 🐎")\npulumi.export("ключ", "значение")')
    assert exit_.ok, exit_
    assert monitor.goal("名前 ∑").inputs == {"text": "žluťoučký 🐎"}
    assert monitor.stack_outputs == {"ключ": "значение"}


async def test_many_resources(run: Any) -> None:
    text = """
things = [Thing(f"t{n}", str(n), size=n) for n in range(500)]
pulumi.export("total", pulumi.Output.all(*[thing.size for thing in things]).apply(sum))
"""
    exit_, monitor = await run(THING + text, parallel=4)
    assert exit_.ok, exit_
    assert len(monitor.goals) == 501
    assert monitor.stack_outputs == {"total": sum(range(500))}


async def test_large_values(run: Any) -> None:
    exit_, monitor = await run(THING + 'Thing("a", "x" * 3_000_000)')
    assert exit_.ok, exit_
    assert len(monitor.goal("a").inputs["text"]) == 3_000_000


async def test_the_program_can_be_async(run: Any) -> None:
    text = """
import asyncio
async def main():
    await asyncio.sleep(0)
    return {"answer": 42}
pulumi.run(main)
"""
    exit_, monitor = await run(THING + text)
    assert exit_.ok, exit_
    assert monitor.stack_outputs == {"answer": 42}


@pytest.mark.parametrize("main", ["app", "app/start.py"])
async def test_main_is_a_folder_or_a_file(run: Any, main: str) -> None:
    text = "import os, sys, pulumi, beside\npulumi.export('a', [os.getcwd(), sys.argv[0], beside.NAME, __name__])"
    files = {"app/__main__.py": text, "app/start.py": text, "app/beside.py": "NAME = 'b'"}
    exit_, monitor = await run("raise SystemExit('the wrong program')", files=files, main=main)
    assert exit_.ok, exit_
    cwd, argv, name, module = monitor.stack_outputs["a"]
    assert cwd.endswith("/app")
    assert (argv, name, module) == ("." if main == "app" else "start.py", "b", "__main__")


async def test_the_program_knows_where_it_runs(run: Any) -> None:
    text = """
import os, pulumi
pulumi.export("names", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
pulumi.export("root", pulumi.get_root_directory())
pulumi.export("config", os.environ["PULUMI_CONFIG"])
"""
    exit_, monitor = await run(text, config={"project:a": "1"})
    assert exit_.ok, exit_
    assert monitor.stack_outputs["names"] == ["org", "project", "dev"]
    assert monitor.stack_outputs["config"] == '{"project:a": "1"}'


async def test_asking_for_a_preview_is_noticed_only_when_the_program_asks(run: Any) -> None:
    exit_, quiet = await run(THING + 'Thing("a", Thing("b", "x").text)')
    assert exit_.ok, exit_
    assert quiet.dry_run_was_read is False
    for form in ("pulumi.runtime.is_dry_run()", "__import__('pulumi.runtime.settings').runtime.settings.is_dry_run()"):
        exit_, asking = await run(THING + f'pulumi.export("dry", {form})', dry_run=True)
        assert exit_.ok, exit_
        assert asking.dry_run_was_read is True
        assert asking.stack_outputs == {"dry": True}


async def test_the_version_of_pulumi_can_be_required(run: Any) -> None:
    exit_, _ = await run('import pulumi\npulumi.require_pulumi_version(">=3.0.0 <4.0.0")')
    assert exit_.ok, exit_
    exit_, _ = await run('import pulumi\n\npulumi.require_pulumi_version(">=4.0.0")')
    assert not exit_.ok
    assert "requires Pulumi >=4.0.0" in exit_.message
    assert exit_.position is not None
    assert exit_.position.line == 3


async def test_what_is_not_advertised_is_the_sdks_own_error(run: Any) -> None:
    text = 'Thing("a", opts=pulumi.ResourceOptions(transforms=[lambda args: None]))'
    exit_, _ = await run(THING + text)
    assert "does not support transforms" in exit_.message
    exit_, _ = await run(THING + "pulumi.runtime.register_resource_transform(lambda args: None)")
    assert "does not support transforms" in exit_.message
    assert exit_.position is not None
    text = (
        'Thing("a", opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding(before_create=[lambda args: None])))'
    )
    exit_, _ = await run(THING + text)
    assert "does not support resource hooks" in exit_.message


async def test_calling_a_method_of_a_resource_fails_clearly(run: Any) -> None:
    exit_, _ = await run(THING + 'pulumi.export("a", pulumi.runtime.call("test:index:Thing/m", {}, Thing("a")))')
    assert not exit_.ok
    assert "calling test:index:Thing/m, a method of a provider's resource, is not supported" in exit_.message


async def test_dynamic_providers_import_and_reach_the_engine(run: Any) -> None:
    text = """
from pulumi import dynamic
class P(dynamic.ResourceProvider):
    def create(self, props):
        return dynamic.CreateResult("id", props)
class D(dynamic.Resource):
    def __init__(self, name):
        super().__init__(P(), name, {"a": 1})
D("d")
"""
    exit_, monitor = await run(THING + text)
    assert exit_.ok, exit_
    assert monitor.goal("d").type == "pulumi-python:dynamic:Resource"
    assert "__provider" in monitor.goal("d").inputs
