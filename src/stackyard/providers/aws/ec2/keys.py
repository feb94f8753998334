"""Key pairs whose public half is given. The id is the key's name."""

from __future__ import annotations

from typing import Any, cast

from stackyard import errors
from stackyard.model.values import Properties, Value
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tagging import Tagging, mapping, pairs


class KeyPair(Kind):
    """`aws:ec2/keyPair:KeyPair`."""

    naming = Naming(property="keyName", prefix="keyNamePrefix")
    replaces = ("keyName", "keyNamePrefix", "publicKey")
    tagging = Tagging("ec2", by="keyPairId", add="create_tags", remove="delete_tags", read="", member="Resources")

    def same(self, key: str, left: Value, right: Value) -> bool:
        """EC2 writes the key's name where the program may have a comment."""
        return key == "publicKey" and str(left).split()[:2] == str(right).split()[:2]

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        arguments: dict[str, Any] = {"KeyName": inputs["keyName"], "PublicKeyMaterial": inputs["publicKey"].encode()}
        if inputs.get("tagsAll"):
            arguments["TagSpecifications"] = [{"ResourceType": "key-pair", "Tags": pairs(inputs["tagsAll"])}]
        return str(aws.ec2.import_key_pair(**arguments)["KeyName"])

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ec2.describe_key_pairs(KeyNames=[id], IncludePublicKey=True)["KeyPairs"][0]
        public = {"publicKey": found["PublicKey"].strip()} if found.get("PublicKey") else {}
        return {
            **public,
            "arn": aws.arn("ec2", f"key-pair/{id}"),
            "fingerprint": found.get("KeyFingerprint", ""),
            "keyName": id,
            "keyPairId": found["KeyPairId"],
            "keyType": found.get("KeyType", ""),
            "tags": mapping(found.get("Tags")),
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        """Only its tags can change."""
        raise errors.ProviderError(f"{self.token}: {', '.join(sorted(change.keys))} cannot be changed in place")

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.ec2.delete_key_pair(KeyName=id)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["keyName"])
