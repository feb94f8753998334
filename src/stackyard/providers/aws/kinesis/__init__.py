"""Amazon Kinesis: data streams and delivery streams."""

TYPES = {"FirehoseDeliveryStream": "deliveries", "Stream": "streams"}
FUNCTIONS: dict[str, str] = {}
