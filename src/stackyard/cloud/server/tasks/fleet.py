"""All tasks of a server: starting and stopping them by their records, and what the status shows of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import catalogue, definitions, lives, notices, registries, roles, services, slots, storage

_SETTLING = 2.0  # seconds after a start until every service has its state back, buses among them
_KEPT = 500  # stopped tasks of one account and region that are remembered
_log = logging.getLogger("stackyard.tasks")


class Fleet:
    """The tasks of the cloud in `folder`, at most `most` at once; `emulator` is ministack's module of ECS."""

    def __init__(self, folder: Path, port: int, most: int, emulator: Any) -> None:
        self._emulator = emulator
        self._lives: dict[str, lives.Life] = {}
        self._slots = slots.Slots(most)
        self._notices = notices.Notices()
        self._folder = folder
        self._storage = storage.Watch(folder / "data", lambda: list(self._lives.values()))
        self._house = lives.House(
            folder, port, self._slots, self._notices, services.Keeper(emulator), self._image
        )  # fmt: skip

    def run(self, record: dict[str, Any], definition: Mapping[str, Any], region: str) -> None:
        """The whole life of a task; the calling thread is the task's own."""
        arn = record["taskArn"]
        life = self._lives[arn] = lives.Life(self._house, self._emulator, record, definition, region)
        self._storage.begin()
        try:
            life.run()
        finally:
            del self._lives[arn]

    def stop(self, record: dict[str, Any], reason: str, code: str = "UserInitiated") -> None:
        """Begin to stop the task of `record`; returns at once."""
        life = self._lives.get(record["taskArn"])
        if life is not None:
            life.stop(reason, code)

    def stop_all(self, reason: str) -> None:
        """Begin to stop every task."""
        for life in list(self._lives.values()):
            life.stop(reason, "TerminationNotice")

    def bury(self, records: list[dict[str, Any]]) -> None:
        """Settle the records of tasks that ran when the server before this one ended."""
        now = self._emulator._iso()
        for record in records:
            record.update(
                desiredStatus="STOPPED", lastStatus="STOPPED", stoppedAt=now, executionStoppedAt=now,
                stopCode="TerminationNotice", stoppedReason="The embedded cloud was stopped while this task ran",
                stoppingAt=record.get("stoppingAt") or now,
            )  # fmt: skip
            for row in record["containers"]:
                row["lastStatus"] = "STOPPED"
                if row.get("exitCode") is None:
                    row["exitCode"] = 137
        if records:
            later = threading.Timer(_SETTLING, self._mourn, (records,))
            later.daemon = True
            later.start()

    def _mourn(self, records: list[dict[str, Any]]) -> None:
        for record in records:
            account, region = record["taskArn"].split(":")[4], record["taskArn"].split(":")[3]
            roles.forget(record.pop("_access_key", ""))
            self._notices.tell(account, region, record)

    def forget(self) -> None:
        """Let go of the oldest stopped tasks of the account and region at hand."""
        tasks = self._emulator._tasks
        stopped = [arn for arn, task in tasks.items() if task.get("lastStatus") == "STOPPED"]
        for arn in sorted(stopped, key=lambda each: str(tasks[each].get("stoppedAt")))[:-_KEPT]:
            tasks.pop(arn, None)

    def report(self) -> list[dict[str, Any]]:
        """A row for each task that has not stopped; memory in bytes."""
        return [_row(life) for life in sorted(self._lives.values(), key=lambda one: str(one.record["createdAt"]))]

    def _image(self, account: str, reference: str) -> catalogue.Image:
        found = catalogue.image(self._folder, reference) or registries.image(self._folder, account, reference)
        if found is None:
            raise definitions.Impossible(
                f"CannotPullContainerError: the embedded cloud has no image {reference}: neither was a local image "
                f"provided under that name, nor is it in the account's registry"
            )
        return found


def _row(life: lives.Life) -> dict[str, Any]:
    record = life.record
    return {
        "account": life.account,
        "family": record["taskDefinitionArn"].rpartition("/")[2].partition(":")[0],
        "task": life.task_id,
        "status": record["lastStatus"],
        "started": record.get("startedAt"),
        "memory": life.memory(),
    }
