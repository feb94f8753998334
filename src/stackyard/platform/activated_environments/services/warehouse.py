"""The service `warehouse`: a PostgreSQL database of the environment's own."""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from stackyard.platform.activated_environments.services.base import Context, Made

USER: Final = "warehouse"
DATABASE: Final = "warehouse"


class Warehouse:
    """Makes an RDS instance (db.t4g.micro, 20 GB) and a secret with its password.

    It is always on: about 12 USD a month, 2.30 of storage and 0.40 of the secret, charged to the environment.
    """

    def make(self, context: Context) -> Made:
        """Runs get `WAREHOUSE_HOST`, `_PORT`, `_USER`, `_DATABASE`, and `WAREHOUSE_PASSWORD` from the secret."""
        name = f"{context.prefix}-warehouse".replace("_", "-")
        password = random.RandomPassword(name, length=32, special=False, opts=context.below())
        secret = aws.secretsmanager.Secret(
            name,
            name=f"{context.secrets_prefix}WAREHOUSE_PASSWORD",
            description="The password of the environment's warehouse",
            kms_key_id=context.key_arn,
            recovery_window_in_days=0,
            tags=context.tags.of(),
            opts=context.below(),
        )
        aws.secretsmanager.SecretVersion(
            name, secret_id=secret.id, secret_string=password.result, opts=pulumi.ResourceOptions(parent=secret)
        )
        database = aws.rds.Instance(
            name,
            identifier=name,
            engine="postgres",
            instance_class="db.t4g.micro",
            allocated_storage=20,
            db_name=DATABASE,
            username=USER,
            password=password.result,
            db_subnet_group_name=context.subnet_group,
            vpc_security_group_ids=context.security_group_ids,
            storage_encrypted=True,
            skip_final_snapshot=True,
            apply_immediately=True,
            tags=context.tags.of(name),
            opts=context.below(),
        )
        return Made(
            variables={
                "WAREHOUSE_HOST": database.address,
                "WAREHOUSE_PORT": database.port.apply(str),
                "WAREHOUSE_USER": USER,
                "WAREHOUSE_DATABASE": DATABASE,
            },
            secrets={"WAREHOUSE_PASSWORD": secret.name},
            exports={"host": database.address, "port": database.port, "secret": secret.name},
        )
