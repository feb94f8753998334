"""Crawlers. The id is the name; a running one is stopped before it is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_TARGETS = {
    "catalogTargets": "CatalogTargets",
    "deltaTargets": "DeltaTargets",
    "dynamodbTargets": "DynamoDBTargets",
    "hudiTargets": "HudiTargets",
    "icebergTargets": "IcebergTargets",
    "jdbcTargets": "JdbcTargets",
    "mongodbTargets": "MongoDBTargets",
    "s3Targets": "S3Targets",
}
_NAMES = {
    "jdbcTargets.enableAdditionalMetadatas": "EnableAdditionalMetadata",
    "securityConfiguration": "CrawlerSecurityConfiguration",
}
_LATE = ("Service is unable to assume", "is not authorized to perform", "Insufficient Lake Formation")


class Crawler(Table):
    """`aws:glue/crawler:Crawler`."""

    service = "glue"
    naming = Naming(limit=255)
    names = _NAMES
    replaces = ("name",)
    documents = ("configuration",)
    computed = ("lakeFormationConfiguration", "lineageConfiguration", "recrawlPolicy", "schemaChangePolicy")
    tagging = Tagging("glue", by="arn", read="get_tags", created=False)
    making = Call("create_crawler")
    reading = Call("get_crawler", given(Name="$id"), at="Crawler")
    changing = (Call("update_crawler", given(Name="$id")),)
    removing = Call("delete_crawler", given(Name="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("glue", f"crawler/{inputs['name']}")}

    def arguments(self, aws: Aws, call: Call, known: Properties, inputs: Properties) -> dict[str, Any]:
        """The targets stand together in one member of the call."""
        found = super().arguments(aws, call, known, inputs)
        if call.fills:
            shape = shapes.model(aws.glue, call.operation).input_shape.members["Targets"]
            wanted = {_TARGETS[name]: inputs[name] for name in _TARGETS if inputs.get(name)}
            found["Targets"] = {
                member: shapes.value_for(shape.members[member], entries, _NAMES, member[0].lower() + member[1:])
                for member, entries in wanted.items()
            }
        return found

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        aws.persist(lambda: aws.glue.create_crawler(**arguments), *_LATE, timeout=60)
        return str(inputs["name"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        targets = {
            name: shapes.property_of(self.schema, self.schema.outputs[name], found["Targets"][member], _NAMES, name)
            for name, member in _TARGETS.items()
            if found.get("Targets", {}).get(member)
        }
        schedule = found.get("Schedule")
        expression = schedule.get("ScheduleExpression", "") if isinstance(schedule, Mapping) else schedule or ""
        arn = aws.arn("glue", f"crawler/{found['Name']}")
        return {**{name: [] for name in _TARGETS}, **outputs, **targets, "schedule": expression, "arn": arn}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.persist(lambda: super(Crawler, self).update(aws, id, change), "CrawlerRunningException", *_LATE)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if aws.glue.get_crawler(Name=id)["Crawler"].get("State") == "RUNNING":
            aws.glue.stop_crawler(Name=id)
        aws.persist(lambda: aws.glue.delete_crawler(Name=id), "CrawlerRunningException", timeout=600)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
