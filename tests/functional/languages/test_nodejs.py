"""Programs in TypeScript and JavaScript, run for real by their own SDK against a monitor in memory."""

from __future__ import annotations

import asyncio
import os
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from stackyard.errors import Position
from stackyard.languages.base import Exit, Program
from stackyard.languages.nodejs import NodejsLanguage
from stackyard.model.registrations import Goal, Invocation, Invoked
from stackyard.model.values import UNKNOWN, Secret
from stackyard.testing.monitors import EchoMonitor
from tests.functional.languages import remotes

ENVIRON = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PULUMI_NODEJS_TRANSPILE_ONLY": "true"}
HEAD = 'import * as pulumi from "@pulumi/pulumi";\nimport * as random from "@pulumi/random";\n'

Run = Callable[..., Any]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Program]:
    """Write a program with its head of imports and describe it."""
    (tmp_path / "node_modules").symlink_to(remotes.node_modules())

    def build(text: str, *, name: str = "index.ts", head: str = HEAD, **fields: Any) -> Program:
        (tmp_path / "package.json").write_text(f'{{"name": "web", "main": "{name}"}}', encoding="utf-8")
        (tmp_path / name).write_text(head + textwrap.dedent(text), encoding="utf-8")
        given = {"project": "web", "stack": "dev", "organization": "acme", "environ": ENVIRON, **fields}
        return Program(directory=tmp_path, **given)

    return build


@pytest.fixture
def run(write: Callable[..., Program]) -> Run:
    async def go(text: str, monitor: EchoMonitor | None = None, **fields: Any) -> tuple[Exit, EchoMonitor]:
        monitor = monitor or EchoMonitor(project="web", preview=bool(fields.get("dry_run")))
        async with asyncio.timeout(120):
            return await NodejsLanguage().run(write(text, **fields), monitor), monitor

    return go


async def test_resources_configuration_and_secrets(run: Run) -> None:
    ended, monitor = await run(
        """
        const config = new pulumi.Config();
        const pet = new random.RandomPet("pet", { length: config.requireNumber("length") }, { protect: true });
        class Group extends pulumi.ComponentResource {
            constructor(name: string) {
                super("acme:index:Group", name);
                new random.RandomId("inner", { byteLength: 2, prefix: pet.id }, { parent: this });
                this.registerOutputs({ done: true });
            }
        }
        new Group("group");
        console.log("to be seen");
        export const name = pet.id;
        export const token = config.requireSecret("token");
        export const where = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
        """,
        config={"web:length": "3", "web:token": "hush"},
        secret_keys=("web:token",),
    )
    assert ended == Exit(True)
    pet, inner = monitor.goal("pet"), monitor.goal("inner")
    assert (pet.type, pet.inputs, pet.protect) == ("random:index/randomPet:RandomPet", {"length": 3}, True)
    assert pet.custom_timeouts is None
    assert pet.version == "4.18.4"
    assert pet.source_position is not None
    assert (Path(pet.source_position.path).name, pet.source_position.line) == ("index.ts", 5)
    assert inner.parent.endswith("acme:index:Group::group")
    assert inner.dependencies == ("urn:pulumi:dev::web::random:index/randomPet:RandomPet::pet",)
    assert [outputs for urn, outputs in monitor.outputs.items() if "Group" in urn] == [{"done": True}]
    assert monitor.stack_outputs == {"name": "id-1", "token": Secret("hush"), "where": "acme/web/dev"}
    assert monitor.lines("stdout") == ["to be seen"]
    assert monitor.finished == 1


