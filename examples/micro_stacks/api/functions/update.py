"""Changes the name of an item that is there."""

import base64
import json
import os

import boto3


def handler(event, _context):
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    try:
        changed = table.update_item(
            Key={"id": event["pathParameters"]["id"]},
            UpdateExpression="SET #name = :name",
            ConditionExpression="attribute_exists(id)",
            ExpressionAttributeNames={"#name": "name"},
            ExpressionAttributeValues={":name": json.loads(body)["name"]},
            ReturnValues="ALL_NEW",
        )
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return {"statusCode": 404, "body": json.dumps({"error": "no such item"})}
    return {"statusCode": 200, "body": json.dumps(changed["Attributes"])}
