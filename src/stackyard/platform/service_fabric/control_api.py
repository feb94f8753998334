"""The control plane's HTTP API: functions behind one address, and one that says who is calling."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components.component import Component
from stackyard.platform.components.function import FunctionSettings, ServiceFunction
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags


class ApiFunction(Settings):
    """A function of the API: what answers (`module.function`), and the statements that its routes need."""

    handler: str
    allows: tuple[dict[str, Any], ...] = ()


class Route(Settings):
    """A method and path, and the name of the function that answers. `open` routes are called without a token."""

    method: str = pydantic.Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE)$")
    path: str = pydantic.Field(pattern=r"^/\S*$")
    function: str
    open: bool = False


class ControlApiSettings(Settings):
    """`routes` are answered by `functions`; `code` is the folder of all handlers.

    `authorizer` says who holds a token, for all routes that are not open; what it says is kept `authorizer_seconds`.
    `variables` reach every function; `origins` are the web origins that browsers may call from.
    """

    code: str
    functions: dict[str, ApiFunction] = pydantic.Field(min_length=1)
    routes: tuple[Route, ...] = pydantic.Field(min_length=1)
    authorizer: ApiFunction | None = None
    authorizer_seconds: int = pydantic.Field(default=30, ge=0, le=3600)
    variables: dict[str, Input] = pydantic.Field(default_factory=dict)
    boundary_arn: Input = None
    alarm_topic_arn: Input = None
    origins: tuple[str, ...] = ()
    burst: int = pydantic.Field(default=100, ge=1)
    per_second: int = pydantic.Field(default=50, ge=1)
    memory_mb: int = pydantic.Field(default=256, ge=128, le=10240)
    timeout_seconds: int = pydantic.Field(default=15, ge=1, le=29)
    log_days: LogDays = 30

    @pydantic.model_validator(mode="after")
    def _complete(self) -> ControlApiSettings:
        unknown = {route.function for route in self.routes} - set(self.functions)
        if unknown:
            raise ValueError(f"routes name functions that there are not: {', '.join(sorted(unknown))}")
        if self.authorizer is None and not all(route.open for route in self.routes):
            raise ValueError("a route that is not open needs an authorizer")
        return self


class ControlApi(Component):
    """Makes an HTTP API with one function for each set of permissions that routes need, and none has more.

    A Lambda authorizer stands before every route that is not open. Costs nothing while idle; about 1 USD per million
    calls, plus the functions', and 0.10 USD a month for each function's alarm.
    """

    def __init__(
        self, name: str, settings: ControlApiSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:ControlApi", name, tags, opts)
        self.settings = settings
        self.api = aws.apigatewayv2.Api(
            name,
            protocol_type="HTTP",
            description="The control plane of the platform",
            cors_configuration=_cors(settings.origins),
            tags=self.tagged(name),
            opts=self.below(),
        )
        self.inside = pulumi.ResourceOptions(parent=self.api)
        authorizer = None if settings.authorizer is None else self._authorizer(settings.authorizer)
        targets = {function: self._integration(function, said) for function, said in settings.functions.items()}
        for route in settings.routes:
            self._route(route, targets[route.function], authorizer)
        self._stage()
        self.url = self.api.api_endpoint
        self.api_id = self.api.id
        self.execution_arn = self.api.execution_arn
        self.register_outputs({"url": self.url, "api_id": self.api_id})

    def _function(self, name: str, said: ApiFunction) -> ServiceFunction:
        settings = FunctionSettings(
            code=self.settings.code,
            handler=said.handler,
            allows=said.allows,
            variables=self.settings.variables,
            boundary_arn=self.settings.boundary_arn,
            memory_mb=self.settings.memory_mb,
            timeout_seconds=self.settings.timeout_seconds,
            log_days=self.settings.log_days,
        )
        function = ServiceFunction(name, settings, self.tags, opts=self.below())
        aws.lambda_.Permission(
            name,
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.api.execution_arn, "/*"),
            opts=self.inside,
        )
        self._alarm(name, function)
        return function

    def _authorizer(self, said: ApiFunction) -> aws.apigatewayv2.Authorizer:
        name = f"{self.name}-tokens"
        function = self._function(name, said)
        return aws.apigatewayv2.Authorizer(
            name,
            api_id=self.api.id,
            authorizer_type="REQUEST",
            authorizer_uri=function.invoke_arn,
            authorizer_payload_format_version="2.0",
            authorizer_result_ttl_in_seconds=self.settings.authorizer_seconds,
            enable_simple_responses=True,
            identity_sources=["$request.header.Authorization"],
            opts=self.inside,
        )

    def _integration(self, name: str, said: ApiFunction) -> aws.apigatewayv2.Integration:
        return aws.apigatewayv2.Integration(
            name,
            api_id=self.api.id,
            integration_type="AWS_PROXY",
            integration_uri=self._function(name, said).arn,
            payload_format_version="2.0",
            opts=self.inside,
        )

    def _route(
        self, route: Route, target: aws.apigatewayv2.Integration, authorizer: aws.apigatewayv2.Authorizer | None
    ) -> None:
        guarded = None if route.open else authorizer
        aws.apigatewayv2.Route(
            f"{route.method} {route.path}",
            api_id=self.api.id,
            route_key=f"{route.method} {route.path}",
            target=pulumi.Output.concat("integrations/", target.id),
            authorization_type="NONE" if guarded is None else "CUSTOM",
            authorizer_id=None if guarded is None else guarded.id,
            opts=self.inside,
        )

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

    def _stage(self) -> None:
        logs = aws.cloudwatch.LogGroup(
            self.name,
            name=f"/platform/{self.tags.environment.lower()}/{self.name}",
            retention_in_days=self.settings.log_days,
            tags=self.tagged(),
            opts=self.inside,
        )
        line = '{"at":"$context.requestTime","route":"$context.routeKey","status":"$context.status"}'
        aws.apigatewayv2.Stage(
            self.name,
            api_id=self.api.id,
            name="$default",
            auto_deploy=True,
            access_log_settings={"destination_arn": logs.arn, "format": line},
            default_route_settings={
                "throttling_burst_limit": self.settings.burst,
                "throttling_rate_limit": self.settings.per_second,
            },
            tags=self.tagged(),
            opts=self.inside,
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
