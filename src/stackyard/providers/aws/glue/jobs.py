"""Jobs and triggers. The id is the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class Job(Table):
    """`aws:glue/job:Job`."""

    service = "glue"
    naming = Naming(limit=255)
    names = given(roleArn="Role")
    replaces = ("name",)
    computed = (
        "command.pythonVersion",
        "command.runtime",
        "executionClass",
        "executionProperty",
        "glueVersion",
        "jobMode",
        "maxCapacity",
        "numberOfWorkers",
        "timeout",
        "workerType",
    )
    tagging = Tagging("glue", by="arn", read="get_tags", created=False)
    making = Call("create_job")
    reading = Call("get_job", given(JobName="$id"), at="Job")
    removing = Call("delete_job", given(JobName="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("glue", f"job/{inputs['name']}")}

    def arguments(self, aws: Aws, call: Call, known: Properties, inputs: Properties) -> dict[str, Any]:
        """Connections are a list inside a structure."""
        found = super().arguments(aws, call, known, {k: v for k, v in inputs.items() if k != "connections"})
        if inputs.get("connections"):
            found["Connections"] = {"Connections": inputs["connections"]}
        return found

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        return str(aws.glue.create_job(**arguments)["Name"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        connections = found.get("Connections", {}).get("Connections") or []
        capacity = {} if found.get("WorkerType") else {"maxCapacity": found.get("MaxCapacity")}
        kept = {name: value for name, value in outputs.items() if name not in ("connections", "maxCapacity")}
        arn = aws.arn("glue", f"job/{found['Name']}")
        return {**kept, **capacity, "connections": connections, "arn": arn}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """An update overwrites the whole definition."""
        shape = shapes.model(aws.glue, "update_job").input_shape.members["JobUpdate"]
        inputs = {k: v for k, v in change.new.items() if k not in ("connections", "tags", "name")}
        wanted = shapes.request(shape, inputs, self.names)
        if change.new.get("connections"):
            wanted["Connections"] = {"Connections": change.new["connections"]}
        aws.glue.update_job(JobName=id, JobUpdate=wanted)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class Trigger(Table):
    """`aws:glue/trigger:Trigger`."""

    service = "glue"
    naming = Naming(limit=255)
    names = given(eventBatchingConditions="EventBatchingCondition")
    defaults = fixed(enabled=True)
    replaces = ("name", "type", "workflowName")
    computed = ("predicate.logical", "predicate.conditions[*].logicalOperator")
    tagging = Tagging("glue", by="arn", read="get_tags", created=False)
    waits_gone = True
    affects = fixed(enabled=("state",))
    making = Call("create_trigger")
    reading = Call("get_trigger", given(Name="$id"), at="Trigger")
    removing = Call("delete_trigger", given(Name="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("glue", f"trigger/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        start = inputs.get("startOnCreation", inputs["enabled"] and inputs["type"] in ("SCHEDULED", "CONDITIONAL"))
        if inputs["type"] != "ON_DEMAND":
            arguments["StartOnCreation"] = bool(start)
        return str(aws.glue.create_trigger(**arguments)["Name"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        enabled = found.get("State") in ("ACTIVATED", "ACTIVATING") or found.get("Type") == "ON_DEMAND"
        return {**outputs, "enabled": enabled, "arn": aws.arn("glue", f"trigger/{found['Name']}")}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        if change.keys - {"enabled"}:
            shape = shapes.model(aws.glue, "update_trigger").input_shape.members["TriggerUpdate"]
            names = ("actions", "description", "eventBatchingConditions", "predicate", "schedule")
            wanted = shapes.request(shape, {name: new.get(name) for name in names}, self.names)
            aws.glue.update_trigger(Name=id, TriggerUpdate=wanted)
        if change.any("enabled"):
            call = aws.glue.start_trigger if new["enabled"] else aws.glue.stop_trigger
            call(Name=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
