"""Amazon ECS: clusters, task definitions and services."""

TYPES = {
    "Cluster": "clusters",
    "ClusterCapacityProviders": "clusters",
    "Service": "services",
    "TaskDefinition": "definitions",
}
FUNCTIONS = {"getCluster": "clusters"}
