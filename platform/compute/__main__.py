"""What runs are made of, and where they stand: image, plugins' cache, cluster, subnets."""

import pulumi

from stackyard.platform.components import Tags, read_settings
from stackyard.platform.service_fabric import Compute, ComputeSettings

organization, stage = pulumi.get_organization(), pulumi.get_stack()
network = pulumi.StackReference(f"{organization}/network/{stage}")
registry = pulumi.StackReference(f"{organization}/registry/{stage}")
identity = pulumi.StackReference(f"{organization}/identity/{stage}")

public = pulumi.Config().get_bool("public") or False
subnet_ids = network.require_output("public_subnet_ids" if public else "private_subnet_ids")

compute = Compute(
    "compute",
    read_settings(
        ComputeSettings,
        repository_url=registry.require_output("repository_urls")["runner"],
        repository_arn=registry.require_output("repository_arns")["runner"],
        vpc_id=network.require_output("vpc_id"),
        subnet_ids=subnet_ids,
        boundary_arn=identity.require_output("boundary_arn"),
    ),
    Tags.current("fabric"),
)

pulumi.export("cluster_arn", compute.cluster_arn)
pulumi.export("runner_image", compute.image)
pulumi.export("subnet_ids", subnet_ids)
pulumi.export("security_group_id", compute.security_group_id)
pulumi.export("assign_public_ip", public)
pulumi.export("plugins_root", compute.settings.plugins_root)
pulumi.export("plugins_file_system_id", compute.file_system.id)
pulumi.export("installer_family", compute.installer_family)
pulumi.export("installer_arn", compute.installer_arn)
