"""How the platform is watched."""

import pulumi

from stackyard.platform.components import Tags, read_settings
from stackyard.platform.service_fabric import Observability, ObservabilitySettings

watched = Observability("platform", read_settings(ObservabilitySettings), Tags.current("fabric"))

pulumi.export("alarm_topic_arn", watched.topic_arn)
pulumi.export("alarm_queue_url", watched.queue.url)
pulumi.export("alarm_queue_arn", watched.queue.arn)
pulumi.export("log_group_names", watched.log_group_names)
pulumi.export("metric_namespace", watched.namespace)
