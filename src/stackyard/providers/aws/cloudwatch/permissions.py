"""Who may send events to a bus: its whole policy, or one statement of it."""

from __future__ import annotations

import json
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import documents
from stackyard.providers.aws.cloudwatch.events import DEFAULT_BUS
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed


class EventBusPolicy(Kind):
    """`aws:cloudwatch/eventBusPolicy:EventBusPolicy`. The id is the bus."""

    naming = None
    overwrites = True
    defaults = fixed(eventBusName=DEFAULT_BUS)
    replaces = ("eventBusName",)
    documents = ("policy",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.events.put_permission(EventBusName=inputs["eventBusName"], Policy=inputs["policy"])
        return str(inputs["eventBusName"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        policy = aws.events.describe_event_bus(Name=id).get("Policy")
        return {"eventBusName": id, "policy": policy} if policy else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.events.put_permission(EventBusName=id, Policy=change.new["policy"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.events.remove_permission(EventBusName=id, RemoveAllPermissions=True)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["eventBusName"])


class EventPermission(Kind):
    """`aws:cloudwatch/eventPermission:EventPermission`. The id is `<bus>/<statement>`."""

    naming = None
    overwrites = True
    defaults = fixed(action="events:PutEvents", eventBusName=DEFAULT_BUS)
    replaces = ("eventBusName", "statementId")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return str(self.identify(aws, inputs))

    def _put(self, aws: Aws, inputs: Properties) -> None:
        given = inputs.get("condition")
        names = {"key": "Key", "type": "Type", "value": "Value"}
        condition = {"Condition": {names[name]: value for name, value in given.items()}} if given else {}
        aws.events.put_permission(
            EventBusName=inputs["eventBusName"],
            Action=inputs["action"],
            Principal=inputs["principal"],
            StatementId=inputs["statementId"],
            **condition,
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        bus, _, name = id.rpartition("/")
        policy = json.loads(aws.events.describe_event_bus(Name=bus or DEFAULT_BUS).get("Policy") or "{}")
        statement = next((entry for entry in policy.get("Statement", ()) if entry.get("Sid") == name), None)
        return statement and {"eventBusName": bus or DEFAULT_BUS, "statementId": name, **_outputs(statement)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        bus, _, name = id.rpartition("/")
        aws.events.remove_permission(EventBusName=bus or DEFAULT_BUS, StatementId=name)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return f"{inputs['eventBusName']}/{inputs['statementId']}"


def _outputs(statement: dict[str, Any]) -> Properties:
    who = statement["Principal"]
    text = who if isinstance(who, str) else documents.text(who.get("AWS"))
    found: Properties = {
        "action": statement["Action"],
        "principal": str(text).split(":")[4] if ":" in str(text) else text,
    }
    for kind, keys in (statement.get("Condition") or {}).items():
        (key, value), *_ = keys.items()
        found["condition"] = {"type": kind, "key": key, "value": value}
    return found
