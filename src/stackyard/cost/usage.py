"""Metered use: who used how much of what, when; and how a run is metered.

A run is billed as AWS Fargate bills a task: vCPU and memory asked for × seconds from start to stop, rounded up to
the second, at least one minute (https://aws.amazon.com/fargate/pricing/).
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from stackyard.cost import rows
from stackyard.cost.owners import SHARED, Owner
from stackyard.cost.periods import Period
from stackyard.cost.prices import PriceBook
from stackyard.cost.rows import Row

MINIMUM_SECONDS: Final = 60
NO_END: Final = "no end of the run is recorded: it counts until now, or as long as runs may take"
GIB: Final = 2**30
"""A billed GB of data: providers say GB and mean GiB."""


class Kind(enum.StrEnum):
    """What was used. Amounts: seconds of a vCPU, GB-seconds, bytes, or counted things; bytes stored are held from
    start to end."""

    CPU_SECONDS = "cpu_seconds"
    GB_SECONDS = "gb_seconds"
    BYTES_STORED = "bytes_stored"
    BYTES_MOVED = "bytes_moved"
    BYTES_SENT = "bytes_sent"
    BYTES_INSIDE = "bytes_inside"
    REQUESTS = "requests"
    READ_REQUESTS = "read_requests"
    LOG_BYTES = "log_bytes"
    LOG_BYTES_STORED = "log_bytes_stored"
    IMAGE_BYTES_STORED = "image_bytes_stored"
    FILE_BYTES_STORED = "file_bytes_stored"
    TABLE_WRITES = "table_writes"
    TABLE_READS = "table_reads"
    API_REQUESTS = "api_requests"
    REST_API_REQUESTS = "rest_api_requests"
    FUNCTION_REQUESTS = "function_requests"
    FUNCTION_GB_SECONDS = "function_gb_seconds"
    QUEUE_REQUESTS = "queue_requests"
    TOPIC_REQUESTS = "topic_requests"
    EVENTS = "events"
    KEY_REQUESTS = "key_requests"
    SECRET_REQUESTS = "secret_requests"
    SCHEDULED = "scheduled"
    METRICS = "metrics"


@dataclasses.dataclass(frozen=True, slots=True)
class Tariff:
    """Which price a kind has, and how many of its amount make one unit (of time, for what is held)."""

    price: str
    each: Decimal


TARIFFS: Final = {
    Kind.CPU_SECONDS: Tariff("fargate.vcpu", Decimal(3600)),
    Kind.GB_SECONDS: Tariff("fargate.memory", Decimal(3600)),
    Kind.BYTES_STORED: Tariff("s3.standard", Decimal(GIB)),
    Kind.BYTES_MOVED: Tariff("vpc.nat_gateway.data", Decimal(GIB)),
    Kind.BYTES_SENT: Tariff("transfer.internet", Decimal(GIB)),
    Kind.BYTES_INSIDE: Tariff("transfer.region", Decimal(GIB)),
    Kind.REQUESTS: Tariff("s3.requests.write", Decimal(1000)),
    Kind.READ_REQUESTS: Tariff("s3.requests.read", Decimal(1000)),
    Kind.LOG_BYTES: Tariff("cloudwatch.logs.ingested", Decimal(GIB)),
    Kind.LOG_BYTES_STORED: Tariff("cloudwatch.logs.stored", Decimal(GIB)),
    Kind.IMAGE_BYTES_STORED: Tariff("ecr.storage", Decimal(GIB)),
    Kind.FILE_BYTES_STORED: Tariff("efs.storage", Decimal(GIB)),
    Kind.TABLE_WRITES: Tariff("dynamodb.writes", Decimal(1_000_000)),
    Kind.TABLE_READS: Tariff("dynamodb.reads", Decimal(1_000_000)),
    Kind.API_REQUESTS: Tariff("apigateway.http", Decimal(1_000_000)),
    Kind.REST_API_REQUESTS: Tariff("apigateway.rest", Decimal(1_000_000)),
    Kind.FUNCTION_REQUESTS: Tariff("lambda.requests", Decimal(1_000_000)),
    Kind.FUNCTION_GB_SECONDS: Tariff("lambda.memory", Decimal(1)),
    Kind.QUEUE_REQUESTS: Tariff("sqs.requests", Decimal(1_000_000)),
    Kind.TOPIC_REQUESTS: Tariff("sns.requests", Decimal(1_000_000)),
    Kind.EVENTS: Tariff("events.custom", Decimal(1_000_000)),
    Kind.KEY_REQUESTS: Tariff("kms.requests", Decimal(10_000)),
    Kind.SECRET_REQUESTS: Tariff("secretsmanager.requests", Decimal(10_000)),
    Kind.SCHEDULED: Tariff("scheduler.invocations", Decimal(1_000_000)),
    Kind.METRICS: Tariff("cloudwatch.metric", Decimal(1)),
}
HELD: Final = frozenset(
    {Kind.BYTES_STORED, Kind.LOG_BYTES_STORED, Kind.IMAGE_BYTES_STORED, Kind.FILE_BYTES_STORED, Kind.METRICS}
)
"""Kinds whose amount stands from start to end; the others happen."""
COMPUTE: Final = frozenset({"fargate.vcpu", "fargate.memory"})
"""The prices that metered compute comes to."""


@dataclasses.dataclass(frozen=True, slots=True)
class Usage:
    """`amount` of `kind` within `[start, end)`. `source` is the meter: a run, a bucket. `approximate` says what of it
    is a guess. `layer` is empty for what an environment, a project or an organization uses of its own. `owner`, where
    it is given, is whom it is charged to, instead of what the names say; `name`, `type` and `stack` are of the resource
    that was used, where a state knows it.
    """

    organization: str
    project: str
    environment: str
    kind: Kind
    amount: Decimal
    start: datetime.datetime
    end: datetime.datetime
    source: str
    account: str = ""
    approximate: str = ""
    layer: str = ""
    owner: Owner | None = None
    name: str = ""
    type: str = ""
    stack: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class RunTime:
    """One run as metered: `cpu` in 1/1024 vCPU; `ended` None while it runs, at most `limit` (None = for ever)."""

    organization: str
    project: str
    environment: str
    run: str
    cpu: int
    memory_mb: int
    started: datetime.datetime
    ended: datetime.datetime | None = None
    account: str = ""
    limit: datetime.timedelta | None = None


def of_run(run: RunTime, now: datetime.datetime) -> tuple[Usage, Usage]:
    """The vCPU-seconds and GB-seconds of one run; a run under way counts up to `now`, or its limit."""
    ended = run.ended or (now if run.limit is None else min(now, run.started + run.limit))
    seconds = max(MINIMUM_SECONDS, math.ceil((ended - run.started).total_seconds()))
    end = max(ended, run.started + datetime.timedelta(seconds=seconds))
    note = "" if run.ended else NO_END

    def used(kind: Kind, each: Decimal) -> Usage:
        whose = (run.organization, run.project, run.environment)
        return Usage(*whose, kind, each * seconds, run.started, end, run.run, run.account, note)

    return used(Kind.CPU_SECONDS, Decimal(run.cpu) / 1024), used(Kind.GB_SECONDS, Decimal(run.memory_mb) / 1024)


def to_rows(used: Iterable[Usage], book: PriceBook, period: Period) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    """The rows of what was used in the period, and the kinds that the book has no price for.

    What happened belongs to the period in which it began; what is held, to the time in the period.
    """
    found, unpriced = [], set()
    for use in used:
        tariff = TARIFFS[use.kind]
        price = book.price(tariff.price)
        if price is None:
            unpriced.add(f"{use.kind} ({tariff.price})")
            continue
        quantity = use.amount / tariff.each
        span: tuple[datetime.datetime, datetime.datetime] | None = (use.start, use.end)
        if use.kind in HELD:
            span = period.clipped(use.start, use.end)
            quantity *= period.units(price.time or "Months", *span) if span else 0
        elif not period.start <= use.start < period.end:
            span = None
        if span is None:
            continue
        found.append(rows.priced(rows.Origin.METERED, _owner(use), price, quantity, span, **_details(use)))
    return tuple(found), tuple(sorted(unpriced))


def _details(use: Usage) -> dict[str, str]:
    return {
        "account": use.account,
        "source": use.source,
        "approximate": use.approximate,
        "resource_id": use.source,
        "resource_name": use.name,
        "resource_type": use.type,
        "stack": use.stack,
    }


def _owner(use: Usage) -> Owner:
    if use.owner is not None:
        return use.owner
    whose = "environments" if use.environment else "projects" if use.project else "sites"
    layer = use.layer or ("fabric" if use.organization == SHARED else whose)
    return Owner(layer, use.organization, use.project, use.environment, use.organization)
