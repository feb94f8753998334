"""A customer-managed key under an alias."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Settings
from stackyard.platform.components.tags import Tags


class EncryptionKeySettings(Settings):
    """`alias` is without its `alias/` prefix; `deletion_window_days` is how long a deleted key can be called back."""

    alias: str = pydantic.Field(pattern=r"^[A-Za-z0-9/_-]{1,200}$")
    description: str
    deletion_window_days: int = pydantic.Field(default=30, ge=7, le=30)


class EncryptionKey(Component):
    """Makes a symmetric KMS key, rotated every year, and its alias.

    Access is given by IAM policies alone: the default key policy hands the decision to the account.
    Costs about 1 USD a month, and 0.03 USD per 10,000 uses.
    """

    def __init__(
        self, name: str, settings: EncryptionKeySettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("components:EncryptionKey", name, tags, opts)
        key = aws.kms.Key(
            name,
            description=settings.description,
            enable_key_rotation=True,
            deletion_window_in_days=settings.deletion_window_days,
            tags=self.tagged(settings.alias),
            opts=self.below(),
        )
        alias = aws.kms.Alias(
            name, name=f"alias/{settings.alias}", target_key_id=key.key_id, opts=pulumi.ResourceOptions(parent=key)
        )
        self.arn = key.arn
        self.alias = alias.name
        self.register_outputs({"arn": self.arn, "alias": self.alias})
