"""Pulumi YAML programs against a monitor in memory: what they register, and what is said of their faults."""

from __future__ import annotations

import asyncio
import dataclasses
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stackyard.errors import Position
from stackyard.languages.base import Exit, Program
from stackyard.languages.yaml.language import YamlLanguage
from stackyard.model.registrations import CheckFailure, Goal, Invoked, Registered
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
        ("a circle", 10),
        ("there is no function fn", 11),
        ("there is no resource, variable or setting 'pett'", 12),
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


async def test_configuration_that_is_not_declared_is_read_by_its_looks_and_is_before_variables(run: Run) -> None:
    ended, monitor = await run(
        """
        config: {id: {type: string}, size: {type: integer, default: 3}, on: {type: bool, default: true}}
        variables: {mode: slow, zone: "${mode}/${size}"}
        outputs:
          all: ["${count}", "${ratio}", "${flag}", "${code}", "${deep.a[0]}", '${["web:count"]}', "${aws:region}"]
          typed: "${id}/${on}"
          zone: ${zone}
          token: ${token}
        """,
        config={
            "web:count": "12",
            "web:ratio": "1.5",
            "web:flag": "T",
            "web:code": "007",
            "web:deep": '{"a": ["12"]}',
            "web:id": "123456789012",
            "web:mode": "fast",
            "web:token": "34",
            "aws:region": "eu-west-1",
        },
        secret_keys=("web:token",),
    )
    assert ended == Exit(True)
    assert monitor.stack_outputs == {
        "all": [12, 1.5, True, "007", "12", 12, "eu-west-1"],
        "typed": "123456789012/true",
        "zone": "fast/3",
        "token": Secret(34),
    }


async def test_what_pulumi_takes_and_is_likely_a_mistake_is_told_as_a_warning(run: Run) -> None:
    ended, monitor = await run(
        """
        pulumi: {requiredVersionRange: ">=99"}
        variables: {list: [1, a], account: 123456789012}
        resources: {pet: {Type: random:RandomPet, Properties: {length: 2}}}
        outputs: {a: "is ${list}", b: "arn:${account}", c: {fn::tojson: 1}}
        """
    )
    assert ended == Exit(True)
    assert monitor.stack_outputs == {"a": "is [1 a]", "b": "arn:1.23456789012e+11", "c": "1"}
    assert monitor.goal("pet").inputs == {"length": 2}
    assert [each.message.partition("Pulumi.yaml:")[2] for each in monitor.entries] == [
        "4:10: `pulumi` has no 'requiredVersionRange': it may have requiredVersion",
        "6:19: 'Type' is spelt 'type'",
        "6:43: 'Properties' is spelt 'properties'",
        "7:53: fn::tojson is spelt fn::toJSON",
        "7:14: a list in text is written as Go writes it: use fn::toJSON",
        "7:31: a number in text is written as 1.23456789012e+11: put it into quotes",
    ]


async def test_outputs_and_inputs_are_sent_as_the_sdk_sends_them(run: Run) -> None:
    _, monitor = await run(
        """
        variables: {k: key, hush: {fn::secret: s}}
        resources: {pet: {type: random:RandomPet, properties: {a: null, b: {c: null, d: [null, 1]}}}}
        outputs:
          null: null
          deep: {a: null, "${k}": ["${hush}", 1]}
          name: {fn::pulumiResourceName: "${pet}"}
          type: {fn::pulumiResourceType: "${pet}"}
          shown: {fn::unsecret: "${hush}"}
          count: {fn::length: "${pulumi}"}
        """.replace("null: null", '"null": null')
    )
    assert monitor.goal("pet").inputs == {"b": {"d": [None, 1]}}
    assert monitor.stack_outputs == {
        "deep": Secret({"key": ["s", 1]}),
        "name": "pet",
        "type": "random:index/randomPet:RandomPet",
        "shown": "s",
        "count": 5,
    }


