"""DynamoDB tables. The id is the name; DynamoDB takes one change of a table at a time and is waited for in between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, pairs

ON_DEMAND = "PAY_PER_REQUEST"


class Table(Kind):
    """`aws:dynamodb/table:Table`."""

    naming = Naming(limit=255)
    defaults = fixed(billingMode="PROVISIONED", tableClass="STANDARD")
    replaces = ("name", "hashKey", "rangeKey", "localSecondaryIndexes")
    sets = (
        "attributes",
        "globalSecondaryIndexes",
        "globalSecondaryIndexes[*].nonKeyAttributes",
        "localSecondaryIndexes",
    )
    computed = (
        "readCapacity",
        "writeCapacity",
        "streamViewType",
        "pointInTimeRecovery",
        "serverSideEncryption",
        "serverSideEncryption.kmsKeyArn",
        "pointInTimeRecovery.recoveryPeriodInDays",
    )
    unsupported = (
        "globalTableWitness",
        "importTable",
        "replicas",
        "restoreBackupArn",
        "restoreDateTime",
        "restoreSourceName",
        "restoreSourceTableArn",
        "restoreToLatestTime",
        "warmThroughput",
    )
    affects = fixed(streamEnabled=("streamArn", "streamLabel"), streamViewType=("streamArn", "streamLabel"))
    tagging = Tagging("dynamodb", by="arn", read="list_tags_of_resource")

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if "hashKey" not in inputs:
            yield CheckFailure("hashKey", "is required")
        for index, entry in enumerate(inputs.get("globalSecondaryIndexes") or ()):
            if isinstance(entry, dict) and "hashKey" not in entry and "keySchemas" not in entry:
                yield CheckFailure(f"globalSecondaryIndexes[{index}].hashKey", "is required")

    def fill(self, aws: Aws, inputs: Properties) -> Properties:
        return {"streamViewType": ""} if inputs.get("streamEnabled") is False else {}

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("dynamodb", f"table/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments: dict[str, Any] = {
            "TableName": inputs["name"],
            "AttributeDefinitions": _attributes(inputs),
            "KeySchema": _keys(inputs),
            "BillingMode": inputs["billingMode"],
            "TableClass": inputs["tableClass"],
            "Tags": pairs(inputs.get("tagsAll")),
            **_throughput(inputs, inputs["billingMode"]),
        }
        if inputs.get("globalSecondaryIndexes"):
            entries = inputs["globalSecondaryIndexes"]
            arguments["GlobalSecondaryIndexes"] = [_index(entry, inputs["billingMode"]) for entry in entries]
        if inputs.get("localSecondaryIndexes"):
            entries = inputs["localSecondaryIndexes"]
            arguments["LocalSecondaryIndexes"] = [_index({**e, "hashKey": inputs["hashKey"]}) for e in entries]
        if inputs.get("streamEnabled"):
            arguments["StreamSpecification"] = _stream(inputs)
        if inputs.get("serverSideEncryption"):
            arguments["SSESpecification"] = _encryption(inputs["serverSideEncryption"])
        if inputs.get("deletionProtectionEnabled"):
            arguments["DeletionProtectionEnabled"] = True
        return str(aws.dynamodb.create_table(**arguments)["TableDescription"]["TableName"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._active(aws, id)
        if inputs.get("ttl", {}).get("enabled"):
            self._expire(aws, id, inputs["ttl"])
        if inputs.get("pointInTimeRecovery", {}).get("enabled"):
            self._recover(aws, id, inputs["pointInTimeRecovery"])

    def _active(self, aws: Aws, id: str) -> None:
        aws.wait(f"table {id} to be active", lambda: _is_active(aws.dynamodb.describe_table(TableName=id)["Table"]))

    def _expire(self, aws: Aws, id: str, ttl: Properties) -> None:
        wanted = {"Enabled": ttl.get("enabled", False), "AttributeName": ttl.get("attributeName", "")}
        aws.dynamodb.update_time_to_live(TableName=id, TimeToLiveSpecification=wanted)

    def _recover(self, aws: Aws, id: str, recovery: Properties) -> None:
        days = recovery.get("recoveryPeriodInDays")
        wanted = {"PointInTimeRecoveryEnabled": recovery.get("enabled", False)}
        aws.persist(
            lambda: aws.dynamodb.update_continuous_backups(
                TableName=id,
                PointInTimeRecoverySpecification={**wanted, **({"RecoveryPeriodInDays": days} if days else {})},
            ),
            "ContinuousBackupsUnavailableException",
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        table = aws.dynamodb.describe_table(TableName=id)["Table"]
        if table["TableStatus"] == "DELETING":
            return None
        return {**_outputs(table), **self._extras(aws, id)}

    def _extras(self, aws: Aws, id: str) -> Properties:
        ttl = aws.dynamodb.describe_time_to_live(TableName=id)["TimeToLiveDescription"]
        backups = aws.dynamodb.describe_continuous_backups(TableName=id)["ContinuousBackupsDescription"]
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        enabled = recovery.get("PointInTimeRecoveryStatus") == "ENABLED"
        days = (
            {"recoveryPeriodInDays": recovery["RecoveryPeriodInDays"]} if recovery.get("RecoveryPeriodInDays") else {}
        )
        on = ttl.get("TimeToLiveStatus") in ("ENABLED", "ENABLING")
        return {
            "ttl": {"attributeName": ttl.get("AttributeName", ""), "enabled": on},
            "pointInTimeRecovery": {"enabled": enabled, **(days if enabled else {})},
        }

    def same(self, key: str, left: Value, right: Value) -> bool:
        """A block that switches something off means as much as no block; an index has two spellings of its keys."""
        if key in ("ttl", "pointInTimeRecovery", "serverSideEncryption"):
            return not any(isinstance(side, dict) and side.get("enabled") for side in (left, right))
        if key == "globalSecondaryIndexes":
            return _meaning(left) == _meaning(right)
        return False

    def update(self, aws: Aws, id: str, change: Change) -> None:
        for arguments in _table_changes(change):
            aws.dynamodb.update_table(TableName=id, **arguments)
            self._active(aws, id)
        old, new = change.old, change.new
        if change.any("ttl"):
            wanted = new.get("ttl") or {**old.get("ttl", {}), "enabled": False}
            if wanted.get("enabled") or old.get("ttl", {}).get("enabled"):
                self._expire(aws, id, wanted)
        if change.any("pointInTimeRecovery"):
            self._recover(aws, id, new.get("pointInTimeRecovery") or {"enabled": False})

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.dynamodb.delete_table(TableName=id)
        aws.wait(f"deletion of table {id}", lambda: id not in self._listed(aws, id))

    def _listed(self, aws: Aws, id: str) -> list[str]:
        return [name for name in aws.pages("dynamodb", "list_tables", "TableNames") if name == id]

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])


def _is_active(table: Mapping[str, Any]) -> bool:
    statuses = [index.get("IndexStatus", "ACTIVE") for index in table.get("GlobalSecondaryIndexes") or ()]
    return table["TableStatus"] == "ACTIVE" and all(status == "ACTIVE" for status in statuses)


def _attributes(inputs: Properties) -> list[dict[str, str]]:
    return [{"AttributeName": a["name"], "AttributeType": a["type"]} for a in inputs.get("attributes") or ()]


def _keys(entry: Properties) -> list[dict[str, str]]:
    """The key schema of a table or index, in either of its two spellings."""
    if entry.get("keySchemas"):
        return [{"AttributeName": key["attributeName"], "KeyType": key["keyType"]} for key in entry["keySchemas"]]
    keys = [{"AttributeName": entry["hashKey"], "KeyType": "HASH"}]
    return keys + ([{"AttributeName": entry["rangeKey"], "KeyType": "RANGE"}] if entry.get("rangeKey") else [])


def _throughput(entry: Properties, mode: str) -> dict[str, Any]:
    if mode != ON_DEMAND:
        read, write = entry.get("readCapacity") or 1, entry.get("writeCapacity") or 1
        return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}
    limits = entry.get("onDemandThroughput")
    if not limits:
        return {}
    names = {"maxReadRequestUnits": "MaxReadRequestUnits", "maxWriteRequestUnits": "MaxWriteRequestUnits"}
    return {"OnDemandThroughput": {member: limits[name] for name, member in names.items() if limits.get(name)}}


def _index(entry: Properties, mode: str = ON_DEMAND) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": entry["projectionType"]}
    if entry.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = entry["nonKeyAttributes"]
    made = {"IndexName": entry["name"], "KeySchema": _keys(entry), "Projection": projection}
    return {**made, **_throughput(entry, mode)}


def _stream(inputs: Properties) -> dict[str, Any]:
    if not inputs.get("streamEnabled"):
        return {"StreamEnabled": False}
    return {"StreamEnabled": True, "StreamViewType": inputs.get("streamViewType") or "NEW_AND_OLD_IMAGES"}


def _encryption(block: Properties) -> dict[str, Any]:
    if not block.get("enabled"):
        return {"Enabled": False}
    key = {"KMSMasterKeyId": block["kmsKeyArn"]} if block.get("kmsKeyArn") else {}
    return {"Enabled": True, "SSEType": "KMS", **key}


def _table_changes(change: Change) -> Iterator[dict[str, Any]]:
    """The arguments of the calls that an update needs, one after the other."""
    old, new, mode = change.old, change.new, change.new["billingMode"]
    if change.any("billingMode", "readCapacity", "writeCapacity", "onDemandThroughput"):
        throughput = _throughput(new, mode)
        if change.any("billingMode") or throughput:
            indexes = _index_throughputs(new) if change.any("billingMode") and mode != ON_DEMAND else []
            more = {"GlobalSecondaryIndexUpdates": indexes} if indexes else {}
            yield {**({"BillingMode": mode} if change.any("billingMode") else {}), **throughput, **more}
    if change.any("streamEnabled", "streamViewType"):
        if old.get("streamEnabled") and new.get("streamEnabled"):
            yield {"StreamSpecification": {"StreamEnabled": False}}
        yield {"StreamSpecification": _stream(new)}
    if change.any("serverSideEncryption"):
        yield {"SSESpecification": _encryption(new.get("serverSideEncryption") or {})}
    if change.any("tableClass"):
        yield {"TableClass": new["tableClass"]}
    if change.any("deletionProtectionEnabled"):
        yield {"DeletionProtectionEnabled": bool(new.get("deletionProtectionEnabled"))}
    if change.any("globalSecondaryIndexes"):
        yield from _index_changes(old, new, mode)


def _index_throughputs(inputs: Properties) -> list[dict[str, Any]]:
    entries = inputs.get("globalSecondaryIndexes") or ()
    return [{"Update": {"IndexName": entry["name"], **_throughput(entry, "PROVISIONED")}} for entry in entries]


def _index_changes(old: Properties, new: Properties, mode: str) -> Iterator[dict[str, Any]]:
    """Drop what is gone or rebuilt, then make what is new; a capacity alone changes in place."""
    before = {entry["name"]: entry for entry in old.get("globalSecondaryIndexes") or ()}
    after = {entry["name"]: entry for entry in new.get("globalSecondaryIndexes") or ()}
    rebuilt = {name for name in before.keys() & after.keys() if _shape(before[name]) != _shape(after[name])}
    definitions = _attributes(new)
    for name in sorted((before.keys() - after.keys()) | rebuilt):
        yield {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": name}}]}
    for name in sorted((after.keys() - before.keys()) | rebuilt):
        make = {"Create": _index(after[name], mode)}
        yield {"AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [make]}
    for name in sorted((before.keys() & after.keys()) - rebuilt):
        throughput = _throughput(after[name], mode)
        if throughput and throughput != _throughput(before[name], mode):
            yield {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": name, **throughput}}]}


def _shape(entry: Properties) -> Any:
    return (_keys(entry), entry["projectionType"], sorted(entry.get("nonKeyAttributes") or ()))


def _meaning(entries: Value) -> dict[str, Any]:
    """Indexes by name, in one spelling."""
    capacities = ("readCapacity", "writeCapacity")
    return {entry["name"]: (_shape(entry), *(entry.get(name) or 0 for name in capacities)) for entry in entries or ()}


def _key(schema: Iterable[Mapping[str, str]], kind: str) -> str:
    return next((key["AttributeName"] for key in schema if key["KeyType"] == kind), "")


def _outputs(table: Mapping[str, Any]) -> Properties:
    billing = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    stream, sse = table.get("StreamSpecification") or {}, table.get("SSEDescription") or {}
    outputs: Properties = {
        "arn": table["TableArn"],
        "attributes": [{"name": a["AttributeName"], "type": a["AttributeType"]} for a in table["AttributeDefinitions"]],
        "billingMode": billing,
        "deletionProtectionEnabled": table.get("DeletionProtectionEnabled", False),
        "globalSecondaryIndexes": [_index_outputs(i, billing) for i in table.get("GlobalSecondaryIndexes") or ()],
        "hashKey": _key(table["KeySchema"], "HASH"),
        "localSecondaryIndexes": [_local_outputs(index) for index in table.get("LocalSecondaryIndexes") or ()],
        "name": table["TableName"],
        "rangeKey": _key(table["KeySchema"], "RANGE"),
        "streamArn": table.get("LatestStreamArn", ""),
        "streamEnabled": stream.get("StreamEnabled", False),
        "streamLabel": table.get("LatestStreamLabel", ""),
        "streamViewType": stream.get("StreamViewType", ""),
        "tableClass": table.get("TableClassSummary", {}).get("TableClass", "STANDARD"),
        **_capacity(table, billing),
    }
    if sse.get("Status") == "ENABLED":
        outputs["serverSideEncryption"] = {"enabled": True, "kmsKeyArn": sse.get("KMSMasterKeyArn", "")}
    return outputs


def _capacity(entry: Mapping[str, Any], billing: str) -> Properties:
    throughput = entry.get("ProvisionedThroughput") or {}
    if billing == ON_DEMAND:
        return {"readCapacity": 0, "writeCapacity": 0}
    return {
        "readCapacity": throughput.get("ReadCapacityUnits", 0),
        "writeCapacity": throughput.get("WriteCapacityUnits", 0),
    }


def _local_outputs(index: Mapping[str, Any]) -> Properties:
    outputs = {
        "name": index["IndexName"],
        "rangeKey": _key(index["KeySchema"], "RANGE"),
        "projectionType": index["Projection"]["ProjectionType"],
    }
    names = index["Projection"].get("NonKeyAttributes")
    return {**outputs, **({"nonKeyAttributes": names} if names else {})}


def _index_outputs(index: Mapping[str, Any], billing: str) -> Properties:
    keys = [{"attributeName": key["AttributeName"], "keyType": key["KeyType"]} for key in index["KeySchema"]]
    hash_key = _key(index["KeySchema"], "HASH")
    return {**_local_outputs(index), "hashKey": hash_key, "keySchemas": keys, **_capacity(index, billing)}
