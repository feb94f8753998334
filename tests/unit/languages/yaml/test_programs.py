"""Pulumi YAML programs against a monitor in memory: what they register, and what is said of their faults."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackyard.errors import Position
from stackyard.languages.base import Exit, Program
from stackyard.languages.yaml.language import YamlLanguage
from stackyard.model.registrations import CheckFailure, Goal, Invoked
from stackyard.model.values import UNKNOWN, Asset, Secret
from stackyard.testing.monitors import EchoMonitor

Run = Callable[..., Any]
PET = "urn:pulumi:dev::web::random:index/randomPet:RandomPet::pet"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    async def go(text: str, monitor: EchoMonitor | None = None, **fields: Any) -> tuple[Exit, EchoMonitor]:
        (tmp_path / "Pulumi.yaml").write_text("name: web\nruntime: yaml\n" + textwrap.dedent(text), encoding="utf-8")
        monitor = monitor or EchoMonitor(project="web", preview=bool(fields.get("dry_run")))
        program = Program("web", "dev", "acme", tmp_path, **fields)
        return await YamlLanguage().run(program, monitor), monitor

    return go


async def test_resources_are_registered_as_they_need_each_other(run: Run) -> None:
    ended, monitor = await run(
        """
        resources:
          id:
            type: random:RandomId
            properties: {byteLength: 2, prefix: "${pet.id}-x"}
            options:
              dependsOn: ["${other}"]
              protect: true
              ignoreChanges: [prefix]
              customTimeouts: {create: 5m}
          pet: {type: random:RandomPet, properties: {length: 2}}
          other: {type: random:RandomPet, name: another}
        outputs:
          name: ${pet.id}
          text: ${pet.id}/${pulumi.stack}/${pulumi.organization}/$${raw}
          list: ["${pet.length}", 1.5, true, null]
        """
    )
    assert ended == Exit(True)
    goal = monitor.goal("id")
    other = "urn:pulumi:dev::web::random:index/randomPet:RandomPet::another"
    assert (goal.type, goal.custom, goal.protect) == ("random:index/randomId:RandomId", True, True)
    assert goal.dependencies == tuple(sorted([other, PET]))
    assert goal.property_dependencies == {"byteLength": (), "prefix": (PET,)}
    assert goal.ignore_changes == ("prefix",)
    assert goal.custom_timeouts is not None
    assert goal.custom_timeouts.create == 300
    assert goal.source_position is not None
    assert (Path(goal.source_position.path).name, goal.source_position.line) == ("Pulumi.yaml", 5)
    pet = monitor.goal("pet")
    assert pet.inputs == {"length": 2}
    ids = {each.name: f"id-{index}" for index, each in enumerate((g for g in monitor.goals if g.custom), 1)}
    assert monitor.stack_outputs == {
        "name": ids["pet"],
        "text": f"{ids['pet']}/dev/acme/${{raw}}",
        "list": [2, 1.5, True, None],
    }
    assert goal.inputs["prefix"] == f"{ids['pet']}-x"
    assert monitor.finished == 1


async def test_settings_have_types_defaults_and_secrets(run: Run) -> None:
    ended, monitor = await run(
        """
        config:
          count: {type: integer}
          token: {type: string, secret: true}
          zones: {type: array, items: {type: string}, default: [a, b]}
          aws:region: us-east-1
        variables:
          greeting: "token ${token}"
        outputs: {count: "${count}", zones: "${zones}", greeting: "${greeting}", first: "${zones[0]}"}
        """,
        config={"web:count": "3", "web:token": "hush"},
    )
    assert ended == Exit(True)
    assert monitor.stack_outputs == {"count": 3, "zones": ["a", "b"], "greeting": Secret("token hush"), "first": "a"}


async def test_what_is_not_known_yet_is_unknown(run: Run) -> None:
    ended, monitor = await run(
        """
        resources:
          pet: {type: random:RandomPet}
        variables:
          doc: {fn::toJSON: {name: "${pet.id}", secret: {fn::secret: x}}}
        outputs: {name: "it is ${pet.id}", doc: "${doc}", deep: "${pet.a.b[2]}"}
        """,
        dry_run=True,
    )
    assert ended.ok
    assert monitor.stack_outputs == {"name": UNKNOWN, "doc": Secret(UNKNOWN), "deep": UNKNOWN}
    assert not monitor.dry_run_was_read


async def test_functions(run: Run, tmp_path: Path) -> None:
    (tmp_path / "greeting.txt").write_text("hello", encoding="utf-8")
    ended, monitor = await run(
        """
        variables:
          parts: {fn::split: [",", "a,b,c"]}
        outputs:
          join: {fn::join: ["-", "${parts}"]}
          select: {fn::select: [1, "${parts}"]}
          json: {fn::toJSON: {b: [1, 2.5], a: "<x>"}}
          base: {fn::fromBase64: {fn::toBase64: hi}}
          file: {fn::readFile: greeting.txt}
          secret: {fn::secret: {deep: true}}
          asset: {fn::stringAsset: text}
        """
    )
    assert ended == Exit(True)
    assert monitor.stack_outputs == {
        "join": "a-b-c",
        "select": "b",
        "json": '{"a":"\\u003cx\\u003e","b":[1,2.5]}',
        "base": "hi",
        "file": "hello",
        "secret": Secret({"deep": True}),
        "asset": Asset(text="text"),
    }


async def test_functions_of_providers(run: Run) -> None:
    monitor = EchoMonitor(project="web")
    monitor.on_invoke = lambda asked: Invoked({"token": asked.token, "given": asked.arguments})
    ended, _ = await run(
        """
        resources:
          aws: {type: pulumi:providers:aws, defaultProvider: true, properties: {region: eu-west-1}}
        variables:
          short: {fn::aws:getRegion: {name: a}}
          long: {fn::invoke: {function: aws:ec2:getVpc, arguments: {id: {fn::secret: v}}, return: given}}
        outputs: {short: "${short.token}", long: "${long.id}"}
        """,
        monitor,
    )
    assert ended == Exit(True)
    assert monitor.stack_outputs == {"short": "aws:index/getRegion:getRegion", "long": Secret("v")}
    provider = "urn:pulumi:dev::web::pulumi:providers:aws::aws::id-1"
    assert [each.provider for each in monitor.invocations] == [provider, provider]


async def test_a_default_provider_makes_the_resources_of_its_package(run: Run) -> None:
    _, monitor = await run(
        """
        resources:
          aws: {type: pulumi:providers:aws, defaultProvider: true}
          bucket: {type: aws:s3:Bucket}
          inner: {type: aws:s3:Bucket, options: {parent: "${bucket}"}}
        """
    )
    assert monitor.goal("bucket").provider.endswith("pulumi:providers:aws::aws::id-1")
    assert monitor.goal("bucket").type == "aws:s3/bucket:Bucket"
    assert monitor.goal("inner").parent.endswith("aws:s3/bucket:Bucket::bucket")


async def test_stack_references_are_asked_key_by_key(run: Run) -> None:
    monitor = EchoMonitor(project="web", stacks={"acme/core/dev": {"vpc": {"id": "vpc-1"}, "token": Secret("t")}})
    ended, _ = await run(
        """
        resources:
          core: {type: pulumi:pulumi:StackReference, properties: {name: "${pulumi.organization}/core/dev"}}
        outputs: {vpc: "${core.outputs.vpc.id}", token: '${core.outputs["token"]}'}
        """,
        monitor,
    )
    assert ended == Exit(True)
    assert monitor.stack_outputs == {"vpc": "vpc-1", "token": Secret("t")}
    assert [(each.stack, each.key) for each in monitor.queries] == [
        ("acme/core/dev", "vpc"),
        ("acme/core/dev", "token"),
    ]
    assert [each.id for each in monitor.reads] == ["acme/core/dev"]


async def test_resources_that_exist_are_read(run: Run) -> None:
    _, monitor = await run('resources: {old: {type: aws:s3:Bucket, get: {id: "logs", state: {bucket: logs}}}}\n')
    (read,) = monitor.reads
    assert (read.type, read.id, read.inputs) == ("aws:s3/bucket:Bucket", "logs", {"bucket": "logs"})


async def test_every_fault_of_the_shape_is_told_at_once_and_nothing_is_registered(run: Run, tmp_path: Path) -> None:
    ended, monitor = await run(
        """
        resources:
          pet: {type: random:RandomPet, propertees: {}}
          two: {type: random:RandomPet, options: {dependOn: []}}
          three: {properties: {}}
        variables:
          a: ${b}
          b: ${a}
          c: {fn::upper: x}
        outputs: {name: "${pett.id}"}
        """
    )
    file = str(tmp_path / "Pulumi.yaml")
    told = [(ended.message, ended.position), *((each.message, each.position) for each in ended.others)]
    assert not monitor.goals
    assert [(message.split(":")[0], position.line) for message, position in told if position] == [
        ("the resource 'pet' has no 'propertees'", 5),
        ("the options of 'two' has no 'dependOn'", 6),
        ("the resource 'three' needs a `type`", 7),
        ("there is no function fn", 11),
        ("there is no resource, variable or setting 'pett'", 12),
        ("a circle", 10),
    ]
    assert {position.path for _, position in told if position} == {file}


async def test_faults_of_several_resources_are_told_and_their_dependents_are_not(run: Run) -> None:
    monitor = EchoMonitor(project="web")

    async def refuse(goal: Goal) -> None:
        if goal.name in {"a", "b"}:
            raise ValueError(f"no {goal.name}")

    monitor.before_register = refuse
    ended, _ = await run(
        """
        resources:
          a: {type: random:RandomPet}
          b: {type: random:RandomPet}
          c: {type: random:RandomPet, properties: {prefix: "${a.id}"}}
        outputs: {c: "${c.id}"}
        """,
        monitor,
    )
    assert not ended.ok
    assert sorted([ended.message, *(each.message for each in ended.others)]) == ["no a", "no b"]
    assert monitor.finished == 0


async def test_refusals_of_functions_and_missing_settings_are_located(run: Run, tmp_path: Path) -> None:
    monitor = EchoMonitor(project="web")
    monitor.on_invoke = lambda asked: Invoked(failures=(CheckFailure("id", "is wrong"),))
    ended, _ = await run(
        """
        config: {size: {type: integer}}
        variables:
          found: {fn::aws:getRegion: {}}
        outputs: {found: "${found}", size: "${size}", again: "${size}"}
        """,
        monitor,
    )
    told = {ended.message: ended.position, **{each.message: each.position for each in ended.others}}
    file = str(tmp_path / "Pulumi.yaml")
    assert told == {
        "aws:getRegion: is wrong (id)": Position(file, 6, 11),
        "the configuration lacks web:size: `stackyard config set size`": Position(file, 4, 10),
    }


async def test_what_is_no_yaml_is_told_with_its_line(run: Run, tmp_path: Path) -> None:
    ended, _ = await run("resources: [\n")
    assert not ended.ok
    assert ended.position is not None
    assert ended.position.line == 4


async def test_cancelling_ends_it_while_a_request_is_answered_to_its_end(run: Run) -> None:
    monitor = EchoMonitor(project="web")
    reached, release, answered = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def hold(goal: Goal) -> None:
        if goal.name == "pet":
            reached.set()
            await release.wait()
            answered.set()

    monitor.before_register = hold
    running = asyncio.ensure_future(run("resources: {pet: {type: random:RandomPet}}\n", monitor))
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    release.set()
    await asyncio.wait_for(answered.wait(), 5)