async def test_a_program_that_is_busy_for_long_keeps_its_connection(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one whose types are checked is, for longer than gRPC waits for a reply to its pings: a minute, here a tenth
    of a second."""
    serve = grpc.aio.server

    def impatient(options: list[tuple[str, Any]]) -> Any:
        return serve(options=[*options, ("grpc.http2.ping_timeout_ms", 100)])

    monkeypatch.setattr(grpc.aio, "server", impatient)
    ended, monitor = await run(
        """
        const end = Date.now() + 1500;
        while (Date.now() < end) {}
        new random.RandomPet("pet");
        """
    )
    assert ended == Exit(True)
    assert monitor.goal("pet").type == "random:index/randomPet:RandomPet"


async def test_a_preview_has_unknown_outputs(run: Run) -> None:
    ended, monitor = await run(
        """
        const pet = new random.RandomPet("pet");
        export const name = pet.id.apply((id) => id.length);
        export const dry = pulumi.runtime.isDryRun();
        """,
        dry_run=True,
    )
    assert ended.ok
    assert monitor.stack_outputs == {"name": UNKNOWN, "dry": True}
    assert monitor.dry_run_was_read


async def test_it_is_seen_that_a_program_does_not_ask_for_the_kind_of_operation(run: Run) -> None:
    ended, monitor = await run(
        """
        const pet = new random.RandomPet("pet", { length: pulumi.output(2) });
        export const name = pet.id.apply((id) => pulumi.secret(`${id}`));
        export const left = Object.keys(process.env).filter((name) => name.startsWith("STACKYARD"));
        """
    )
    assert ended.ok
    assert not monitor.dry_run_was_read
    assert monitor.stack_outputs == {"name": Secret("id-1"), "left": []}


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('pulumi.output("a").apply(() => pulumi.runtime.isDryRun());\n', {}),
        ("[1].map(pulumi.runtime.isDryRun);\n", {}),
        (
            'import { isDryRun } from "@pulumi/pulumi/runtime/settings.js";\nisDryRun();\n',
            {"name": "index.mjs", "head": ""},
        ),
    ],
)
async def test_a_program_that_asks_for_the_kind_of_operation_is_seen(
    run: Run, text: str, fields: dict[str, str]
) -> None:
    ended, monitor = await run(text, **fields)
    assert ended.ok
    assert monitor.dry_run_was_read


async def test_another_stack_is_read_as_a_resource(run: Run) -> None:
    read = {"outputs": {"vpc": "vpc-1", "key": Secret("s3cret")}, "secretOutputNames": ["key"], "name": "acme/core/dev"}
    monitor = EchoMonitor(project="web", computed={"pulumi:pulumi:StackReference": read})
    ended, _ = await run(
        """
        const core = new pulumi.StackReference("acme/core/dev");
        export const vpc = core.requireOutput("vpc");
        export const key = core.getOutput("key");
        """,
        monitor,
    )
    assert ended.ok
    assert [(each.type, each.id) for each in monitor.reads] == [("pulumi:pulumi:StackReference", "acme/core/dev")]
    assert monitor.stack_outputs == {"vpc": "vpc-1", "key": Secret("s3cret")}


async def test_in_a_preview_one_unknown_output_of_another_stack_is_unknown_alone(run: Run) -> None:
    outputs = {"vpc": "vpc-1", "id": UNKNOWN, "deep": {"a": UNKNOWN}, "key": Secret("s3cret")}
    read = {"outputs": outputs, "secretOutputNames": ["key"], "name": "acme/core/dev"}
    monitor = EchoMonitor(project="web", preview=True, computed={"pulumi:pulumi:StackReference": read})
    ended, _ = await run(
        """
        const core = new pulumi.StackReference("acme/core/dev");
        export const vpc = core.requireOutput("vpc").apply((id) => `is ${id}`);
        export const key = core.getOutput("key");
        export const id = core.requireOutput("id");
        export const deep = core.getOutput("deep").apply((deep) => deep.a);
        export const none = core.getOutput("none").apply((found) => `${found}`);
        export const details = core.getOutputDetails("vpc");
        export const named = core.getOutput(pulumi.output("vpc"));
        new random.RandomPet("pet", { prefix: core.requireOutput("vpc") });
        """,
        monitor,
        dry_run=True,
    )
    assert ended.ok
    assert monitor.stack_outputs == {
        "vpc": "is vpc-1",
        "key": Secret("s3cret"),
        "id": UNKNOWN,
        "deep": UNKNOWN,
        "none": "undefined",
        "details": {"value": "vpc-1"},
        "named": UNKNOWN,
    }
    assert monitor.goal("pet").inputs == {"prefix": "vpc-1"}
    assert [urn.rpartition("::")[2] for urn in monitor.goal("pet").dependencies] == ["acme/core/dev"]


async def test_a_missing_output_of_another_stack_is_told(run: Run) -> None:
    read = {"outputs": {"vpc": "vpc-1"}, "secretOutputNames": [], "name": "acme/core/dev"}
    monitor = EchoMonitor(project="web", computed={"pulumi:pulumi:StackReference": read})
    ended, _ = await run('export const a = new pulumi.StackReference("acme/core/dev").requireOutput("cat");\n', monitor)
    assert not ended.ok
    assert "Required output 'cat' does not exist on stack 'acme/core/dev'" in ended.message


async def test_functions_are_called(run: Run) -> None:
    monitor = EchoMonitor(project="web")

    def answer(invocation: Invocation) -> Invoked:
        return Invoked({"value": f"{invocation.token} of {invocation.arguments['of']}"})

    monitor.on_invoke = answer
    ended, _ = await run(
        """
        export const found = pulumi.runtime.invoke("acme:index:lookup", { of: "x" }).then((all) => all.value);
        """,
        monitor,
    )
    assert ended.ok
    assert monitor.stack_outputs == {"found": "acme:index:lookup of x"}


async def test_an_exception_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    ended, monitor = await run("const settings: any = undefined;\nconsole.log(settings.name);\n")
    assert not ended.ok
    assert ended.message.endswith("Cannot read properties of undefined (reading 'name')")
    assert ended.position is not None
    assert (ended.position.path, ended.position.line) == (str(tmp_path / "index.ts"), 4)
    assert not [entry for entry in monitor.entries if "Running program" in entry.message and entry.severity == "error"]


async def test_a_package_that_is_missing_is_told_with_the_line_that_asks_for_it(run: Run, tmp_path: Path) -> None:
    ended, _ = await run('const web = require("no-such-package");\n')
    assert "Cannot find module 'no-such-package'" in ended.message
    assert ended.position is not None
    assert (ended.position.path, ended.position.line) == (str(tmp_path / "index.ts"), 3)


async def test_a_missing_key_of_the_configuration_is_told_in_the_words_of_the_sdk(run: Run) -> None:
    ended, monitor = await run('new pulumi.Config().require("colour");\n')
    assert not ended.ok
    assert ended.message.startswith("Missing required configuration variable 'web:colour'")
    assert not [entry for entry in monitor.entries if entry.severity == "error"]


async def test_a_type_error_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    environ = {**ENVIRON, "PULUMI_NODEJS_TRANSPILE_ONLY": "false"}
    ended, _ = await run('const count: number = "three";\nconsole.log(count);\n', head="", environ=environ)
    assert not ended.ok
    assert ended.message == "error TS2322: Type 'string' is not assignable to type 'number'."
    assert ended.position == Position(str(tmp_path / "index.ts"), 1, 7)


async def test_plain_javascript_runs_and_its_syntax_errors_are_located(run: Run, tmp_path: Path) -> None:
    text = 'const pulumi = require("@pulumi/pulumi");\nexports.a = 1;\n'
    ended, monitor = await run(text, name="index.js", head="")
    assert ended.ok
    assert monitor.stack_outputs == {"a": 1}
    ended, _ = await run("exports.a = (1;\n", name="index.js", head="")
    assert "SyntaxError" in ended.message
    assert ended.position is not None
    assert (ended.position.path, ended.position.line) == (str(tmp_path / "index.js"), 1)


async def test_programs_can_be_es_modules(run: Run, tmp_path: Path) -> None:
    """The SDK compiles ES modules only where it sees none of these arguments, which it takes for the user's own."""
    head = 'import * as pulumi from "@pulumi/pulumi";\n'
    text = """
    const loaders = ["--loader", "--import", "--require"];
    export const found = process.execArgv.filter((each) => loaders.includes(each));
    export const where = import.meta.url;
    """
    ended, monitor = await run(text, name="index.mjs", head=head)
    assert ended.ok
    assert monitor.stack_outputs == {"found": [], "where": (tmp_path / "index.mjs").as_uri()}


async def test_what_the_monitor_refuses_ends_the_program_with_its_words(run: Run) -> None:
    monitor = EchoMonitor(project="web")

    async def refuse(goal: Goal) -> None:
        if goal.name == "pet":
            raise ValueError("no pets allowed")

    monitor.before_register = refuse
    ended, _ = await run('new random.RandomPet("pet");\n', monitor)
    assert not ended.ok
    assert ended.message == "no pets allowed"


async def test_an_exit_code_is_told(run: Run) -> None:
    ended, _ = await run("process.exit(7);\n")
    assert (ended.ok, ended.message) == (False, "the program ended with exit code 7")


async def test_cancelling_ends_the_program_and_what_it_started(write: Callable[..., Program], tmp_path: Path) -> None:
    program = write(
        """
        import * as child from "child_process";
        import * as fs from "fs";
        const started = child.spawn("sleep", ["600"]);
        fs.writeFileSync("pids", `${process.pid} ${started.pid}`);
        new random.RandomPet("pet");
        setInterval(() => {}, 1000);
        """
    )
    monitor = EchoMonitor(project="web")
    reached = asyncio.Event()

    async def reach(goal: Goal) -> None:
        if goal.name == "pet":
            reached.set()

    monitor.before_register = reach
    running = asyncio.ensure_future(NodejsLanguage(grace_seconds=5).run(program, monitor))
    async with asyncio.timeout(60):
        await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    for pid in (tmp_path / "pids").read_text(encoding="utf-8").split():
        state = Path(f"/proc/{pid}/stat")
        assert not state.exists() or state.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("path", "expected"), [("/nonexistent", "install Node.js"), (os.environ["PATH"], "run `stackyard install`")]
)
async def test_what_is_missing_is_told_with_how_to_get_it(tmp_path: Path, path: str, expected: str) -> None:
    program = Program("web", "dev", "acme", tmp_path, environ={"PATH": path})
    ended = await NodejsLanguage().run(program, EchoMonitor())
    assert not ended.ok
    assert expected in ended.message
