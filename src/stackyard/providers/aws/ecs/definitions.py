"""Task definitions. The id is the family; every change but of tags registers a new revision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Value
from stackyard.providers.aws import documents, tagging
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Created, FoundBy, Unsure, fixed
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import TOKEN_TAG, Tagging

_DEFAULTS = {"cpu": 0, "essential": True, "portMappings": [], "environment": [], "mountPoints": [], "volumesFrom": [],
             "systemControls": [], "environmentFiles": [], "secrets": []}  # fmt: skip


class TaskDefinition(Table):
    """`aws:ecs/taskDefinition:TaskDefinition`. An import is by ARN."""

    service = "ecs"
    naming = None
    found_by = FoundBy.TAG
    names = given(arn="taskDefinitionArn", **{"volumes.configureAtLaunch": "configuredAtLaunch"})
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
    documents = ("containerDefinitions",)
    sets = ("placementConstraints", "requiresCompatibilities", "volumes")
    computed = ("enableFaultInjection", "networkMode")
    gone = ("ClientException:Unable to describe task definition",)
    tagging = Tagging("ecs", by="arn")
    making = Call("register_task_definition", at="taskDefinition")
    reading = Call("describe_task_definition", given(taskDefinition="$which"), at="taskDefinition")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        containers = inputs.get("containerDefinitions")
        if isinstance(containers, str) and not isinstance(documents.parse(containers), list):
            yield CheckFailure("containerDefinitions", "must be the JSON text of a list")

    def same(self, key: str, left: Value, right: Value) -> bool:
        """Containers mean the same when they differ by defaults and order alone."""
        if key != "containerDefinitions":
            return False
        first, second = documents.parse(left), documents.parse(right)
        if not isinstance(first, list) or not isinstance(second, list):
            return False
        return sorted(map(_canonical, first)) == sorted(map(_canonical, second))

    def sent(self, inputs: Properties) -> Properties:
        volumes = [_sent_volume(volume) for volume in inputs.get("volumes") or []]
        return {**{k: v for k, v in inputs.items() if k != "containerDefinitions"}, "volumes": volumes}

    def create(self, aws: Aws, inputs: Properties, token: str) -> Created:  # type: ignore[override]
        arguments = self.arguments(aws, self.making, inputs, inputs)
        arguments["containerDefinitions"] = json.loads(inputs["containerDefinitions"])
        if inputs.get("tagsAll"):
            arguments["tags"] = tagging.pairs(inputs["tagsAll"], "key", "value")
        made = self.call(aws, self.making, arguments)
        return Created(made["family"], {"arn": made["taskDefinitionArn"], "revision": made["revision"]})

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        which = id if known.get("trackLatest") or not known.get("arn") else known["arn"]
        found = super().read(aws, id, {**known, "which": which})
        return None if found is None or found.pop("status") == "INACTIVE" else found

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {
            **outputs,
            "id": found["family"],
            "arnWithoutRevision": found["taskDefinitionArn"].rpartition(":")[0],
            "containerDefinitions": json.dumps(found["containerDefinitions"], separators=(",", ":")),
            "status": found.get("status"),
            "volumes": [_seen_volume(*pair) for pair in zip(outputs["volumes"], found["volumes"], strict=True)],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only what this program keeps of it can change: skipDestroy and trackLatest."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            aws.ecs.deregister_task_definition(taskDefinition=known["arn"])

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """The id does not say the revision, so only the newest one can be taken up again."""
        family = str(inputs["family"])
        listed = aws.pages(
            "ecs", "list_task_definitions", "taskDefinitionArns", familyPrefix=family, status="ACTIVE", sort="DESC"
        )
        arns = [arn for arn in listed if arn.rpartition("/")[2].rpartition(":")[0] == family]
        for number, arn in enumerate(arns):
            if tagging.read(aws.ecs, Tagging("ecs"), arn).get(TOKEN_TAG) == token:
                if number:
                    raise Unsure(f"it is {arn}, and newer revisions of {family} exist")
                return family
        return None


def _canonical(container: Any) -> str:
    """One container without what only repeats a default, and with lists in order, as text to compare."""
    kept = {k: v for k, v in container.items() if v is not None and _DEFAULTS.get(k) != v}
    kept["portMappings"] = sorted(map(_port, kept.get("portMappings") or ()), key=str)
    for name in ("environment", "secrets"):
        kept[name] = sorted(kept.get(name) or (), key=lambda entry: str(entry.get("name")))
    return json.dumps(kept, sort_keys=True)


def _port(mapping: Mapping[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in mapping.items() if (k, v) != ("protocol", "tcp")}
    if kept.get("hostPort") in (0, kept.get("containerPort")):
        kept.pop("hostPort")
    return kept


def _sent_volume(volume: Properties) -> Properties:
    host = {"host": {"sourcePath": volume["hostPath"]}} if volume.get("hostPath") else {}
    return {**{k: v for k, v in volume.items() if k != "hostPath"}, **host}


def _seen_volume(volume: Properties, found: Mapping[str, Any]) -> Properties:
    path = (found.get("host") or {}).get("sourcePath")
    return {**volume, "hostPath": path} if path else volume
