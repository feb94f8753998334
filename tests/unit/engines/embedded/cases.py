"""Cases as data: two programs, and the steps that lead from the first to the second.

A case is a JSON object:

    about     what it shows
    rules     types by name, as fields of `testing.providers.Rules`; `computed` is a list of output names
    before    the resources of the first program, in order (absent: nothing was ever brought up)
    after     those of the second
    steps     what the second preview shows, without what stays the same
    errors    parts of the messages that the second preview must give instead
    calls     what the provider did in the second update
    retained  true when the cloud keeps what the state forgets
    again     false when a third preview is not without changes

A resource is {name, type?, inputs?, component?, ...options of a Goal}, or one that is only read:
{name, type, read_id}. Inputs and options name other resources as {"$": "name.output"}, {"$urn": "name"},
{"$provider": "name"}; {"$secret": x} is a secret.

The steps in `measured.json` are those of the Pulumi CLI 3.272, run on the same programs written in Python.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from stackyard.model.registrations import Alias
from stackyard.model.values import Secret
from stackyard.testing.programs import Body, Handle, Script
from stackyard.testing.providers import Rules

FOLDER = Path(__file__).parents[3] / "cases"
TYPE = "fake:x:Thing"
_ALIASES = {"urn", "name", "type", "stack", "project", "parent_urn", "no_parent"}


def load() -> list[tuple[str, dict[str, Any]]]:
    """Every case with its name, in order."""
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        for case in json.loads(path.read_text()):
            found.append((f"{path.stem}: {case['about']}", case))
    return found


def rules(case: dict[str, Any]) -> dict[str, Rules]:
    """The rules of the case's types; every type computes `arn`."""
    made = {TYPE: {}, **case.get("rules", {})}
    return {type_: _rules(fields) for type_, fields in made.items()}


def _rules(fields: dict[str, Any]) -> Rules:
    names = fields.get("computed", ["arn"])
    rest = {key: tuple(v) if isinstance(v, list) else v for key, v in fields.items() if key != "computed"}
    return Rules(computed={name: (lambda item, name=name: f"{name}:{item.id}") for name in names}, **rest)


def program(resources: list[dict[str, Any]]) -> Body:
    """The program that registers these resources one after another."""

    async def body(script: Script) -> None:
        handles: dict[str, Handle] = {}
        for each in resources:
            handles[each.get("key", each["name"])] = await _register(each, handles, script)

    return body


def concurrent(resources: list[dict[str, Any]]) -> Body:
    """The program that registers each of these resources as soon as those that it names are there."""

    async def body(script: Script) -> None:
        handles: dict[str, Handle] = {}
        tasks: dict[str, asyncio.Task[None]] = {}

        async def register(key: str, each: dict[str, Any]) -> None:
            await asyncio.gather(*(tasks[name] for name in _names(each) if name != "stack"))
            handles[key] = await _register(each, handles, script)

        for each in resources:
            key = each.get("key", each["name"])
            tasks[key] = asyncio.ensure_future(register(key, each))
        for result in await asyncio.gather(*tasks.values(), return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    return body


def _names(value: Any) -> set[str]:
    if isinstance(value, list):
        return {name for item in value for name in _names(item)}
    if not isinstance(value, dict):
        return set()
    own = {str(value[key]).partition(".")[0] for key in ("$", "$urn", "$provider") if key in value}
    return own | {name for item in value.values() for name in _names(item)}


async def _register(each: dict[str, Any], handles: dict[str, Handle], script: Script) -> Handle:
    fields = dict(each)
    name, type_ = fields.pop("name"), fields.pop("type", TYPE)
    component = fields.pop("component", False)
    fields.pop("key", "")
    inputs = _resolve(fields.pop("inputs", {}), handles, script)
    options = {key: _option(key, _resolve(v, handles, script)) for key, v in fields.items()}
    if "read_id" in fields:
        return await script.read(type_, name, fields["read_id"])
    make = script.component if component else script.resource
    return await make(type_, name, inputs, **options)


def _resolve(value: Any, handles: dict[str, Handle], script: Script) -> Any:
    if isinstance(value, list):
        return [_resolve(item, handles, script) for item in value]
    if not isinstance(value, dict):
        return value
    if "$" in value:
        name, _, key = value["$"].partition(".")
        return handles[name][key]
    if "$urn" in value:
        return script.stack if value["$urn"] == "stack" else handles[value["$urn"]].urn
    if "$provider" in value:
        return handles[value["$provider"]].reference
    if "$secret" in value:
        return Secret(value["$secret"])
    return {key: _resolve(item, handles, script) for key, item in value.items()}


def _option(key: str, value: Any) -> Any:
    if key == "aliases":
        return tuple(Alias(**each) for each in value)
    return tuple(value) if isinstance(value, list) else value
