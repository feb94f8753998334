"""What the embedded cloud counted: requests, units, calls, messages and bytes, by account and resource."""

from __future__ import annotations

import dataclasses
import datetime
import urllib.parse
from decimal import Decimal
from pathlib import Path

from stackyard.cloud.client import processes


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """`amount` of `kind` within `[start, end)`, whole hours. `resource` is an ARN, or empty where there is none.

    `caller` is the ARN of the role that called; empty for the account's root, for users and for nobody.
    """

    account: str
    kind: str
    resource: str
    caller: str
    amount: Decimal
    start: datetime.datetime
    end: datetime.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """What was counted; `since` is when counting began in this cloud, None when it has not."""

    counts: tuple[Count, ...]
    since: datetime.datetime | None


def read(folder: Path, port: int, start: datetime.datetime, end: datetime.datetime, *, hourly: bool) -> Counted:
    """The counts of the hours that `[start, end)` touches, each hour by itself or all as one; blocks.

    Raises CloudError when the server does not answer.
    """
    query = {"start": start.isoformat(), "end": end.isoformat(), **({"by": "hour"} if hourly else {})}
    answer = processes.ask(folder, port, "GET", f"/_stackyard/usage?{urllib.parse.urlencode(query)}")
    since = answer["since"]
    return Counted(tuple(map(_count, answer["usage"])), datetime.datetime.fromisoformat(since) if since else None)


def _count(given: dict[str, str]) -> Count:
    start, end = (datetime.datetime.fromisoformat(given[name]) for name in ("start", "end"))
    account, kind, resource, caller = (given[name] for name in ("account", "kind", "resource", "caller"))
    return Count(account, kind, resource, caller, Decimal(given["amount"]), start, end)
