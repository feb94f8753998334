"""The control plane's web page: static files from a private bucket, served at the API's own address."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws
import pydantic

from stackyard.platform.components import policies
from stackyard.platform.components.component import Component
from stackyard.platform.components.function import FunctionSettings, ServiceFunction
from stackyard.platform.components.private_bucket import PrivateBucket, PrivateBucketSettings
from stackyard.platform.components.settings import Input, LogDays, Settings
from stackyard.platform.components.tags import Tags

ROUTES: Final = ("GET /", "GET /app/{file+}")


class ControlWebSettings(Settings):
    """`files` is the folder of the page, `code` and `handler` the function that serves them.

    `api_id` and `execution_arn` are the API's: page and API share one origin, so that no other may call for the user.
    """

    files: str
    code: str
    handler: str = "page.serve"
    api_id: Input
    execution_arn: Input
    boundary_arn: Input = None
    log_days: LogDays = 30
    memory_mb: int = pydantic.Field(default=256, ge=128, le=10240)


class ControlWeb(Component):
    """Makes a bucket with the page's files, a function that may read them and nothing else, and the routes to it.

    The page holds no secret and is served to everybody; what it shows comes from the API, with the reader's token.
    Costs nothing while idle.
    """

    def __init__(
        self, name: str, settings: ControlWebSettings, tags: Tags, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("service_fabric:ControlWeb", name, tags, opts)
        self.settings = settings
        # Nothing here is worth keeping: all of it is in the repository.
        bucket = PrivateBucket(name, PrivateBucketSettings(disposable=True), tags, opts=self.below())
        self.files = self._upload(bucket)
        self._serve(bucket)
        self.bucket = bucket.bucket
        self.register_outputs({"bucket": self.bucket, "files": self.files})

    def _upload(self, bucket: PrivateBucket) -> list[str]:
        folder = Path(self.settings.files)
        found = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        if not any(path.name == "index.html" for path in found):
            raise pulumi.RunError(f"the page's folder {self.settings.files!r} holds no index.html")
        for path in found:
            aws.s3.BucketObjectv2(
                path.name,
                bucket=bucket.bucket,
                key=path.name,
                source=pulumi.FileAsset(str(path)),
                content_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream",
                tags=self.tagged(),
                opts=pulumi.ResourceOptions(parent=bucket),
            )
        return [path.name for path in found]

    def _serve(self, bucket: PrivateBucket) -> None:
        said = FunctionSettings(
            code=self.settings.code,
            handler=self.settings.handler,
            allows=(policies.allow(["s3:GetObject"], pulumi.Output.concat(bucket.arn, "/*")),),
            variables={"BUCKET": bucket.bucket},
            boundary_arn=self.settings.boundary_arn,
            memory_mb=self.settings.memory_mb,
            log_days=self.settings.log_days,
        )
        function = ServiceFunction(self.name, said, self.tags, opts=self.below())
        aws.lambda_.Permission(
            self.name,
            action="lambda:InvokeFunction",
            function=function.function_name,
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(self.settings.execution_arn, "/*"),
            opts=self.below(),
        )
        integration = aws.apigatewayv2.Integration(
            self.name,
            api_id=self.settings.api_id,
            integration_type="AWS_PROXY",
            integration_uri=function.arn,
            payload_format_version="2.0",
            opts=self.below(),
        )
        for route in ROUTES:
            aws.apigatewayv2.Route(
                route,
                api_id=self.settings.api_id,
                route_key=route,
                target=pulumi.Output.concat("integrations/", integration.id),
                opts=self.below(),
            )
