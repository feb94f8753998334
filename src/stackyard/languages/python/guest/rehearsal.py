"""A throw-away program, run in the zygote: what it makes the SDK load and cache, no child has to."""

from __future__ import annotations

import contextvars
import logging
from types import ModuleType
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime.proto import resource_pb2

_PROGRAM: dict[str, Any] = {
    "project": "rehearsal",
    "stack": "rehearsal",
    "organization": "organization",
    "directory": "/",
    "parallel": 1,
    "dry_run": True,
}


class _Echo:
    """Answers every request at once, inside this process."""

    def GetDeploymentInfo(self, _: Any) -> Any:
        features: Any = [0, 1, 3]
        return resource_pb2.DeploymentInfo(supportedFeatures=features)

    def SupportsFeature(self, request: Any) -> Any:
        return resource_pb2.SupportsFeatureResponse(hasSupport=request.id in ("secrets", "resourceReferences"))

    def RegisterResource(self, request: Any) -> Any:
        urn = f"urn:pulumi:rehearsal::rehearsal::{request.type}::{request.name}"
        return resource_pb2.RegisterResourceResponse(urn=urn, id="id" if request.custom else "", object=request.object)

    def RegisterResourceOutputs(self, _: Any) -> Any:
        return empty_pb2.Empty()

    SignalAndWaitForShutdown = Log = RegisterResourceOutputs


def _entry() -> None:
    group = pulumi.ComponentResource("rehearsal:index:Group", "group")
    options = pulumi.ResourceOptions(parent=group)
    resource = pulumi.CustomResource("rehearsal:index:Thing", "thing", {"text": "a", "list": [1], "map": {}}, options)
    pulumi.export("urn", resource.urn.apply(str))
    pulumi.export("secret", pulumi.Output.secret("a"))


def run(program: ModuleType) -> None:
    """Run it with `program.execute`, in a context of its own so that no setting of it stays."""
    level = logging.getLogger("asyncio").level
    contextvars.copy_context().run(program.execute, _PROGRAM, _Echo(), _entry)
    logging.getLogger("asyncio").setLevel(level)
