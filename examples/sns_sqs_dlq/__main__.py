"""Messages that fail too often go to a dead-letter queue, and an alarm rings when one does."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
attempts = config.get_int("attempts") or 5

topic = aws.sns.Topic("payments", display_name="Payments")
dead = aws.sqs.Queue("payments-dead", message_retention_seconds=1209600)
queue = aws.sqs.Queue(
    "payments",
    visibility_timeout_seconds=30,
    receive_wait_time_seconds=20,
    sqs_managed_sse_enabled=True,
    redrive_policy=dead.arn.apply(lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": attempts})),
)
policy = aws.iam.get_policy_document_output(
    statements=[
        {
            "actions": ["sqs:SendMessage"],
            "resources": [queue.arn],
            "principals": [{"type": "Service", "identifiers": ["sns.amazonaws.com"]}],
            "conditions": [{"test": "ArnEquals", "variable": "aws:SourceArn", "values": [topic.arn]}],
        }
    ]
)
aws.sqs.QueuePolicy("payments", queue_url=queue.id, policy=policy.json)
aws.sns.TopicSubscription(
    "payments",
    topic=topic.arn,
    protocol="sqs",
    endpoint=queue.arn,
    filter_policy=json.dumps({"kind": ["charge", "refund"]}),
)

alarm = aws.cloudwatch.MetricAlarm(
    "poison",
    alarm_description="A payment could not be handled",
    namespace="AWS/SQS",
    metric_name="ApproximateNumberOfMessagesVisible",
    dimensions={"QueueName": dead.name},
    statistic="Maximum",
    comparison_operator="GreaterThanThreshold",
    threshold=0,
    period=60,
    evaluation_periods=1,
    alarm_actions=[topic.arn],
)
aws.cloudwatch.Dashboard(
    "payments",
    dashboard_name="payments",
    dashboard_body=queue.name.apply(
        lambda name: json.dumps(
            {
                "widgets": [
                    {
                        "type": "metric",
                        "width": 12,
                        "height": 6,
                        "properties": {
                            "metrics": [["AWS/SQS", "NumberOfMessagesSent", "QueueName", name]],
                            "region": "us-east-1",
                            "title": "Payments",
                        },
                    }
                ]
            }
        )
    ),
)

pulumi.export("topic_arn", topic.arn)
pulumi.export("queue_url", queue.url)
pulumi.export("dead_queue_url", dead.url)
pulumi.export("alarm", alarm.name)
