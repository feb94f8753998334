"""environment run, stop, runs and logs: the runs of activated environments."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

from stackyard import errors
from stackyard.errors import Position
from stackyard.estate import documents
from stackyard.model.activations import Activation
from stackyard.operations import hosting
from stackyard.operations.hosting import Hosting, in_cloud
from stackyard.tenancy import images, leases, plugins, rows, sources
from stackyard.tenancy.rows import Row

FINAL: Final = ("succeeded", "failed", "stopped")
_POLL_SECONDS: Final = 0.5
_SILENT_SECONDS: Final = 30.0
Tell = Callable[[str], None]


async def equip(hosts: Hosting, record: Activation, tell: Tell) -> None:
    """On the embedded cloud: have the runner's image and the environment's plugins, made once for this machine.

    On AWS the image is in the registry, and the installer task of `compute` fills the cache.
    """
    stack = hosts.stack(hosting.ENVIRONMENTS, record.entry)
    if stack is None or stack.cloud != "embedded":
        return
    await hosts.workspace.ensure_cloud()
    await asyncio.to_thread(images.provide, hosts.workspace.cloud, (hosts.workspace.account(),), tell)
    await asyncio.to_thread(plugins.ensure_activated, record, tell)


async def start(hosts: Hosting, record: Activation, jobs: Sequence[str], by: str, tell: Tell) -> str:
    """Start a run; its name.

    Raises UsageError for a job that the project does not have, EngineError when the run is refused, naming the run
    that is in the way.
    """
    await _check_jobs(record, jobs)
    site = await hosts.site(record.organization)
    await equip(hosts, record, tell)
    order = {"action": "start", "jobs": list(jobs), "reason": "manual", "by": by}
    answer = await in_cloud(leases.launch, site, record, order)
    if "refused" in answer:
        holder = str(answer.get("run") or "")
        hint = f"stackyard environment logs {record.title} {holder} -f, or stop it" if holder else ""
        message = f"no run of {record.title} was started: {answer['refused']}" + (f" ({holder})" if holder else "")
        raise errors.EngineError(message, hint=hint)
    return str(answer["run"])


async def _check_jobs(record: Activation, jobs: Sequence[str]) -> None:
    unknown = record.unknown(jobs)
    if not unknown:
        return
    where = f"{record.manifest} of {record.title}"
    hint = f"it has: {', '.join(record.jobs)}" if record.jobs else "it has none; name an extractor and a loader"
    position = await asyncio.to_thread(_jobs_of, record)
    named = ", ".join(repr(each) for each in unknown)
    raise errors.UsageError(f"{where} has no job {named}", hint=hint, position=position)


def _jobs_of(record: Activation) -> Position:
    """Where a project's jobs stand at the environment's commit; its file alone when that cannot be read now."""
    path = f"{record.organization}/{record.project}:{record.manifest}"
    try:
        text = sources.fetch(record.repository, record.commit).text(record.manifest)
    except errors.SourceError:
        return Position(path)
    root = documents.parse(text, path).root
    return root.keys.get("jobs", Position(path)) if root is not None else Position(path)


async def stop(hosts: Hosting, record: Activation, run: str, by: str) -> str:
    """Ask a run (by default the one that is under way) to end; its name. Raises EngineError when it is refused."""
    site = await hosts.site(record.organization)
    run = run or await in_cloud(leases.holder, site, record)
    if not run:
        raise errors.UsageError(f"nothing runs in {record.title}")
    answer = await in_cloud(leases.stop, site, record, run, by)
    if "refused" in answer:
        raise errors.EngineError(f"run {run} was not stopped: {answer['refused']}")
    return run


async def latest(hosts: Hosting, record: Activation, limit: int) -> list[Row]:
    """The latest runs of an environment, newest first."""
    site = await hosts.site(record.organization)

    def ask() -> list[Row]:
        return list(rows.of(site.client("dynamodb"), site.runs_table, record.key, newest=limit))

    return await in_cloud(ask)


async def ended(hosts: Hosting, record: Activation, run: str) -> Row:
    """Wait until a run has ended; its row. Raises EngineError when its task is gone and nobody says how it ended."""
    site = await hosts.site(record.organization)
    dynamodb = await in_cloud(site.client, "dynamodb")
    silent_since = 0.0
    while True:
        row = await in_cloud(rows.one, dynamodb, site.runs_table, record.key, run)
        if row is None or "status" not in row:
            raise errors.UsageError(f"environment {record.title} has no run {run!r}")
        if row["status"] in FINAL:
            return row
        if await in_cloud(leases.holder, site, record) == run:
            silent_since = 0.0
        elif not silent_since:
            silent_since = time.monotonic()
        elif time.monotonic() - silent_since > _SILENT_SECONDS:
            raise errors.EngineError(f"the task of run {run} has gone, and nothing says how it ended")
        await asyncio.sleep(_POLL_SECONDS)


async def lines(hosts: Hosting, record: Activation, run: str, *, follow: bool) -> AsyncIterator[dict[str, Any]]:
    """The log of a run (`timestamp` in ms, `message`), oldest first; with `follow`, until it has ended.

    Raises UsageError when there is no such run, EngineError as `ended` does.
    """
    site = await hosts.site(record.organization)
    dynamodb, logs = await in_cloud(site.client, "dynamodb"), await in_cloud(site.client, "logs")
    ending = asyncio.ensure_future(ended(hosts, record, run)) if follow else None
    token: dict[str, str] = {}
    try:
        while True:
            is_last = ending is None or ending.done()  # asked before the log is read: what it wrote is read below
            row = await in_cloud(rows.one, dynamodb, site.runs_table, record.key, run)
            if row is None or "status" not in row:
                raise errors.UsageError(f"environment {record.title} has no run {run!r}")
            while stream := row.get("log_stream"):
                given = {"logGroupName": site.logs_of(record), "logStreamName": stream, "startFromHead": True}
                page = await in_cloud(_page, logs, {**given, **token})
                for event in page["events"]:
                    yield {"timestamp": event["timestamp"], "message": event["message"]}
                before, token = token, {"nextToken": page["nextForwardToken"]} if page["events"] else token
                if token == before:
                    break
            if is_last:
                break
            await asyncio.sleep(_POLL_SECONDS)
        if ending is not None:
            await ending
    finally:
        if ending is not None:
            ending.cancel()


def _page(logs: Any, given: Row) -> Any:
    try:
        return logs.get_log_events(**given)
    except logs.exceptions.ResourceNotFoundException:
        return {"events": []}  # the task has not written yet
