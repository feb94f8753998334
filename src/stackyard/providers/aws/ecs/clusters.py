"""Clusters, and the capacity that they may use. A cluster's id is its ARN; an import is by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from stackyard.errors import ProviderError
from stackyard.model.values import Properties
from stackyard.providers.aws import tagging
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.kinds import Change
from stackyard.providers.aws.naming import Naming
from stackyard.providers.aws.tables import Call, Table, given
from stackyard.providers.aws.tagging import Tagging

_DESCRIBING: Final = Call(
    "describe_clusters", given(clusters=["$id"], include=["TAGS", "SETTINGS", "CONFIGURATIONS"]), at="clusters[0]"
)
_LOGGING: Final = "configuration.executeCommandConfiguration.logConfiguration"
_BUSY: Final = ("ClusterContainsContainerInstances", "ClusterContainsServices", "ClusterContainsTasks",
                "ClusterContainsCapacityProvider", "UpdateInProgress")  # fmt: skip


class Cluster(Table):
    """`aws:ecs/cluster:Cluster`."""

    service = "ecs"
    naming = Naming(limit=255)
    names = given(
        name="clusterName",
        arn="clusterArn",
        **{f"{_LOGGING}.s3BucketEncryptionEnabled": "s3EncryptionEnabled"},
    )
    id = "clusterArn"
    replaces = ("name",)
    sets = ("settings",)
    computed = ("settings",)
    tagging = Tagging("ecs", by="id", read="")
    making = Call("create_cluster", at="cluster")
    reading = _DESCRIBING
    changing = (
        Call("update_cluster", given(cluster="$id"), when=("configuration", "serviceConnectDefaults", "settings")),
    )
    removing = Call("delete_cluster", given(cluster="$id"))

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        return None if found is None or found.pop("status") == "INACTIVE" else found

    def seen(self, aws: Aws, found: Mapping[str, Any], outputs: Properties) -> Properties:
        return {**outputs, "id": found["clusterArn"], "status": found.get("status")}

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        """Services and tasks that end take a while to be counted as ended."""
        aws.persist(lambda: aws.ecs.delete_cluster(cluster=id), *_BUSY, timeout=600)

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return aws.arn("ecs", f"cluster/{inputs['name']}")


class ClusterCapacityProviders(Table):
    """`aws:ecs/clusterCapacityProviders:ClusterCapacityProviders`; its id is the cluster's name."""

    service = "ecs"
    naming = None
    names = given(clusterName="clusterName", defaultCapacityProviderStrategies="defaultCapacityProviderStrategy")
    replaces = ("clusterName",)
    sets = ("capacityProviders", "defaultCapacityProviderStrategies")
    making = Call("put_cluster_capacity_providers")
    reading = Call("describe_clusters", given(clusters=["$id"]), at="clusters[0]")

    def create(self, aws: Aws, inputs: Properties, token: str) -> str:
        self._put(aws, inputs)
        return str(inputs["clusterName"])

    def _put(self, aws: Aws, inputs: Properties) -> None:
        arguments = self.arguments(aws, self.making, inputs, inputs)
        arguments.pop("clusterName", None)
        empty: dict[str, Any] = {"capacityProviders": [], "defaultCapacityProviderStrategy": []}
        cluster = inputs["clusterName"]
        aws.persist(
            lambda: aws.ecs.put_cluster_capacity_providers(cluster=cluster, **{**empty, **arguments}),
            "ResourceInUse",
            "UpdateInProgress",
        )

    def read(self, aws: Aws, id: str, known: Properties) -> Properties | None:
        found = super().read(aws, id, known)
        providers = found and (found["capacityProviders"] or found["defaultCapacityProviderStrategies"])
        return found if providers else None

    def update(self, aws: Aws, id: str, change: Change) -> None:
        self._put(aws, change.new)

    def delete(self, aws: Aws, id: str, known: Properties) -> None:
        self._put(aws, {"clusterName": id})

    def identify(self, aws: Aws, inputs: Properties) -> str | None:
        return str(inputs["clusterName"])


def get_cluster(aws: Aws, arguments: Properties) -> Properties:
    """`aws:ecs/getCluster:getCluster`: an active cluster by name."""
    name = arguments["clusterName"]
    found = aws.ecs.describe_clusters(clusters=[name], include=["TAGS", "SETTINGS"])["clusters"]
    if not found or found[0]["status"] == "INACTIVE":
        raise ProviderError(f"aws:ecs/getCluster:getCluster: there is no cluster {name!r}")
    cluster = found[0]
    connect = cluster.get("serviceConnectDefaults")
    return {
        "id": cluster["clusterArn"],
        "arn": cluster["clusterArn"],
        "clusterName": cluster["clusterName"],
        "pendingTasksCount": cluster.get("pendingTasksCount", 0),
        "registeredContainerInstancesCount": cluster.get("registeredContainerInstancesCount", 0),
        "runningTasksCount": cluster.get("runningTasksCount", 0),
        "serviceConnectDefaults": [{"namespace": connect["namespace"]}] if connect else [],
        "settings": [{"name": s["name"], "value": s["value"]} for s in cluster.get("settings") or ()],
        "status": cluster["status"],
        "tags": tagging.mapping(cluster.get("tags")),
    }
