"""Texts encrypted with a key. Encrypting again gives another text: the recorded one stays."""

from __future__ import annotations

import base64

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Created, Kind


def encrypt(aws: Aws, inputs: Properties) -> str:
    """The ciphertext, base64, of `plaintext` under `keyId` and `context`."""
    answer = aws.kms.encrypt(
        KeyId=inputs["keyId"], Plaintext=inputs["plaintext"].encode(), EncryptionContext=inputs.get("context") or {}
    )
    return base64.b64encode(answer["CiphertextBlob"]).decode()


class Ciphertext(Kind):
    """`aws:kms/ciphertext:Ciphertext`. Nothing of it is kept in the cloud; the id is the key's."""

    naming = None
    overwrites = True
    replaces = ("keyId", "plaintext", "context")
    write_only = ("plaintext",)
    unsupported = ("plaintextWo", "plaintextWoVersion")

    def create(self, aws: Aws, inputs: Properties, token: str) -> Created:
        return Created(str(inputs["keyId"]), {"ciphertextBlob": encrypt(aws, inputs)})

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        """It lives in the record alone."""
        return {"keyId": id} if known.get("ciphertextBlob") else None

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """There is nothing to remove."""

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        """Made again rather than found: nobody can tell whether it was."""
        return None


def get_cipher_text(aws: Aws, arguments: Properties) -> Properties:
    """`aws:kms/getCipherText:getCipherText`."""
    return {"id": arguments["keyId"], "ciphertextBlob": encrypt(aws, arguments)}
