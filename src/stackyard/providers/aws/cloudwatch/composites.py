"""Composite alarms. The id is the name."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging, pairs


class CompositeAlarm(Table):
    """`aws:cloudwatch/compositeAlarm:CompositeAlarm`."""

    service = "cloudwatch"
    naming = None
    overwrites = True
    names = given(
        **{
            "arn": "AlarmArn",
            "actionsSuppressor.alarm": "ActionsSuppressor",
            "actionsSuppressor.extensionPeriod": "ActionsSuppressorExtensionPeriod",
            "actionsSuppressor.waitPeriod": "ActionsSuppressorWaitPeriod",
        }
    )
    defaults = fixed(actionsEnabled=True)
    replaces = ("alarmName", "actionsEnabled")
    sets = ("alarmActions", "insufficientDataActions", "okActions")
    tagging = Tagging("cloudwatch", by="arn")
    making = Call("put_composite_alarm")
    reading = Call("describe_alarms", given(AlarmNames=["$id"], AlarmTypes=["CompositeAlarm"]), at="CompositeAlarms[0]")
    changing = (Call("put_composite_alarm"),)
    removing = Call("delete_alarms", given(AlarmNames=["$id"]))

    def sent(self, inputs: Properties) -> Properties:
        """The suppressor's parts are members of the call itself."""
        suppressor = inputs.get("actionsSuppressor") or {}
        flat = {
            "actionsSuppressor": suppressor.get("alarm"),
            "actionsSuppressorExtensionPeriod": suppressor.get("extensionPeriod"),
            "actionsSuppressorWaitPeriod": suppressor.get("waitPeriod"),
        }
        return {**inputs, **flat}

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("cloudwatch", f"alarm:{inputs['alarmName']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        aws.cloudwatch.put_composite_alarm(**arguments, Tags=pairs(inputs.get("tagsAll")))
        return str(inputs["alarmName"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        alarm = aws.cloudwatch.describe_alarms(AlarmNames=[id], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        if not found or not alarm:
            return None
        suppressor = {
            "alarm": alarm[0].get("ActionsSuppressor"),
            "extensionPeriod": alarm[0].get("ActionsSuppressorExtensionPeriod"),
            "waitPeriod": alarm[0].get("ActionsSuppressorWaitPeriod"),
        }
        outputs = {name: value for name, value in found.items() if name != "actionsSuppressor"}
        return {**outputs, "actionsSuppressor": suppressor} if suppressor["alarm"] else outputs

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["alarmName"])
