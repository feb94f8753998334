"""Organizations: create, get, update, list. One function a verb; each may touch the table in one way only.

An organization that is created here is *requested*: it becomes a tenant when the platform's owners accept it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import time
from functools import cache
from typing import Any

import boto3
from answers import Answer, Event, Refused, answer, answering, body_of
from botocore.exceptions import ClientError

NAME = re.compile(r"[a-z][a-z0-9-]{1,31}")
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
PAGE = 50


@cache
def table() -> Any:
    """The organizations' table; opened once per container, for opening takes longer than asking."""
    return boto3.resource("dynamodb").Table(os.environ["ORGANIZATIONS_TABLE"])


@answering
def create(event: Event) -> Answer:
    """POST /organizations {name, display_name, contact} → 201, 400, or 409 when the name is taken."""
    body = body_of(event)
    known = _fields(body, required=("name", "display_name", "contact"))
    now = int(time.time())
    item = {**known, "status": "requested", "version": 1, "created": now, "updated": now}
    try:
        table().put_item(
            Item=item, ConditionExpression="attribute_not_exists(#n)", ExpressionAttributeNames={"#n": "name"}
        )
    except ClientError as error:
        if _failed_condition(error):
            raise Refused(409, f"there is an organization {known['name']!r} already") from None
        raise
    return answer(201, item)


@answering
def get(event: Event) -> Answer:
    """GET /organizations/{name} → 200 or 404."""
    name = _name_in_path(event)
    found = table().get_item(Key={"name": name}, ConsistentRead=True).get("Item")
    if found is None:
        raise Refused(404, f"there is no organization {name!r}")
    return answer(200, found)


@answering
def update(event: Event) -> Answer:
    """PUT /organizations/{name} {display_name?, contact?, version?} → 200, 400, 404, or 409 when it has moved on.

    With `version`, the change is made only to the version that the caller has read.
    """
    name = _name_in_path(event)
    body = body_of(event)
    expected = body.pop("version", None)
    if expected is not None and (not isinstance(expected, int) or isinstance(expected, bool)):
        raise Refused(400, "version must be a whole number")
    changes = _fields(body, allowed=("display_name", "contact"))
    if not changes:
        raise Refused(400, "nothing to change: give display_name or contact")
    try:
        changed = table().update_item(**_change(name, changes, expected))
    except ClientError as error:
        if not _failed_condition(error):
            raise
        if "Item" not in error.response:
            raise Refused(404, f"there is no organization {name!r}") from None
        raise Refused(409, f"organization {name!r} is no longer at version {expected}") from None
    return answer(200, changed["Attributes"])


@answering
def list_all(event: Event) -> Answer:
    """GET /organizations[?next=…] → 200 with one page, and `next` when there are more."""
    asked: dict[str, Any] = {"Limit": PAGE}
    token = (event.get("queryStringParameters") or {}).get("next")
    if token:
        asked["ExclusiveStartKey"] = _page_key(token)
    page = table().scan(**asked)
    body: dict[str, Any] = {"organizations": sorted(page["Items"], key=lambda item: item["name"])}
    if page.get("LastEvaluatedKey"):
        body["next"] = base64.urlsafe_b64encode(json.dumps(page["LastEvaluatedKey"]).encode()).decode()
    return answer(200, body)


def _change(name: str, changes: dict[str, str], expected: int | None) -> dict[str, Any]:
    values = {f":{field}": value for field, value in changes.items()}
    sets = [f"#{field} = :{field}" for field in changes]
    condition = "attribute_exists(#name)"
    if expected is not None:
        condition += " AND #version = :expected"
        values[":expected"] = expected  # type: ignore[assignment]
    return {
        "Key": {"name": name},
        "UpdateExpression": f"SET {', '.join(sets)}, #updated = :now ADD #version :one",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{field}": field for field in (*changes, "name", "updated", "version")},
        "ExpressionAttributeValues": {**values, ":now": int(time.time()), ":one": 1},
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _fields(body: dict[str, Any], required: tuple[str, ...] = (), allowed: tuple[str, ...] = ()) -> dict[str, str]:
    """The body's fields, checked. Raises Refused(400) that names every fault at once."""
    known = required or allowed
    faults = [f"{field} is missing" for field in required if field not in body]
    faults += [f"{field} is not a field of an organization" for field in sorted(set(body) - set(known))]
    faults += [fault for field in known if field in body for fault in _faults(field, body[field])]
    if faults:
        raise Refused(400, "; ".join(faults))
    return {field: body[field] for field in known if field in body}


def _faults(field: str, value: Any) -> list[str]:
    if not isinstance(value, str) or not value.strip() or len(value) > 200:
        return [f"{field} must be text of 1 to 200 characters"]
    if field == "name" and not NAME.fullmatch(value):
        return ["name must be 2 to 32 lower-case letters, digits and '-', and begin with a letter"]
    if field == "contact" and not MAIL.fullmatch(value):
        return ["contact must be a mail address"]
    return []


def _name_in_path(event: Event) -> str:
    name = (event.get("pathParameters") or {}).get("name", "")
    if not NAME.fullmatch(name):
        raise Refused(404, f"there is no organization {name!r}")
    return name


def _page_key(token: str) -> dict[str, str]:
    try:
        key = json.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        key = None
    if not isinstance(key, dict) or set(key) != {"name"} or not isinstance(key["name"], str):
        raise Refused(400, "next is not a page of this list")
    return key


def _failed_condition(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
