"""Amazon SQS: queues and their policies."""

TYPES = {"Queue": "queues", "QueuePolicy": "queues", "RedrivePolicy": "queues", "RedriveAllowPolicy": "queues"}
FUNCTIONS = {"getQueue": "queues"}
