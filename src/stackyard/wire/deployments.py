"""What programs ask about the deployment they are part of, between Pulumi's messages and plain values.

After pulumi/pulumi proto/pulumi/resource.proto (SupportsFeature, GetDeploymentInfo) and engine.proto (root resource).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from stackyard.wire import protos

FEATURES: Final[Mapping[str, int]] = {
    "secrets": 0,
    "resourceReferences": 1,
    "outputValues": 2,
    "aliasSpecs": 3,
    "deletedWith": 5,
    "replaceWith": 6,
    "transforms": 7,
    "invokeTransforms": 8,
    "parameterization": 9,
    "resourceHooks": 10,
    "errorHooks": 11,
}
"""The names under which SDKs ask for a feature, and its id in pulumirpc.ResourceMonitorFeature."""


def feature(data: bytes) -> int:
    """SupportsFeatureRequest: the id of the feature, -1 for one that nobody here knows."""
    return FEATURES.get(protos.resource.SupportsFeatureRequest.FromString(data).id, -1)


def supported(answer: bool) -> bytes:
    """SupportsFeatureResponse."""
    return bytes(protos.resource.SupportsFeatureResponse(hasSupport=answer).SerializeToString())


def described(
    *, project: str, stack: str, organization: str, config: Mapping[str, str], secret_keys: Iterable[str],
    dry_run: bool, parallel: int, features: Iterable[int],
) -> bytes:  # fmt: skip
    """DeploymentInfo: what a program is also told when it starts, and the ids of the features that work."""
    message = protos.resource.DeploymentInfo(
        project=project,
        stack=stack,
        organization=organization,
        config=dict(config),
        configSecretKeys=list(secret_keys),
        dryRun=dry_run,
        parallel=parallel,
        supportedFeatures=sorted(features),
    )
    return bytes(message.SerializeToString())


def root(data: bytes) -> str:
    """SetRootResourceRequest: the URN."""
    return str(protos.engine.SetRootResourceRequest.FromString(data).urn)


def root_answer(urn: str) -> bytes:
    """GetRootResourceResponse."""
    return bytes(protos.engine.GetRootResourceResponse(urn=urn).SerializeToString())
