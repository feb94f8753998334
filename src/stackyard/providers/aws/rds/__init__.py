"""Amazon RDS: database instances, and the groups of subnets and parameters that they use."""

TYPES = {
    "Cluster": "clusters",
    "ClusterInstance": "members",
    "ClusterParameterGroup": "groups",
    "Instance": "instances",
    "ParameterGroup": "groups",
    "SubnetGroup": "groups",
}
FUNCTIONS: dict[str, str] = {}
