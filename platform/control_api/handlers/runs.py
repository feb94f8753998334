"""Runs of an activated environment: listed, shown, started, stopped, and read along."""

from __future__ import annotations

import base64
import binascii
import datetime
import json
import re
from decimal import Decimal
from typing import Any, Final

import environments
import pages
from answers import Answer, Refused, Request, answer
from botocore.exceptions import ClientError
from sites import TABLE, Site, none_such, site_of

_PAGE: Final = 25
_END: Final = ":"  # what comes after '9': runs begin with a digit, `head` and `lease` do not
_LINES: Final = 500
_FINAL: Final = ("succeeded", "failed", "stopped")
_TEXTS: Final = ("reason", "by", "commit", "message", "started", "ended")
_NUMBERS: Final = ("exit_code", "cpu", "memory_mb")
_TOKEN: Final = re.compile(r"[fb]/[0-9A-Za-z:/=_+-]{1,200}")
Row = dict[str, Any]


def list_all(request: Request) -> Answer:
    """GET …/runs[?next] → 200: the latest first."""
    site, key = _asked(request)
    environments.row_of(site, key)
    after = pages.start(request.query)
    if after >= _END:
        raise Refused(400, "next is not a page of this list", faults=["next is not a page of this list"])
    found, following = latest(site, key, after, _PAGE)
    return answer(200, {"runs": found, **following})


def get(request: Request) -> Answer:
    """GET …/runs/{run} → 200."""
    site, key = _asked(request)
    return answer(200, shown(_row(site, key, request.path["run"])))


def start(request: Request) -> Answer:
    """POST …/runs {jobs?} → 201, 400 for a job that the project has not, or 409 with the run that is in the way."""
    site, key = _asked(request)
    environments.row_of(site, key)
    order = {"action": "start", "jobs": request.body.get("jobs") or [], "reason": "manual", "by": site.user}
    return answer(201, {"run": _ordered(site, key, order)["run"]})


def stop(request: Request) -> Answer:
    """POST …/runs/{run}/stop → 202, or 409 when it has ended."""
    site, key = _asked(request)
    row = _row(site, key, request.path["run"])
    site.needed("run", key)
    if row.get("status") in _FINAL:
        raise Refused(409, f"the run has ended: {row['status']}", run=row["run"])
    _ordered(site, key, {"action": "stop", "run": row["run"], "by": site.user})
    return answer(202, {"run": row["run"]})


def logs(request: Request) -> Answer:
    """GET …/runs/{run}/logs[?next] → 200: lines from the beginning, or from where the answer before ended."""
    site, key = _asked(request)
    row = _row(site, key, request.path["run"])
    stream, token = str(row.get("log_stream", "")), _log_token(request.query.get("next", ""))
    ended = row.get("status") in _FINAL
    if not stream:
        return answer(200, {"lines": [], "done": ended})
    page = _events(site, key, stream, token)
    lines = [{"at": _stamp(event["timestamp"]), "message": event["message"]} for event in page["events"]]
    following = page.get("nextForwardToken") or token
    more = {"next": base64.urlsafe_b64encode(following.encode()).decode()} if following else {}
    return answer(200, {"lines": lines, "done": ended and not lines, **more})


def latest(site: Site, key: str, after: str, most: int) -> tuple[list[Row], dict[str, str]]:
    """One page of an environment's runs as the API shows them, and `next` if there is more."""
    asked: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": "#e = :key AND #r < :letters",
        "ExpressionAttributeNames": {"#e": "environment", "#r": "run"},
        "ExpressionAttributeValues": {":key": {"S": key}, ":letters": {"S": _END}},
        "ScanIndexForward": False,
        "Limit": most,
    }
    if after:
        asked["ExclusiveStartKey"] = {"environment": {"S": key}, "run": {"S": after}}
    page = site.client("dynamodb", site.needed("view", key)).query(**asked)
    last = page.get("LastEvaluatedKey")
    found = [shown(environments.plain(item)) for item in page["Items"]]
    return found, {"next": pages.token(last["run"]["S"])} if last else {}


def shown(row: Row) -> Row:
    """A run as the API shows it: what is empty is left out, and so is what is nobody's business outside.

    Runs can write their own rows, so what is not of its kind is left out, too: it must not hide the other runs.
    """
    run: Row = {"run": row["run"], "status": str(row.get("status", "starting"))}
    run |= {name: str(row[name]) for name in _TEXTS if row.get(name)}
    run |= {name: row[name] for name in _NUMBERS if isinstance(row.get(name), Decimal)}
    run |= {"jobs": [str(job) for job in row["jobs"]]} if isinstance(row.get("jobs"), list) else {}
    rows = row.get("rows")
    counts = (
        {name: count for name, count in rows.items() if isinstance(count, Decimal)} if isinstance(rows, dict) else {}
    )
    return run | ({"rows": counts} if counts else {})


def _asked(request: Request) -> tuple[Site, str]:
    return site_of(request.caller, request.path["organization"]), request.path["environment"]


def _row(site: Site, key: str, run: str) -> Row:
    asking = site.client("dynamodb", site.needed("view", key))
    found = asking.get_item(TableName=TABLE, Key={"environment": {"S": key}, "run": {"S": run}}).get("Item")
    if found is None:
        raise none_such("run", run)
    return environments.plain(found)


def _ordered(site: Site, key: str, order: Row) -> Row:
    """What the environment's launch function says to an order.

    Raises Refused: 400 for what can never be done, 409 for what cannot be done now, 502 if the function fails.
    """
    name = f"launch_{key.replace('.', '_')}"
    try:
        asked = site.client("lambda", site.needed("run", key)).invoke(FunctionName=name, Payload=json.dumps(order))
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            raise Refused(409, f"{key} cannot be run: it is being made or taken away") from None
        raise
    said = json.load(asked["Payload"])
    if asked.get("FunctionError") or not isinstance(said, dict):
        raise Refused(502, "the environment's launch function has failed; the platform's operators can see why")
    if said.get("faults"):
        raise Refused(400, str(said["refused"]), faults=[str(each) for each in said["faults"]])
    if said.get("refused"):
        raise Refused(409, str(said["refused"]), **({"run": said["run"]} if said.get("run") else {}))
    return said


def _events(site: Site, key: str, stream: str, token: str) -> Row:
    group = environments.row_of(site, key)["log_group"]
    asked = {"logGroupName": group, "logStreamName": stream, "startFromHead": True, "limit": _LINES}
    reading = site.client("logs", site.needed("view", key))
    try:
        page: Row = reading.get_log_events(**asked, **({"nextToken": token} if token else {}))
    except ClientError as error:
        # The stream comes to be with the task's first line.
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return {"events": []}
    return page


def _log_token(given: str) -> str:
    try:
        token = base64.urlsafe_b64decode(given).decode()
    except (binascii.Error, ValueError):
        token = ""
    if given and not _TOKEN.fullmatch(token):
        raise Refused(400, "next is not a place in this log", faults=["next is not a place in this log"])
    return token


def _stamp(milliseconds: int) -> str:
    at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
