"""Looks up KMS keys and aliases."""

from __future__ import annotations

import base64

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import schemas
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kms import aliases


def get_alias(aws: Aws, arguments: Properties) -> Properties:
    """`aws:kms/getAlias:getAlias`."""
    alias = aliases.find(aws, arguments["name"])
    if alias is None:
        raise ProviderError(f"aws:kms/getAlias:getAlias: no alias is called {arguments['name']!r}")
    arn = alias["AliasArn"]
    return {"id": arn, "arn": arn, "targetKeyId": alias["TargetKeyId"], "targetKeyArn": aliases.key_arn(alias)}


def get_key(aws: Aws, arguments: Properties) -> Properties:
    """`aws:kms/getKey:getKey`: by id, ARN or alias."""
    tokens = arguments.get("grantTokens") or []
    key = aws.kms.describe_key(KeyId=arguments["keyId"], GrantTokens=tokens)["KeyMetadata"]
    spec = key.get("KeySpec") or key.get("CustomerMasterKeySpec", "")
    return {
        "id": key["KeyId"],
        "arn": key["Arn"],
        "awsAccountId": key.get("AWSAccountId", ""),
        "creationDate": schemas.coerce(key["CreationDate"], "string"),
        "customerMasterKeySpec": spec,
        "description": key.get("Description", ""),
        "enabled": key["Enabled"],
        "keyManager": key.get("KeyManager", ""),
        "keySpec": spec,
        "keyState": key["KeyState"],
        "keyUsage": key["KeyUsage"],
        "multiRegion": key.get("MultiRegion", False),
        "origin": key.get("Origin", ""),
    }


def get_public_key(aws: Aws, arguments: Properties) -> Properties:
    """`aws:kms/getPublicKey:getPublicKey`: the public half of an asymmetric key, base64 and PEM."""
    tokens = arguments.get("grantTokens") or []
    found = aws.kms.get_public_key(KeyId=arguments["keyId"], GrantTokens=tokens)
    encoded = base64.b64encode(found["PublicKey"]).decode()
    lines = "\n".join(encoded[start : start + 64] for start in range(0, len(encoded), 64))
    return {
        "id": found["KeyId"],
        "arn": found["KeyId"],
        "customerMasterKeySpec": found.get("KeySpec") or found.get("CustomerMasterKeySpec", ""),
        "encryptionAlgorithms": found.get("EncryptionAlgorithms", []),
        "keyUsage": found["KeyUsage"],
        "publicKey": encoded,
        "publicKeyPem": f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n",
        "signingAlgorithms": found.get("SigningAlgorithms", []),
    }
