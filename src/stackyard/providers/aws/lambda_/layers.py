"""Versions of layers. A version never changes; its id is its ARN."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from stackyard.model.registrations import CheckFailure
from stackyard.model.values import Archive, Asset, Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Unsure, fixed
from stackyard.providers.aws.lambda_.functions import zipped
from stackyard.providers.aws.tables import Call, Table, given

_VERSION = given(LayerName="$layerName", VersionNumber="$number")


class LayerVersion(Table):
    """`aws:lambda/layerVersion:LayerVersion`."""

    service = "lambda"
    naming = None
    names = given(arn="LayerVersionArn", codeSha256="CodeSha256", sourceCodeSize="CodeSize")
    id = "LayerVersionArn"
    defaults = fixed(skipDestroy=False)
    replaces = (
        "code",
        "compatibleArchitectures",
        "compatibleRuntimes",
        "description",
        "layerName",
        "licenseInfo",
        "s3Bucket",
        "s3Key",
        "s3ObjectVersion",
        "sourceCodeHash",
    )
    sets = ("compatibleArchitectures", "compatibleRuntimes")
    computed = ("sourceCodeHash",)
    making = Call("publish_layer_version")
    reading = Call("get_layer_version", _VERSION)
    removing = Call("delete_layer_version", _VERSION)

    def check(self, inputs: Properties) -> Iterable[CheckFailure]:
        if (inputs.get("code") is None) == (inputs.get("s3Bucket") is None):
            yield CheckFailure("code", "give either code or s3Bucket and s3Key")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        arguments["Content"] = self._content(inputs)
        return str(self.call(aws, self.making, arguments)["LayerVersionArn"])

    def _content(self, inputs: Properties) -> dict[str, Any]:
        if isinstance(inputs.get("code"), Archive | Asset):
            return {"ZipFile": zipped(inputs["code"])}
        members = {"s3Bucket": "S3Bucket", "s3Key": "S3Key", "s3ObjectVersion": "S3ObjectVersion"}
        return {member: inputs[name] for name, member in members.items() if inputs.get(name)}

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        name, number = id.split(":")[-2:]
        found = super().read(aws, id, {"layerName": name, "number": int(number)})
        return None if found is None else {**found, "layerName": known.get("layerName") or name}

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        content = found.get("Content") or {}
        return {
            **outputs,
            "codeSha256": content.get("CodeSha256", ""),
            "signingJobArn": content.get("SigningJobArn", ""),
            "signingProfileVersionArn": content.get("SigningProfileVersionArn", ""),
            "sourceCodeHash": content.get("CodeSha256", ""),
            "sourceCodeSize": content.get("CodeSize", 0),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only skipDestroy changes, which AWS does not know."""

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        name, number = id.split(":")[-2:]
        if known.get("skipDestroy") is not True:
            aws.client("lambda").delete_layer_version(LayerName=name, VersionNumber=int(number))

    def locate(self, aws: Aws, inputs: Properties, token: str) -> str | None:
        """It has neither token nor tag: the one version with this very code and description."""
        name, found = inputs["layerName"], []
        listed = aws.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=name)
        alike = [v for v in listed if (v.get("Description") or "") == (inputs.get("description") or "")]
        if not isinstance(inputs.get("code"), Archive | Asset):
            if alike:
                raise Unsure(f"layer {name} has versions, and S3 does not tell which of them has this code")
            return None
        digest = base64.b64encode(hashlib.sha256(zipped(inputs["code"])).digest()).decode()
        for version in alike:
            arn = version["LayerVersionArn"]
            seen = self.read(aws, arn, {})
            if seen and seen["codeSha256"] == digest:
                found.append(arn)
        if len(found) > 1:
            raise Unsure(f"layer {name} has {len(found)} versions with this code: {', '.join(found)}")
        return found[0] if found else None
