"""Database instances. The id is the one that RDS never gives twice; `identifier` is the name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.model.registrations import CheckFailure
from stackyard.model.values import UNKNOWN, Properties, Value
from stackyard.providers.aws import connections, shapes
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.rds.groups import TAGS
from stackyard.providers.aws.tagging import pairs

_READY: Final = ("available", "storage-optimization")
FAILED: Final = ("failed", "incompatible-parameters", "incompatible-restore", "restore-error", "storage-full")
LATE: Final = ("does not have permission", "IAM role ARN value is invalid", "not authorized to assume")
# Property → member of the calls that make and change one.
_SAID: Final = {
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "customerOwnedIpEnabled": "EnableCustomerOwnedIp",
    "dbSubnetGroupName": "DBSubnetGroupName",
    "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
    "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "parameterGroupName": "DBParameterGroupName",
    "password": "MasterUserPassword",
    "performanceInsightsEnabled": "EnablePerformanceInsights",
    "replicateSourceDb": "SourceDBInstanceIdentifier",
    "username": "MasterUsername",
}
# Property → member of what RDS answers.
_TOLD: Final = {
    "arn": "DBInstanceArn",
    "backupWindow": "PreferredBackupWindow",
    "caCertIdentifier": "CACertificateIdentifier",
    "identifier": "DBInstanceIdentifier",
    "instanceClass": "DBInstanceClass",
    "maintenanceWindow": "PreferredMaintenanceWindow",
    "resourceId": "DbiResourceId",
    "status": "DBInstanceStatus",
    "username": "MasterUsername",
}
# What says how changes are carried out, and is no setting itself.
_MANNERS: Final = (
    "allowMajorVersionUpgrade",
    "applyImmediately",
    "deleteAutomatedBackups",
    "finalSnapshotIdentifier",
    "passwordWo",
    "passwordWoVersion",
    "skipFinalSnapshot",
)
# A replica takes these from its source.
_INHERITED: Final = ("dbName", "engine", "engineVersion", "password", "username")


class Instance(Kind):
    """`aws:rds/instance:Instance`, made new or as a replica of another."""

    naming = Naming(property="identifier", prefix="identifierPrefix", limit=63, lower=True)
    timeout = 4800
    defaults = fixed(
        autoMinorVersionUpgrade=True,
        copyTagsToSnapshot=False,
        deleteAutomatedBackups=True,
        monitoringInterval=0,
        publiclyAccessible=False,
        skipFinalSnapshot=False,
    )
    replaces = (
        "availabilityZone",
        "backupTarget",
        "characterSetName",
        "customIamInstanceProfile",
        "dbName",
        "engine",
        "identifierPrefix",
        "kmsKeyId",
        "ncharCharacterSetName",
        "storageEncrypted",
        "timezone",
        "username",
    )
    sets = ("enabledCloudwatchLogsExports", "vpcSecurityGroupIds")
    computed = (
        "allocatedStorage",
        "applyImmediately",
        "availabilityZone",
        "backupRetentionPeriod",
        "backupTarget",
        "backupWindow",
        "caCertIdentifier",
        "characterSetName",
        "databaseInsightsMode",
        "dbName",
        "dbSubnetGroupName",
        "engine",
        "engineLifecycleSupport",
        "engineVersion",
        "iops",
        "kmsKeyId",
        "licenseModel",
        "maintenanceWindow",
        "masterUserSecretKmsKeyId",
        "monitoringRoleArn",
        "multiAz",
        "ncharCharacterSetName",
        "networkType",
        "optionGroupName",
        "parameterGroupName",
        "performanceInsightsKmsKeyId",
        "performanceInsightsRetentionPeriod",
        "port",
        "storageThroughput",
        "storageType",
        "timezone",
        "username",
        "vpcSecurityGroupIds",
    )
    volatile = ("engineVersionActual", "latestRestorableTime", "masterUserSecrets", "status")
    affects = fixed(identifier=("address", "arn", "endpoint"), port=("endpoint",))
    write_only = ("password", "passwordWo")
    unsupported = (
        "blueGreenUpdate",
        "domain",
        "domainAuthSecretArn",
        "domainDnsIps",
        "domainFqdn",
        "domainIamRoleName",
        "domainOu",
        "replicaMode",
        "restoreToPointInTime",
        "s3Import",
        "snapshotIdentifier",
        "upgradeStorageConfig",
        "warningEventCategories",
    )
    tagging = TAGS
    waits_gone = True

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if inputs.get("replicateSourceDb"):
            return
        if "engine" not in inputs:
            yield CheckFailure("engine", "is required unless it replicates another instance")
        if "username" not in inputs:
            yield CheckFailure("username", "is required unless it replicates another instance")
        secret = [name for name in ("password", "passwordWo") if name in inputs]
        if not secret and inputs.get("manageMasterUserPassword") not in (True, UNKNOWN):
            yield CheckFailure("password", "is required unless manageMasterUserPassword is true")

    def same(self, key: str, left: Value, right: Value) -> bool:
        return key == "engineVersion" and same_version(left, right)

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("rds", f"db:{inputs['identifier']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        replica = bool(inputs.get("replicateSourceDb"))
        operation = "create_db_instance_read_replica" if replica else "create_db_instance"
        apart = (*_MANNERS, *(_INHERITED if replica else ()))
        said = self._said(aws, operation, {name: value for name, value in inputs.items() if name not in apart})
        if inputs.get("passwordWo") and not replica:
            said["MasterUserPassword"] = inputs["passwordWo"]
        said["Tags"] = pairs(inputs.get("tagsAll"))
        made = aws.persist(lambda: getattr(aws.rds, operation)(**said), *LATE)
        return str(made["DBInstance"].get("DbiResourceId") or made["DBInstance"]["DBInstanceIdentifier"])

    def _said(self, aws: Aws, operation: str, inputs: Properties) -> dict[str, Any]:
        return shapes.request(shapes.model(aws.rds, operation).input_shape, inputs, _SAID)

    def complete(self, aws: Aws, id: str, inputs: Properties) -> None:
        self._settle(aws, id)

    def _settle(self, aws: Aws, id: str) -> None:
        aws.wait(f"database {id} to be available", lambda: self._is_ready(aws, id))

    def _is_ready(self, aws: Aws, id: str) -> bool:
        found = _described(aws, id)
        status = found["DBInstanceStatus"] if found else "creating"
        if status in FAILED:
            raise errors.ProviderError(f"{self.token}: {id} is {status}")
        return status in _READY

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = _described(aws, id)
        if found is None or found["DBInstanceStatus"] == "deleted":
            return None
        members = {n: t for n, t in self.schema.outputs.items() if n not in (*_APART, *_MANNERS, "tags", "tagsAll")}
        return {**shapes.properties(self.schema, members, found, _TOLD), **_derived(found)}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        keys = change.keys - {"deleteAutomatedBackups", "finalSnapshotIdentifier", "skipFinalSnapshot"}
        keys -= {"allowMajorVersionUpgrade", "applyImmediately"}
        if not keys:
            return
        name = str(change.outputs["identifier"])
        if "replicateSourceDb" in keys and not change.new.get("replicateSourceDb"):
            aws.rds.promote_read_replica(DBInstanceIdentifier=name)
            self._settle(aws, id)
            keys -= {"replicateSourceDb"}
        said = self._changed(aws, change, keys)
        if said:
            said["DBInstanceIdentifier"] = name
            said["ApplyImmediately"] = change.new.get("applyImmediately") is True
            aws.persist(lambda: aws.rds.modify_db_instance(**said), *LATE)
            self._settle(aws, id)

    def _changed(self, aws: Aws, change: Change, keys: frozenset[str]) -> dict[str, Any]:
        new = change.new
        wanted = {name: new[name] for name in keys if name in new and name not in (*_MANNERS, "identifier")}
        said = self._said(aws, "modify_db_instance", wanted)
        if "enabledCloudwatchLogsExports" in keys:
            had, wants = (set(each.get("enabledCloudwatchLogsExports") or ()) for each in (change.old, new))
            logs = {"EnableLogTypes": sorted(wants - had), "DisableLogTypes": sorted(had - wants)}
            said["CloudwatchLogsExportConfiguration"] = {name: value for name, value in logs.items() if value}
        if "passwordWoVersion" in keys and new.get("passwordWo"):
            said["MasterUserPassword"] = new["passwordWo"]
        if "port" in keys and new.get("port"):
            said["DBPortNumber"] = new["port"]
        if "identifier" in keys:
            said["NewDBInstanceIdentifier"] = new["identifier"]
        if "engineVersion" in keys and new.get("allowMajorVersionUpgrade") is True:
            said["AllowMajorVersionUpgrade"] = True
        if keys & {"iops", "storageThroughput", "storageType", "allocatedStorage"} and new.get("allocatedStorage"):
            # RDS takes the speed of a disk only together with its size.
            said["AllocatedStorage"] = new["allocatedStorage"]
        return said

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        found = _described(aws, id)
        if found is None or found["DBInstanceStatus"] == "deleting":
            return
        said: dict[str, Any] = {"DeleteAutomatedBackups": known.get("deleteAutomatedBackups") is not False}
        said["SkipFinalSnapshot"] = known.get("skipFinalSnapshot") is True
        if not said["SkipFinalSnapshot"]:
            if not known.get("finalSnapshotIdentifier"):
                hint = "give it a finalSnapshotIdentifier or set skipFinalSnapshot, and run `up` before `destroy`"
                raise errors.ProviderError(f"{self.token}: {id} cannot go without a final snapshot", hint=hint)
            said["FinalDBSnapshotIdentifier"] = known["finalSnapshotIdentifier"]
        aws.rds.delete_db_instance(DBInstanceIdentifier=found["DBInstanceIdentifier"], **said)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        found = aws.rds.describe_db_instances(DBInstanceIdentifier=inputs["identifier"])["DBInstances"][0]
        return str(found.get("DbiResourceId") or found["DBInstanceIdentifier"])

    def handles(self, name: str) -> bool:
        """Whether a call of RDS has a member for an input; needs botocore's models, no credentials."""
        service = connections.model("rds")
        shapes_ = [
            service.operation_model(operation).input_shape
            for operation in ("CreateDBInstance", "CreateDBInstanceReadReplica", "ModifyDBInstance")
        ]
        return any((_SAID.get(name) or shapes.match(name, each.members)) in each.members for each in shapes_)


