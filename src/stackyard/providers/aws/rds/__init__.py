"""Amazon RDS: database instances, and the groups of subnets and parameters that they use."""

TYPES = {
    "Instance": "instances",
    "ParameterGroup": "groups",
    "SubnetGroup": "groups",
}
FUNCTIONS: dict[str, str] = {}
