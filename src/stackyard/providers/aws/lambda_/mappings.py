"""Event source mappings: queues, streams and tables that invoke a function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class EventSourceMapping(Table):
    """`aws:lambda/eventSourceMapping:EventSourceMapping`; its id is its UUID."""

    service = "lambda"
    naming = None
    names = given(
        arn="EventSourceMappingArn",
        uuid="UUID",
        stateTransitionReason="StateTransitionReason",
        **{"filterCriteria.filters": "Filters"},
    )
    id = "UUID"
    defaults = fixed(enabled=True)
    replaces = (
        "eventSourceArn",
        "queues",
        "selfManagedEventSource",
        "startingPosition",
        "startingPositionTimestamp",
        "topics",
    )
    computed = (
        "batchSize",
        "maximumRecordAgeInSeconds",
        "maximumRetryAttempts",
        "parallelizationFactor",
    )
    unsupported = (
        "amazonManagedKafkaEventSourceConfig",
        "documentDbEventSourceConfig",
        "metricsConfig",
        "provisionedPollerConfig",
        "selfManagedEventSource",
        "selfManagedKafkaEventSourceConfig",
        "sourceAccessConfigurations",
        "useResourceTimeoutForPropagation",
    )
    tagging = Tagging("lambda", by="arn", read="list_tags")
    making = Call("create_event_source_mapping")
    reading = Call("get_event_source_mapping", given(UUID="$id"))
    changing = (Call("update_event_source_mapping", given(UUID="$id")),)
    removing = Call("delete_event_source_mapping", given(UUID="$id"))
    volatile = ("lastModified", "lastProcessingResult", "state", "stateTransitionReason")
    cleared = fixed(filterCriteria={"filters": []}, functionResponseTypes=[])
    waits_gone = True

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"event source mapping {id}", lambda: self._is_settled(aws, id))

    def _is_settled(self, aws: Aws, id: str) -> bool:
        state = getattr(aws, "lambda").get_event_source_mapping(UUID=id).get("State", "Enabled")
        return state in ("Enabled", "Disabled")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        outputs["functionName"] = outputs.get("functionName") or found.get("FunctionArn")
        outputs["enabled"] = found.get("State", "Enabled") in ("Enabled", "Enabling", "Creating", "Updating")
        outputs["lastModified"] = None
        return outputs

    def same(self, key: str, left: Any, right: Any) -> bool:
        """A function is named by its name or its ARN."""
        return key == "functionName" and str(left).rpartition(":")[2] == str(right).rpartition(":")[2]

    def update(self, aws: Aws, id: str, change: Change) -> None:
        if change.keys - {"tags", "tagsAll"}:
            super().update(aws, id, change)
            self.complete(aws, id, change.new)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        pages = aws.pages(
            "lambda",
            "list_event_source_mappings",
            "EventSourceMappings",
            EventSourceArn=inputs["eventSourceArn"],
            FunctionName=inputs["functionName"],
        )
        return next((str(each["UUID"]) for each in pages if each.get("State") != "Deleting"), None)
