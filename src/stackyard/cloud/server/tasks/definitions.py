"""What a task is to be, read from its task definition and the overrides of whoever runs it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_MEBIBYTE = 1 << 20
_STOP_TIMEOUT = 30  # seconds, as ECS waits unless told otherwise
# Folders of the task are called so. RegisterTaskDefinition refuses other names on AWS; ministack takes any.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


@dataclasses.dataclass(frozen=True)
class Mount:
    """The task's volume `volume` at `path` in a container."""

    volume: str
    path: str
    read_only: bool


@dataclasses.dataclass(frozen=True)
class Container:
    """One container: commands are None where its image's own hold; `memory` is in bytes, `stop_timeout` in seconds.

    `depends` pairs the name of another container with START, COMPLETE, SUCCESS or HEALTHY.
    """

    name: str
    image: str
    essential: bool
    entrypoint: tuple[str, ...] | None
    command: tuple[str, ...] | None
    environment: Mapping[str, str]
    secrets: tuple[Mapping[str, str], ...]
    folder: str | None
    memory: int | None
    stop_timeout: float
    depends: tuple[tuple[str, str], ...]
    mounts: tuple[Mount, ...]
    logs: Mapping[str, str] | None
    ports: tuple[int, ...]
    raw: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Task:
    """All containers of a task, its two roles, and its volumes by name as they were defined."""

    family: str
    containers: tuple[Container, ...]
    task_role: str
    execution_role: str
    memory: int | None
    volumes: Mapping[str, Mapping[str, Any]]


class Impossible(Exception):
    """A task that cannot be started; the message is the reason as ECS gives it."""


def planned(definition: Mapping[str, Any], overrides: Mapping[str, Any]) -> Task:
    """The task that `definition` and the `overrides` of RunTask ask for; raises Impossible."""
    changes = {row.get("name"): row for row in overrides.get("containerOverrides") or []}
    memory = _mebibytes(overrides.get("memory") or definition.get("memory"))
    for row in [*definition["containerDefinitions"], *(definition.get("volumes") or [])]:
        if not _NAME.fullmatch(str(row["name"])):
            raise Impossible(f"{row['name']!r} is no name: up to 255 letters, digits, hyphens and underscores are")
    containers = [
        _container(given, changes.get(given["name"], {}), memory) for given in definition["containerDefinitions"]
    ]
    return Task(
        family=definition["family"],
        containers=tuple(_ordered(containers)),
        task_role=overrides.get("taskRoleArn") or definition.get("taskRoleArn") or "",
        execution_role=overrides.get("executionRoleArn") or definition.get("executionRoleArn") or "",
        memory=memory,
        volumes={row["name"]: row for row in definition.get("volumes") or []},
    )


def _container(given: Mapping[str, Any], change: Mapping[str, Any], task_memory: int | None) -> Container:
    pairs = [*(given.get("environment") or []), *(change.get("environment") or [])]
    log = given.get("logConfiguration") or {}
    return Container(
        name=given["name"],
        image=given["image"],
        essential=bool(given.get("essential", True)),
        entrypoint=_words(given.get("entryPoint")),
        command=_words(change.get("command") or given.get("command")),
        environment={str(row["name"]): str(row.get("value", "")) for row in pairs},
        secrets=tuple(given.get("secrets") or ()),
        folder=given.get("workingDirectory"),
        memory=_mebibytes(change.get("memory") or given.get("memory")) or task_memory,
        stop_timeout=float(given.get("stopTimeout") or _STOP_TIMEOUT),
        depends=tuple((row["containerName"], row["condition"]) for row in given.get("dependsOn") or []),
        mounts=tuple(
            Mount(row["sourceVolume"], row["containerPath"], bool(row.get("readOnly")))
            for row in given.get("mountPoints") or []
        ),
        ports=tuple(_ports(given.get("portMappings") or [])),
        logs=(log.get("options") or {}) if log.get("logDriver") == "awslogs" else None,
        raw=given,
    )


def _ports(mappings: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """Where it listens: the network is the machine's, so both ports of a mapping are its own."""
    for row in mappings:
        named = {row.get("containerPort"), row.get("hostPort")}
        yield from sorted(int(port) for port in named if port and 0 < int(port) < 65536)


def _words(given: Sequence[str] | None) -> tuple[str, ...] | None:
    return tuple(given) if given else None


def _mebibytes(given: Any) -> int | None:
    """ECS gives memory in MiB, as a number or a string, or as `1 GB`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(gb)?", str(given or "").strip().lower())
    if found is None:
        return None
    return int(float(found[1]) * (1024 if found[2] else 1) * _MEBIBYTE) or None


def _ordered(containers: Sequence[Container]) -> Iterator[Container]:
    """Each container after those that it depends on; raises Impossible when that cannot be."""
    left = {container.name: container for container in containers}
    for one in containers:
        for name, condition in one.depends:
            if name not in left:
                raise Impossible(f"Container {one.name} depends on {name}, which the task definition does not have")
            if condition == "HEALTHY":
                raise Impossible(
                    f"Container {one.name} waits for {name} to be HEALTHY: the embedded cloud makes no health checks"
                )
    while left:
        ready = [
            one for one in left.values() if not any(name in left and name != one.name for name, _how in one.depends)
        ]
        if not ready:
            raise Impossible("Task definition has a cycle in the dependencies of its containers")
        for one in ready:
            yield left.pop(one.name)


def repository(image: str) -> tuple[str, str]:
    """The repository and the tag, or "", of a reference such as `1.dkr.ecr.us-east-1.amazonaws.com/a/b:4`."""
    name = image.partition("@")[0]
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        name = rest
    base, colon, tag = name.rpartition(":")
    return (base, tag) if colon and "/" not in tag else (name, "")
