"""State machines. The id is the ARN."""

from __future__ import annotations

from typing import Any, Final

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs

# A new role is not known everywhere at once (docs: CreateStateMachine).
LATE_ROLE: Final = ("Neither the global service principal", "not authorized to", "is not authorized", "sts:AssumeRole")


class StateMachine(Kind):
    """`aws:sfn/stateMachine:StateMachine`."""

    naming = Naming(limit=80)
    defaults = fixed(publish=False, type="STANDARD")
    replaces = ("name", "namePrefix", "type")
    documents = ("definition",)
    computed = ("encryptionConfiguration", "loggingConfiguration", "tracingConfiguration")
    volatile = ("revisionId", "stateMachineVersionArn")
    unsupported = ("encryptionConfiguration", "publish")
    tagging = Tagging("stepfunctions", by="id")
    waits_gone = True

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("states", f"stateMachine:{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = {"tags": pairs(inputs["tagsAll"], "key", "value")} if inputs.get("tagsAll") else {}
        said = {"name": inputs["name"], "type": inputs["type"], **_settings(inputs), **tags}
        return str(aws.persist(lambda: aws.stepfunctions.create_state_machine(**said), *LATE_ROLE)["stateMachineArn"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.stepfunctions.describe_state_machine(stateMachineArn=id)
        if found["status"] == "DELETING":
            return None
        outputs: Properties = {
            "arn": id,
            "creationDate": found["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "definition": found["definition"],
            "description": found.get("description", ""),
            "name": found["name"],
            "revisionId": found.get("revisionId", ""),
            "roleArn": found["roleArn"],
            "status": found["status"],
            "type": found["type"],
        }
        if found.get("loggingConfiguration"):
            outputs["loggingConfiguration"] = _logging(found["loggingConfiguration"])
        if found.get("tracingConfiguration"):
            outputs["tracingConfiguration"] = {"enabled": bool(found["tracingConfiguration"].get("enabled"))}
        return outputs

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.any("definition", "roleArn", "loggingConfiguration", "tracingConfiguration"):
            said = _settings(change.new)
            aws.persist(lambda: aws.stepfunctions.update_state_machine(stateMachineArn=id, **said), *LATE_ROLE)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.stepfunctions.delete_state_machine(stateMachineArn=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("states", f"stateMachine:{inputs['name']}")


def _settings(inputs: Properties) -> dict[str, Any]:
    said: dict[str, Any] = {"definition": inputs["definition"], "roleArn": inputs["roleArn"]}
    logs = inputs.get("loggingConfiguration")
    if logs:
        group = logs.get("logDestination")
        places = {"destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]} if group else {}
        data = bool(logs.get("includeExecutionData"))
        said["loggingConfiguration"] = {"level": logs.get("level", "OFF"), "includeExecutionData": data, **places}
    if inputs.get("tracingConfiguration"):
        said["tracingConfiguration"] = {"enabled": bool(inputs["tracingConfiguration"].get("enabled"))}
    return said


def _logging(found: dict[str, Any]) -> Properties:
    seen: Properties = {
        "level": found.get("level", "OFF"),
        "includeExecutionData": bool(found.get("includeExecutionData")),
    }
    for destination in found.get("destinations") or ():
        seen["logDestination"] = destination["cloudWatchLogsLogGroup"]["logGroupArn"]
    return seen
