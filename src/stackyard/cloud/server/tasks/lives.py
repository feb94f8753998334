"""The life of one task: wait for a place, prepare, start its containers in order, watch them, stop them, tell."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import confinement  # noqa: TID252
from . import boxes, catalogue, definitions, hidden, notices, outputs, roles, services, slots, storage

_log = logging.getLogger("stackyard.tasks")
_ADDRESS = "127.0.0.1"
_STORAGE = 20  # GiB of a task that says nothing, as Fargate has it
Images = Callable[[str, str], catalogue.Image]  # by account and name


@dataclasses.dataclass(frozen=True)
class House:
    """What all tasks of a server share: its folder and port, places, events, and where images are found."""

    folder: Path
    port: int
    slots: slots.Slots
    notices: notices.Notices
    services: services.Keeper
    image: Images


@dataclasses.dataclass
class _Running:
    """A container that has been started; `code` is its exit status when it has ended."""

    container: definitions.Container
    process: confinement.Confined
    code: int | None = None


class Life:
    """One task, from its record in PROVISIONING to STOPPED; `run` is its thread, `stop` is for everybody else's."""

    def __init__(
        self, house: House, emulator: Any, record: dict[str, Any], definition: Mapping[str, Any], region: str
    ) -> None:
        self.record = record
        self.account: str = record["taskArn"].split(":")[4]
        self.task_id: str = record["taskArn"].rpartition("/")[2]
        self._house, self._emulator, self._definition, self._region = house, emulator, definition, region
        self._inbox: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._running: dict[str, _Running] = {}
        self._stopping = threading.Event()
        own = house.folder / "data" / "scratch" / "tasks" / self.task_id
        self._ground = boxes.Ground(house.folder, self.account, own)
        self._access_key = ""
        self._tokens: list[str] = []

    # ---- from outside

    def stop(self, reason: str, code: str) -> None:
        """Ask for the end of the task; returns at once, with the record saying that it stops."""
        with self._lock():
            if self.record["desiredStatus"] == "STOPPED":
                return
            self._emulator._bump_task_version(self.record)
            self.record.update(desiredStatus="STOPPED", stoppedReason=reason, stopCode=code)
            self.record["stoppingAt"] = self._emulator._iso()
            begun = self.record["lastStatus"] in ("RUNNING", "ACTIVATING")
            self.record["lastStatus"] = "DEACTIVATING" if begun else "DEPROVISIONING"
        self._stopping.set()
        self._inbox.put("")
        self._house.slots.stir()
        self._tell()

    def end(self, reason: str) -> None:
        """End the task at once: for one that has had its warning, or that must not go on."""
        self.stop(reason, "EssentialContainerExited")
        for one in list(self._running.values()):
            if one.code is None:
                one.process.kill()

    @property
    def folder(self) -> Path:
        """Where everything lies that it writes outside volumes of the machine."""
        return self._ground.own

    @property
    def user(self) -> int | None:
        """The user of its account, where accounts have users of their own."""
        return self._ground.uid if confinement.means() == "namespaces" else None

    @property
    def storage(self) -> int:
        """Bytes that it may write there."""
        given = self.record.get("overrides", {}).get("ephemeralStorage") or self._definition.get("ephemeralStorage")
        return int((given or {}).get("sizeInGiB") or _STORAGE) * storage.GIBIBYTE

    def memory(self) -> int:
        """Bytes of anonymous memory in use now."""
        return sum(one.process.memory() for one in list(self._running.values()) if one.code is None)

    # ---- the thread

    def run(self) -> None:
        """Everything until STOPPED."""
        with self._emulator.request_scope(self.account, self._region):
            self._tell()
            placed = self._house.slots.take(self.task_id, self._stopping.is_set)
            try:
                if placed:
                    self._live()
            except definitions.Impossible as fault:
                self._fail(str(fault))
            except Exception as fault:  # noqa: BLE001 - a task must end whatever happened to its thread
                _log.exception("task %s", self.task_id)
                self._fail(f"ResourceInitializationError: {fault}")
            finally:
                self._end(placed)

    def _live(self) -> None:
        if not (self._moved("PENDING") and self._moved("ACTIVATING")):
            return
        plan = definitions.planned(self._definition, self.record.get("overrides") or {})
        boxes.prepared(self._ground)
        self._attach()
        environ = self._environ(plan)
        images = {one.name: self._house.image(self.account, one.image) for one in plan.containers}
        waiting = list(plan.containers)
        while not self._over(waiting):
            for container in [one for one in waiting if self._may_start(one)]:
                waiting.remove(container)
                self._start(plan, container, images[container.name], environ)
            if not waiting and self.record["lastStatus"] == "ACTIVATING":
                self._moved("RUNNING")
                self._house.services.started(self.record, self.account, self._region)
            self._hear()

    def _hear(self) -> None:
        name = self._inbox.get()
        if name:
            self._note(self._running[name])

    def _over(self, waiting: list[definitions.Container]) -> bool:
        """Whether the task is to end; says so in its record."""
        if self._stopping.is_set():
            return True
        ended = [one for one in self._running.values() if one.code is not None]
        if any(one.container.essential for one in ended):
            self.stop("Essential container in task exited", "EssentialContainerExited")
            return True
        if not waiting and self._running and len(ended) == len(self._running):
            self.stop("All containers in task exited", "EssentialContainerExited")
            return True
        return False

    def _may_start(self, container: definitions.Container) -> bool:
        """Whether what it depends on is there; raises Impossible when that will never be."""
        for name, condition in container.depends:
            other = self._running.get(name)
            if other is None:
                return False
            if condition in ("COMPLETE", "SUCCESS") and other.code is None:
                return False
            if condition == "SUCCESS" and other.code != 0:
                raise definitions.Impossible(
                    f"CannotStartContainerError: dependency {name} of container {container.name} exited with code "
                    f"{other.code}"
                )
        return True

    def _start(
        self, plan: definitions.Task, container: definitions.Container, image: catalogue.Image,
        environ: Mapping[str, str],
    ) -> None:  # fmt: skip
        values = hidden.values(container, plan.execution_role, self.task_id, self.account, self._region)
        own = {**environ, **self._metadata(container)}
        whole = dataclasses.replace(container, environment={**container.environment, **values})
        box = boxes.boxed(self._ground, plan, whole, image, own)
        output = outputs.Output(container.logs, container.name, self.task_id, self._region)
        fault = output.opened()
        if fault:
            raise definitions.Impossible(f"ResourceInitializationError: failed to validate logger args: {fault}")
        reading, writing = os.pipe()
        try:
            process = confinement.start(box, stdout=writing, stderr=writing)
        except OSError:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self._running[container.name] = running = _Running(container, process)
        self._say(container.name, lastStatus="RUNNING", runtimeId=f"{self.task_id}-{process.pid}")
        threading.Thread(
            target=self._follow, args=(running, output, reading), daemon=True, name=f"container {container.name}"
        ).start()
        if not process.started() and process.fault:
            raise definitions.Impossible(f"CannotStartContainerError: {process.fault}")

    def _follow(self, running: _Running, output: outputs.Output, source: int) -> None:
        """The thread of one container: its output to the end, then its exit status."""
        try:
            with self._emulator.request_scope(self.account, self._region):
                output.pump(source)
        except Exception:  # noqa: BLE001 - output that cannot be kept must not keep the exit status from being known
            _log.exception("output of %s of task %s", running.container.name, self.task_id)
        finally:
            running.code = running.process.wait()
            self._inbox.put(running.container.name)

    # ---- the end

    def _fail(self, reason: str) -> None:
        self.stop(reason, "TaskFailedToStart")
        for row in self.record["containers"]:
            if row.get("exitCode") is None and row["name"] not in self._running:
                row["reason"] = reason

    def _end(self, placed: bool) -> None:
        """Stop what runs, and settle the record; every step is taken even when one before it fails."""
        with contextlib.ExitStack() as steps:
            if placed:
                steps.callback(self._house.slots.give_back)
            steps.callback(self._settle)
            steps.callback(boxes.cleared, self._ground)
            steps.callback(self._forget)
            steps.callback(self._stop_containers)

    def _stop_containers(self) -> None:
        left = [one for one in self._running.values() if one.code is None]
        for one in left:
            one.process.terminate()
        began = time.monotonic()
        for one in sorted(left, key=lambda each: each.container.stop_timeout):
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(max(0, began + one.container.stop_timeout - time.monotonic()))
            if one.process.poll() is None:
                one.process.kill()
        while any(one.code is None for one in self._running.values()):
            self._inbox.get()
        for one in self._running.values():
            self._note(one)

    def _forget(self) -> None:
        if self._access_key:
            roles.forget(self._access_key)
        for token in self._tokens:
            self._emulator.ecs_metadata.unregister_token(token)

    def _settle(self) -> None:
        with self._lock():
            self.record["executionStoppedAt"] = self._emulator._iso()
            for row in self.record["containers"]:
                row["lastStatus"] = "STOPPED"
            self._emulator._bump_task_version(self.record)
            self.record["lastStatus"] = "DEPROVISIONING"
        self._tell()
        with self._lock():
            self._emulator._bump_task_version(self.record)
            self.record["stoppedAt"] = self._emulator._iso()
            self.record["lastStatus"] = "STOPPED"
            self.record.pop("_access_key", None)
        self._emulator._tasks[self.record["taskArn"]] = self.record  # noted as changed
        self._counted()
        self._tell()
        self._house.services.ended(self.record, self.account, self._region)

    # ---- the record

    def _attach(self) -> None:
        """Its address, which is the machine's own: the network is shared."""
        self.record["_container_ip"] = _ADDRESS
        if self.record.get("_network_mode") == "awsvpc":
            identity = str(uuid.uuid4())
            details = [{"name": "privateIPv4Address", "value": _ADDRESS}]
            if self.record.get("_subnet"):
                details.insert(0, {"name": "subnetId", "value": self.record["_subnet"]})
            self.record["attachments"] = [
                {"id": identity, "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details}
            ]
            for row in self.record["containers"]:
                row["networkInterfaces"] = [{"attachmentId": identity, "privateIpv4Address": _ADDRESS}]

    def _moved(self, status: str) -> bool:
        """Take the record one state up; False when the task is to stop instead."""
        mark = getattr(self._emulator, f"_mark_task_{status.lower()}")
        if not mark(self.record["taskArn"], self.record):
            return False
        if status != "ACTIVATING":  # which ECS does not announce
            self._tell()
        return True

    def _note(self, running: _Running) -> None:
        code, process = running.code, running.process
        if code is not None:
            reason = "OutOfMemoryError: Container killed due to memory usage" if process.reason else ""
            fault = f"CannotStartContainerError: {process.fault}" if process.fault else ""
            told = {"reason": reason or fault} if reason or fault else {}
            self._say(running.container.name, lastStatus="STOPPED", exitCode=code, **told)

    def _say(self, name: str, **changes: Any) -> None:
        with self._lock():
            for row in self.record["containers"]:
                if row["name"] == name:
                    row.update(changes)

    def _counted(self) -> None:
        cluster = self._emulator._cluster_name_from_arn(self.record["clusterArn"])
        self._emulator._recount_cluster(cluster)
        self._emulator._refresh_service_state(cluster, self.record.get("group", ""))

    def _tell(self) -> None:
        self._house.notices.tell(self.account, self._region, self.record)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with self._emulator.resource_lock("ecs-task", self.record["taskArn"]):
            yield

    # ---- what ECS gives

    def _environ(self, plan: definitions.Task) -> dict[str, str]:
        environ = {
            "AWS_ENDPOINT_URL": f"http://{_ADDRESS}:{self._house.port}",
            "AWS_REGION": self._region,
            "AWS_DEFAULT_REGION": self._region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EXECUTION_ENV": f"AWS_ECS_{self.record.get('launchType') or 'EC2'}",
        }
        if plan.task_role:
            given = roles.credentials(plan.task_role, self.task_id)
            self._access_key = self.record["_access_key"] = given["AWS_ACCESS_KEY_ID"]
            environ |= given
        return environ

    def _metadata(self, container: definitions.Container) -> dict[str, str]:
        """ECS's metadata endpoint, without the credentials of nobody that ministack would give there."""
        environ: dict[str, str] = {}
        token = self._emulator._register_metadata(
            self.record["taskArn"], self.record["clusterArn"], self._definition, container.raw,
            self.record.get("launchType"), environ, True, None,
        )  # fmt: skip
        self._tokens.append(token)
        return {"ECS_CONTAINER_METADATA_URI_V4": environ["ECS_CONTAINER_METADATA_URI_V4"]}
