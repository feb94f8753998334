"""Log groups and streams. The id is the name."""

from __future__ import annotations

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging


def find_group(aws: Aws, name: str) -> Properties | None:
    """A log group by its exact name."""
    found = aws.pages("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=name)
    return next((group for group in found if group["logGroupName"] == name), None)


class LogGroup(Kind):
    """`aws:cloudwatch/logGroup:LogGroup`."""

    naming = Naming(limit=512)
    defaults = fixed(retentionInDays=0, skipDestroy=False)
    replaces = ("name", "namePrefix", "logGroupClass")
    computed = ("deletionProtectionEnabled", "logGroupClass")
    tagging = Tagging("logs", by="arn")

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("logs", f"log-group:{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        names = ("kmsKeyId", "logGroupClass", "deletionProtectionEnabled")
        more = {name: inputs[name] for name in names if inputs.get(name)}
        tags = {"tags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        aws.logs.create_log_group(logGroupName=inputs["name"], **more, **tags)
        return str(inputs["name"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        if inputs["retentionInDays"]:
            aws.logs.put_retention_policy(logGroupName=id, retentionInDays=inputs["retentionInDays"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group = find_group(aws, id)
        if group is None:
            return None
        return {
            "arn": group["arn"].removesuffix(":*"),
            "kmsKeyId": group.get("kmsKeyId", ""),
            "logGroupClass": group.get("logGroupClass") or "STANDARD",
            "deletionProtectionEnabled": group.get("deletionProtectionEnabled", False),
            "name": group["logGroupName"],
            "retentionInDays": group.get("retentionInDays", 0),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        new = change.new
        if change.any("retentionInDays"):
            if new["retentionInDays"]:
                aws.logs.put_retention_policy(logGroupName=id, retentionInDays=new["retentionInDays"])
            else:
                aws.logs.delete_retention_policy(logGroupName=id)
        if change.any("kmsKeyId"):
            if new.get("kmsKeyId"):
                aws.logs.associate_kms_key(logGroupName=id, kmsKeyId=new["kmsKeyId"])
            else:
                aws.logs.disassociate_kms_key(logGroupName=id)
        if change.any("deletionProtectionEnabled"):
            wanted = new.get("deletionProtectionEnabled", False)
            aws.logs.put_log_group_deletion_protection(logGroupIdentifier=id, deletionProtectionEnabled=wanted)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("skipDestroy") is not True:
            aws.logs.delete_log_group(logGroupName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


class LogStream(Kind):
    """`aws:cloudwatch/logStream:LogStream`. An import is by `<group>:<stream>`."""

    naming = Naming(limit=512)
    replaces = ("name", "logGroupName")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        aws.logs.create_log_stream(logGroupName=inputs["logGroupName"], logStreamName=inputs["name"])
        return str(inputs["name"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        group, _, name = id.rpartition(":")
        group = known.get("logGroupName") or group
        found = aws.pages("logs", "describe_log_streams", "logStreams", logGroupName=group, logStreamNamePrefix=name)
        stream = next((stream for stream in found if stream["logStreamName"] == name), None)
        return stream and {"id": name, "name": name, "logGroupName": group, "arn": stream["arn"]}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.logs.delete_log_stream(logGroupName=known["logGroupName"], logStreamName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def get_log_group(aws: Aws, arguments: Properties) -> Properties:
    """`aws:cloudwatch/getLogGroup:getLogGroup`."""
    group = find_group(aws, arguments["name"])
    if group is None:
        raise ProviderError(f"aws:cloudwatch/getLogGroup:getLogGroup: no log group is called {arguments['name']!r}")
    arn = group["arn"].removesuffix(":*")
    return {
        "id": group["logGroupName"],
        "arn": arn,
        "creationTime": group["creationTime"],
        "kmsKeyId": group.get("kmsKeyId", ""),
        "logGroupClass": group.get("logGroupClass") or "STANDARD",
        "deletionProtectionEnabled": group.get("deletionProtectionEnabled", False),
        "retentionInDays": group.get("retentionInDays", 0),
        "tags": aws.logs.list_tags_for_resource(resourceArn=arn).get("tags") or {},
    }
