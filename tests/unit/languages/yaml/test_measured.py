"""What Pulumi's own host for YAML makes of programs, and that the same is made here.

`measured.json` was made with the Pulumi CLI 3.272 and pulumi-yaml 1.38.1: each program was brought up with a provider
that echoes its inputs, whose resource `name` has the id `id-of-name`; then the stack's state was exported. Of a program
that the host refuses only that is kept: the sentences are our own.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from stackyard.languages.base import Program
from stackyard.languages.yaml import tokens
from stackyard.languages.yaml.language import YamlLanguage
from stackyard.model import urns
from stackyard.model.registrations import Goal, Registered
from stackyard.model.values import Archive, Asset, ResourceReference, Secret, Value
from stackyard.testing.monitors import EchoMonitor

CASES = json.loads((Path(__file__).parents[3] / "cases" / "yaml" / "measured.json").read_text(encoding="utf-8"))
SAID = {
    "ignoreChanges": "ignore_changes",
    "additionalSecretOutputs": "additional_secret_outputs",
    "retainOnDelete": "retain_on_delete",
    "deletedWith": "deleted_with",
    "replaceWith": "replace_with",
    "hideDiff": "hide_diffs",
    "replaceOnChanges": "replace_on_changes",
    "protect": "protect",
}


class Echo(EchoMonitor):
    """Answers as the provider did with which the cases were measured."""

    async def register(self, goal: Goal) -> Registered:
        made = await super().register(goal)
        outputs = {
            key: Secret(value) if key in goal.additional_secret_outputs else value
            for key, value in made.outputs.items()
        }
        return dataclasses.replace(made, id=f"id-of-{goal.name}" if goal.custom else None, outputs=outputs)


def shown(value: Value) -> Any:
    """A value as the cases write it."""
    if isinstance(value, Secret):
        return {"<secret>": shown(value.value)}
    if isinstance(value, ResourceReference):
        return {"<ref>": value.urn}
    if isinstance(value, Asset):
        return {"<asset>": {key: said for key in ("text", "path", "uri") if (said := getattr(value, key))}}
    if isinstance(value, Archive):
        said = {"path": value.path, "uri": value.uri, "assets": shown(dict(value.assets or {}))}
        return {"<archive>": {key: each for key, each in said.items() if each}}
    if isinstance(value, dict):
        return {key: shown(each) for key, each in value.items()}
    return [shown(each) for each in value] if isinstance(value, list | tuple) else value


def registered(goal: Goal) -> dict[str, Any]:
    """A registration as the cases write it."""
    needs = {key: sorted(each) for key, each in (goal.property_dependencies or {}).items() if each}
    timeouts = dataclasses.asdict(goal.custom_timeouts) if goal.custom_timeouts else {}
    said = {name: shown(getattr(goal, field)) for name, field in SAID.items()}
    return said | {
        "type": goal.type,
        "inputs": shown(goal.inputs),
        "parent": goal.parent if urns.URN(goal.parent).type != urns.STACK_TYPE else "",
        "dependencies": sorted(goal.dependencies),
        "propertyDependencies": needs,
        "provider": urns.URN(urns.split_provider_reference(goal.provider)[0]).name if goal.provider else "",
        "replacementTrigger": shown(goal.replacement_trigger),
        "customTimeouts": {key: int(seconds) for key, seconds in timeouts.items() if seconds},
    }


async def run(case: dict[str, Any], folder: Path) -> tuple[bool, Echo]:
    head = "name: web\nruntime: yaml\n"
    files = {"Pulumi.yaml": head, **case.get("files", {})}
    main = case.get("main", "Pulumi.yaml")
    files[main] = (head if main == "Pulumi.yaml" else "") + case["text"]
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    given = case.get("config", {}) | case.get("secret", {})
    config = {
        key if ":" in key else f"web:{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in given.items()
    }
    secret = tuple(f"web:{key}" for key in case.get("secret", {}))
    monitor = Echo(project="web")
    program = Program("web", "dev", "organization", folder, config=config, secret_keys=secret)
    return (await YamlLanguage().run(program, monitor)).ok, monitor


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_as_measured(case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "PLAIN", tokens.PLAIN | {"testprovider"})
    ended, monitor = await run(case, tmp_path)
    assert ended == case["ok"]
    if not case["ok"]:
        return
    assert shown(monitor.stack_outputs) == case["outputs"]
    found = {
        urns.URN.make("dev", "web", urns.URN(goal.parent).qualified_type, goal.type, goal.name): registered(goal)
        for goal in monitor.goals
        if goal.type != urns.STACK_TYPE
    } | {
        urns.URN.make("dev", "web", urns.URN(read.parent).qualified_type, read.type, read.name): {
            "type": read.type,
            "inputs": shown(read.inputs),
            "id": shown(read.id),
            "external": True,
            "dependencies": sorted(read.dependencies),
        }
        for read in monitor.reads
    }
    kept = {urn: {key: each for key, each in said.items() if each} for urn, said in found.items()}
    assert kept == case.get("resources", {})
