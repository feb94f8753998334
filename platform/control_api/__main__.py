"""The control plane's HTTP API: its routes are the contract's, and each function may do what its routes need."""

import pulumi
from handlers.contract import OPERATIONS

from stackyard.platform.components import Tags
from stackyard.platform.components.policies import allow
from stackyard.platform.service_fabric import ApiFunction, ControlApi, ControlApiSettings, Route

organization, stage = pulumi.get_organization(), pulumi.get_stack()
identity = pulumi.StackReference(f"{organization}/identity/{stage}")
storage = pulumi.StackReference(f"{organization}/storage/{stage}")
observability = pulumi.StackReference(f"{organization}/observability/{stage}")

names, arns = storage.require_output("table_names"), storage.require_output("table_arns")
broker_arn = identity.require_output("broker_arn")

# Whoever asks in an organization's account does so as a role there, by way of the broker.
asking = allow(["sts:AssumeRole"], broker_arn)


def tables(table: str, *actions: str) -> dict:
    """A statement that allows `actions` on one table."""
    return allow([f"dynamodb:{action}" for action in actions], arns[table])


needs = {
    "about": (),
    "sites": (asking, tables("organizations", "GetItem")),
    "costs": (asking, tables("organizations", "GetItem"), tables("costs", "Query")),
    "create-organization": (tables("organizations", "PutItem"),),
    "get-organization": (asking, tables("organizations", "GetItem", "PutItem", "UpdateItem")),
    "update-organization": (asking, tables("organizations", "GetItem", "UpdateItem")),
    "list-organizations": (tables("organizations", "GetItem", "Scan"),),
}
api = ControlApi(
    "control-api",
    ControlApiSettings(
        code="handlers",
        functions={name: ApiFunction(handler="entries.handle", allows=allows) for name, allows in needs.items()},
        routes=tuple(
            Route(method=each.method, path=each.path, function=each.function, open=each.open) for each in OPERATIONS
        ),
        authorizer=ApiFunction(handler="authorizer.authorize", allows=(tables("tokens", "GetItem"),)),
        variables={
            "ORGANIZATIONS_TABLE": names["organizations"],
            "TOKENS_TABLE": names["tokens"],
            "COSTS_TABLE": names["costs"],
            "BROKER_ARN": broker_arn,
            "STAGE": stage.lower(),
            "ACCOUNTS": pulumi.Config().get("accounts") or "recorded",
        },
        boundary_arn=identity.require_output("boundary_arn"),
        alarm_topic_arn=observability.require_output("alarm_topic_arn"),
    ),
    Tags.current("fabric"),
)

pulumi.export("url", api.url)
pulumi.export("api_id", api.api_id)
pulumi.export("execution_arn", api.execution_arn)
