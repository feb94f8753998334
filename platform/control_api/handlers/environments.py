"""Hosted projects and activated environments of one organization, as the caller may see them."""

from __future__ import annotations

from typing import Any, Final

import pages
import runs
from answers import Answer, Request, answer
from boto3.dynamodb.types import TypeDeserializer
from sites import TABLE, Group, Site, none_such, site_of

_PAGE: Final = 25
_plain = TypeDeserializer().deserialize
Row = dict[str, Any]


def projects(request: Request) -> Answer:
    """GET …/projects → 200: the hosted projects in which the caller may see something."""
    site = site_of(request.caller, request.path["organization"])
    rows, _ = listed(site, site.any_group(), "projects", "", 200)
    seen = {row["project"] for row in _all(site) if site.group("view", row["project"], row["name"])}
    shown = [
        {"name": row["run"], "repository": row.get("repository", ""), "manifest": row.get("manifest", "")}
        for row in rows
        if row["run"] in seen or site.group("view", row["run"], "*")
    ]
    return answer(200, {"projects": shown})


def list_all(request: Request) -> Answer:
    """GET …/environments[?next] → 200: each with its last run."""
    site = site_of(request.caller, request.path["organization"])
    rows, following = listed(site, site.any_group(), "environments", pages.start(request.query), _PAGE)
    shown = [_with_last_run(site, row) for row in rows if site.group("view", row["project"], row["name"])]
    return answer(200, {"environments": shown, **following})


def get(request: Request) -> Answer:
    """GET …/environments/{environment} → 200."""
    site = site_of(request.caller, request.path["organization"])
    return answer(200, _with_last_run(site, row_of(site, request.path["environment"])))


def row_of(site: Site, key: str) -> Row:
    """An environment's row. Raises Refused(404) when there is none that the caller may see."""
    asking = site.client("dynamodb", site.needed("view", key))
    asked = {"environment": {"S": "environments"}, "run": {"S": key}}
    found = asking.get_item(TableName=TABLE, Key=asked).get("Item")
    if found is None:
        raise none_such("environment", key)
    return plain(found)


def listed(site: Site, group: Group, kind: str, after: str, most: int) -> tuple[list[Row], dict[str, str]]:
    """One page of the rows of a kind (`environments`, `projects`, a key) after `after`, and `next` if there is more."""
    asked: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": "#e = :kind",
        "ExpressionAttributeNames": {"#e": "environment"},
        "ExpressionAttributeValues": {":kind": {"S": kind}},
        "Limit": most,
    }
    if after:
        asked["ExclusiveStartKey"] = {"environment": {"S": kind}, "run": {"S": after}}
    page = site.client("dynamodb", group).query(**asked)
    last = page.get("LastEvaluatedKey")
    return [plain(item) for item in page["Items"]], {"next": pages.token(last["run"]["S"])} if last else {}


def plain(item: dict[str, Any]) -> Row:
    """An item's values without their types."""
    return {name: _plain(value) for name, value in item.items()}


def _all(site: Site) -> list[Row]:
    rows: list[Row] = []
    after = ""
    while True:
        page, following = listed(site, site.any_group(), "environments", after, 200)
        rows += page
        if not following:
            return rows
        after = page[-1]["run"]


def _with_last_run(site: Site, row: Row) -> Row:
    shown = {
        "key": row["run"],
        "project": row["project"],
        "name": row["name"],
        "ref": row.get("ref", ""),
        "commit": row.get("commit", ""),
        "services": list(row.get("services") or ()),
        "schedules": list(row.get("schedules") or ()),
        "jobs": list(row.get("jobs") or ()),
        "phase": row.get("phase", "active"),
        "expires": row.get("expires", 0),
        "may": site.deeds(row["project"], row["name"]),
    }
    last, _ = runs.latest(site, row["run"], "", 1)
    return {**shown, **({"last_run": last[0]} if last else {})}
