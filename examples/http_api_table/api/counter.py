"""Counts the visits of each path."""

import json
import os

import boto3


def handler(event, _context):
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    path = event["rawPath"]
    counted = table.update_item(
        Key={"path": path},
        UpdateExpression="ADD visits :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    body = {"greeting": os.environ["GREETING"], "path": path, "visits": int(counted["Attributes"]["visits"])}
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
