"""An image repository for each application."""

import pulumi

from stackyard.platform.components import Tags, read_settings
from stackyard.platform.service_fabric import ImageRegistry, ImageRegistrySettings

registry = ImageRegistry("registry", read_settings(ImageRegistrySettings), Tags.current("fabric"))

pulumi.export("repository_urls", registry.repository_urls)
pulumi.export("repository_arns", registry.repository_arns)
