"""What the control plane remembers, and the artifacts of the platform."""

import pulumi

from stackyard.platform.components import PrivateBucket, PrivateBucketSettings, Tags, read_settings
from stackyard.platform.service_fabric import ControlTables, ControlTablesSettings

tags = Tags.current("fabric")

identity = pulumi.StackReference(f"{pulumi.get_organization()}/identity/{pulumi.get_stack()}")
storage_key = identity.require_output("key_arns")["storage"]

tables = ControlTables("control", read_settings(ControlTablesSettings), tags)
artifacts = PrivateBucket("artifacts", PrivateBucketSettings(key_arn=storage_key), tags)

pulumi.export("table_names", tables.names)
pulumi.export("table_arns", tables.arns)
pulumi.export("artifacts_bucket", artifacts.bucket)
