"""Amazon VPC: the rules of security groups, one resource each."""

TYPES = {"SecurityGroupEgressRule": "rules", "SecurityGroupIngressRule": "rules"}
FUNCTIONS: dict[str, str] = {}
