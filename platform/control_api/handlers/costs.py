"""What a month has cost: the rows that the platform's accounting has published, as far as the caller may see them."""

from __future__ import annotations

import datetime
import os
from decimal import Decimal
from functools import cache
from typing import Any

import boto3
from answers import Answer, Request, answer
from boto3.dynamodb.conditions import Key
from sites import Site, none_such, site_of

Row = dict[str, Any]


@cache
def table() -> Any:
    """The costs' table."""
    return boto3.resource("dynamodb").Table(os.environ["COSTS_TABLE"])


def month(request: Request) -> Answer:
    """GET …/costs[?month=YYYY-MM] → 200. What belongs to no environment is shown to who may see all of it."""
    organization = request.path["organization"]
    site = None if request.caller.operator else site_of(request.caller, organization)
    if site is not None:
        site.any_group()
    asked = request.query.get("month") or f"{datetime.datetime.now(datetime.UTC):%Y-%m}"
    rows = [_shown(row) for row in _rows(organization, asked)]
    if site is None and not rows and not _exists(organization):
        raise none_such("organization", organization)
    seen = [row for row in rows if site is None or _visible(site, row)]
    total = sum((Decimal(row["amount"]) for row in seen), Decimal())
    currency = seen[0]["currency"] if seen else "USD"
    about = {"organization": organization, "month": asked, "total": f"{total:f}", "currency": currency}
    return answer(200, {**about, "rows": seen})


def _rows(organization: str, asked: str) -> list[Row]:
    found: list[Row] = []
    wanted = Key("organization").eq(organization) & Key("row").begins_with(f"{asked}#")
    question: Row = {"KeyConditionExpression": wanted}
    while True:
        page = table().query(**question)
        found += page["Items"]
        if not page.get("LastEvaluatedKey"):
            return found
        question["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _shown(row: Row) -> Row:
    _month, project, environment, service = row["row"].split("#", 3)
    cost = {"project": project, "environment": environment, "service": service, "amount": f"{Decimal(row['amount']):f}"}
    cost["currency"] = row.get("currency", "USD")
    return cost | {name: str(row[name]) for name in ("quantity", "unit") if row.get(name) is not None}


def _visible(site: Site, row: Row) -> bool:
    """A row of no environment is seen by who may see everything below its project, or of the organization."""
    return site.group("view", row["project"] or "*", row["environment"] or "*") is not None


def _exists(organization: str) -> bool:
    organizations = boto3.resource("dynamodb").Table(os.environ["ORGANIZATIONS_TABLE"])
    return "Item" in organizations.get_item(Key={"name": organization})
