"""Kill -9 of the server: no task goes on without it, and the next server says what became of each."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, Settings, account_of, files
from tests import clients
from tests.functional.cloud.conftest import client_of
from tests.functional.cloud.jobs import NETWORK, Jobs

pytestmark = pytest.mark.cloud
_ACCOUNT = account_of("killed")
_LOOP = "trap '' TERM; (while :; do sleep 0.1; done) & env > /tmp/env; cat /tmp/env; while :; do sleep 0.1; done"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[EmbeddedCloud]:
    made = EmbeddedCloud(tmp_path, settings=Settings(tasks=2))
    made.start()
    yield made
    _kill(made)


@pytest.fixture
def jobs(cloud: EmbeddedCloud, tmp_path: Path) -> Jobs:
    folder = tmp_path / "image"
    folder.mkdir()
    return Jobs(cloud, lambda service, **given: client_of(cloud.environ(_ACCOUNT), service, **given), folder)


def _kill(cloud: EmbeddedCloud) -> None:
    os.kill(cloud.start().pid, signal.SIGKILL)
    descriptor = files.opened(cloud.folder / "server.lock")
    try:
        assert files.hold(descriptor)
    finally:
        os.close(descriptor)


def _alive(task: str) -> list[str]:
    """The processes that have the task's id in their environment, or its credentials."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes()
        except OSError:
            continue
        if task.encode() in environ:
            found.append(folder.name)
    return found


def test_nothing_of_a_task_outlives_the_server_and_its_end_is_told(cloud: EmbeddedCloud, jobs: Jobs) -> None:
    role = jobs.role("r", {"Effect": "Allow", "Action": "*", "Resource": "*"})
    mark = [{"name": "MARK", "value": str(jobs.folder)}]
    arn = jobs.start(jobs.define(jobs.container(_LOOP, environment=mark), taskRoleArn=role))
    environ = dict(line.split("=", 1) for line in jobs.wait(lambda: jobs.printed(arn)))
    assert len(_alive(str(jobs.folder))) >= 2
    jobs.running(arn)
    _kill(cloud)
    jobs.wait(lambda: not _alive(str(jobs.folder)), seconds=5)
    cloud.start()
    task = jobs.seen(arn)
    assert (task["lastStatus"], task["desiredStatus"], task["stopCode"]) == ("STOPPED", "STOPPED", "TerminationNotice")
    assert "embedded cloud was stopped" in task["stoppedReason"]
    assert task["stoppedAt"] >= task["startedAt"]
    assert task["containers"][0]["exitCode"] == 137
    jobs.wait(lambda: not _accepted(environ))


def test_an_end_that_was_described_stays_as_it_was(cloud: EmbeddedCloud, jobs: Jobs) -> None:
    before, lines = jobs.run("echo last words; exit 5")
    _kill(cloud)
    cloud.start()
    assert jobs.seen(before["taskArn"]) == before
    assert jobs.printed(before["taskArn"]) == lines == ["last words"]


def _accepted(environ: dict[str, str]) -> bool:
    """Whether credentials that a task had are still good for anything."""
    api = clients.client(environ, "sts")
    try:
        api.get_caller_identity()
    except botocore.exceptions.ClientError:
        return False
    return True


def test_the_end_of_a_task_that_was_killed_is_announced(cloud: EmbeddedCloud, jobs: Jobs) -> None:
    sqs, events = jobs.client("sqs"), jobs.client("events")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn}]}  # fmt: skip
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    pattern = {"source": ["aws.ecs"], "detail": {"lastStatus": ["STOPPED"]}}
    events.put_rule(Name="r", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    task = jobs.start(jobs.define(jobs.container(_LOOP)))
    jobs.wait(lambda: jobs.printed(task))
    _kill(cloud)
    cloud.start()
    messages = jobs.wait(lambda: jobs.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    assert json.loads(messages[0]["Body"])["detail"]["taskArn"] == task


def test_a_service_comes_back_with_the_server(cloud: EmbeddedCloud, jobs: Jobs) -> None:
    definition = jobs.define(jobs.container(_LOOP))
    jobs.ecs.create_service(
        cluster="c", serviceName="s", taskDefinition=definition, desiredCount=1, launchType="FARGATE",
        networkConfiguration=NETWORK,
    )  # fmt: skip

    def alive() -> list[str]:
        arns: list[str] = jobs.ecs.list_tasks(cluster="c", serviceName="s")["taskArns"]
        return [arn for arn in arns if jobs.printed(arn)]

    first = jobs.wait(alive)
    _kill(cloud)
    cloud.start()
    assert jobs.wait(alive) != first


async def test_beyond_the_machines_places_tasks_wait_their_turn(cloud: EmbeddedCloud, jobs: Jobs) -> None:
    definition = jobs.define(jobs.container("echo up; trap 'exit 0' TERM; while :; do sleep 0.05; done"))
    arns = [jobs.start(definition) for _ in range(4)]
    for arn in arns[:2]:
        jobs.wait(lambda arn=arn: jobs.printed(arn))
    described: dict[str, Any] = await cloud.describe()
    rows = described["tasks"]
    assert [row["status"] for row in rows] == ["RUNNING", "RUNNING", "PROVISIONING", "PROVISIONING"]
    assert {row["account"] for row in rows} == {_ACCOUNT}
    assert rows[0]["memory"] > 0
    jobs.ecs.stop_task(cluster="c", task=arns[2])  # gives up its turn
    jobs.ended(arns[2])
    jobs.ecs.stop_task(cluster="c", task=arns[0])
    assert jobs.wait(lambda: jobs.printed(arns[3])) == ["up"]
