"""Task definitions. Every one is a revision of a family, and nothing of it but its tags can change.

The id is the family, as in Terraform; the ARN says which revision is meant.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from stackyard import errors
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Created, fixed
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

# What ECS says of a container when the program says nothing.
_UNSAID: Final = {"cpu": 0, "essential": True, "hostPort": 0, "protocol": "tcp", "readOnly": False}
_BY_NAME: Final = ("environment", "secrets")
_LATE: Final = ("Role is not valid", "unable to assume", "The specified role")


def canonical(text: Value) -> Any:
    """Container definitions without what ECS fills in, so that two texts can be compared; None when it is no JSON."""
    try:
        containers = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return None
    return [_plain(each) for each in containers] if isinstance(containers, list) else None


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for name, item in sorted(value.items(), key=lambda pair: pair[0]):
        plain = _plain(item)
        if name in _BY_NAME and isinstance(plain, list):
            plain = sorted(plain, key=lambda each: str(each.get("name", "")) if isinstance(each, dict) else "")
        same_port = name == "hostPort" and item == value.get("containerPort")
        if plain not in (None, "", [], {}) and not same_port and _UNSAID.get(name, None) != plain:
            found[name] = plain
    return found


class TaskDefinition(Table):
    """`aws:ecs/taskDefinition:TaskDefinition`."""

    service = "ecs"
    naming = None
    names = given(
        **{
            "arn": "taskDefinitionArn",
            "volumes.configureAtLaunch": "configuredAtLaunch",
            "volumes.hostPath": "host",
        }
    )
    id = "family"
    defaults = fixed(skipDestroy=False, trackLatest=False)
    replaces = (
        "containerDefinitions",
        "cpu",
        "enableFaultInjection",
        "ephemeralStorage",
        "executionRoleArn",
        "family",
        "ipcMode",
        "memory",
        "networkMode",
        "pidMode",
        "placementConstraints",
        "proxyConfiguration",
        "requiresCompatibilities",
        "runtimePlatform",
        "taskRoleArn",
        "volumes",
    )
    sets = ("placementConstraints", "requiresCompatibilities", "volumes")
    computed = ("enableFaultInjection", "networkMode")
    documents = ("containerDefinitions",)
    gone = ("ClientException:Unable to describe task definition",)
    # Registering the same again makes a revision more, which does no harm.
    overwrites = True
    tagging = Tagging("ecs")
    making = Call("register_task_definition", at="taskDefinition")
    reading = Call("describe_task_definition", given(taskDefinition="$id"), at="taskDefinition")
    removing = Call("deregister_task_definition", given(taskDefinition="$arn"))

    def same(self, key: str, left: Value, right: Value) -> bool:
        if key != "containerDefinitions":
            return False
        one, other = canonical(left), canonical(right)
        return one is not None and bool(one == other)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str | Created:  # type: ignore[override]
        arguments = self.arguments(aws, self.making, inputs, inputs)
        arguments["containerDefinitions"] = self._containers(inputs)
        if inputs.get("tagsAll"):
            arguments["tags"] = [{"key": key, "value": value} for key, value in inputs["tagsAll"].items()]
        made = aws.persist(lambda: aws.ecs.register_task_definition(**arguments), *_LATE)["taskDefinition"]
        return Created(str(made["family"]), {"arn": made["taskDefinitionArn"], "revision": made["revision"]})

    def sent(self, inputs: Properties) -> Properties:
        found = {name: value for name, value in inputs.items() if name != "containerDefinitions"}
        if inputs.get("volumes"):
            found["volumes"] = [_volume(each) for each in inputs["volumes"]]
        return found

    def _containers(self, inputs: Properties) -> list[Any]:
        text = inputs["containerDefinitions"]
        try:
            found = json.loads(text) if isinstance(text, str) else text
        except ValueError as fault:
            raise errors.ProviderError(f"{self.token}: containerDefinitions is not JSON: {fault}") from None
        if not isinstance(found, list):
            raise errors.ProviderError(f"{self.token}: containerDefinitions is not a list of containers")
        return found

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        """The revision that is recorded; the latest one while adopting, or when the program tracks it."""
        wanted = id if id.startswith("arn:") or known.get("trackLatest") is True else known.get("arn") or id
        return super().read(aws, str(wanted), known)

    def call(self, aws: Aws, call: Call, arguments: Mapping[str, Any]) -> Any:
        """A deregistered revision stays visible, and is not there."""
        found = super().call(aws, call, arguments)
        return None if call.operation == self.reading.operation and found["status"] != "ACTIVE" else found

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        arn = str(found["taskDefinitionArn"])
        volumes = [
            {**said, "hostPath": (each.get("host") or {}).get("sourcePath", "")}
            for said, each in zip(outputs.get("volumes") or (), found.get("volumes") or (), strict=True)
        ]
        return {
            **outputs,
            "arn": arn,
            "arnWithoutRevision": arn.rpartition(":")[0],
            "containerDefinitions": json.dumps(found.get("containerDefinitions") or [], separators=(",", ":")),
            "id": found["family"],
            "revision": found["revision"],
            "volumes": volumes,
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """What can change only says what happens to it later."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            super().delete(aws, id, known)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["family"])


def _volume(given_: Properties) -> Properties:
    """A volume whose path on the host is an object, as ECS wants it."""
    rest = {name: value for name, value in given_.items() if name != "hostPath"}
    return {**rest, "hostPath": {"sourcePath": given_["hostPath"]}} if given_.get("hostPath") else rest
