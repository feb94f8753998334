"""The control plane's HTTP API: organizations are created, read, changed and listed."""

import pulumi

from stackyard.platform.components import Tags
from stackyard.platform.components.policies import allow
from stackyard.platform.service_fabric import ControlApi, ControlApiSettings, Route

organization, stage = pulumi.get_organization(), pulumi.get_stack()
identity = pulumi.StackReference(f"{organization}/identity/{stage}")
storage = pulumi.StackReference(f"{organization}/storage/{stage}")
observability = pulumi.StackReference(f"{organization}/observability/{stage}")

table = storage.require_output("table_names")["organizations"]
table_arn = storage.require_output("table_arns")["organizations"]


def route(verb: str, method: str, path: str, *actions: str) -> Route:
    """A route whose function may do `actions` on the organizations' table and nothing else."""
    return Route(method=method, path=path, handler=f"organizations.{verb}", allows=(allow(actions, table_arn),))


routes = {
    "create-organization": route("create", "POST", "/organizations", "dynamodb:PutItem"),
    "get-organization": route("get", "GET", "/organizations/{name}", "dynamodb:GetItem"),
    "update-organization": route("update", "PUT", "/organizations/{name}", "dynamodb:UpdateItem"),
    "list-organizations": route("list_all", "GET", "/organizations", "dynamodb:Scan"),
}
api = ControlApi(
    "control-api",
    ControlApiSettings(
        code="handlers",
        routes=routes,
        variables={"ORGANIZATIONS_TABLE": table},
        boundary_arn=identity.require_output("boundary_arn"),
        alarm_topic_arn=observability.require_output("alarm_topic_arn"),
    ),
    Tags.current("fabric"),
)

pulumi.export("url", api.url)
pulumi.export("api_id", api.api_id)
