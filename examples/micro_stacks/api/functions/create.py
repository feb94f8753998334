"""Writes a new item; refuses one that is there."""

import base64
import json
import os

import boto3


def handler(event, _context):
    body = base64.b64decode(event["body"]) if event["isBase64Encoded"] else event["body"]
    item = json.loads(body)
    table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    try:
        table.put_item(Item=item, ConditionExpression="attribute_not_exists(id)")
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return {"statusCode": 409, "body": json.dumps({"error": f"{item['id']} is there already"})}
    return {"statusCode": 201, "body": json.dumps(item)}
