"""What programs ask of their deployment, between bytes and plain values."""

from __future__ import annotations

import pytest

from stackyard import errors
from stackyard.wire import deployments, protos, versions


@pytest.mark.parametrize(("name", "id_"), list(deployments.FEATURES.items()))
def test_features_have_the_ids_of_the_protocol(name: str, id_: int) -> None:
    asked = protos.resource.SupportsFeatureRequest(id=name).SerializeToString()
    assert deployments.feature(asked) == id_
    words = "".join(f"_{char}" if char.isupper() else char for char in name).upper()
    assert protos.resource.ResourceMonitorFeature.Value(f"RESOURCE_MONITOR_FEATURE_{words}") == id_


def test_a_feature_that_nobody_knows_is_not_supported() -> None:
    assert deployments.feature(protos.resource.SupportsFeatureRequest(id="flying").SerializeToString()) == -1


def test_a_deployment_is_described() -> None:
    data = deployments.described(
        project="web",
        stack="dev",
        organization="acme",
        config={"web:a": "1"},
        secret_keys=("web:a",),
        dry_run=True,
        parallel=4,
        features=(3, 0),
    )
    message = protos.resource.DeploymentInfo.FromString(data)
    assert (message.project, message.stack, message.organization) == ("web", "dev", "acme")
    assert (dict(message.config), list(message.configSecretKeys)) == ({"web:a": "1"}, ["web:a"])
    assert (message.dryRun, message.parallel, list(message.supportedFeatures)) == (True, 4, [0, 3])


def test_the_root_resource_is_remembered_as_it_was_told() -> None:
    asked = protos.engine.SetRootResourceRequest(urn="urn:x").SerializeToString()
    answer = deployments.root_answer(deployments.root(asked))
    assert protos.engine.GetRootResourceResponse.FromString(answer).urn == "urn:x"


def test_a_version_that_is_not_ours_is_refused() -> None:
    versions.require(">=3.0.0")
    with pytest.raises(errors.ProgramError, match="requires Pulumi <3"):
        versions.require("<3.0.0")
