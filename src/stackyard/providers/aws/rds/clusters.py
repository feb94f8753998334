"""Database clusters: Aurora and Multi-AZ clusters. The id is the cluster's identifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws import connections, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.rds.groups import TAGS
from stackyard.providers.aws.rds.instances import FAILED, LATE, master_secrets, same_version
from stackyard.providers.aws.tagging import pairs

# Property → member of the calls that make and change one.
_SAID: Final = {
    "clusterIdentifier": "DBClusterIdentifier",
    "dbClusterParameterGroupName": "DBClusterParameterGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "masterPassword": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
}
# Property → member of what RDS answers.
_TOLD: Final = {
    "arn": "DBClusterArn",
    "clusterIdentifier": "DBClusterIdentifier",
    "clusterResourceId": "DbClusterResourceId",
    "dbClusterParameterGroupName": "DBClusterParameterGroup",
    "dbSubnetGroupName": "DBSubnetGroup",
    "enableHttpEndpoint": "HttpEndpointEnabled",
    "scalingConfiguration": "ScalingConfigurationInfo",
}
_APART: Final = ("clusterMembers", "iamRoles", "masterPassword", "masterUserSecrets", "vpcSecurityGroupIds")
# What says how changes and the end are carried out, and is no setting itself.
_MANNERS: Final = (
    "allowMajorVersionUpgrade",
    "applyImmediately",
    "deleteAutomatedBackups",
    "finalSnapshotIdentifier",
    "masterPasswordWo",
    "masterPasswordWoVersion",
    "skipFinalSnapshot",
)
_UNTOLD: Final = ("deleteAutomatedBackups", "finalSnapshotIdentifier", "skipFinalSnapshot", "allowMajorVersionUpgrade")


class Cluster(Kind):
    """`aws:rds/cluster:Cluster`."""

    naming = Naming(property="clusterIdentifier", prefix="clusterIdentifierPrefix", limit=63, lower=True)
    timeout = 7200
    defaults = fixed(copyTagsToSnapshot=False, deleteAutomatedBackups=True, skipFinalSnapshot=False)
    replaces = (
        "availabilityZones",
        "clusterIdentifier",
        "clusterIdentifierPrefix",
        "clusterScalabilityType",
        "databaseName",
        "dbSystemId",
        "engine",
        "engineMode",
        "kmsKeyId",
        "masterUsername",
        "replicationSourceIdentifier",
        "storageEncrypted",
    )
    sets = ("availabilityZones", "clusterMembers", "enabledCloudwatchLogsExports", "iamRoles", "vpcSecurityGroupIds")
    computed = (
        "allocatedStorage",
        "applyImmediately",
        "autoMinorVersionUpgrade",
        "availabilityZones",
        "backupRetentionPeriod",
        "caCertificateIdentifier",
        "clusterMembers",
        "clusterScalabilityType",
        "databaseInsightsMode",
        "databaseName",
        "dbClusterParameterGroupName",
        "dbSubnetGroupName",
        "dbSystemId",
        "engineLifecycleSupport",
        "engineMode",
        "engineVersion",
        "iamRoles",
        "iops",
        "kmsKeyId",
        "masterUserSecretKmsKeyId",
        "masterUsername",
        "monitoringInterval",
        "monitoringRoleArn",
        "networkType",
        "performanceInsightsEnabled",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "port",
        "preferredBackupWindow",
        "preferredMaintenanceWindow",
        "publiclyAccessible",
        "scalingConfiguration",
        "serverlessv2ScalingConfiguration.secondsUntilAutoPause",
        "storageEncrypted",
        "storageType",
        "vpcSecurityGroupIds",
    )
    volatile = ("engineVersionActual", "masterUserSecrets")
    write_only = ("masterPassword", "masterPasswordWo")
    unsupported = (
        "dbInstanceParameterGroupName",
        "domain",
        "domainIamRoleName",
        "enableGlobalWriteForwarding",
        "enableLocalWriteForwarding",
        "globalClusterIdentifier",
        "restoreToPointInTime",
        "s3Import",
        "snapshotIdentifier",
        "sourceRegion",
        "warningEventCategories",
    )
    tagging = TAGS
    waits_gone = True

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        secret = [name for name in ("masterPassword", "masterPasswordWo") if name in inputs]
        managed = inputs.get("manageMasterUserPassword") in (True, UNKNOWN)
        if not secret and not managed and "replicationSourceIdentifier" not in inputs:
            yield CheckFailure("masterPassword", "is required unless manageMasterUserPassword is true")

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "engineVersion" and same_version(left, right)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("rds", f"cluster:{inputs['clusterIdentifier']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        apart = (*_MANNERS, "clusterMembers", "iamRoles")
        wanted = {name: value for name, value in inputs.items() if name not in apart}
        said = shapes.request(shapes.model(aws.rds, "create_db_cluster").input_shape, wanted, _SAID)
        if inputs.get("masterPasswordWo"):
            said["MasterUserPassword"] = inputs["masterPasswordWo"]
        said["Tags"] = pairs(inputs.get("tagsAll"))
        aws.persist(lambda: aws.rds.create_db_cluster(**said), *LATE)
        return cast("str", inputs["clusterIdentifier"])

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._settle(aws, id)
        for role in inputs.get("iamRoles") or ():
            aws.rds.add_role_to_db_cluster(DBClusterIdentifier=id, RoleArn=role)

    def _settle(self, aws: Aws, id: str) -> None:
        aws.wait(f"database cluster {id} to be available", lambda: self._is_ready(aws, id))

    def _is_ready(self, aws: Aws, id: str) -> bool:
        status = aws.rds.describe_db_clusters(DBClusterIdentifier=id)["DBClusters"][0]["Status"]
        if status in FAILED:
            raise errors.ProviderError(f"{self.token}: {id} is {status}")
        return bool(status == "available")

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.rds.describe_db_clusters(DBClusterIdentifier=id)["DBClusters"][0]
        members = {n: t for n, t in self.schema.outputs.items() if n not in (*_APART, *_MANNERS, "tags", "tagsAll")}
        secret = found.get("MasterUserSecret")
        return {
            **shapes.properties(self.schema, members, found, _TOLD),
            **({"masterUserSecrets": master_secrets(secret)} if secret else {}),
            "clusterMembers": sorted(each["DBInstanceIdentifier"] for each in found.get("DBClusterMembers") or ()),
            "engineVersionActual": found.get("EngineVersion", ""),
            "iamRoles": sorted(each["RoleArn"] for each in found.get("AssociatedRoles") or ()),
            "vpcSecurityGroupIds": sorted(each["VpcSecurityGroupId"] for each in found.get("VpcSecurityGroups") or ()),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        had, wants = (set(each.get("iamRoles") or ()) for each in (change.old, change.new))
        if change.any("iamRoles"):
            for role in sorted(wants - had):
                aws.rds.add_role_to_db_cluster(DBClusterIdentifier=id, RoleArn=role)
            for role in sorted(had - wants):
                aws.rds.remove_role_from_db_cluster(DBClusterIdentifier=id, RoleArn=role)
        said = self._changed(aws, change)
        if said:
            said["ApplyImmediately"] = change.new.get("applyImmediately") is True
            aws.persist(lambda: aws.rds.modify_db_cluster(DBClusterIdentifier=id, **said), *LATE)
            self._settle(aws, id)

    def _changed(self, aws: Aws, change: Change) -> dict[str, Any]:
        new, keys = change.new, change.keys - {*_UNTOLD, "applyImmediately", "clusterMembers", "iamRoles"}
        wanted = {name: new[name] for name in keys if name in new and name not in _MANNERS}
        said = shapes.request(shapes.model(aws.rds, "modify_db_cluster").input_shape, wanted, _SAID)
        if "enabledCloudwatchLogsExports" in keys:
            had, wants = (set(each.get("enabledCloudwatchLogsExports") or ()) for each in (change.old, new))
            logs = {"EnableLogTypes": sorted(wants - had), "DisableLogTypes": sorted(had - wants)}
            said["CloudwatchLogsExportConfiguration"] = {name: value for name, value in logs.items() if value}
        if "masterPasswordWoVersion" in keys and new.get("masterPasswordWo"):
            said["MasterUserPassword"] = new["masterPasswordWo"]
        if "engineVersion" in keys and new.get("allowMajorVersionUpgrade") is True:
            said["AllowMajorVersionUpgrade"] = True
        return said

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        said: dict[str, Any] = {"SkipFinalSnapshot": known.get("skipFinalSnapshot") is True}
        if not said["SkipFinalSnapshot"]:
            if not known.get("finalSnapshotIdentifier"):
                hint = "give it a finalSnapshotIdentifier or set skipFinalSnapshot, and run `up` before `destroy`"
                raise errors.ProviderError(f"{self.token}: {id} cannot go without a final snapshot", hint=hint)
            said["FinalDBSnapshotIdentifier"] = known["finalSnapshotIdentifier"]
        said["DeleteAutomatedBackups"] = known.get("deleteAutomatedBackups") is not False
        # Instances that end still belong to it for a while.
        aws.persist(
            lambda: aws.rds.delete_db_cluster(DBClusterIdentifier=id, **said),
            "Cluster cannot be deleted, it still contains DB instances",
            timeout=aws.timeout,
        )

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["clusterIdentifier"])

    def handles(self, name: str) -> bool:
        """Whether a call of RDS has a member for an input; needs botocore's models, no credentials."""
        service = connections.model("rds")
        members: Mapping[str, Any] = service.operation_model("CreateDBCluster").input_shape.members
        return (_SAID.get(name) or shapes.match(name, members)) in members
