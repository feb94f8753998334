"""Amazon ECS: clusters, task definitions and services."""

TYPES = {
    "CapacityProvider": "capacity",
    "Cluster": "clusters",
    "ClusterCapacityProviders": "clusters",
    "Service": "services",
    "TaskDefinition": "definitions",
}
FUNCTIONS = {"getCluster": "clusters"}
