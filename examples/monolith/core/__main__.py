"""What the services share: the tables and the queue."""

import pulumi
import pulumi_aws as aws

orders = aws.dynamodb.Table(
    "orders",
    attributes=[{"name": "id", "type": "S"}],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
)
stock = aws.dynamodb.Table(
    "stock", attributes=[{"name": "item", "type": "S"}], hash_key="item", billing_mode="PAY_PER_REQUEST"
)
queue = aws.sqs.Queue("orders", visibility_timeout_seconds=60)

pulumi.export("orders_name", orders.name)
pulumi.export("orders_arn", orders.arn)
pulumi.export("stock_name", stock.name)
pulumi.export("stock_arn", stock.arn)
pulumi.export("queue_url", queue.url)
pulumi.export("queue_arn", queue.arn)
