"""Services of the cluster: a task that ended is replaced, later and later when it keeps failing."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

_FIRST, _LONGEST = 1.0, 60.0  # seconds before a failed task is replaced
_STEADY = 60.0  # seconds after which a task's end is not the fault of its start
_log = logging.getLogger("stackyard.tasks")


def pause(failures: int) -> float:
    """Seconds before the task after the `failures`th failure in a row is replaced."""
    return min(_FIRST * 2.0 ** (failures - 1), _LONGEST)


class Keeper:
    """Tells ministack's scheduler of services what becomes of their tasks, at the right time."""

    def __init__(self, emulator: Any) -> None:
        self._emulator = emulator
        self._failures: dict[tuple[str, str, str], int] = {}
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    def started(self, record: dict[str, Any], account: str, region: str) -> None:
        """A task is RUNNING: its service's deployment may be complete soon."""
        key = self._service(record)
        if key:
            self._since[record["taskArn"]] = time.monotonic()
            self._emulator._schedule_service_deployment_completion(
                key.partition("/")[0], key, account, region, healthy_task=record
            )

    def ended(self, record: dict[str, Any], account: str, region: str) -> None:
        """A task has STOPPED; called within the scope of its account and region."""
        key = self._service(record)
        if not key:
            return
        ran = time.monotonic() - self._since.pop(record["taskArn"], time.monotonic())
        failed = record["stopCode"] in ("EssentialContainerExited", "TaskFailedToStart")
        with self._lock:
            number = self._failures.get((account, region, key), 0) + 1 if failed and ran < _STEADY else 0
            self._failures[account, region, key] = number
        if number == 0:
            self._again(record, key, account, region, failed)
            return
        later = threading.Timer(pause(number), self._again, (record, key, account, region, failed))
        later.daemon = True
        later.start()

    def _again(self, record: dict[str, Any], key: str, account: str, region: str, failed: bool) -> None:
        try:
            with self._emulator.request_scope(account, region):
                if failed:
                    self._emulator._record_service_task_failure(record)
                else:
                    self._emulator._reconcile_service_tasks(key.partition("/")[0], key)
        except Exception:  # noqa: BLE001 - a timer's thread has nobody else to tell
            _log.exception("service %s", key)

    def _service(self, record: dict[str, Any]) -> str:
        """`cluster/service`, or "" for a task that is its own."""
        group = record.get("group") or ""
        cluster = self._emulator._cluster_name_from_arn(record["clusterArn"])
        return f"{cluster}/{group.partition(':')[2]}" if group.startswith("service:") else ""
