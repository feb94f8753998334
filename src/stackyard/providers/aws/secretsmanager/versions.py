"""Versions of secrets: their values. The id is `<secret>|<version>`, and the version is the creation's token."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any, Final

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Properties, Secret
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, FoundBy, Kind

_VALUES: Final = ("secretString", "secretBinary", "secretStringWo")
_CURRENT: Final = "AWSCURRENT"


class SecretVersion(Kind):
    """`aws:secretsmanager/secretVersion:SecretVersion`. AWS keeps the current version of a secret for ever."""

    naming = None
    found_by = FoundBy.TOKEN
    replaces = ("secretId", "secretBinary", "secretString", "secretStringWoVersion")
    sets = ("versionStages",)
    computed = ("versionStages",)
    write_only = ("secretStringWo",)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if len([name for name in _VALUES if inputs.get(name) is not None]) != 1:
            yield CheckFailure("secretString", f"give exactly one of {', '.join(_VALUES)}")

    def same(self, key: str, left: Any, right: Any) -> bool:
        """Only another `secretStringWoVersion` means another secretStringWo."""
        return key == "secretStringWo"

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        text = inputs.get("secretString") if inputs.get("secretString") is not None else inputs.get("secretStringWo")
        given: dict[str, Any] = {"SecretString": text} if text is not None else {}
        if inputs.get("secretBinary") is not None:
            given["SecretBinary"] = base64.b64decode(inputs["secretBinary"])
        if inputs.get("versionStages"):
            given["VersionStages"] = inputs["versionStages"]
        if token:
            given["ClientRequestToken"] = token[:32]
        made = aws.secretsmanager.put_secret_value(SecretId=inputs["secretId"], **given)
        return f"{inputs['secretId']}|{made['VersionId']}"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        secret, _, version = id.rpartition("|")
        found = aws.secretsmanager.get_secret_value(SecretId=secret, VersionId=version)
        if not found.get("VersionStages"):
            return None
        written_only = known.get("secretStringWo") is not None
        return {
            "arn": found["ARN"],
            "secretArn": found["ARN"],
            "secretId": secret,
            "versionId": found["VersionId"],
            "versionStages": found["VersionStages"],
            "hasSecretStringWo": written_only,
            **({} if written_only else _value(found)),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        secret, _, version = id.rpartition("|")
        old, new = (set(given.get("versionStages") or ()) for given in (change.outputs, change.new))
        for stage in sorted(new - old):
            holder = self._holder(aws, secret, stage)
            from_ = {"RemoveFromVersionId": holder} if holder else {}
            aws.secretsmanager.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, MoveToVersionId=version, **from_
            )
        self._strip(aws, secret, version, old - new)

    def _holder(self, aws: Aws, secret: str, stage: str) -> str:
        versions = aws.secretsmanager.describe_secret(SecretId=secret).get("VersionIdsToStages") or {}
        return next((version for version, stages in versions.items() if stage in stages), "")

    def _strip(self, aws: Aws, secret: str, version: str, stages: Iterable[str]) -> None:
        """Take labels off; AWS does not let a secret be without a current version."""
        for stage in sorted(set(stages) - {_CURRENT}):
            aws.secretsmanager.update_secret_version_stage(
                SecretId=secret, VersionStage=stage, RemoveFromVersionId=version
            )

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        secret, _, version = id.rpartition("|")
        versions = aws.secretsmanager.describe_secret(SecretId=secret).get("VersionIdsToStages") or {}
        self._strip(aws, secret, version, versions.get(version) or ())

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        secret = str(inputs["secretId"])
        versions = aws.secretsmanager.describe_secret(SecretId=secret).get("VersionIdsToStages") or {}
        return f"{secret}|{token[:32]}" if token[:32] in versions else None


def _value(found: Mapping[str, Any]) -> Properties:
    """Text, or base64 of bytes; the other is empty."""
    binary = found.get("SecretBinary")
    encoded = base64.b64encode(binary).decode() if isinstance(binary, bytes) else ""
    return {"secretString": found.get("SecretString") or "", "secretBinary": encoded}


def get_secret_version(aws: Aws, arguments: Properties) -> Properties:
    """`aws:secretsmanager/getSecretVersion:getSecretVersion`: a value, the current one unless told otherwise."""
    secret, stage = arguments["secretId"], arguments.get("versionStage") or _CURRENT
    which = {"VersionId": arguments["versionId"]} if arguments.get("versionId") else {"VersionStage": stage}
    found = aws.secretsmanager.get_secret_value(SecretId=secret, **which)
    value = _value(found)
    made = found.get("CreatedDate")
    return {
        "id": f"{secret}|{arguments.get('versionId') or stage}",
        "arn": found["ARN"],
        "createdDate": schemas.coerce(made, "string") if made else "",
        "secretArn": found["ARN"],
        "secretBinary": Secret(value["secretBinary"]),
        "secretId": secret,
        "secretString": Secret(value["secretString"]),
        "versionId": found["VersionId"],
        "versionStage": stage,
        "versionStages": found.get("VersionStages") or [],
    }
