"""Amazon Kinesis: data streams."""

TYPES = {"Stream": "streams"}
FUNCTIONS: dict[str, str] = {}
