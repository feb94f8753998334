"""Organizations: create, get, update, list. One function a verb; each may touch the table in its own ways only.

An organization that is created here is *requested*: it becomes a tenant when the platform's owners accept its file,
and *active* when its site can be reached. Operators see all of them, everybody else their own.
"""

from __future__ import annotations

import os
import time
from functools import cache
from typing import Any

import boto3
import pages
import sessions
import sites
from answers import Answer, Caller, Refused, Request, answer
from botocore.exceptions import ClientError

PAGE = 50
_WAITING = ("requested", "accepted")
_SHOWN = ("name", "display_name", "contact", "status", "version", "created", "updated")
Row = dict[str, Any]


@cache
def table() -> Any:
    """The organizations' table; opened once per container, for opening takes longer than asking."""
    return boto3.resource("dynamodb").Table(os.environ["ORGANIZATIONS_TABLE"])


def create(request: Request) -> Answer:
    """POST /organizations {name, display_name, contact} → 201, 400, or 409 when the name is taken. Operators only."""
    _operator(request.caller)
    name = request.body["name"]
    if name == "platform":
        raise Refused(409, "'platform' is the platform's own name")
    now = int(time.time())
    item = {**request.body, "status": "requested", "version": 1, "created": now, "updated": now}
    if not _put(item):
        raise Refused(409, f"there is an organization {name!r} already")
    return answer(201, shown(item))


def get(request: Request) -> Answer:
    """GET /organizations/{organization} → 200 or 404. One that waits becomes active when its site can be reached."""
    name = _visible(request)
    found = table().get_item(Key={"name": name}, ConsistentRead=True).get("Item")
    if found is None or found["status"] in _WAITING:
        found = _reached(name, found) or found
    if found is None:
        raise sites.none_such("organization", name)
    return answer(200, shown(found))


def update(request: Request) -> Answer:
    """PUT /organizations/{organization} {display_name?, contact?, version?} → 200, 400, 404, or 409.

    With `version`, the change is made only to the version that the caller has read. Operators may, and the
    organization's administrators.
    """
    name = _visible(request)
    if not request.caller.operator and not sites.site_of(request.caller, name).group("administer", "*", "*"):
        raise Refused(403, f"only those who may administer all of {name} may change it")
    changes = {field: request.body[field] for field in ("display_name", "contact") if field in request.body}
    expected = request.body.get("version")
    if not changes:
        raise Refused(400, "nothing to change: give display_name or contact", faults=["nothing to change"])
    try:
        changed = table().update_item(**_change(name, changes, expected))
    except ClientError as error:
        if not _failed_condition(error):
            raise
        if "Item" not in error.response:
            raise sites.none_such("organization", name) from None
        raise Refused(409, f"organization {name!r} is no longer at version {expected}") from None
    return answer(200, shown(changed["Attributes"]))


def list_all(request: Request) -> Answer:
    """GET /organizations[?next=…] → 200 with one page, and `next` when there are more."""
    if not request.caller.operator:
        own = table().get_item(Key={"name": request.caller.organization}).get("Item")
        return answer(200, {"organizations": [shown(own)] if own else []})
    asked: Row = {"Limit": PAGE}
    if after := pages.start(request.query):
        asked["ExclusiveStartKey"] = {"name": after}
    page = table().scan(**asked)
    found = sorted((shown(item) for item in page["Items"]), key=lambda item: item["name"])
    return answer(200, {"organizations": found, **pages.following(page, "name")})


def shown(item: Row) -> Row:
    """An organization as the API shows it."""
    return {field: item[field] for field in _SHOWN if field in item}


def _reached(name: str, row: Row | None) -> Row | None:
    """The row as it becomes now that the organization's site can be reached; None while it cannot."""
    account = sessions.account_of(name, row or {})
    if not account or sites.access_of(name, account) is None:
        return None
    if row is not None:
        return _activated(name, row)
    now = int(time.time())
    made = {"name": name, "display_name": name, "status": "active", "version": 1, "created": now, "updated": now}
    return made if _put(made) else None


def _activated(name: str, row: Row) -> Row | None:
    try:
        changed: Row = table().update_item(
            Key={"name": name},
            UpdateExpression="SET #s = :active, #u = :now",
            ConditionExpression="#s = :before",
            ExpressionAttributeNames={"#s": "status", "#u": "updated"},
            ExpressionAttributeValues={":active": "active", ":before": row["status"], ":now": int(time.time())},
            ReturnValues="ALL_NEW",
        )["Attributes"]
    except ClientError as error:
        if not _failed_condition(error):
            raise
        return None
    return changed


def _put(item: Row) -> bool:
    """Whether the row is there now by us: false when there was one already."""
    try:
        table().put_item(
            Item=item, ConditionExpression="attribute_not_exists(#n)", ExpressionAttributeNames={"#n": "name"}
        )
    except ClientError as error:
        if _failed_condition(error):
            return False
        raise
    return True


def _change(name: str, changes: dict[str, str], expected: int | None) -> Row:
    values: Row = {f":{field}": value for field, value in changes.items()}
    sets = [f"#{field} = :{field}" for field in changes]
    condition = "attribute_exists(#name)"
    if expected is not None:
        condition += " AND #version = :expected"
        values[":expected"] = expected
    return {
        "Key": {"name": name},
        "UpdateExpression": f"SET {', '.join(sets)}, #updated = :now ADD #version :one",
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{field}": field for field in (*changes, "name", "updated", "version")},
        "ExpressionAttributeValues": {**values, ":now": int(time.time()), ":one": 1},
        "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _visible(request: Request) -> str:
    """The organization's name. Raises Refused(404) for one that the caller may not know of."""
    name = request.path["organization"]
    if not request.caller.operator and request.caller.organization != name:
        raise sites.none_such("organization", name)
    return name


def _operator(caller: Caller) -> None:
    if not caller.operator:
        raise Refused(403, "only operators of the platform may request organizations")


def _failed_condition(error: ClientError) -> bool:
    return error.response["Error"]["Code"] == "ConditionalCheckFailedException"
