"""Clusters, and the capacity providers that they use. The id of a cluster is its ARN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from stackyard.model.values import Properties
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change, Kind
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_LOGGED = "configuration.executeCommandConfiguration.logConfiguration"
# What keeps a cluster from being deleted while its parts are still going.
_BUSY: Final = (
    "ClusterContainsContainerInstancesException",
    "ClusterContainsServicesException",
    "ClusterContainsTasksException",
    "UpdateInProgressException",
)
_UNLINKED: Final = "unable to assume the service linked role"


class Cluster(Table):
    """`aws:ecs/cluster:Cluster`."""

    service = "ecs"
    names = given(
        **{
            "name": "clusterName",
            "arn": "clusterArn",
            f"{_LOGGED}.s3BucketEncryptionEnabled": "s3EncryptionEnabled",
        }
    )
    id = "clusterArn"
    replaces = ("name",)
    sets = ("settings",)
    computed = ("settings",)
    tagging = Tagging("ecs")
    making = Call("create_cluster", at="cluster")
    reading = Call(
        "describe_clusters", given(clusters=["$id"], include=["CONFIGURATIONS", "SETTINGS", "TAGS"]), at="clusters[0]"
    )
    changing = (
        Call(
            "update_cluster",
            given(cluster="$id"),
            when=("configuration", "serviceConnectDefaults", "settings"),
        ),
    )
    removing = Call("delete_cluster", given(cluster="$id"))
    waits_gone = True

    def predict(self, aws: Aws, inputs: Properties) -> Properties:
        return {"arn": aws.arn("ecs", f"cluster/{inputs['name']}")}

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        return aws.persist(lambda: super(Cluster, self).create(aws, inputs, token), _UNLINKED)

    def call(self, aws: Aws, call: Call, arguments: Mapping[str, Any]) -> Any:
        """A deleted cluster stays visible for a while, and is not there."""
        found = super().call(aws, call, arguments)
        return None if call.at.startswith("clusters") and found and found["status"] == "INACTIVE" else found

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        aws.persist(lambda: super(Cluster, self).delete(aws, id, known), *_BUSY, timeout=aws.timeout)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("ecs", f"cluster/{inputs['name']}")


class ClusterCapacityProviders(Kind):
    """`aws:ecs/clusterCapacityProviders:ClusterCapacityProviders`; the id is the cluster's name."""

    naming = None
    replaces = ("clusterName",)
    sets = ("capacityProviders", "defaultCapacityProviderStrategies")
    overwrites = True

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs["clusterName"], inputs)
        return cast("str", inputs["clusterName"])

    def _put(self, aws: Aws, name: str, inputs: Properties) -> None:
        strategies = inputs.get("defaultCapacityProviderStrategies") or []
        arguments = {
            "cluster": name,
            "capacityProviders": inputs.get("capacityProviders") or [],
            "defaultCapacityProviderStrategy": [
                {key: value for key, value in each.items() if value is not None} for each in strategies
            ],
        }
        aws.persist(lambda: aws.ecs.put_cluster_capacity_providers(**arguments), *_BUSY)
        aws.wait(f"capacity providers of {name}", lambda: self._is_settled(aws, name))

    def _is_settled(self, aws: Aws, name: str) -> bool:
        found = aws.ecs.describe_clusters(clusters=[name])["clusters"]
        return not found or found[0].get("attachmentsStatus") != "UPDATE_IN_PROGRESS"

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = aws.ecs.describe_clusters(clusters=[id])["clusters"]
        if not found or found[0]["status"] == "INACTIVE":
            return None
        return {
            "capacityProviders": sorted(found[0].get("capacityProviders") or ()),
            "clusterName": found[0]["clusterName"],
            "defaultCapacityProviderStrategies": found[0].get("defaultCapacityProviderStrategy") or [],
        }

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, id, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._put(aws, id, {})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return cast("str", inputs["clusterName"])
