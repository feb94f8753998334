"""A policy for one task definition, and for tasks of one cluster, is met by calls on just these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.exceptions
import pytest

from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.test_passing import allow, user


def family(client: Clients, name: str) -> str:
    """The ARN of a new definition, without its revision."""
    made = client("ecs").register_task_definition(
        family=name, containerDefinitions=[{"name": "main", "image": "nowhere", "memory": 64}]
    )
    return str(made["taskDefinition"]["taskDefinitionArn"].rpartition(":")[0])


def code(call: Callable[..., Any], **given: Any) -> str:
    """The code of the answer; empty when the call was let."""
    try:
        call(**given)
    except botocore.exceptions.ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.fixture
def ecs(client: Clients) -> Any:
    """A caller who may run `mine` in the cluster `one`, tag and look at tasks there, and nothing else."""
    mine = family(client, "mine")
    family(client, "other")
    owner = client("ecs")
    clusters = [owner.create_cluster(clusterName=name)["cluster"]["clusterArn"] for name in ("one", "two")]
    here = {"Condition": {"ArnEquals": {"ecs:cluster": clusters[0]}}}
    tasks = clusters[0].replace(":cluster/", ":task/") + "/*"
    return user(
        client,
        "ecs",
        allow("ecs:RunTask", f"{mine}:*", **here),
        allow("ecs:DescribeTasks", tasks),
        allow("ecs:ListTasks", "*", **here),
    )


def test_a_definition_that_may_be_run_where_it_may(ecs: Any) -> None:
    assert code(ecs.run_task, cluster="one", taskDefinition="mine") == ""
    assert code(ecs.run_task, cluster="one", taskDefinition="mine:1") == ""
    assert code(ecs.run_task, cluster="one", taskDefinition="other") == "AccessDeniedException"
    assert code(ecs.run_task, cluster="two", taskDefinition="mine") == "AccessDeniedException"


def test_tags_of_a_task_need_a_permission_of_their_own(ecs: Any) -> None:
    tags = [{"key": "a", "value": "b"}]
    assert code(ecs.run_task, cluster="one", taskDefinition="mine", tags=tags) == "AccessDeniedException"


def test_tasks_of_the_cluster_are_looked_at_and_no_others(ecs: Any) -> None:
    ours, theirs = ("arn:aws:ecs:eu-west-1:{}:task/{}/" + "0" * 32).format, "0" * 32
    assert code(ecs.describe_tasks, cluster="one", tasks=[theirs]) == ""
    assert code(ecs.describe_tasks, cluster="two", tasks=[theirs]) == "AccessDeniedException"
    mixed = [theirs, ours("999988887777", "two")]
    assert code(ecs.describe_tasks, cluster="one", tasks=mixed) == "AccessDeniedException"
    assert code(ecs.list_tasks, cluster="one") == ""
    assert code(ecs.list_tasks, cluster="two") == "AccessDeniedException"
