"""The control plane's web page, at the API's address."""

import pulumi

from stackyard.platform.components import Tags
from stackyard.platform.service_fabric import ControlWeb, ControlWebSettings

organization, stage = pulumi.get_organization(), pulumi.get_stack()
identity = pulumi.StackReference(f"{organization}/identity/{stage}")
api = pulumi.StackReference(f"{organization}/control_api/{stage}")

web = ControlWeb(
    "control-web",
    ControlWebSettings(
        files="site",
        code="handlers",
        api_id=api.require_output("api_id"),
        execution_arn=api.require_output("execution_arn"),
        boundary_arn=identity.require_output("boundary_arn"),
    ),
    Tags.current("fabric"),
)

# With the slash: what the page loads is relative to it.
pulumi.export("url", pulumi.Output.concat(api.require_output("url"), "/"))
pulumi.export("bucket", web.bucket)
