"""Looks up KMS keys and aliases."""

from __future__ import annotations

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
