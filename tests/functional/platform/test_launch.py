"""The launch function, against real rows: a run an environment, bounded runs an organization, dead holders replaced."""

from __future__ import annotations

import importlib.util
import json
import sys
from concurrent import futures
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.platform import activated_environments
from stackyard.testing.clouds import embedded_cloud, fresh_account

__all__ = ["embedded_cloud", "fresh_account"]

pytestmark = pytest.mark.cloud
SOURCE = Path(activated_environments.__file__).parent / "functions" / "launch.py"


class Tasks:
    """ECS as the function uses it: tasks that live until a test ends them."""

    def __init__(self) -> None:
        self.tasks: dict[str, dict[str, Any]] = {}
        self.placed = True

    def run_task(self, **given: Any) -> dict[str, Any]:
        if not self.placed:
            return {"tasks": [], "failures": [{"reason": "RESOURCE:MEMORY"}]}
        arn = f"arn:aws:ecs:us-east-1:123456789012:task/site/{len(self.tasks)}"
        self.tasks[arn] = {"taskArn": arn, "lastStatus": "RUNNING", "given": given}
        return {"tasks": [self.tasks[arn]], "failures": []}

    def describe_tasks(self, cluster: str, tasks: list[str]) -> dict[str, Any]:
        return {"tasks": [self.tasks[arn] for arn in tasks if arn in self.tasks]}

    def list_tasks(self, cluster: str, startedBy: str) -> dict[str, Any]:
        return {"taskArns": [arn for arn, task in self.tasks.items() if task["given"]["startedBy"] == startedBy]}

    def stop_task(self, cluster: str, task: str, reason: str) -> None:
        self.tasks[task] |= {"lastStatus": "STOPPED", "stoppedReason": reason}

    def end(self, arn: str) -> None:
        self.tasks[arn]["lastStatus"] = "STOPPED"


@pytest.fixture
def launch(
    embedded_cloud: EmbeddedCloud, fresh_account: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[ModuleType, Tasks]:
    for name, value in embedded_cloud.environ(fresh_account).items():
        monkeypatch.setenv(name, value)
    said = {
        "CLUSTER": "site", "FAMILY": "shop_dev", "KEY": "shop.dev", "COMMIT": "c" * 40, "RUNS_TABLE": "site-runs",
        "DEFAULT_JOBS": '["orders"]', "CONCURRENT_RUNS": "2", "CPU": "256", "MEMORY_MB": "512", "SUBNETS": "[]",
        "SECURITY_GROUPS": "[]", "PUBLIC": "DISABLED", "SUSPENDED": "false",
    }  # fmt: skip
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    boto3.client("dynamodb").create_table(
        TableName="site-runs",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("environment", "run")],
        KeySchema=[{"AttributeName": "environment", "KeyType": "HASH"}, {"AttributeName": "run", "KeyType": "RANGE"}],
    )
    spec = importlib.util.spec_from_file_location("launch_under_test", SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec.loader.exec_module(module)
    tasks = Tasks()
    monkeypatch.setattr(module, "ecs", lambda: tasks)
    return module, tasks


def row_of(module: ModuleType, run: str) -> dict[str, Any]:
    found: dict[str, Any] = module.table().get_item(Key={"environment": "shop.dev", "run": run})["Item"]
    return found


def test_a_run_is_started_and_told_in_its_row(launch: tuple[ModuleType, Tasks]) -> None:
    module, tasks = launch
    answer = module.handler({"action": "start", "by": "ada@acme.example"}, None)
    row = row_of(module, answer["run"])
    assert (row["status"], row["jobs"], row["by"]) == ("starting", ["orders"], "ada@acme.example")
    assert row["task_arn"] == answer["task_arn"] in tasks.tasks
    given = tasks.tasks[answer["task_arn"]]["given"]
    told = {each["name"]: each["value"] for each in given["overrides"]["containerOverrides"][0]["environment"]}
    assert told == {"STACKYARD_RUN": answer["run"], "STACKYARD_JOBS": '["orders"]'}


def test_a_job_that_the_project_has_not_is_refused_before_anything_is_taken(
    launch: tuple[ModuleType, Tasks], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, tasks = launch
    monkeypatch.setenv("JOBS", '["orders", "to-bank"]')
    monkeypatch.setenv("BLOCKS", '["dbt"]')
    told = ["the project has no job 'nope'; it has orders, to-bank"]
    refused = module.handler({"action": "start", "jobs": ["orders", "nope", "dbt:test"]}, None)
    assert refused == {"refused": told[0], "faults": told}
    assert tasks.tasks == {}
    assert "run" in module.handler({"action": "start", "jobs": ["to-bank", "dbt:test"]}, None)


def test_a_second_run_is_refused_and_the_one_in_the_way_is_named(launch: tuple[ModuleType, Tasks]) -> None:
    module, tasks = launch
    first = module.handler({"action": "start"}, None)
    second = module.handler({"action": "start"}, None)
    assert second == {"refused": "a run of this environment is under way", "run": first["run"]}
    assert len(tasks.tasks) == 1


def test_a_dead_holder_is_replaced_at_once_and_its_run_has_failed(launch: tuple[ModuleType, Tasks]) -> None:
    module, tasks = launch
    first = module.handler({"action": "start"}, None)
    tasks.end(first["task_arn"])
    second = module.handler({"action": "start"}, None)
    assert second["run"] != first["run"]
    assert (row_of(module, first["run"])["status"], row_of(module, first["run"])["message"]) == (
        "failed",
        "the task ended without a word",
    )


def test_a_lease_that_a_run_has_forged_ends_no_run_of_another_environment(launch: tuple[ModuleType, Tasks]) -> None:
    module, _ = launch
    theirs = {"environment": "shop.prod", "run": "20260101T000000.000000Z-00000001"}
    module.table().put_item(Item={**theirs, "status": "running"})
    forged = {
        "environment": "shop.dev",
        "run": "lease",
        "holder": theirs["run"],
        "key": "shop.prod",
        "task_arn": "none",
    }
    module.table().put_item(Item=forged)
    assert "task_arn" in module.handler({"action": "start"}, None)
    assert module.table().get_item(Key=theirs)["Item"]["status"] == "running"


def test_a_run_that_ended_well_stays_so_when_its_lease_is_taken_over(launch: tuple[ModuleType, Tasks]) -> None:
    module, tasks = launch
    first = module.handler({"action": "start"}, None)
    module._note(first["run"], status="succeeded")
    tasks.end(first["task_arn"])
    module.handler({"action": "start"}, None)
    assert row_of(module, first["run"])["status"] == "succeeded"


def test_of_many_at_once_exactly_one_starts(launch: tuple[ModuleType, Tasks]) -> None:
    module, tasks = launch
    with futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: module.handler({"action": "start"}, None), range(12)))
    assert sum("task_arn" in answer for answer in answers) == 1 == len(tasks.tasks)


