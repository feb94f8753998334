"""Backup vaults. The id is the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import fixed
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging


class Vault(Table):
    """`aws:backup/vault:Vault`."""

    service = "backup"
    naming = Naming(limit=50)
    names = given(name="BackupVaultName", arn="BackupVaultArn", kmsKeyArn="EncryptionKeyArn")
    defaults = fixed(forceDestroy=False)
    replaces = ("name", "kmsKeyArn")
    computed = ("kmsKeyArn",)
    gone = ("AccessDeniedException:Insufficient privileges",)
    tagging = Tagging("backup", by="arn", read="list_tags")
    making = Call("create_backup_vault")
    reading = Call("describe_backup_vault", given(BackupVaultName="$id"))
    removing = Call("delete_backup_vault", given(BackupVaultName="$id"))

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("backup", f"backup-vault:{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        tags = {"BackupVaultTags": inputs["tagsAll"]} if inputs.get("tagsAll") else {}
        arguments = self.arguments(aws, self.making, inputs, inputs)
        return str(aws.backup.create_backup_vault(**arguments, **tags)["BackupVaultName"])

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "recoveryPoints": found.get("NumberOfRecoveryPoints", 0)}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        if known.get("forceDestroy") is True:
            where = {"BackupVaultName": id}
            for point in list(aws.pages("backup", "list_recovery_points_by_backup_vault", "RecoveryPoints", **where)):
                aws.backup.delete_recovery_point(**where, RecoveryPointArn=point["RecoveryPointArn"])
        super().delete(aws, id, known)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["name"])