# Outputs that are not members of the answer under their own name.
_APART: Final = (
    "dbSubnetGroupName",
    "endpoint",
    "masterUserSecrets",
    "optionGroupName",
    "parameterGroupName",
    "password",
    "port",
    "replicas",
    "replicateSourceDb",
    "vpcSecurityGroupIds",
)


def _derived(found: Mapping[str, Any]) -> Properties:
    """The outputs that RDS tells in other forms."""
    endpoint = found.get("Endpoint") or {}
    address, port = endpoint.get("Address", ""), endpoint.get("Port") or found.get("DbInstancePort") or 0
    secret = found.get("MasterUserSecret")
    groups = {"optionGroupName": "OptionGroupMemberships", "parameterGroupName": "DBParameterGroups"}
    words = {"optionGroupName": "OptionGroupName", "parameterGroupName": "DBParameterGroupName"}
    seen: Properties = {name: found[member][0][words[name]] for name, member in groups.items() if found.get(member)}
    if secret:
        seen["masterUserSecrets"] = master_secrets(secret)
        seen["manageMasterUserPassword"] = True
    return {
        **seen,
        "address": address,
        "dbSubnetGroupName": (found.get("DBSubnetGroup") or {}).get("DBSubnetGroupName", ""),
        "endpoint": f"{address}:{port}" if address else "",
        "engineVersionActual": found.get("EngineVersion", ""),
        "hostedZoneId": endpoint.get("HostedZoneId", ""),
        "id": found.get("DbiResourceId") or found["DBInstanceIdentifier"],
        "port": port,
        "replicas": found.get("ReadReplicaDBInstanceIdentifiers") or [],
        "replicateSourceDb": found.get("ReadReplicaSourceDBInstanceIdentifier", ""),
        "vpcSecurityGroupIds": sorted(each["VpcSecurityGroupId"] for each in found.get("VpcSecurityGroups") or ()),
    }


def master_secrets(found: Mapping[str, Any]) -> list[Properties]:
    """Where RDS keeps the password that it manages."""
    names = {"kmsKeyId": "KmsKeyId", "secretArn": "SecretArn", "secretStatus": "SecretStatus"}
    return [{name: found.get(member, "") for name, member in names.items()}]


def same_version(left: Value, right: Value) -> bool:
    """`15` asks for any `15.x`."""
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    return left.startswith(f"{right}.") or right.startswith(f"{left}.")


def _described(aws: Aws, id: str) -> Mapping[str, Any] | None:
    """By RDS's id, or by its name while adopting."""
    where: dict[str, Any] = {"DBInstanceIdentifier": id}
    if id.startswith("db-"):
        where = {"Filters": [{"Name": "dbi-resource-id", "Values": [id]}]}
    for each in aws.rds.describe_db_instances(**where)["DBInstances"]:
        if id in (each.get("DbiResourceId"), each["DBInstanceIdentifier"]):
            found: Mapping[str, Any] = each
            return found
    return None