def test_an_organization_runs_so_many_at_once_and_no_more(
    launch: tuple[ModuleType, Tasks], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, tasks = launch
    started = []
    for key in ("shop.one", "shop.two", "shop.three"):
        monkeypatch.setenv("KEY", key)
        started.append(module.handler({"action": "start"}, None))
    assert "limit" in started[2]["refused"]
    tasks.end(started[0]["task_arn"])
    assert "task_arn" in module.handler({"action": "start"}, None), "a place whose task is gone is free"


def test_a_task_that_is_not_placed_leaves_nothing_held(launch: tuple[ModuleType, Tasks]) -> None:
    module, tasks = launch
    tasks.placed = False
    with pytest.raises(RuntimeError, match="RESOURCE:MEMORY"):
        module.handler({"action": "start"}, None)
    tasks.placed = True
    assert "task_arn" in module.handler({"action": "start"}, None)


def test_a_suspended_organization_starts_nothing(
    launch: tuple[ModuleType, Tasks], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, tasks = launch
    monkeypatch.setenv("SUSPENDED", "true")
    assert "suspended" in module.handler({"action": "start"}, None)["refused"]
    assert not tasks.tasks


def test_a_run_is_stopped_and_who_did_it_is_told(launch: tuple[ModuleType, Tasks]) -> None:
    module, tasks = launch
    run = module.handler({"action": "start"}, None)
    assert module.handler({"action": "stop", "run": run["run"], "by": "ada"}, None)["run"] == run["run"]
    assert tasks.tasks[run["task_arn"]]["stoppedReason"] == "stopped by ada"
    assert row_of(module, run["run"])["stop_requested"] is True
    assert "no run" in module.handler({"action": "stop", "run": "lease"}, None)["refused"]


def test_jobs_must_be_names(launch: tuple[ModuleType, Tasks]) -> None:
    module, _ = launch
    for jobs in ([1], "orders", [""]):
        assert "refused" in module.handler({"action": "start", "jobs": jobs}, None), json.dumps(jobs)
