"""What an environment needs of its organization's account."""

import json

import pulumi
import pulumi_aws as aws

organization = pulumi.Config().require("organization")
data = aws.s3.Bucket("data", bucket=f"{organization}-data")
archive = aws.s3.Bucket("archive", bucket=f"{organization}-archive")
versions = aws.s3.BucketVersioning("archive", bucket=archive.bucket, versioning_configuration={"status": "Enabled"})
runs = aws.dynamodb.Table(
    "runs",
    name="site-runs",
    billing_mode="PAY_PER_REQUEST",
    hash_key="environment",
    range_key="run",
    attributes=[{"name": "environment", "type": "S"}, {"name": "run", "type": "S"}],
)
cluster = aws.ecs.Cluster("site", name="site")
trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "scheduler.amazonaws.com"}}
role = aws.iam.Role("scheduler", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))

pulumi.export("scheduler_role_arn", role.arn)
pulumi.export("bucket", data.bucket)
pulumi.export("archive_bucket", archive.bucket)
pulumi.export("runs_table", runs.name)
pulumi.export("cluster_arn", cluster.arn)
pulumi.export("log_group", f"/site/production/{organization}")
