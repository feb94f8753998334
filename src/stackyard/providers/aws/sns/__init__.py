"""Amazon SNS: topics, their policies and subscriptions."""

TYPES = {"Topic": "topics", "TopicPolicy": "topics", "TopicSubscription": "subscriptions"}
FUNCTIONS = {"getTopic": "topics"}
