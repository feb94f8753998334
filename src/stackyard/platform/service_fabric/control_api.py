"""The control plane's HTTP API: functions behind one address."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.function import FunctionSettings, ServiceFunction
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags


class Route(Settings):
    """A method and path, the function (`module.function`) that answers, and the statements it needs."""

    method: str = pydantic.Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE)$")
    path: str = pydantic.Field(pattern=r"^/\S*$")
    handler: str
    allows: tuple[dict[str, Any], ...] = ()


class ControlApiSettings(Settings):
    """`routes` maps a function's name to what it answers; `code` is the folder of all handlers.

    `variables` reach every function; `origins` are the web origins that browsers may call from.
    """

    code: str
    routes: dict[str, Route] = pydantic.Field(min_length=1)
    variables: dict[str, Input] = pydantic.Field(default_factory=dict)
    boundary_arn: Input = None
    alarm_topic_arn: Input = None
    origins: tuple[str, ...] = ()
    burst: int = pydantic.Field(default=100, ge=1)
    per_second: int = pydantic.Field(default=50, ge=1)
    log_days: LogDays = 30


class ControlApi(Component):
    """Makes an HTTP API with one function per route, each with only the permissions of its own route.

    Costs nothing while idle; about 1 USD per million calls, plus the functions'.
    """

    def __init__(
        self, name: str, settings: ControlApiSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:ControlApi", name, tags, opts)
        self.settings = settings
        api = aws.apigatewayv2.Api(
            name,
            protocol_type="HTTP",
            description="The control plane of the platform",
            cors_configuration=_cors(settings.origins),
            tags=self.tagged(name),
            opts=self.below(),
        )
        for function_name, route in settings.routes.items():
            self._route(api, function_name, route)
        self._stage(api)
        self.url = api.api_endpoint
        self.api_id = api.id
        self.register_outputs({"url": self.url, "api_id": self.api_id})

    def _route(self, api: aws.apigatewayv2.Api, name: str, route: Route) -> None:
        said = FunctionSettings(
            code=self.settings.code,
            handler=route.handler,
            allows=route.allows,
            variables=self.settings.variables,
            boundary_arn=self.settings.boundary_arn,
            log_days=self.settings.log_days,
        )
        function = ServiceFunction(name, said, self.tags, opts=self.below())
        inside = pulumi.ResourceOptions(parent=api)
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=function.arn,
            payload_format_version="2.0",
            opts=inside,
        )
        aws.apigatewayv2.Route(
            name,
            api_id=api.id,
            route_key=f"{route.method} {route.path}",
            target=pulumi.Output.concat("integrations/", integration.id),
            opts=inside,
        )
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(api.execution_arn, "/*"),
            opts=inside,
        )
        self._alarm(name, function)

    def _alarm(self, name: str, function: ServiceFunction) -> None:
        if self.settings.alarm_topic_arn is None:
            return
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{name} fails",
            namespace="AWS/Lambda",
            metric_name="Errors",
            dimensions={"FunctionName": function.function_name},
            statistic="Sum",
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            period=300,
            evaluation_periods=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self.settings.alarm_topic_arn],
            tags=self.tagged(name),
            opts=self.below(),
        )

    def _stage(self, api: aws.apigatewayv2.Api) -> None:
        inside = pulumi.ResourceOptions(parent=api)
        logs = aws.cloudwatch.LogGroup(
            self.name,
            name=f"/platform/{self.tags.environment.lower()}/{self.name}",
            retention_in_days=self.settings.log_days,
            tags=self.tagged(),
            opts=inside,
        )
        line = '{"at":"$context.requestTime","route":"$context.routeKey","status":"$context.status"}'
        aws.apigatewayv2.Stage(
            self.name,
            api_id=api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings={"destination_arn": logs.arn, "format": line},
            default_route_settings={
                "throttling_burst_limit": self.settings.burst,
                "throttling_rate_limit": self.settings.per_second,
            },
            tags=self.tagged(),
            opts=inside,
        )


def _cors(origins: tuple[str, ...]) -> dict[str, Any] | None:
    if not origins:
        return None
    return {
        "allow_origins": list(origins),
        "allow_methods": ["GET", "POST", "PUT"],
        "allow_headers": ["content-type", "authorization"],
        "max_age": 3600,
    }
