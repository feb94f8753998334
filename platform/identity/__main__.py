"""Keys, deployer roles, and the line that no role crosses."""

import pulumi

from stackyard.platform.components import EncryptionKey, EncryptionKeySettings, Tags, read_settings
from stackyard.platform.service_fabric import Deployers, DeployersSettings

KEYS = {"storage": "Artifacts of the platform", "secrets": "Secrets of the platform's stacks"}

tags = Tags.current("fabric")
stage = tags.environment.lower()

keys = {
    purpose: EncryptionKey(
        purpose, EncryptionKeySettings(alias=f"platform/{stage}-{purpose}", description=description), tags
    )
    for purpose, description in KEYS.items()
}
deployers = Deployers("deployers", read_settings(DeployersSettings), tags)

pulumi.export("key_arns", {purpose: key.arn for purpose, key in keys.items()})
pulumi.export("key_aliases", {purpose: key.alias for purpose, key in keys.items()})
pulumi.export("boundary_arn", deployers.boundary_arn)
pulumi.export("broker_arn", deployers.broker_arn)
pulumi.export("deployer_role_arns", deployers.role_arns)
