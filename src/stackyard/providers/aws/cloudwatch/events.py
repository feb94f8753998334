"""EventBridge buses and rules. A rule's id is its name, `<bus>/<name>` on another bus than the default one."""

from __future__ import annotations

from collections.abc import Iterable

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging, pairs

DEFAULT_BUS = "default"


class EventBus(Table):
    """`aws:cloudwatch/eventBus:EventBus`. The id is the name."""

    service = "events"
    naming = Naming(limit=256)
    replaces = ("name", "eventSourceName")
    unsupported = ("logConfig",)
    tagging = Tagging("events", by="arn")
    cleared = fixed(description="")
    making = Call("create_event_bus")
    reading = Call("describe_event_bus", given(Name="$id"))
    changing = (Call("update_event_bus", given(Name="$id")),)
    removing = Call("delete_event_bus", given(Name="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("events", f"event-bus/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        aws.events.create_event_bus(**arguments, Tags=pairs(inputs.get("tagsAll")))
        return str(inputs["name"])

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def split(id: str) -> tuple[str, str]:
    """The bus and name of a rule's id; a partner's bus has slashes in its own name."""
    bus, _, name = id.rpartition("/")
    return bus or DEFAULT_BUS, name


def rule_id(bus: str, name: str) -> str:
    """The id of a rule."""
    return name if bus == DEFAULT_BUS else f"{bus}/{name}"


class EventRule(Kind):
    """`aws:cloudwatch/eventRule:EventRule`."""

    naming = Naming(limit=64)
    overwrites = True
    defaults = fixed(eventBusName=DEFAULT_BUS, forceDestroy=False)
    replaces = ("name", "namePrefix", "eventBusName")
    documents = ("eventPattern",)
    computed = ("isEnabled", "state")
    affects = fixed(isEnabled=("state",), state=("isEnabled",))
    tagging = Tagging("events", by="arn")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if "eventPattern" not in inputs and "scheduleExpression" not in inputs:
            yield CheckFailure("", "give an eventPattern, a scheduleExpression, or both")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("events", f"rule/{rule_id(inputs['eventBusName'], inputs['name'])}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs, {"Tags": pairs(inputs.get("tagsAll"))} if inputs.get("tagsAll") else {})
        return rule_id(inputs["eventBusName"], inputs["name"])

    def _put(self, aws: Aws, inputs: Properties, more: Properties) -> None:
        enabled = inputs.get("state") or ("DISABLED" if inputs.get("isEnabled") is False else "ENABLED")
        optional = {
            "Description": inputs.get("description"),
            "EventPattern": inputs.get("eventPattern"),
            "RoleArn": inputs.get("roleArn"),
            "ScheduleExpression": inputs.get("scheduleExpression"),
        }
        given_ = {name: value for name, value in optional.items() if value}
        bus = inputs["eventBusName"]
        put = aws.events.put_rule
        aws.persist(
            lambda: put(Name=inputs["name"], EventBusName=bus, State=enabled, **given_, **more), "cannot be assumed"
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        bus, name = split(id)
        rule = aws.events.describe_rule(Name=name, EventBusName=bus)
        state = rule.get("State", "ENABLED")
        return {
            "arn": rule["Arn"],
            "description": rule.get("Description", ""),
            "eventBusName": rule.get("EventBusName") or bus,
            "eventPattern": rule.get("EventPattern", ""),
            "isEnabled": state != "DISABLED",
            "name": rule["Name"],
            "roleArn": rule.get("RoleArn", ""),
            "scheduleExpression": rule.get("ScheduleExpression", ""),
            "state": state,
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new, {})

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        bus, name = split(id)
        force = known.get("forceDestroy") is True
        aws.persist(
            lambda: aws.events.delete_rule(Name=name, EventBusName=bus, Force=force),
            "Rule can't be deleted",
            timeout=30,
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return rule_id(inputs["eventBusName"], inputs["name"])


def get_event_bus(aws: Aws, arguments: Properties) -> Properties:
    """`aws:cloudwatch/getEventBus:getEventBus`."""
    bus = aws.events.describe_event_bus(Name=arguments["name"])
    optional = {"description": bus.get("Description"), "kmsKeyIdentifier": bus.get("KmsKeyIdentifier")}
    return {"id": bus["Name"], "arn": bus["Arn"], **{name: value for name, value in optional.items() if value}}
