"""Looks up DynamoDB tables."""

from __future__ import annotations

from stackyard.model.values import Properties
from stackyard.providers.aws import catalog
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.tagging import mapping


def get_table(aws: Aws, arguments: Properties) -> Properties:
    """`aws:dynamodb/getTable:getTable`."""
    found = catalog.kind("aws:dynamodb/table:Table").read(aws, arguments["name"], {}) or {}
    tags = mapping(aws.dynamodb.list_tags_of_resource(ResourceArn=found["arn"]).get("Tags"))
    return {"id": arguments["name"], **found, "tags": tags}