async def test_options_are_what_they_must_be(run: Run) -> None:
    ended, monitor = await run(
        """
        variables: {whole: {length: "${one.length}"}}
        resources:
          one: {type: random:RandomPet, properties: {length: 2}}
          two:
            type: random:RandomPet
            properties: ${whole}
            options: {replaceWith: ["${one}"], hideDiffs: [a], replacementTrigger: [1], deletedWith: "${one}"}
        """
    )
    two = monitor.goal("two")
    one = "urn:pulumi:dev::web::random:index/randomPet:RandomPet::one"
    assert ended == Exit(True)
    assert (two.replace_with, two.hide_diffs, two.replacement_trigger, two.deleted_with) == ((one,), ("a",), [1], one)
    assert two.property_dependencies == {"length": (one,)}
    refused, _ = await run(
        """
        resources:
          one: {type: random:RandomPet}
          a: {type: random:RandomPet, options: {parent: text}}
          b: {type: random:RandomPet, options: {dependsOn: "${one}"}}
          c: {type: random:RandomPet, options: {dependsOn: ["${one.id}"]}}
          d: {type: random:RandomPet, options: {protect: "yes"}}
          e: {type: random:RandomPet, options: {provider: "${one}"}}
        """
    )
    told = sorted([refused.message, *(each.message for each in refused.others)])
    assert told == [
        "the option dependsOn of 'b' must be a list of resources",
        "the option dependsOn of 'c' must be a list of resources",
        "the option parent of 'a' must be a resource",
        "the option protect of 'd' must be true or false, known before anything is made",
        "the option provider of 'e' must be a provider",
    ]


async def test_more_faults_of_a_shape(run: Run) -> None:
    ended, monitor = await run(
        """
        namespace: x
        components: {}
        config:
          a: {type: strange}
          b: {type: string, default: 3}
          c: {secret: true}
          d: {type: string, default: "${v}"}
        variables:
          pulumi: 1
          v: {w: 1}
          f: {fn::invoke: {function: "${v}", arguments: text, return: "${v}"}}
          g: {fn::invoke: {function: "aws:index:getRegion", arguments: text}}
          h: {fn::join: "${v}"}
        resources:
          p: {type: random:RandomPet, defaultProvider: true}
          q: {type: random:RandomPet, get: {id: a}, properties: {length: 1}}
        outputs: {o: "${v.ww}", b: "${pulumi.nope}"}
        """
    )
    told = [(ended.message, ended.position), *((each.message, each.position) for each in ended.others)]
    assert not monitor.goals
    assert [position.line for _, position in told if position] == [4, 5, 7, 8, 9, 10, 12, 14, 15, 16, 18, 19, 20, 20]


async def test_other_stacks_by_the_older_function(run: Run) -> None:
    monitor = EchoMonitor(project="web", stacks={"acme/core/dev": {"vpc": "vpc-1"}})
    ended, _ = await run('outputs: {vpc: {fn::stackReference: ["acme/core/dev", vpc]}}\n', monitor)
    assert ended == Exit(True)
    assert monitor.stack_outputs == {"vpc": "vpc-1"}
    assert [each.id for each in monitor.reads] == ["acme/core/dev"]


async def test_a_program_that_another_tool_makes_is_refused_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.yaml"
    file.write_text("name: web\nruntime:\n  name: yaml\n  options:\n    compiler: cue export\n", encoding="utf-8")
    program = Program("web", "dev", "acme", tmp_path, options={"compiler": "cue export"})
    ended = await YamlLanguage().run(program, EchoMonitor())
    assert "`compiler` is not supported" in ended.message
    assert ended.position == Position(str(file), 5, 15)


async def test_a_function_that_is_not_there_is_told_with_the_likely_one(run: Run) -> None:
    ended, _ = await run("outputs: {a: {fn::jon: [1]}, b: {fn::toXML: 1}}\n")
    assert ended.message == "there is no function fn::jon: is it fn::join?"
    (other,) = ended.others
    assert other.message.startswith("there is no function fn::toXML: there are assetArchive, ")


async def test_an_output_that_a_type_does_not_have_is_told_at_its_place(run: Run) -> None:
    class Knowing(EchoMonitor):
        async def register(self, goal: Goal) -> Registered:
            return dataclasses.replace(await super().register(goal), properties=frozenset({"arn", "length"}))

    ended, monitor = await run(
        """
        resources: {pet: {type: random:RandomPet, properties: {other: 1}}}
        outputs: {a: "${pet.arnn}", b: "${pet.arn}", c: "${pet.id}", d: "${pet.other}", e: "is ${pet.name.deep}"}
        """,
        Knowing(project="web", preview=True),
        dry_run=True,
    )
    told = [(ended.message, ended.position), *((each.message, each.position) for each in ended.others)]
    assert [(message, position.column) for message, position in told if position] == [
        ("random:index/randomPet:RandomPet has no output 'arnn': is it arn?", 14),
        ("random:index/randomPet:RandomPet has no output 'name'", 84),
    ]
    assert monitor.finished == 0
