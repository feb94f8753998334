"""Amazon EBS, whose calls are EC2's."""

TYPES = {"Volume": "volumes"}
FUNCTIONS: dict[str, str] = {}
