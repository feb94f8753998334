"""Tasks of ECS run: statuses, exit codes, logs, roles, secrets, dependencies, limits, services, events."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import botocore.exceptions
import pytest

from stackyard.cloud.client import EmbeddedCloud, images
from stackyard.cloud.server import confinement
from tests import clients
from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.jobs import NETWORK, Jobs

ISOLATED = confinement.means() != "none"


@pytest.fixture
def jobs(embedded_cloud: EmbeddedCloud, client: Clients, tmp_path: Path) -> Jobs:
    return Jobs(embedded_cloud, client, tmp_path)


def test_a_task_runs_prints_and_keeps_its_exit_code(jobs: Jobs) -> None:
    task, lines = jobs.run('echo "one $FROM_IMAGE"; echo two >&2; exit 3')
    assert lines == ["one 1", "two"]
    container = task["containers"][0]
    assert (container["exitCode"], container["lastStatus"]) == (3, "STOPPED")
    assert (task["stopCode"], task["desiredStatus"]) == ("EssentialContainerExited", "STOPPED")
    assert task["stoppedReason"] == "Essential container in task exited"
    assert task["createdAt"] <= task["startedAt"] <= task["stoppedAt"]


def test_what_is_printed_is_there_while_the_task_runs(jobs: Jobs) -> None:
    arn = jobs.start(jobs.define(jobs.container("echo here; trap 'exit 0' TERM; while :; do sleep 0.05; done")))
    began = time.monotonic()
    assert jobs.wait(lambda: jobs.printed(arn)) == ["here"]
    assert time.monotonic() - began < 3
    assert jobs.seen(arn)["lastStatus"] == "RUNNING"
    jobs.ecs.stop_task(cluster="c", task=arn, reason="enough")
    task, _lines = jobs.ended(arn)
    assert (task["stopCode"], task["stoppedReason"]) == ("UserInitiated", "enough")
    assert task["containers"][0]["exitCode"] == 0


def test_a_container_that_does_not_stop_is_killed_in_time(jobs: Jobs) -> None:
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    arn = jobs.start(jobs.define(jobs.container(script, stopTimeout=2)))
    jobs.wait(lambda: jobs.printed(arn))
    began = time.monotonic()
    answer = jobs.ecs.stop_task(cluster="c", task=arn)["task"]
    assert (answer["desiredStatus"], answer["lastStatus"]) == ("STOPPED", "DEACTIVATING")
    task, _lines = jobs.ended(arn)
    assert 1.5 < time.monotonic() - began < 10
    assert task["containers"][0]["exitCode"] == 137


def test_overrides_replace_command_environment_role_and_size(jobs: Jobs) -> None:
    role = jobs.role("other")
    definition = jobs.define(jobs.container("echo no", environment=[{"name": "A", "value": "1"}]))
    arn = jobs.start(
        definition, startedBy="me", group="g", tags=[{"key": "k", "value": "v"}],
        overrides={
            "cpu": "512", "memory": "1024", "taskRoleArn": role,
            "containerOverrides": [{"name": "main", "command": ["echo $A $B; env | grep -c ACCESS_KEY_ID"],
                                    "environment": [{"name": "B", "value": "2"}]}],
        },
    )  # fmt: skip
    task, lines = jobs.ended(arn)
    assert lines == ["1 2", "1"]
    assert (task["cpu"], task["memory"], task["startedBy"], task["group"]) == ("512", "1024", "me", "g")
    assert task["tags"] == [{"key": "k", "value": "v"}]


def test_tasks_are_listed_by_family_starter_and_status(jobs: Jobs) -> None:
    first, second = jobs.define(jobs.container("true"), family="one"), jobs.define(jobs.container("true"), family="two")
    arns = [jobs.start(first, startedBy="x"), jobs.start(second, startedBy="y")]
    for arn in arns:
        jobs.ended(arn)
    listed = lambda **given: jobs.ecs.list_tasks(cluster="c", desiredStatus="STOPPED", **given)["taskArns"]  # noqa: E731
    assert sorted(listed()) == sorted(arns)
    assert listed(family="one") == listed(startedBy="x") == arns[:1]
    assert jobs.ecs.list_tasks(cluster="c")["taskArns"] == []


def test_a_client_token_starts_a_task_once(jobs: Jobs) -> None:
    definition = jobs.define(jobs.container("true"))
    assert jobs.start(definition, clientToken="t1") == jobs.start(definition, clientToken="t1")
    assert jobs.start(definition, clientToken="t2") != jobs.start(definition, clientToken="t1")
    with pytest.raises(botocore.exceptions.ClientError, match="ConflictException"):
        jobs.start(definition, clientToken="t1", startedBy="another")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"count": 11}, "between 1 and 10"),
        ({"cluster": "nowhere"}, "ClusterNotFound"),
        ({"taskDefinition": "nothing"}, "TaskDefinition not found"),
        ({"networkConfiguration": None}, "Network Configuration must be provided"),
        ({"overrides": {"containerOverrides": [{"name": "who"}]}}, "who is not a container"),
        ({"overrides": {"taskRoleArn": "arn:aws:iam::{account}:role/none"}}, "unable to assume the role"),
        ({"overrides": {"taskRoleArn": "arn:aws:iam::{account}:role/untrusted"}}, "unable to assume the role"),
    ],
)
def test_what_ecs_refuses_is_refused(jobs: Jobs, fresh_account: str, given: dict[str, Any], says: str) -> None:
    stranger = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]}  # fmt: skip
    jobs.role("untrusted", trust=stranger)
    whole = {
        "cluster": "c", "taskDefinition": jobs.define(jobs.container("true")), "launchType": "FARGATE",
        "networkConfiguration": NETWORK, **json.loads(json.dumps(given).replace("{account}", fresh_account)),
    }  # fmt: skip
    with pytest.raises(botocore.exceptions.ClientError, match=says):
        jobs.ecs.run_task(**{key: value for key, value in whole.items() if value is not None})


def test_an_unknown_image_stops_the_task_with_a_reason(jobs: Jobs) -> None:
    task, _lines = jobs.ended(jobs.start(jobs.define(jobs.container("true", image="nginx:1.27"))))
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"].startswith("CannotPullContainerError")
    assert task["containers"][0]["reason"].startswith("CannotPullContainerError")
    assert "startedAt" not in task


def test_a_program_that_is_not_in_its_image_is_told(jobs: Jobs) -> None:
    task, _lines = jobs.ended(jobs.start(jobs.define(jobs.container("x", entryPoint=["/bin/nothing"]))))
    assert (task["stopCode"], task["stoppedReason"][:26]) == ("TaskFailedToStart", "CannotStartContainerError:")


def test_without_a_log_group_the_task_does_not_start(jobs: Jobs) -> None:
    container = jobs.container("true")
    del container["logConfiguration"]["options"]["awslogs-create-group"]
    task, _lines = jobs.ended(jobs.start(jobs.define(container)))
    assert "log group does not exist" in task["stoppedReason"]


def test_a_python_of_a_virtual_environment_runs_where_nothing_else_is_seen(
    jobs: Jobs, embedded_cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    (tmp_path / "job.py").write_text("import boto3, os, sys; print(os.getcwd(), sys.argv[1:])")
    embedded_cloud.provide(images.LocalImage("team/python", tmp_path, (sys.executable, "job.py")))
    arn = jobs.start(jobs.define(jobs.container("argument", image="team/python@sha256:00")))
    task, lines = jobs.ended(arn)
    assert lines == [f"{tmp_path} ['argument']"]
    assert task["containers"][0]["exitCode"] == 0


# ---- roles and secrets


def test_the_tasks_role_is_what_it_may_do_and_ends_with_it(jobs: Jobs, embedded_cloud: EmbeddedCloud) -> None:
    jobs.client("s3").create_bucket(
        Bucket="mine-of-tasks", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )  # fmt: skip
    role = jobs.role("reader", {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::mine-of-tasks"})
    script = (
        "import boto3, os, json\n"
        "print(boto3.client('sts').get_caller_identity()['Arn'])\n"
        "print(boto3.client('s3').list_objects_v2(Bucket='mine-of-tasks')['KeyCount'])\n"
        "try: boto3.client('s3').put_object(Bucket='mine-of-tasks', Key='k')\n"
        "except Exception as error: print(error.response['Error']['Code'])\n"
        "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('AWS_')}))\n"
    )
    embedded_cloud.provide(images.LocalImage("py", jobs.folder, (sys.executable, "-c")))
    arn = jobs.start(jobs.define(jobs.container(script, image="py"), taskRoleArn=role))
    _task, lines = jobs.ended(arn)
    assert re.fullmatch(r"arn:aws:sts::\d{12}:assumed-role/reader/" + arn.rpartition("/")[2], lines[0])
    assert lines[1:3] == ["0", "AccessDenied"]
    environ = json.loads(lines[3])
    api = clients.client(environ, "sts")
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidClientTokenId"):
        api.get_caller_identity()


def test_without_a_role_there_are_no_credentials_and_nothing_of_the_server(
    jobs: Jobs, embedded_cloud: EmbeddedCloud
) -> None:
    _task, lines = jobs.run("env; tr '\\0' '\\n' < /proc/1/environ || true")
    names = {line.partition("=")[0] for line in lines}
    assert {"AWS_ENDPOINT_URL", "AWS_REGION", "ECS_CONTAINER_METADATA_URI_V4"} <= names
    assert not {name for name in names if "KEY" in name or "TOKEN" in name or name.startswith("MINISTACK")}
    assert str(embedded_cloud.folder) not in "\n".join(lines)


def test_whoever_runs_a_task_must_be_allowed_to_pass_its_roles(jobs: Jobs, client: Clients) -> None:
    role = jobs.role("strong")
    definition, plain = jobs.define(jobs.container("true"), taskRoleArn=role), jobs.define(jobs.container("true"))
    jobs.iam.create_user(UserName="u")
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}]}
    jobs.iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(document))
    key = jobs.iam.create_access_key(UserName="u")["AccessKey"]
    weak = client("ecs", aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"])
    given = {"cluster": "c", "launchType": "FARGATE", "networkConfiguration": NETWORK}
    weak.run_task(taskDefinition=plain, **given)
    for asked in ({"taskDefinition": definition}, {"taskDefinition": plain, "overrides": {"taskRoleArn": role}}):
        with pytest.raises(botocore.exceptions.ClientError, match="iam:PassRole"):
            weak.run_task(**given, **asked)
    with pytest.raises(botocore.exceptions.ClientError, match="iam:PassRole"):
        weak.create_service(cluster="c", serviceName="s", taskDefinition=definition, desiredCount=1)


def test_secrets_are_read_with_the_execution_role(jobs: Jobs) -> None:
    secret = jobs.client("secretsmanager").create_secret(Name="s", SecretString='{"a": "hidden"}')["ARN"]
    jobs.client("ssm").put_parameter(Name="/p", Value="kept", Type="SecureString")
    named = [{"name": "S", "valueFrom": f"{secret}:a::"}, {"name": "P", "valueFrom": "/p"}]
    reader = jobs.role(
        "reader",
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret},
        {"Effect": "Allow", "Action": "ssm:GetParameters", "Resource": "*"},
    )
    container = jobs.container("echo $S $P", secrets=named)
    _task, lines = jobs.ended(jobs.start(jobs.define(container, executionRoleArn=reader)))
    assert lines == ["hidden kept"]
    task, _lines = jobs.ended(jobs.start(jobs.define(container, executionRoleArn=jobs.role("nobody"))))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "not authorized to perform: secretsmanager:GetSecretValue" in task["stoppedReason"]


# ---- several containers


def test_containers_wait_for_those_that_they_depend_on(jobs: Jobs) -> None:
    definition = jobs.define(
        jobs.container("cat /shared/f", mountPoints=[{"sourceVolume": "v", "containerPath": "/shared"}],
                       dependsOn=[{"containerName": "first", "condition": "SUCCESS"}]),
        jobs.container("sleep 0.3; echo made > /shared/f", name="first", essential=False,
                       mountPoints=[{"sourceVolume": "v", "containerPath": "/shared"}]),
        volumes=[{"name": "v"}],
    )  # fmt: skip
    if not ISOLATED:
        pytest.skip("volumes need namespaces")
    task, lines = jobs.ended(jobs.start(definition))
    assert lines == ["made"]
    assert {row["name"]: row["exitCode"] for row in task["containers"]} == {"main": 0, "first": 0}


def test_a_failed_dependency_keeps_the_task_from_starting(jobs: Jobs) -> None:
    definition = jobs.define(
        jobs.container("true", dependsOn=[{"containerName": "first", "condition": "SUCCESS"}]),
        jobs.container("exit 4", name="first", essential=False),
    )
    task, _lines = jobs.ended(jobs.start(definition))
    assert task["stopCode"] == "TaskFailedToStart"
    assert "first" in task["stoppedReason"]
    assert next(row["exitCode"] for row in task["containers"] if row["name"] == "first") == 4


def test_an_essential_container_takes_the_others_along(jobs: Jobs) -> None:
    definition = jobs.define(
        jobs.container("exit 0"), jobs.container("trap 'exit 9' TERM; while :; do sleep 0.05; done", name="other"),
        jobs.container("exit 5", name="unimportant", essential=False),
    )  # fmt: skip
    task, _lines = jobs.ended(jobs.start(definition))
    codes = {row["name"]: row["exitCode"] for row in task["containers"]}
    assert codes["main"] == 0
    assert codes["other"] in (9, 143)  # told before or after it could set its trap
    assert codes["unimportant"] in (5, 143)


# ---- limits and files


def test_memory_is_limited_and_told(jobs: Jobs, embedded_cloud: EmbeddedCloud) -> None:
    embedded_cloud.provide(images.LocalImage("py", jobs.folder, (sys.executable, "-c")))
    script = "import time; hog = bytearray(400_000_000); time.sleep(60)"
    task, _lines = jobs.ended(jobs.start(jobs.define(jobs.container(script, image="py", memory=128))))
    assert task["containers"][0]["exitCode"] == 137
    assert task["containers"][0]["reason"].startswith("OutOfMemoryError")


def test_endless_output_does_not_drown_the_cloud(jobs: Jobs) -> None:
    arn = jobs.start(jobs.define(jobs.container("exec yes", stopTimeout=2)))
    jobs.wait(lambda: jobs.printed(arn))
    began = time.monotonic()
    jobs.ecs.list_clusters()
    assert time.monotonic() - began < 2
    jobs.ecs.stop_task(cluster="c", task=arn)
    jobs.ended(arn)


@pytest.mark.skipif(not ISOLATED, reason="without namespaces nothing is hidden, and the status says so")
def test_files_of_the_cloud_and_of_other_tasks_are_not_seen(jobs: Jobs, embedded_cloud: EmbeddedCloud) -> None:
    other = jobs.start(jobs.define(jobs.container("echo mine > /tmp/mine; echo ready; exec sleep 60")))
    jobs.wait(lambda: jobs.printed(other))
    cloud = embedded_cloud.folder
    script = (
        f"cat {cloud}/accounts.json {cloud}/token {cloud}/images.json; ls {cloud} {cloud}/data; cat /tmp/mine;"
        "find / -xdev -name mine 2>/dev/null; cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep MINISTACK;"
        "ls /proc | grep '^[0-9]*$' | while read p; do cat /proc/$p/cmdline 2>/dev/null | tr '\\0' ' '; done"
        "| grep '[e]xec sleep'"
    )
    _task, lines = jobs.run(script)
    told = ("No such file", "cannot access", "environ: Permission denied")
    assert [line for line in lines if not any(words in line for words in told)] == []
    jobs.ecs.stop_task(cluster="c", task=other)
    jobs.ended(other)


@pytest.mark.skipif(not ISOLATED, reason="volumes need namespaces")
def test_only_writers_write_to_a_volume(
    jobs: Jobs, embedded_cloud: EmbeddedCloud, fresh_account: str, tmp_path: Path
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
        (folder / "there").write_text("before")
    embedded_cloud.provide(
        images.Volume("ours", ours, frozenset({fresh_account})), images.Volume("theirs", theirs, frozenset())
    )  # fmt: skip
    container = jobs.container(
        "cat /a/there; echo x > /a/new; cat /b/there; echo x > /b/new || echo refused",
        mountPoints=[{"sourceVolume": "ours", "containerPath": "/a"}, {"sourceVolume": "v", "containerPath": "/b"}],
    )
    volumes = [
        {"name": "ours", "efsVolumeConfiguration": {"fileSystemId": "fs-1"}},
        {"name": "v", "host": {"sourcePath": "theirs"}},
    ]
    _task, lines = jobs.ended(jobs.start(jobs.define(container, volumes=volumes, requiresCompatibilities=["EC2"]),
                                         launchType="EC2"))  # fmt: skip
    assert lines[0].startswith("before")
    assert lines[-1] == "refused"
    assert (ours / "new").read_text() == "x\n"
    assert not (theirs / "new").exists()


@pytest.mark.skipif(not ISOLATED, reason="volumes need namespaces")
def test_a_file_system_of_the_account_is_kept_from_task_to_task(jobs: Jobs) -> None:
    system = jobs.client("efs").create_file_system(CreationToken="t")["FileSystemId"]
    volumes = [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": system}}]
    mounts = [{"sourceVolume": "v", "containerPath": "/mnt/files"}]
    for script in ("echo kept > /mnt/files/f", "cat /mnt/files/f"):
        container = jobs.container(script, mountPoints=mounts)
        _task, lines = jobs.ended(jobs.start(jobs.define(container, volumes=volumes)))
    assert lines == ["kept"]


@pytest.mark.skipif(not ISOLATED, reason="without namespaces nothing is hidden, and the status says so")
def test_the_clouds_folder_is_empty_even_inside_an_image(
    jobs: Jobs, embedded_cloud: EmbeddedCloud, tmp_path: Path
) -> None:
    estate = embedded_cloud.folder.parent.parent
    estate.chmod(0o755)
    embedded_cloud.provide(images.LocalImage("estate", estate, ("/bin/sh", "-c")))
    script = f"ls {embedded_cloud.folder.parent}; ls -A {embedded_cloud.folder}"
    _task, lines = jobs.ended(jobs.start(jobs.define(jobs.container(script, image="estate"))))
    assert lines == ["cloud"]


def test_a_folder_that_nobody_provided_is_no_volume(jobs: Jobs) -> None:
    container = jobs.container("ls /etc2", mountPoints=[{"sourceVolume": "v", "containerPath": "/etc2"}])
    definition = jobs.define(container, volumes=[{"name": "v", "host": {"sourcePath": "/etc"}}])
    task, _lines = jobs.ended(jobs.start(definition))
    assert task["stoppedReason"].startswith("CannotCreateVolumeError")


# ---- events, rules, schedules, services


def test_each_change_is_announced_on_the_accounts_bus(jobs: Jobs) -> None:
    queue, arn = _queue(jobs)
    events = jobs.client("events")
    pattern = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"],
               "detail": {"lastStatus": ["RUNNING", "STOPPED"], "clusterArn": [{"suffix": "cluster/c"}]}}  # fmt: skip
    rule = events.put_rule(Name="r", EventPattern=json.dumps(pattern))["RuleArn"]
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    _let_in(jobs, queue, arn, rule)
    task, _lines = jobs.run("exit 6")
    told: list[dict[str, Any]] = []
    jobs.wait(lambda: told.extend(_received(jobs, queue)) or len(told) >= 2)
    assert [event["detail"]["lastStatus"] for event in told] == ["RUNNING", "STOPPED"]
    assert {event["detail"]["taskArn"] for event in told} == {task["taskArn"]}
    last = told[-1]["detail"]
    assert (last["containers"][0]["exitCode"], last["stopCode"]) == (6, "EssentialContainerExited")
    assert told[-1]["resources"] == [task["taskArn"]]


def _queue(jobs: Jobs) -> tuple[str, str]:
    sqs = jobs.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    return queue, sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _let_in(jobs: Jobs, queue: str, arn: str, rule: str) -> None:
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
        "Resource": arn, "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }]}  # fmt: skip
    jobs.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})


def _received(jobs: Jobs, queue: str) -> list[dict[str, Any]]:
    messages = jobs.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=1).get("Messages", [])
    for message in messages:
        jobs.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]


def test_a_schedule_starts_a_task_if_its_role_may(jobs: Jobs) -> None:
    definition = jobs.define(jobs.container("echo $WHO"), family="due")
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]}  # fmt: skip
    may = jobs.role("may", {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": "*"}, trust=trust)
    may_not = jobs.role("may-not", trust=trust)
    cluster = jobs.ecs.describe_clusters(clusters=["c"])["clusters"][0]["clusterArn"]
    change = {"containerOverrides": [{"name": "main", "environment": [{"name": "WHO", "value": "clock"}]}]}
    for name, role in (("good", may), ("bad", may_not)):
        jobs.client("scheduler").create_schedule(
            Name=name, ScheduleExpression="at(2020-01-01T00:00:00)", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": cluster, "RoleArn": role, "Input": json.dumps(change), "EcsParameters": {
                "TaskDefinitionArn": definition, "LaunchType": "FARGATE",
                "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}}}},
        )  # fmt: skip
    listed = lambda: jobs.ecs.list_tasks(cluster="c", desiredStatus="STOPPED")["taskArns"]  # noqa: E731
    arns = jobs.wait(listed)
    task, lines = jobs.ended(arns[0])
    assert lines == ["clock"]
    assert task["startedBy"] == "chronos-schedule/good"
    assert len(listed()) == 1


def test_a_state_machine_waits_for_its_task_and_fails_with_it(jobs: Jobs) -> None:
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ]}  # fmt: skip
    states, role = jobs.client("stepfunctions"), jobs.role("states", trust=trust)
    for script, expected in (("sleep 0.5", "SUCCEEDED"), ("exit 2", "FAILED")):
        given = {"Cluster": "c", "LaunchType": "FARGATE", "TaskDefinition": jobs.define(jobs.container(script)),
                 "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}}}  # fmt: skip
        run = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "Parameters": given, "End": True}
        machine = states.create_state_machine(
            name=expected, definition=json.dumps({"StartAt": "run", "States": {"run": run}}), roleArn=role,
            type="EXPRESS",
        )["stateMachineArn"]  # fmt: skip
        execution = states.start_sync_execution(stateMachineArn=machine)
        assert execution["status"] == expected
    assert json.loads(execution["cause"])["containers"][0]["exitCode"] == 2


def test_a_service_keeps_its_number_of_tasks(jobs: Jobs) -> None:
    definition = jobs.define(jobs.container("trap 'exit 0' TERM; while :; do sleep 0.05; done"))
    jobs.ecs.create_service(
        cluster="c", serviceName="s", taskDefinition=definition, desiredCount=2, launchType="FARGATE",
        networkConfiguration=NETWORK,
    )  # fmt: skip

    def alive() -> list[str]:
        arns: list[str] = jobs.ecs.list_tasks(cluster="c", serviceName="s")["taskArns"]
        return [arn for arn in arns if jobs.seen(arn)["lastStatus"] == "RUNNING"]

    def rollout() -> str:
        service = jobs.ecs.describe_services(cluster="c", services=["s"])["services"][0]
        return str(service["deployments"][0]["rolloutState"])

    assert rollout() == "IN_PROGRESS"
    first = jobs.wait(lambda: alive() if len(alive()) == 2 else None)
    jobs.wait(lambda: rollout() == "COMPLETED")
    jobs.ecs.stop_task(cluster="c", task=first[0])
    second = jobs.wait(lambda: alive() if len(alive()) == 2 and first[0] not in alive() else None)
    assert first[1] in second
    jobs.ecs.update_service(cluster="c", service="s", desiredCount=0)
    for arn in second:
        assert jobs.ended(arn)[0]["stopCode"] == "ServiceSchedulerInitiated"
    assert jobs.ecs.describe_services(cluster="c", services=["s"])["services"][0]["runningCount"] == 0


def test_a_service_whose_task_cannot_start_is_not_green(jobs: Jobs) -> None:
    definition = jobs.define(jobs.container("true", image="nginx"))
    jobs.ecs.create_service(
        cluster="c", serviceName="s", taskDefinition=definition, desiredCount=1, launchType="FARGATE",
        networkConfiguration=NETWORK,
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
    )  # fmt: skip
    listed = lambda: jobs.ecs.list_tasks(cluster="c", serviceName="s", desiredStatus="STOPPED")["taskArns"]  # noqa: E731
    jobs.wait(lambda: len(listed()) == 3)  # it is tried again, until the circuit breaker has seen enough

    def failed() -> Any:
        service = jobs.ecs.describe_services(cluster="c", services=["s"])["services"][0]
        return service if service["deployments"][0]["rolloutState"] == "FAILED" else None

    assert jobs.wait(failed)["runningCount"] == 0
    jobs.ecs.delete_service(cluster="c", service="s", force=True)
