"""Amazon ElastiCache: caches, and the groups of subnets and parameters that they use."""

TYPES = {
    "Cluster": "clusters",
    "ParameterGroup": "groups",
    "ReplicationGroup": "replications",
    "SubnetGroup": "groups",
}
FUNCTIONS: dict[str, str] = {}
