"""Orders are published once, and every queue that listens gets its own copy; a worker stores them."""

import json

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
batch_size = config.get_int("batch_size") or 10

topic = aws.sns.Topic("orders")
table = aws.dynamodb.Table(
    "orders",
    attributes=[aws.dynamodb.TableAttributeArgs(name="id", type="S")],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
)

queues = {}
for name in ("store", "audit"):
    queue = aws.sqs.Queue(name, visibility_timeout_seconds=60, message_retention_seconds=86400)
    aws.sqs.QueuePolicy(
        name,
        queue_url=queue.url,
        policy=pulumi.Output.all(queue.arn, topic.arn).apply(
            lambda arns: json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "sns.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": arns[0],
                            "Condition": {"ArnEquals": {"aws:SourceArn": arns[1]}},
                        }
                    ],
                }
            )
        ),
    )
    aws.sns.TopicSubscription(name, topic=topic.arn, protocol="sqs", endpoint=queue.arn, raw_message_delivery=True)
    queues[name] = queue

role = aws.iam.Role(
    "worker",
    assume_role_policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    ),
)
permissions = aws.iam.RolePolicy(
    "worker",
    role=role.id,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "dynamodb:PutItem", "Resource": table.arn},
                {
                    "Effect": "Allow",
                    "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                    "Resource": queues["store"].arn,
                },
                {"Effect": "Allow", "Action": "logs:*", "Resource": "*"},
            ],
        }
    ),
)
worker = aws.lambda_.Function(
    "worker",
    runtime="python3.12",
    handler="handler.handle",
    role=role.arn,
    code=pulumi.AssetArchive({"handler.py": pulumi.FileAsset("worker/handler.py")}),
    environment={"variables": {"TABLE": table.name}},
    timeout=30,
    opts=pulumi.ResourceOptions(depends_on=[permissions]),
)
aws.lambda_.EventSourceMapping(
    "worker",
    event_source_arn=queues["store"].arn,
    function_name=worker.arn,
    batch_size=batch_size,
    function_response_types=["ReportBatchItemFailures"],
)

pulumi.export("topic_arn", topic.arn)
pulumi.export("table", table.name)
pulumi.export("audit_queue_url", queues["audit"].url)
pulumi.export("worker", worker.name)
