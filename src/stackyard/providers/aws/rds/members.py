"""Instances of database clusters. The id is the instance's identifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from stackyard import errors
from stackyard.model.values import Properties, Value
from stackyard.providers.aws import connections, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.rds.groups import TAGS
from stackyard.providers.aws.rds.instances import FAILED, LATE, same_version
from stackyard.providers.aws.tagging import pairs

_READY: Final = ("available", "configuring-enhanced-monitoring", "storage-optimization")
_SAID: Final = {
    "caCertIdentifier": "CACertificateIdentifier",
    "clusterIdentifier": "DBClusterIdentifier",
    "dbParameterGroupName": "DBParameterGroupName",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
}
_TOLD: Final = {
    "arn": "DBInstanceArn",
    "caCertIdentifier": "CACertificateIdentifier",
    "clusterIdentifier": "DBClusterIdentifier",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
}
_APART: Final = ("applyImmediately", "dbParameterGroupName", "dbSubnetGroupName", "endpoint", "forceDestroy", "port")


class ClusterInstance(Kind):
    """`aws:rds/clusterInstance:ClusterInstance`."""

    naming = Naming(property="identifier", prefix="identifierPrefix", limit=63, lower=True)
    timeout = 5400
    defaults = fixed(
        autoMinorVersionUpgrade=True,
        copyTagsToSnapshot=False,
        forceDestroy=False,
        monitoringInterval=0,
        promotionTier=0,
        publiclyAccessible=False,
    )
    replaces = (
        "availabilityZone",
        "clusterIdentifier",
        "customIamInstanceProfile",
        "dbSubnetGroupName",
        "engine",
        "identifier",
        "identifierPrefix",
        "publiclyAccessible",
    )
    computed = (
        "applyImmediately",
        "availabilityZone",
        "caCertIdentifier",
        "dbParameterGroupName",
        "dbSubnetGroupName",
        "engineVersion",
        "monitoringRoleArn",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "preferredBackupWindow",
        "preferredMaintenanceWindow",
    )
    volatile = ("engineVersionActual", "writer")
    unsupported = ("warningEventCategories",)
    tagging = TAGS
    waits_gone = True

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "engineVersion" and same_version(left, right)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("rds", f"db:{inputs['identifier']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        wanted = {name: value for name, value in inputs.items() if name not in ("applyImmediately", "forceDestroy")}
        said = shapes.request(shapes.model(aws.rds, "create_db_instance").input_shape, wanted, _SAID)
        said["Tags"] = pairs(inputs.get("tagsAll"))
        aws.persist(lambda: aws.rds.create_db_instance(**said), *LATE)
        return cast("str", inputs["identifier"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        aws.wait(f"database {id} to be available", lambda: self._is_ready(aws, id))

    def _is_ready(self, aws: Aws, id: str) -> bool:
        status = _described(aws, id)["DBInstanceStatus"]
        if status in FAILED:
            raise errors.ProviderError(f"{self.token}: {id} is {status}")
        return status in _READY

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        if not found.get("DBClusterIdentifier"):
            raise errors.ProviderError(f"{self.token}: {id} is not an instance of a cluster")
        cluster = aws.rds.describe_db_clusters(DBClusterIdentifier=found["DBClusterIdentifier"])["DBClusters"][0]
        writers = [each["DBInstanceIdentifier"] for each in cluster["DBClusterMembers"] if each["IsClusterWriter"]]
        members = {n: t for n, t in self.schema.outputs.items() if n not in (*_APART, "tags", "tagsAll")}
        endpoint, groups = found.get("Endpoint") or {}, found.get("DBParameterGroups") or []
        return {
            **shapes.properties(self.schema, members, found, _TOLD),
            "dbParameterGroupName": groups[0]["DBParameterGroupName"] if groups else "",
            "dbSubnetGroupName": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName", ""),
            "endpoint": endpoint.get("Address", ""),
            "engineVersionActual": found.get("EngineVersion", ""),
            "port": endpoint.get("Port", 0),
            "writer": id in writers,
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        keys = change.keys - {"applyImmediately", "forceDestroy"}
        wanted = {name: change.new[name] for name in keys if name in change.new}
        said = shapes.request(shapes.model(aws.rds, "modify_db_instance").input_shape, wanted, _SAID)
        if said:
            now = change.new.get("applyImmediately") is True
            aws.persist(
                lambda: aws.rds.modify_db_instance(DBInstanceIdentifier=id, ApplyImmediately=now, **said), *LATE
            )
            self.complete(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """The last one of a replica cluster only goes after the cluster is promoted, which `forceDestroy` does."""
        if known.get("forceDestroy") is True:
            cluster = aws.rds.describe_db_clusters(DBClusterIdentifier=known["clusterIdentifier"])["DBClusters"][0]
            if cluster.get("ReplicationSourceIdentifier"):
                aws.rds.promote_read_replica_db_cluster(DBClusterIdentifier=known["clusterIdentifier"])
        aws.rds.delete_db_instance(DBInstanceIdentifier=id, SkipFinalSnapshot=True)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["identifier"])

    def handles(self, name: str) -> bool:
        """Whether a call of RDS has a member for an input; needs botocore's models, no credentials."""
        service = connections.model("rds")
        members: Mapping[str, Any] = service.operation_model("CreateDBInstance").input_shape.members
        return (_SAID.get(name) or shapes.match(name, members)) in members


def _described(aws: Aws, id: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = aws.rds.describe_db_instances(DBInstanceIdentifier=id)["DBInstances"][0]
    return found
