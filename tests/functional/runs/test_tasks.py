"""A run as a task of the embedded cloud: confined, with its role's credentials, its log in its log group."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.cloud.server import confinement
from stackyard.tenancy import images
from tests import clients
from tests.functional.runs.stage import PASSWORD, TABLE, Stage, packed

GROUP = "/site/production/acme/shop/prod"


class Cluster:
    """What an activated environment has for its tasks."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.ecs, self.logs, iam = (clients.client(stage.environ, each) for each in ("ecs", "logs", "iam"))
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
        role = iam.create_role(RoleName="shop_prod", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="shop_prod", PolicyName="run", PolicyDocument=json.dumps(self._allowed()))
        self.logs.create_log_group(logGroupName=GROUP)
        self.ecs.create_cluster(clusterName="site")
        log = {"awslogs-group": GROUP, "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "run"}
        container = {
            "name": "runner", "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/production/runner:1",
            "logConfiguration": {"logDriver": "awslogs", "options": log},
        }  # fmt: skip
        self.ecs.register_task_definition(
            family="shop_prod", containerDefinitions=[container], cpu="1024", memory="2048", taskRoleArn=role,
            executionRoleArn=role, networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
        )  # fmt: skip

    def _allowed(self) -> dict[str, Any]:
        """What `activated_environments.roles` gives to runs."""
        objects = f"arn:aws:s3:::{self.stage.bucket}/environments/shop.prod/*"
        rows = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:ConditionCheckItem"]
        listed = {"StringLike": {"s3:prefix": ["environments/shop.prod/*"]}}
        mine = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["shop.prod"]}}
        given: list[tuple[list[str], str, dict[str, Any]]] = [
            (["s3:GetObject"], f"arn:aws:s3:::{self.stage.bucket}/projects/shop/sources/*", {}),
            (["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], objects, {}),
            (["s3:ListBucket"], f"arn:aws:s3:::{self.stage.bucket}", listed),
            (["secretsmanager:GetSecretValue"], "arn:aws:secretsmanager:*:*:secret:/site/acme/shop*", {}),
            (rows, f"arn:aws:dynamodb:*:*:table/{TABLE}", mine),
            (["logs:CreateLogStream", "logs:PutLogEvents"], "*", {}),
        ]  # fmt: skip
        statements = [
            {"Effect": "Allow", "Action": actions, "Resource": resource, **({"Condition": only} if only else {})}
            for actions, resource, only in given
        ]
        return {"Version": "2012-10-17", "Statement": statements}

    def start(self, *jobs: str, **variables: str) -> tuple[str, str]:
        """A run's name and its task's ARN."""
        run = self.stage.take_lease()
        told = {**self.stage.order(run, *jobs), **variables}
        override = {"name": "runner", "environment": [{"name": key, "value": told[key]} for key in told]}
        answer = self.ecs.run_task(
            cluster="site", taskDefinition="shop_prod", launchType="FARGATE", startedBy=run,
            overrides={"containerOverrides": [override]},
            networkConfiguration={"awsvpcConfiguration": {"subnets": ["subnet-1"]}},
        )  # fmt: skip
        assert not answer["failures"]
        return run, answer["tasks"][0]["taskArn"]

    def ended(self, task: str) -> dict[str, Any]:
        """The task once it is STOPPED."""
        self.ecs.get_waiter("tasks_stopped").wait(
            cluster="site", tasks=[task], WaiterConfig={"Delay": 1, "MaxAttempts": 240}
        )
        found: dict[str, Any] = self.ecs.describe_tasks(cluster="site", tasks=[task])["tasks"][0]
        return found

    def log(self, task: str) -> str:
        stream = f"run/runner/{task.rpartition('/')[2]}"
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, logStreamNames=[stream])
        try:
            return "\n".join(event["message"] for page in pages for event in page["events"])
        except self.logs.exceptions.ResourceNotFoundException:
            return ""  # it has not said anything yet


@pytest.fixture
def cluster(stage: Stage, embedded_cloud: EmbeddedCloud) -> Cluster:
    images.provide(embedded_cloud)
    return Cluster(stage)


def test_a_task_moves_rows_and_its_log_is_in_its_group(cluster: Cluster, tmp_path: Path) -> None:
    stage = cluster.stage
    run, task = cluster.start("orders-to-duckdb", "orders-to-warehouse")
    found = cluster.ended(task)
    log = cluster.log(task)
    assert found["containers"][0]["exitCode"] == 0, (found, log)
    assert stage.orders_in_duckdb(tmp_path) == stage.orders_in_shop() == stage.orders_in_warehouse()
    assert stage.row(run)["rows"]["M"]["shop-orders"] == {"N": "10000"}
    assert "runner | 10000 rows of shop-orders" in log
    assert PASSWORD not in log


def test_a_stopped_task_commits_nothing_and_the_next_goes_on(cluster: Cluster, tmp_path: Path) -> None:
    stage = cluster.stage
    _, first = cluster.start("orders-to-duckdb")
    deadline = time.monotonic() + 240
    while "runner | run" not in cluster.log(first):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    cluster.ecs.stop_task(cluster="site", task=first, reason="asked")
    assert cluster.ended(first)["containers"][0]["exitCode"] in (137, 143)
    assert stage.row("head") == {}
    _, second = cluster.start("orders-to-duckdb")
    assert cluster.ended(second)["containers"][0]["exitCode"] == 0, cluster.log(second)
    assert stage.orders_in_duckdb(tmp_path) == stage.orders_in_shop()


@pytest.mark.skipif(confinement.means() == "none", reason="what is read-only needs namespaces")
def test_a_task_cannot_write_the_plugins_of_everybody(cluster: Cluster) -> None:
    """A project's own command runs in the task and tries it."""
    stage = cluster.stage
    target = stage.image.plugins / stage.plugins / "written-by-a-run"
    manifest = (
        "environments: [{name: prod}]\nplugins:\n  utilities:\n  - name: intruder\n    namespace: intruder\n"
        f"    executable: touch\n    commands:\n      write: {target}\n      own: $STACKYARD_DATA/own\n"
    )
    stage.source = stage.upload(packed({"meltano.yml": manifest.encode()}))
    _, task = cluster.start("intruder:write")
    assert cluster.ended(task)["containers"][0]["exitCode"] != 0
    assert "Read-only file system" in cluster.log(task)
    assert not target.exists()
    _, task = cluster.start("intruder:own")
    assert cluster.ended(task)["containers"][0]["exitCode"] == 0, cluster.log(task)
    assert list(stage.row("head")["data"]["M"]) == ["own"]
