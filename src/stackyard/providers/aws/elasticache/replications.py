"""Replication groups: Redis or Valkey with replicas or shards. The id is the group's id, in small letters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from stackyard import errors
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.elasticache.clusters import logs, same_version, told_logs
from stackyard.providers.aws.elasticache.groups import TAGS
from stackyard.providers.aws.kinds import Change, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given

_APART: Final = (
    "applyImmediately",
    "authTokenUpdateStrategy",
    "authTokenWo",
    "authTokenWoVersion",
    "finalSnapshotIdentifier",
    "logDeliveryConfigurations",
)
# What ModifyReplicationGroup changes; shards and replicas have calls of their own.
_CHANGES: Final = (
    "autoMinorVersionUpgrade",
    "automaticFailoverEnabled",
    "clusterMode",
    "description",
    "durability",
    "engine",
    "engineVersion",
    "ipDiscovery",
    "logDeliveryConfigurations",
    "maintenanceWindow",
    "multiAzEnabled",
    "nodeType",
    "notificationTopicArn",
    "parameterGroupName",
    "securityGroupIds",
    "securityGroupNames",
    "snapshotRetentionLimit",
    "snapshotWindow",
    "transitEncryptionEnabled",
    "transitEncryptionMode",
)


class ReplicationGroup(Table):
    """`aws:elasticache/replicationGroup:ReplicationGroup`."""

    service = "elasticache"
    naming = Naming(property="replicationGroupId", prefix="", limit=40, lower=True)
    timeout = 4800
    defaults = fixed(engine="redis")
    names = given(
        **{
            "arn": "ARN",
            "description": "ReplicationGroupDescription",
            "maintenanceWindow": "PreferredMaintenanceWindow",
            "nodeGroupConfigurations.replicaCount": "ReplicaCount",
            "nodeType": "CacheNodeType",
            "parameterGroupName": "CacheParameterGroupName",
            "securityGroupNames": "CacheSecurityGroupNames",
            "subnetGroupName": "CacheSubnetGroupName",
        }
    )
    id = "ReplicationGroupId"
    replaces = (
        "atRestEncryptionEnabled",
        "dataTieringEnabled",
        "globalReplicationGroupId",
        "kmsKeyId",
        "networkType",
        "port",
        "preferredCacheClusterAzs",
        "replicationGroupId",
        "snapshotArns",
        "snapshotName",
        "subnetGroupName",
    )
    sets = (
        "logDeliveryConfigurations",
        "securityGroupIds",
        "securityGroupNames",
        "snapshotArns",
        "userGroupIds",
    )
    computed = (
        "applyImmediately",
        "atRestEncryptionEnabled",
        "autoMinorVersionUpgrade",
        "automaticFailoverEnabled",
        "clusterMode",
        "dataTieringEnabled",
        "durability",
        "engineVersion",
        "globalReplicationGroupId",
        "ipDiscovery",
        "kmsKeyId",
        "maintenanceWindow",
        "multiAzEnabled",
        "networkType",
        "nodeGroupConfigurations",
        "nodeType",
        "numCacheClusters",
        "numNodeGroups",
        "parameterGroupName",
        "port",
        "replicasPerNodeGroup",
        "securityGroupIds",
        "securityGroupNames",
        "snapshotWindow",
        "subnetGroupName",
        "transitEncryptionEnabled",
        "transitEncryptionMode",
    )
    volatile = ("engineVersionActual", "memberClusters")
    write_only = ("authToken", "authTokenWo")
    tagging = TAGS
    making = Call("create_replication_group", at="ReplicationGroup")
    reading = Call("describe_replication_groups", given(ReplicationGroupId="$id"), at="ReplicationGroups[0]")
    removing = Call("delete_replication_group", given(ReplicationGroupId="$id"))
    waits_gone = True

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "engineVersion" and same_version(left, right)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("elasticache", f"replicationgroup:{inputs['replicationGroupId']}")}

    def sent(self, inputs: Properties) -> Properties:
        return {name: value for name, value in inputs.items() if name not in _APART}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        if inputs.get("authTokenWo"):
            arguments["AuthToken"] = inputs["authTokenWo"]
        if inputs.get("logDeliveryConfigurations"):
            arguments["LogDeliveryConfigurations"] = logs(inputs["logDeliveryConfigurations"])
        arguments["Tags"] = [{"Key": key, "Value": value} for key, value in (inputs.get("tagsAll") or {}).items()]
        return str(aws.elasticache.create_replication_group(**arguments)["ReplicationGroup"]["ReplicationGroupId"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._settle(aws, id)

    def _settle(self, aws: Aws, id: str) -> None:
        aws.wait(f"replication group {id} to be available", lambda: self._is_ready(aws, id))

    def _is_ready(self, aws: Aws, id: str) -> bool:
        found = aws.elasticache.describe_replication_groups(ReplicationGroupId=id)["ReplicationGroups"][0]
        if found["Status"] == "create-failed":
            raise errors.ProviderError(f"{self.token}: {id} is {found['Status']}")
        return bool(found["Status"] == "available")

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        nodes = found.get("NodeGroups") or []
        told = {**outputs, **_endpoints(found, nodes), **_one_member(aws, found)}
        told |= {
            "automaticFailoverEnabled": found.get("AutomaticFailover") in ("enabled", "enabling"),
            "dataTieringEnabled": found.get("DataTiering") == "enabled",
            "description": found.get("Description", ""),
            "logDeliveryConfigurations": told_logs(found),
            "memberClusters": sorted(found.get("MemberClusters") or ()),
            "multiAzEnabled": found.get("MultiAZ") == "enabled",
            "numCacheClusters": len(found.get("MemberClusters") or ()),
            "numNodeGroups": len(nodes),
            "replicasPerNodeGroup": max(len(nodes[0].get("NodeGroupMembers") or ()) - 1, 0) if nodes else 0,
        }
        return {name: value for name, value in told.items() if name not in ("nodeGroupConfigurations", *_APART[:-1])}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._count(aws, id, change)
        keys = [name for name in _CHANGES if change.any(name)]
        call = Call("modify_replication_group", given(ReplicationGroupId=id))
        said = self.arguments(aws, call, {}, {name: change.new[name] for name in keys if name in change.new})
        if change.any("logDeliveryConfigurations"):
            wanted, had = (each.get("logDeliveryConfigurations") for each in (change.new, change.old))
            said["LogDeliveryConfigurations"] = logs(wanted, had)
        if change.any("userGroupIds"):
            had, wants = (set(each.get("userGroupIds") or ()) for each in (change.old, change.new))
            groups = {"UserGroupIdsToAdd": sorted(wants - had), "UserGroupIdsToRemove": sorted(had - wants)}
            said |= {name: value for name, value in groups.items() if value}
        token = change.new.get("authTokenWo") if change.any("authTokenWoVersion") else change.new.get("authToken")
        if change.any("authToken", "authTokenWoVersion"):
            said["AuthTokenUpdateStrategy"] = change.new.get("authTokenUpdateStrategy") or "ROTATE"
            said |= {"AuthToken": token} if token else {}
        if len(said) > 1:
            said["ApplyImmediately"] = change.new.get("applyImmediately") is True
            aws.elasticache.modify_replication_group(**said)
            self._settle(aws, id)

    def _count(self, aws: Aws, id: str, change: Change) -> None:
        """Shards and replicas: more or fewer of them, at once."""
        new, cache = change.new, aws.elasticache
        if change.any("numNodeGroups") and new.get("numNodeGroups"):
            count, extra = int(new["numNodeGroups"]), {}
            groups = cache.describe_replication_groups(ReplicationGroupId=id)["ReplicationGroups"][0]["NodeGroups"]
            if len(groups) > count:
                extra = {"NodeGroupsToRemove": sorted(each["NodeGroupId"] for each in groups)[count:]}
            cache.modify_replication_group_shard_configuration(
                ReplicationGroupId=id, NodeGroupCount=count, ApplyImmediately=True, **extra
            )
            self._settle(aws, id)
        replicas = _replicas(change)
        if replicas is not None:
            had = int(change.outputs.get("replicasPerNodeGroup") or 0)
            grow = cache.increase_replica_count if replicas > had else cache.decrease_replica_count
            if replicas != had:
                grow(ReplicationGroupId=id, NewReplicaCount=replicas, ApplyImmediately=True)
                self._settle(aws, id)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        last = known.get("finalSnapshotIdentifier")
        arguments = {"ReplicationGroupId": id, **({"FinalSnapshotIdentifier": last} if last else {})}
        aws.persist(lambda: aws.elasticache.delete_replication_group(**arguments), "InvalidReplicationGroupState")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["replicationGroupId"])


def _replicas(change: Change) -> int | None:
    """How many replicas each shard shall have, when that changes."""
    if change.any("replicasPerNodeGroup") and change.new.get("replicasPerNodeGroup") is not None:
        return int(change.new["replicasPerNodeGroup"])
    if change.any("numCacheClusters") and change.new.get("numCacheClusters"):
        return int(change.new["numCacheClusters"]) - 1
    return None


def _endpoints(found: Mapping[str, Any], nodes: list[Mapping[str, Any]]) -> Properties:
    """Where clients connect: one address with shards, one for writing and one for reading without."""
    configuration = found.get("ConfigurationEndpoint") or {}
    first: Mapping[str, Any] = nodes[0] if nodes else {}
    primary, reader = first.get("PrimaryEndpoint") or {}, first.get("ReaderEndpoint") or {}
    port = configuration.get("Port") or primary.get("Port")
    return {
        "configurationEndpointAddress": configuration.get("Address", ""),
        "primaryEndpointAddress": "" if configuration else primary.get("Address", ""),
        "readerEndpointAddress": "" if configuration else reader.get("Address", ""),
        **({"port": port} if port else {}),
    }


def _one_member(aws: Aws, found: Mapping[str, Any]) -> Properties:
    """What only a member of the group tells."""
    members = found.get("MemberClusters") or []
    if not members:
        return {}
    clusters = aws.elasticache.describe_cache_clusters(CacheClusterId=members[0])["CacheClusters"]
    cluster: Mapping[str, Any] = clusters[0] if clusters else {}
    told = {
        "engine": cluster.get("Engine"),
        "engineVersion": cluster.get("EngineVersion"),
        "engineVersionActual": cluster.get("EngineVersion"),
        "maintenanceWindow": cluster.get("PreferredMaintenanceWindow"),
        "notificationTopicArn": (cluster.get("NotificationConfiguration") or {}).get("TopicArn"),
        "parameterGroupName": (cluster.get("CacheParameterGroup") or {}).get("CacheParameterGroupName"),
        "securityGroupIds": sorted(each["SecurityGroupId"] for each in cluster.get("SecurityGroups") or ()),
        "subnetGroupName": cluster.get("CacheSubnetGroupName"),
    }
    return {name: value for name, value in told.items() if value}
