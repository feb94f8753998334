"""Backup plans, and the selections that say what a plan backs up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws import shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging

_PLAN = {
    "name": "BackupPlanName",
    "rules.lifecycle.coldStorageAfter": "MoveToColdStorageAfterDays",
    "rules.lifecycle.deleteAfter": "DeleteAfterDays",
    "rules.copyActions.destinationVaultArn": "DestinationBackupVaultArn",
    "rules.copyActions.lifecycle.coldStorageAfter": "MoveToColdStorageAfterDays",
    "rules.copyActions.lifecycle.deleteAfter": "DeleteAfterDays",
    "rules.completionWindow": "CompletionWindowMinutes",
    "rules.schedule": "ScheduleExpression",
    "rules.startWindow": "StartWindowMinutes",
    "rules.targetVaultName": "TargetBackupVaultName",
}


class Plan(Kind):
    """`aws:backup/plan:Plan`."""

    naming = Naming(limit=50)
    sets = ("rules", "advancedBackupSettings")
    computed = (
        "rules[*].completionWindow",
        "rules[*].startWindow",
        "rules[*].scheduleExpressionTimezone",
        "rules[*].lifecycle.optInToArchiveForSupportedResources",
    )
    unsupported = ("scanSettings",)
    volatile = ("version",)
    tagging = Tagging("backup", by="arn", read="list_tags")

    def _plan(self, aws: Aws, inputs: Properties) -> dict[str, Any]:
        shape = shapes.model(aws.backup, "create_backup_plan").input_shape.members["BackupPlan"]
        return shapes.request(shape, {n: inputs.get(n) for n in ("name", "rules", "advancedBackupSettings")}, _PLAN)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = {"BackupPlanTags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        return str(aws.backup.create_backup_plan(BackupPlan=self._plan(aws, inputs), **tags)["BackupPlanId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.backup.get_backup_plan(BackupPlanId=id)
        if found.get("DeletionDate"):
            return None
        outputs = shapes.properties(self.schema, self.schema.outputs, found["BackupPlan"], _PLAN)
        return {**outputs, "arn": found["BackupPlanArn"], "version": found["VersionId"]}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        aws.backup.update_backup_plan(BackupPlanId=id, BackupPlan=self._plan(aws, change.new))

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.persist(
            lambda: aws.backup.delete_backup_plan(BackupPlanId=id), "plan selections must be deleted", timeout=60
        )

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        plans = aws.pages("backup", "list_backup_plans", "BackupPlansList")
        return next((str(plan["BackupPlanId"]) for plan in plans if plan["BackupPlanName"] == inputs["name"]), None)


_SELECTION = {
    "conditions.stringEquals.key": "ConditionKey",
    "conditions.stringEquals.value": "ConditionValue",
    "conditions.stringLikes.key": "ConditionKey",
    "conditions.stringLikes.value": "ConditionValue",
    "conditions.stringNotEquals.key": "ConditionKey",
    "conditions.stringNotEquals.value": "ConditionValue",
    "conditions.stringNotLikes.key": "ConditionKey",
    "conditions.stringNotLikes.value": "ConditionValue",
    "iamRoleArn": "IamRoleArn",
    "name": "SelectionName",
    "notResources": "NotResources",
    "resources": "Resources",
    "selectionTags": "ListOfTags",
    "selectionTags.key": "ConditionKey",
    "selectionTags.type": "ConditionType",
    "selectionTags.value": "ConditionValue",
}


class Selection(Kind):
    """`aws:backup/selection:Selection`. An import is by `<plan>|<selection>`."""

    naming = Naming(limit=50)
    replaces = ("name", "conditions", "iamRoleArn", "notResources", "planId", "resources", "selectionTags")
    computed = ("conditions", "notResources")
    sets = ("conditions", "notResources", "resources", "selectionTags")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        shape = shapes.model(aws.backup, "create_backup_selection").input_shape.members["BackupSelection"]
        given = {name: inputs.get(name) for name in self.schema.inputs if name not in ("planId", "conditions")}
        wanted = shapes.request(shape, given, _SELECTION)
        if inputs.get("conditions"):
            member = shape.members["Conditions"]
            wanted["Conditions"] = shapes.request(member, _merged(inputs["conditions"]), _SELECTION, "conditions")
        call = aws.backup.create_backup_selection
        made = aws.persist(
            lambda: call(BackupPlanId=inputs["planId"], BackupSelection=wanted), "cannot be assumed by AWS Backup"
        )
        return str(made["SelectionId"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        plan, _, selection = id.rpartition("|")
        plan = known.get("planId") or plan
        found = aws.backup.get_backup_selection(BackupPlanId=plan, SelectionId=selection)["BackupSelection"]
        outputs = shapes.properties(self.schema, self.schema.outputs, _without_conditions(found), _SELECTION)
        return {**outputs, "id": selection, "planId": plan}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.backup.delete_backup_selection(BackupPlanId=known["planId"], SelectionId=id)

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        where = {"BackupPlanId": inputs["planId"]}
        found = aws.pages("backup", "list_backup_selections", "BackupSelectionsList", **where)
        return next((str(item["SelectionId"]) for item in found if item["SelectionName"] == inputs["name"]), None)


def _merged(conditions: list[Properties]) -> Properties:
    """The blocks as one: the call takes a structure."""
    merged: Properties = {}
    for block in conditions:
        for name, entries in block.items():
            merged.setdefault(name, []).extend(entries)
    return merged


def _without_conditions(found: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without the empty conditions that it always has."""
    conditions = found.get("Conditions") or {}
    return {k: v for k, v in found.items() if k != "Conditions" or any(conditions.values())}
