"""A function with a role of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags


class FunctionSettings(Settings):
    """`code` is a Python file or a folder of them, relative to the program; `handler` is `module.function` in it.

    `function_name` is the function's name in the cloud; by default the component's with the stage.
    `allows` are the policy statements of its role, besides writing its own log.
    """

    code: str
    function_name: str = ""
    handler: str = pydantic.Field(pattern=r"^\w+\.\w+$")
    allows: tuple[dict[str, Any], ...] = ()
    variables: dict[str, Input] = pydantic.Field(default_factory=dict)
    boundary_arn: Input = None
    runtime: str = "python3.12"
    timeout_seconds: int = pydantic.Field(default=10, ge=1, le=900)
    memory_mb: int = pydantic.Field(default=256, ge=128, le=10240)
    log_days: LogDays = 30


class ServiceFunction(Component):
    """Makes a Lambda function, its log group, and a role that may write that log and what `allows` says.

    Costs nothing while idle; about 0.20 USD per million calls plus 0.0000167 USD per GB-second.
    """

    def __init__(
        self, name: str, settings: FunctionSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("components:ServiceFunction", name, tags, opts)
        function_name = settings.function_name or f"{name}-{tags.environment.lower()}"
        logs = aws.cloudwatch.LogGroup(
            name,
            name=f"/aws/lambda/{function_name}",
            retention_in_days=settings.log_days,
            tags=self.tagged(),
            opts=self.below(),
        )
        role, granted = self._role(name, settings, logs)
        function = aws.lambda_.Function(
            name,
            name=function_name,
            code=source_archive(settings.code),
            handler=settings.handler,
            runtime=settings.runtime,
            role=role.arn,
            timeout=settings.timeout_seconds,
            memory_size=settings.memory_mb,
            environment={"variables": settings.variables},
            tags=self.tagged(function_name),
            opts=self.below(depends_on=[granted]),
        )
        self.arn = function.arn
        self.function_name = function.name
        self.invoke_arn = function.invoke_arn
        self.register_outputs({"arn": self.arn, "function_name": self.function_name})

    def _role(
        self, name: str, settings: FunctionSettings, logs: aws.cloudwatch.LogGroup
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        role = aws.iam.Role(
            name,
            assume_role_policy=policies.document(policies.trust({"Service": "lambda.amazonaws.com"})),
            permissions_boundary=settings.boundary_arn,
            description=f"What the function {name} may do",
            tags=self.tagged(name),
            opts=self.below(),
        )
        log = policies.allow(["logs:CreateLogStream", "logs:PutLogEvents"], pulumi.Output.concat(logs.arn, ":*"))
        granted = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=policies.document(log, *settings.allows),
            opts=pulumi.ResourceOptions(parent=role),
        )
        return role, granted


def source_archive(code: str) -> pulumi.AssetArchive:
    """A file, or the Python files below a folder, as an archive: not the caches that importing them leaves there."""
    if Path(code).is_file():
        return pulumi.AssetArchive({Path(code).name: pulumi.FileAsset(code)})
    found = sorted(Path(code).rglob("*.py"))
    if not found:
        raise pulumi.RunError(f"the function's code folder {code!r} holds no Python file")
    return pulumi.AssetArchive({path.relative_to(code).as_posix(): pulumi.FileAsset(str(path)) for path in found})
