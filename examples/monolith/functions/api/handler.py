"""POST /orders takes an order, GET /orders/ID tells how far it is, GET /stock/ITEM how many are left."""

import base64
import json
import os
import uuid

import boto3

ORDERS = boto3.resource("dynamodb").Table(os.environ["ORDERS"])
STOCK = boto3.resource("dynamodb").Table(os.environ["STOCK"])


def handle(event, _context):
    route, name = event["routeKey"], (event.get("pathParameters") or {}).get("name")
    if route == "POST /orders":
        body = base64.b64decode(event["body"]) if event.get("isBase64Encoded") else event["body"]
        order = {"id": uuid.uuid4().hex, "item": json.loads(body)["item"], "state": "taken"}
        ORDERS.put_item(Item=order)
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody=order["id"])
        return answer(202, order)
    table, key = (ORDERS, "id") if route.startswith("GET /orders") else (STOCK, "item")
    found = table.get_item(Key={key: name}).get("Item")
    return answer(200 if found else 404, found or {"missing": name})


def answer(status, body):
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(body, default=int),
    }
