"""What tests of tasks share: an account with a cluster, a role, an image that is a shell, and waiting for its tasks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore.exceptions

from stackyard.cloud.client import EmbeddedCloud, images

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"},
]}  # fmt: skip
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-0123456789abcdef0"]}}
Clients = Callable[..., Any]


class Jobs:
    """Tasks of one account; `client` is the function that the fixture of that name gives."""

    def __init__(self, cloud: EmbeddedCloud, client: Clients, folder: Path) -> None:
        folder.chmod(0o755)
        cloud.provide(images.LocalImage("shell", folder, ("/bin/sh", "-c"), {"FROM_IMAGE": "1"}))
        self.folder, self.client = folder, client
        self.ecs, self.logs, self.iam = client("ecs"), client("logs"), client("iam")
        self.ecs.create_cluster(clusterName="c")

    def role(self, name: str, *statements: dict[str, Any], trust: dict[str, Any] | None = None) -> str:
        """The ARN of a new role with these statements as its policy."""
        arn: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST))["Role"][
            "Arn"
        ]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            self.iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return arn

    def container(self, script: str, **given: Any) -> dict[str, Any]:
        """The definition of a container that runs `script`, with its log."""
        name = given.get("name", "main")
        options = {"awslogs-group": "tasks", "awslogs-create-group": "true", "awslogs-region": "eu-west-1",
                   "awslogs-stream-prefix": "t"}  # fmt: skip
        return {"name": name, "image": "1.dkr.ecr.us-east-1.amazonaws.com/shell:4", "command": [script],
                "logConfiguration": {"logDriver": "awslogs", "options": options}, **given}  # fmt: skip

    def define(self, *containers: dict[str, Any], family: str = "f", **given: Any) -> str:
        """The ARN of a new task definition for Fargate."""
        settings = {"networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512"}
        answer = self.ecs.register_task_definition(
            family=family, containerDefinitions=list(containers), **{**settings, **given}
        )
        arn: str = answer["taskDefinition"]["taskDefinitionArn"]
        return arn

    def start(self, definition: str, **given: Any) -> str:
        """The ARN of a new task."""
        answer = self.ecs.run_task(
            cluster="c",
            taskDefinition=definition,
            **{"launchType": "FARGATE", "networkConfiguration": NETWORK, **given},
        )
        arn: str = answer["tasks"][0]["taskArn"]
        return arn

    def run(self, script: str, **given: Any) -> tuple[dict[str, Any], list[str]]:
        """Run `script` to its end: the task, and what it printed. Keywords are the definition's."""
        return self.ended(self.start(self.define(self.container(script), **given)))

    def seen(self, arn: str) -> dict[str, Any]:
        """The task as it is described now."""
        task: dict[str, Any] = self.ecs.describe_tasks(cluster="c", tasks=[arn], include=["TAGS"])["tasks"][0]
        return task

    def ended(self, arn: str, name: str = "main") -> tuple[dict[str, Any], list[str]]:
        """Wait for STOPPED; the task, and what the container `name` printed."""
        task = self.wait(lambda: self.seen(arn) if self.seen(arn)["lastStatus"] == "STOPPED" else None)
        return task, self.printed(arn, name)

    def running(self, arn: str) -> dict[str, Any]:
        """Wait for RUNNING, or beyond."""
        return dict(self.wait(lambda: self.seen(arn) if "startedAt" in self.seen(arn) else None))

    def printed(self, arn: str, name: str = "main") -> list[str]:
        """The lines in the container's log so far."""
        try:
            events = self.logs.get_log_events(
                logGroupName="tasks", logStreamName=f"t/{name}/{arn.rpartition('/')[2]}", startFromHead=True
            )["events"]
        except botocore.exceptions.ClientError:
            return []
        return [event["message"] for event in events]

    @staticmethod
    def wait(ask: Callable[[], Any], seconds: float = 20) -> Any:
        """What `ask` answers as soon as that is something."""
        deadline = time.monotonic() + seconds
        while True:
            found = ask()
            if found:
                return found
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.02)
