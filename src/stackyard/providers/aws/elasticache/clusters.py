"""Caches of Memcached nodes, or of one node of Redis or Valkey. The id is the cluster's id, in small letters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.elasticache.groups import TAGS
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_FAILED: Final = ("create-failed", "incompatible-network", "restore-failed")
# What says how changes and the end are carried out, and is no setting itself.
_MANNERS: Final = ("applyImmediately", "finalSnapshotIdentifier")
_CHANGES: Final = (
    "autoMinorVersionUpgrade",
    "azMode",
    "engine",
    "engineVersion",
    "ipDiscovery",
    "logDeliveryConfigurations",
    "maintenanceWindow",
    "nodeType",
    "notificationTopicArn",
    "numCacheNodes",
    "parameterGroupName",
    "securityGroupIds",
    "snapshotRetentionLimit",
    "snapshotWindow",
)


def same_version(left: Value, right: Value) -> bool:
    """`7.0` and `6.x` ask for any of their patches."""
    one, other = str(left).removesuffix("x").rstrip("."), str(right).removesuffix("x").rstrip(".")
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def logs(wanted: Value, old: Value = None) -> list[dict[str, Any]]:
    """Log deliveries as the calls take them; those that were and are not wanted are switched off."""
    kinds = {
        "cloudwatch-logs": ("CloudWatchLogsDetails", "LogGroup"),
        "kinesis-firehose": ("KinesisFirehoseDetails", "DeliveryStream"),
    }
    found: list[dict[str, Any]] = []
    for each in wanted or ():
        details, member = kinds[each["destinationType"]]
        found.append(
            {
                "DestinationDetails": {details: {member: each["destination"]}},
                "DestinationType": each["destinationType"],
                "LogFormat": each["logFormat"],
                "LogType": each["logType"],
            }
        )
    kept = {each["LogType"] for each in found}
    return found + [{"LogType": each["logType"], "Enabled": False} for each in old or () if each["logType"] not in kept]


def told_logs(found: Mapping[str, Any]) -> list[Properties]:
    """Log deliveries as properties."""
    seen: list[Properties] = []
    for each in found.get("LogDeliveryConfigurations") or ():
        details = each.get("DestinationDetails") or {}
        group = (details.get("CloudWatchLogsDetails") or {}).get("LogGroup")
        stream = (details.get("KinesisFirehoseDetails") or {}).get("DeliveryStream")
        seen.append(
            {
                "destination": group or stream or "",
                "destinationType": each.get("DestinationType", ""),
                "logFormat": each.get("LogFormat", ""),
                "logType": each.get("LogType", ""),
            }
        )
    return seen


class Cluster(Table):
    """`aws:elasticache/cluster:Cluster`."""

    service = "elasticache"
    naming = Naming(property="clusterId", prefix="", limit=50, lower=True)
    timeout = 4800
    names = given(
        arn="ARN",
        azMode="AZMode",
        clusterId="CacheClusterId",
        maintenanceWindow="PreferredMaintenanceWindow",
        nodeType="CacheNodeType",
        parameterGroupName="CacheParameterGroupName",
        snapshotArns="SnapshotArns",
        subnetGroupName="CacheSubnetGroupName",
    )
    id = "CacheClusterId"
    replaces = (
        "availabilityZone",
        "clusterId",
        "networkType",
        "outpostMode",
        "port",
        "preferredOutpostArn",
        "replicationGroupId",
        "snapshotArns",
        "snapshotName",
        "subnetGroupName",
        "transitEncryptionEnabled",
    )
    sets = ("logDeliveryConfigurations", "securityGroupIds")
    computed = (
        "applyImmediately",
        "autoMinorVersionUpgrade",
        "availabilityZone",
        "azMode",
        "engine",
        "engineVersion",
        "ipDiscovery",
        "maintenanceWindow",
        "networkType",
        "nodeType",
        "numCacheNodes",
        "parameterGroupName",
        "port",
        "preferredOutpostArn",
        "replicationGroupId",
        "securityGroupIds",
        "snapshotRetentionLimit",
        "snapshotWindow",
        "subnetGroupName",
        "transitEncryptionEnabled",
    )
    volatile = ("cacheNodes", "engineVersionActual")
    tagging = TAGS
    making = Call("create_cache_cluster", at="CacheCluster")
    reading = Call(
        "describe_cache_clusters", given(CacheClusterId="$id", ShowCacheNodeInfo=True), at="CacheClusters[0]"
    )
    removing = Call("delete_cache_cluster", given(CacheClusterId="$id"))
    waits_gone = True

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("replicationGroupId"):
            return
        for name in ("engine", "nodeType", "numCacheNodes"):
            if name not in inputs:
                yield CheckFailure(name, "is required unless the cluster is of a replicationGroupId")

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "engineVersion" and same_version(left, right)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("elasticache", f"cluster:{inputs['clusterId']}")}

    def sent(self, inputs: Properties) -> Properties:
        apart = {*_MANNERS, "availabilityZone", "logDeliveryConfigurations"}
        found = {name: value for name, value in inputs.items() if name not in apart}
        if inputs.get("availabilityZone"):
            found["preferredAvailabilityZone"] = inputs["availabilityZone"]
        return found

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        if inputs.get("logDeliveryConfigurations"):
            arguments["LogDeliveryConfigurations"] = logs(inputs["logDeliveryConfigurations"])
        arguments["Tags"] = [{"Key": key, "Value": value} for key, value in (inputs.get("tagsAll") or {}).items()]
        return str(aws.elasticache.create_cache_cluster(**arguments)["CacheCluster"]["CacheClusterId"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"cache {id} to be available", lambda: self._is_ready(aws, id))

    def _is_ready(self, aws: Aws, id: str) -> bool:
        status = aws.elasticache.describe_cache_clusters(CacheClusterId=id)["CacheClusters"][0]["CacheClusterStatus"]
        if status in _FAILED:
            raise errors.ProviderError(f"{self.token}: {id} is {status}")
        return bool(status == "available")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        endpoint = found.get("ConfigurationEndpoint") or {}
        nodes = sorted((_node(each) for each in found.get("CacheNodes") or ()), key=lambda each: str(each["id"]))
        address, port = endpoint.get("Address", ""), endpoint.get("Port") or next((n["port"] for n in nodes), 0)
        zone = found.get("PreferredAvailabilityZone", "")
        return {
            **{n: v for n, v in outputs.items() if n not in ("configurationEndpoint", "preferredAvailabilityZones")},
            "availabilityZone": "" if zone == "Multiple" else zone,
            "azMode": "cross-az" if zone == "Multiple" else "single-az",
            "cacheNodes": nodes,
            "clusterAddress": address,
            "configurationEndpoint": f"{address}:{port}" if address else "",
            "engineVersionActual": found.get("EngineVersion", ""),
            "logDeliveryConfigurations": told_logs(found),
            "notificationTopicArn": (found.get("NotificationConfiguration") or {}).get("TopicArn", ""),
            "parameterGroupName": (found.get("CacheParameterGroup") or {}).get("CacheParameterGroupName", ""),
            "port": port,
            "securityGroupIds": sorted(each["SecurityGroupId"] for each in found.get("SecurityGroups") or ()),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        keys = [name for name in _CHANGES if change.any(name)]
        if not keys:
            return
        call = Call("modify_cache_cluster", given(CacheClusterId=id))
        said = self.arguments(aws, call, {}, {name: change.new[name] for name in keys if name in change.new})
        if change.any("logDeliveryConfigurations"):
            wanted, had = (each.get("logDeliveryConfigurations") for each in (change.new, change.old))
            said["LogDeliveryConfigurations"] = logs(wanted, had)
        fewer = (change.outputs.get("numCacheNodes") or 0) - (change.new.get("numCacheNodes") or 0)
        if change.any("numCacheNodes") and fewer > 0:
            nodes = sorted(each["id"] for each in change.outputs.get("cacheNodes") or ())
            said["CacheNodeIdsToRemove"] = nodes[-fewer:]
        zones = change.new.get("preferredAvailabilityZones")
        if change.any("numCacheNodes") and fewer < 0 and zones:
            said["NewAvailabilityZones"] = zones[fewer:]
        said["ApplyImmediately"] = change.new.get("applyImmediately") is True
        aws.elasticache.modify_cache_cluster(**said)
        self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        last = known.get("finalSnapshotIdentifier")
        arguments = {"CacheClusterId": id, **({"FinalSnapshotIdentifier": last} if last else {})}
        aws.persist(lambda: aws.elasticache.delete_cache_cluster(**arguments), "is not in an available state")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["clusterId"])


def _node(found: Mapping[str, Any]) -> Properties:
    endpoint = found.get("Endpoint") or {}
    return {
        "address": endpoint.get("Address", ""),
        "availabilityZone": found.get("CustomerAvailabilityZone", ""),
        "id": found.get("CacheNodeId", ""),
        "outpostArn": found.get("CustomerOutpostArn", ""),
        "port": endpoint.get("Port", 0),
    }
