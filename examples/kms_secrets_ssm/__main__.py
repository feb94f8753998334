"""Secrets under a key of their own: a generated password, and an application's parameters."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_random as random

config = pulumi.Config()
log_level = config.get("log_level") or "info"

key = aws.kms.Key("app", description="Secrets of the application", enable_key_rotation=True, deletion_window_in_days=7)
alias = aws.kms.Alias("app", name="alias/example/app", target_key_id=key.key_id)

password = random.RandomPassword("database", length=24, special=False)
secret = aws.secretsmanager.Secret("database", kms_key_id=key.arn, recovery_window_in_days=0)
version = aws.secretsmanager.SecretVersion(
    "database",
    secret_id=secret.id,
    secret_string=password.result.apply(lambda text: json.dumps({"username": "app", "password": text})),
)
level = aws.ssm.Parameter("log-level", name="/example/app/log-level", type="String", value=log_level)
token = aws.ssm.Parameter(
    "token", name="/example/app/token", type="SecureString", key_id=key.arn, value=password.result
)

pulumi.export("key_id", key.key_id)
pulumi.export("secret_arn", secret.arn)
pulumi.export("parameter", level.name)
pulumi.export("password", password.result)
