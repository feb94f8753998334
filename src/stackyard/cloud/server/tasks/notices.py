"""The events "ECS Task State Change" on the default bus of the task's account, in the order of the changes."""

from __future__ import annotations

import importlib
import json
import logging
import queue
import threading
from typing import Any

_log = logging.getLogger("stackyard.tasks")


class Notices:
    """A queue and a thread that delivers: a slow target, such as a function, holds up no task."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[str, str, dict[str, Any]]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def tell(self, account: str, region: str, task: dict[str, Any]) -> None:
        """Announce the state of `task`, its record, as it is now."""
        emulator: Any = importlib.import_module("ministack.services.ecs")
        detail = {
            name: value for name, value in emulator._sanitize(task).items() if name not in ("tags", "stoppedReason")
        }
        if task.get("stoppedReason"):
            detail["stoppedReason"] = task["stoppedReason"]
        if not task.get("stopCode"):
            detail.pop("stopCode", None)
        detail["updatedAt"] = emulator._iso()
        self._queue.put((account, region, detail))
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._deliver, daemon=True, name="task events")
                self._thread.start()

    def _deliver(self) -> None:
        bus: Any = importlib.import_module("ministack.services.eventbridge")
        responses: Any = importlib.import_module("ministack.core.responses")
        while True:
            account, region, detail = self._queue.get()
            entry = {
                "Source": "aws.ecs", "DetailType": "ECS Task State Change", "Detail": json.dumps(detail),
                "Resources": [detail["taskArn"]], "EventBusName": "default",
            }  # fmt: skip
            try:
                with responses.request_scope(account, region):
                    bus._put_events({"Entries": [entry]}, allow_aws_source=True)
            except Exception:  # noqa: BLE001 - one target's fault must not keep the others from their events
                _log.exception("the event of %s could not be delivered", detail["taskArn"])
