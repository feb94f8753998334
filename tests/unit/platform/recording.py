"""Runs a Pulumi program against a monitor that only records: what it registers, exports and refers to."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import json
import os
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, settings, stack, sync_await

ACCOUNT = "123456789012"
REGION = "us-east-1"
INVOKES: Mapping[str, dict[str, Any]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}{letter}" for letter in "abc"]},
    "aws:index/getRegion:getRegion": {"region": REGION, "name": REGION},
    "aws:iam/getPolicyDocument:getPolicyDocument": {"json": "{}"},
    "aws:index/getCallerIdentity:getCallerIdentity": {"accountId": ACCOUNT},
}


@dataclasses.dataclass(frozen=True)
class Registered:
    """One custom resource as the program asked for it; values of other resources stand as the recorder made them."""

    type: str
    name: str
    inputs: Mapping[str, Any]


@dataclasses.dataclass
class Recording:
    """What one program did."""

    resources: list[Registered] = dataclasses.field(default_factory=list)
    references: list[str] = dataclasses.field(default_factory=list)
    exports: dict[str, Any] = dataclasses.field(default_factory=dict)

    def of(self, type_: str) -> list[Registered]:
        """The resources of a type, such as `s3/bucket`, in the order of their names."""
        wanted = f"aws:{type_}:"
        return sorted((each for each in self.resources if each.type.startswith(wanted)), key=lambda each: each.name)

    def one(self, type_: str, name: str = "") -> Mapping[str, Any]:
        """The inputs of the only resource of a type (and name)."""
        found = [each for each in self.of(type_) if not name or each.name == name]
        assert len(found) == 1, [each.name for each in self.of(type_)]
        return found[0].inputs

    def policy(self, type_: str, name: str, key: str = "policy") -> list[dict[str, Any]]:
        """The statements of a policy document among a resource's inputs."""
        return json.loads(self.one(type_, name)[key])["Statement"]  # type: ignore[no-any-return]


class _Mocks(mocks.Mocks):  # type: ignore[misc]
    def __init__(self, recording: Recording, outputs: Mapping[str, Mapping[str, Any]]) -> None:
        self.recording = recording
        self.outputs = outputs

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        if args.typ == "pulumi:pulumi:StackReference":
            self.recording.references.append(args.name)
            project = args.name.split("/")[1]
            return args.name, {**args.inputs, "outputs": self.outputs.get(project, {})}
        if not args.custom:
            return "", dict(args.inputs)
        self.recording.resources.append(Registered(args.typ, args.name, dict(args.inputs)))
        return f"{args.name}-id", {**_computed(args.typ, args.name), **args.inputs}

    def call(self, args: mocks.MockCallArgs) -> dict[str, Any]:
        return {"id": "looked-up", **INVOKES[args.token]}


def _computed(type_: str, name: str) -> dict[str, Any]:
    """What a cloud would add, told apart by type and name."""
    kind = type_.split(":")[1].split("/")[-1].lower()
    return {
        "arn": f"arn:{kind}:{name}",
        "name": name,
        "bucket": name,
        "keyId": name,
        "executionArn": f"arn:execute:{name}",
        "apiEndpoint": f"https://{name}.example",
        "domainValidationOptions": [{"resourceRecordName": "_x", "resourceRecordType": "CNAME"}],
        "repositoryUrl": f"{name}.example/{name}",
        "result": f"result of {name}",
        "address": f"{name}.example",
        "endpoint": f"{name}.example:5432",
    }


def record(
    program: Callable[[], Any],
    *,
    project: str = "test",
    stack_name: str = "QA",
    config: Mapping[str, str] | None = None,
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recording:
    """Run `program`; `outputs` are those of the projects that it refers to. Its own errors are raised."""
    recording = Recording()
    _aside().submit(_run, program, recording, project, stack_name, config or {}, outputs or {}).result()
    return recording


@functools.cache
def _aside() -> futures.ThreadPoolExecutor:
    """A thread for all programs, with an event loop of its own: the SDK makes loops and never closes them."""
    return futures.ThreadPoolExecutor(1, initializer=_own_loop)


def _own_loop() -> None:
    """A loop that is silent: a program's error is raised by `record`, and its futures would log it in other tests."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)


def _run(
    program: Callable[[], Any],
    recording: Recording,
    project: str,
    stack_name: str,
    config: Mapping[str, str],
    outputs: Mapping[str, Mapping[str, Any]],
) -> None:
    mocks.set_mocks(_Mocks(recording, outputs), project, stack_name, False, organization="organization")
    pulumi.runtime.set_all_config({"aws:region": REGION, **config})
    settings.SETTINGS.rpc_manager.clear()
    settings.SETTINGS.outputs.clear()
    sync_await._sync_await(stack.run_pulumi_func(program))
    root = settings.get_root_resource()
    for name, value in root.outputs.items():
        recording.exports[name] = sync_await._sync_await(pulumi.Output.from_input(value).future())


def record_folder(
    folder: Path,
    stack_name: str,
    *,
    config: Mapping[str, str] | None = None,
    outputs: Mapping[str, Mapping[str, Any]] | None = None,
) -> Recording:
    """Run the program in `folder` with the configuration of its project file and of its stack's file."""
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    values = _configured(project["name"], project.get("config") or {})
    stack_file = folder / f"Pulumi.{stack_name}.yaml"
    if stack_file.exists():
        values |= _configured(project["name"], (yaml.safe_load(stack_file.read_text()) or {}).get("config") or {})
    values |= {f"{project['name']}:{key}": text for key, text in (config or {}).items()}
    with _standing_in(folder):
        return record(
            lambda: runpy.run_path("__main__.py", run_name="__main__"),
            project=project["name"],
            stack_name=stack_name,
            config=values,
            outputs=outputs,
        )


def _configured(project: str, said: Mapping[str, Any]) -> dict[str, str]:
    values = {}
    for key, value in said.items():
        if isinstance(value, dict):
            value = value.get("value", value.get("default", value))
        text = value if isinstance(value, str) else json.dumps(value)
        values[key if ":" in key else f"{project}:{key}"] = text
    return values


@contextlib.contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    """As a language host does: the program's folder is the working directory and the first place of imports."""
    before, known = Path.cwd(), set(sys.modules)
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        os.chdir(before)
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", "") or "").startswith(str(folder)):
                del sys.modules[name]
