"""Packs each order that comes in the queue: one less on the shelf, one more that is packed."""

import os

import boto3

ORDERS = boto3.resource("dynamodb").Table(os.environ["ORDERS"])
STOCK = boto3.resource("dynamodb").Table(os.environ["STOCK"])


def handle(event, _context):
    for record in event["Records"]:
        order = ORDERS.get_item(Key={"id": record["body"]})["Item"]
        STOCK.update_item(
            Key={"item": order["item"]},
            UpdateExpression="ADD amount :one",
            ExpressionAttributeValues={":one": -1},
        )
        ORDERS.put_item(Item={**order, "state": "packed"})
