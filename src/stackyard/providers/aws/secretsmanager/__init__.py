"""AWS Secrets Manager: secrets, their versions and policies."""

TYPES = {
    "Secret": "secrets",
    "SecretPolicy": "secrets",
    "SecretRotation": "rotations",
    "SecretVersion": "versions",
}
FUNCTIONS = {"getSecret": "secrets", "getSecretVersion": "versions"}
