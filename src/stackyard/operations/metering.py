"""Reads what was used from the clouds: runs from tables and archives, bytes from buckets, log groups.

Every function here blocks and is called in a thread. `Account.client` gives boto3 clients; their faults pass through.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from stackyard.cost import usage
from stackyard.cost.owners import SHARED
from stackyard.cost.periods import Period, moment
from stackyard.cost.usage import Kind, RunTime, Usage
from stackyard.tenancy import rows

AT_REST: Final = "objects that were deleted in the month are not counted"
_LARGEST: Final = 1 << 20
"""1,024 vCPUs, or a TiB: more than any task has."""
METRICS_A_RUN: Final = 3
"""`FailedRuns`, `SucceededRuns`, `RunSeconds`; a custom metric costs for each hour in which it gets data."""


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """One account and what its organization's site made there; empty names are not read. No run takes longer than
    `run_limit`.

    `client(service)` gives a boto3 client. The organization of the platform's own account is `platform`.
    """

    organization: str
    number: str
    client: Callable[[str], Any] = dataclasses.field(repr=False, compare=False)
    runs_table: str = ""
    buckets: tuple[str, ...] = ()
    log_groups: str = ""
    run_limit: datetime.timedelta | None = None


def read(
    account: Account, period: Period, now: datetime.datetime, note: Callable[[str], None] = lambda _: None
) -> tuple[Usage, ...]:
    """Everything metered in one account in the period; `note` is told of every row that says nothing of sense."""
    found = list(runs_of(account, period, note))
    used: list[Usage] = [each for run in found for each in usage.of_run(run, now)]
    used += _metrics(found, account)
    for bucket in account.buckets or (_all_buckets(account) if account.organization == SHARED else ()):
        used += _stored(account, bucket, period)
    used += _logged(account, period)
    return tuple(used)


def runs_of(account: Account, period: Period, note: Callable[[str], None] = lambda _: None) -> Iterator[RunTime]:
    """The runs that began in the period, those of archived environments too; each once.

    Runs can write their own rows: one that is malformed takes itself out of its organization's bill, and no other.
    """
    seen: set[tuple[str, str]] = set()
    for row in _run_rows(account, period, note):
        key = (str(row.get("environment")), str(row.get("run")))
        try:
            run = run_of(row, account)
        except (ArithmeticError, TypeError, ValueError) as fault:
            note(f"the row of run {key[1]!a} in {key[0]!a} is malformed: {fault}")
            continue
        if run is not None and key not in seen and period.start <= run.started < period.end:
            seen.add(key)
            yield run


def run_of(row: Mapping[str, Any], account: Account) -> RunTime | None:
    """A row of the runs table as metered; None for what is no run, or one that never started."""
    project, _, environment = str(row.get("environment", "")).partition(".")
    started = moment(str(row.get("started") or ""))
    if not environment or started is None or not str(row.get("run", ""))[:1].isdigit():
        return None
    ended = moment(str(row.get("ended") or ""))
    cpu, memory = _size(row.get("cpu")), _size(row.get("memory_mb"))
    whose = (account.organization, project, environment, str(row["run"]))
    return RunTime(*whose, cpu, memory, started, ended, account.number, account.run_limit)


def _size(value: Any) -> int:
    """What a run had; less than nothing would be charged to the others. Raises ValueError for what no run has."""
    found = int(value or 0)
    if not 0 <= found <= _LARGEST:
        raise ValueError(f"no run has {value!r}")
    return found


def _run_rows(account: Account, period: Period, note: Callable[[str], None]) -> Iterator[Mapping[str, Any]]:
    if not account.runs_table:
        return
    # A run's name begins with its stamp, so that a month is a range of names.
    first, last = f"{period.start:%Y%m%dT}", f"{period.whole_end:%Y%m%dT}"
    pages = (
        account.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=account.runs_table,
            FilterExpression="#r BETWEEN :first AND :last",
            ExpressionAttributeNames={"#r": "run"},
            ExpressionAttributeValues={":first": {"S": first}, ":last": {"S": last}},
        )
    )
    for page in pages:
        yield from (rows.plain(item) for item in page["Items"])
    for bucket in account.buckets:
        yield from _archived(account, bucket, period, note)


def _archived(
    account: Account, bucket: str, period: Period, note: Callable[[str], None]
) -> Iterator[Mapping[str, Any]]:
    """Rows of environments that are gone: their archives keep them."""
    s3 = account.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="archive/"):
        for found in page.get("Contents", ()):
            if found["Key"].endswith("/runs.jsonl") and found["LastModified"] >= period.start:
                body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
                yield from _lines(body, found["Key"], note)


def _lines(body: bytes, key: str, note: Callable[[str], None]) -> Iterator[Mapping[str, Any]]:
    """The rows of a file; lines that hold none are noted."""
    for line in filter(None, map(bytes.strip, body.splitlines())):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield row
        else:
            note(f"a line of {key!a} is no row")


def _metrics(runs: Iterable[RunTime], account: Account) -> Iterator[Usage]:
    hours: dict[tuple[str, str], set[datetime.datetime]] = {}
    for run in runs:
        if run.ended is not None:
            hour = run.ended.replace(minute=0, second=0, microsecond=0)
            hours.setdefault((run.project, run.environment), set()).add(hour)
    for (project, environment), found in hours.items():
        first = min(found)
        yield Usage(
            account.organization,
            project,
            environment,
            Kind.METRICS,
            Decimal(METRICS_A_RUN * len(found)),
            first,
            first + datetime.timedelta(hours=1),
            f"site/{project}/{environment}",
            account.number,
        )


def _all_buckets(account: Account) -> tuple[str, ...]:
    return tuple(bucket["Name"] for bucket in account.client("s3").list_buckets().get("Buckets", ()))


def _stored(account: Account, bucket: str, period: Period) -> Iterator[Usage]:
    """Bytes of every version in a bucket, by whose they are, averaged over the period."""
    held: dict[tuple[str, str], Decimal] = {}
    pages = account.client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
    for page in pages:
        for version in page.get("Versions", ()):
            span = period.clipped(version["LastModified"], period.end)
            if span is not None:
                whose = owner_of(version["Key"])
                share = period.units("Seconds", *span) / period.units("Seconds", period.start, period.end)
                held[whose] = held.get(whose, Decimal(0)) + int(version["Size"]) * share
    for (project, environment), amount in sorted(held.items()):
        whose_ = (account.organization, project, environment)
        span_ = (period.start, period.end)
        yield Usage(*whose_, Kind.BYTES_STORED, amount, *span_, f"s3://{bucket}", account.number, AT_REST)


def owner_of(key: str) -> tuple[str, str]:
    """Project and environment whose an object of a site's buckets is; both empty for the site's own."""
    parts = key.split("/")
    if parts[0] == "projects" and len(parts) > 2:
        return parts[1], ""
    if parts[0] in ("environments", "archive") and len(parts) > 2 and "." in parts[1]:
        project, _, environment = parts[1].partition(".")
        return project, environment
    return "", ""


def _logged(account: Account, period: Period) -> Iterator[Usage]:
    if not account.log_groups:
        return
    pages = account.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=account.log_groups)
    for page in pages:
        for group in page.get("logGroups", ()):
            yield from _of_group(account, group, period)


def _of_group(account: Account, group: Mapping[str, Any], period: Period) -> Iterator[Usage]:
    amount, name = Decimal(int(group.get("storedBytes") or 0)), str(group["logGroupName"])
    began = datetime.datetime.fromtimestamp(int(group.get("creationTime") or 0) / 1000, datetime.UTC)
    span = period.clipped(began, period.end)
    if not amount or span is None:
        return
    parts = name[len(account.log_groups) :].strip("/").split("/")
    whose = (parts[0], parts[1]) if len(parts) == 2 and account.organization != SHARED else ("", "")
    common = (name, account.number)
    yield Usage(account.organization, *whose, Kind.LOG_BYTES_STORED, amount, *span, *common, AT_REST)
