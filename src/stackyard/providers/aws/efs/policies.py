"""Policies of a file system: who may use it, and whether it is backed up. The id is the file system's."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind, fixed


class BackupPolicy(Kind):
    """`aws:efs/backupPolicy:BackupPolicy`. Deleting it switches backups off."""

    naming = None
    overwrites = True
    replaces = ("fileSystemId",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs["fileSystemId"], inputs["backupPolicy"]["status"])
        return str(inputs["fileSystemId"])

    def _put(self, aws: Aws, id: str, status: str) -> None:
        aws.efs.put_backup_policy(FileSystemId=id, BackupPolicy={"Status": status})

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        status = aws.efs.describe_backup_policy(FileSystemId=id)["BackupPolicy"]["Status"].removesuffix("ING")
        said = {"ENABL": "ENABLED", "DISABL": "DISABLED"}.get(status, status)
        return {"fileSystemId": id, "backupPolicy": {"status": said}}

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new["backupPolicy"]["status"])

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._put(aws, id, "DISABLED")

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["fileSystemId"])


class FileSystemPolicy(Kind):
    """`aws:efs/fileSystemPolicy:FileSystemPolicy`."""

    naming = None
    overwrites = True
    defaults = fixed(bypassPolicyLockoutSafetyCheck=False)
    replaces = ("fileSystemId",)
    documents = ("policy",)

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs["fileSystemId"], inputs)
        return str(inputs["fileSystemId"])

    def _put(self, aws: Aws, id: str, inputs: Properties) -> None:
        unchecked = inputs["bypassPolicyLockoutSafetyCheck"]
        aws.efs.put_file_system_policy(
            FileSystemId=id, Policy=inputs["policy"], BypassPolicyLockoutSafetyCheck=unchecked
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        policy = aws.efs.describe_file_system_policy(FileSystemId=id).get("Policy")
        return {"fileSystemId": id, "policy": policy} if policy else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.efs.delete_file_system_policy(FileSystemId=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["fileSystemId"])
