"""A table and a bucket, for other stacks to use."""

import pulumi
import pulumi_aws as aws

config = pulumi.Config()

table = aws.dynamodb.Table(
    "events",
    attributes=[{"name": "id", "type": "S"}, {"name": "day", "type": "S"}],
    hash_key="id",
    billing_mode="PAY_PER_REQUEST",
    global_secondary_indexes=[{"name": "by-day", "hash_key": "day", "projection_type": "KEYS_ONLY"}],
    tags={"Owner": config.get("owner") or "data"},
)
archive = aws.s3.Bucket("archive", force_destroy=True)

pulumi.export("table", {"name": table.name, "arn": table.arn})
pulumi.export("bucket", archive.bucket)
pulumi.export("bucket_arn", archive.arn)
