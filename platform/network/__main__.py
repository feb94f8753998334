"""The network that everything with an address stands in."""

import pulumi

from stackyard.platform.components import Tags, read_settings
from stackyard.platform.service_fabric import Network, NetworkSettings

network = Network("network", read_settings(NetworkSettings), Tags.current("fabric"))

pulumi.export("vpc_id", network.vpc_id)
pulumi.export("public_subnet_ids", network.public_subnet_ids)
pulumi.export("private_subnet_ids", network.private_subnet_ids)
pulumi.export("security_group_id", network.security_group.id)
