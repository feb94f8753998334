"""A website in a bucket: files of a folder, a generated front page, and a policy that lets everybody read."""

import json
import mimetypes
from pathlib import Path

import pulumi
import pulumi_aws as aws

config = pulumi.Config()
title = config.get("title") or "Hello"
www = Path("www")

bucket = aws.s3.Bucket("site", force_destroy=True)
website = aws.s3.BucketWebsiteConfiguration(
    "site",
    bucket=bucket.id,
    index_document={"suffix": "index.html"},
    error_document={"key": "404.html"},
)
opened = aws.s3.BucketPublicAccessBlock(
    "site", bucket=bucket.id, block_public_policy=False, restrict_public_buckets=False
)
aws.s3.BucketPolicy(
    "site",
    bucket=bucket.id,
    policy=bucket.arn.apply(
        lambda arn: json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject"], "Resource": [f"{arn}/*"]}
                ],
            }
        )
    ),
    opts=pulumi.ResourceOptions(depends_on=[opened]),
)

for file in sorted(www.iterdir()):
    aws.s3.BucketObject(
        file.name,
        bucket=bucket.id,
        key=file.name,
        source=pulumi.FileAsset(str(file)),
        content_type=mimetypes.guess_type(file.name)[0],
    )
aws.s3.BucketObjectv2(
    "index.html",
    bucket=bucket.id,
    key="index.html",
    content=f"<!doctype html>\n<title>{title}</title>\n<link rel=stylesheet href=style.css>\n<h1>{title}</h1>\n",
    content_type="text/html",
)

pulumi.export("bucket", bucket.bucket)
pulumi.export("endpoint", website.website_endpoint)
