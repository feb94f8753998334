"""A small function in an account, for tests that need something to call."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from tests.functional.cloud.conftest import Clients

CODE = """
import json, logging, os, sys
logging.getLogger().setLevel("INFO")

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps({"path": event.get("rawPath") or event.get("path")})}

def who(event, context):
    import boto3
    print("to stdout")
    print("to stderr", file=sys.stderr)
    logging.info("to the log")
    return {"arn": boto3.client("sts").get_caller_identity()["Arn"], "environ": sorted(os.environ)}

def make_queue(event, context):
    import boto3
    return boto3.client("sqs").create_queue(QueueName=event["name"])["QueueUrl"]
"""


def role(client: Clients, name: str, *actions: str) -> str:
    """A role that Lambda may take, allowed `actions` on everything; returns its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam = client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    if actions:
        allowed = policy({"Effect": "Allow", "Action": list(actions), "Resource": "*"})
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=allowed)
    return arn


def policy(*statements: dict[str, Any]) -> str:
    """A policy document of `statements`."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def function(client: Clients, handler: str, *actions: str, region: str = "eu-west-1", **settings: Any) -> str:
    """A function of CODE, or of the source `code`, named after its handler; returns its ARN."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("main.py", settings.pop("code", CODE))
    given: dict[str, Any] = {"Runtime": "python3.12", "Handler": f"main.{handler}", "Timeout": 20, **settings}
    made = client("lambda", region_name=region).create_function(
        FunctionName=handler, Role=role(client, f"for-{handler}", *actions), Code={"ZipFile": archive.getvalue()},
        **given,
    )  # fmt: skip
    return str(made["FunctionArn"])
