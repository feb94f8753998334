"""What a task is to be, from its definition and its overrides; names of images."""

from __future__ import annotations

from typing import Any

import pytest

from stackyard.cloud.server.tasks import definitions, services

MEBIBYTE = 1 << 20


def _definition(*containers: dict[str, Any], **given: Any) -> dict[str, Any]:
    rows = [{"name": "a", "image": "i", **row} for row in containers or ({},)]
    return {"family": "f", "containerDefinitions": rows, **given}


def test_what_is_not_said_is_as_in_ecs() -> None:
    task = definitions.planned(_definition(), {})
    (one,) = task.containers
    assert (one.essential, one.stop_timeout, one.memory, one.logs) == (True, 30, None, None)
    assert (one.entrypoint, one.command, task.task_role) == (None, None, "")


def test_overrides_replace_what_they_name_and_add_variables() -> None:
    definition = _definition(
        {"command": ["x"], "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "1"}], "memory": 64},
        taskRoleArn="mine", memory="512",
    )  # fmt: skip
    change = {"name": "a", "command": ["y"], "environment": [{"name": "B", "value": "2"}], "memory": 128}
    task = definitions.planned(
        definition, {"taskRoleArn": "theirs", "containerOverrides": [change, {"name": "other"}]}
    )  # fmt: skip
    (one,) = task.containers
    assert one.command == ("y",)
    assert dict(one.environment) == {"A": "1", "B": "2"}
    assert (one.memory, task.memory, task.task_role) == (128 * MEBIBYTE, 512 * MEBIBYTE, "theirs")


@pytest.mark.parametrize(
    ("given", "expected"),
    [("512", 512), (1024, 1024), ("1 GB", 1024), ("0.5GB", 512), ("", None), (None, None), ("much", None)],
)
def test_memory_is_mebibytes_unless_it_says_gigabytes(given: Any, expected: int | None) -> None:
    assert definitions.planned(_definition(memory=given), {}).memory == (expected * MEBIBYTE if expected else None)


def test_containers_come_after_those_that_they_depend_on() -> None:
    task = definitions.planned(
        _definition(
            {"name": "c", "dependsOn": [{"containerName": "b", "condition": "START"}]},
            {"name": "a"},
            {"name": "b", "dependsOn": [{"containerName": "a", "condition": "SUCCESS"}]},
        ),
        {},
    )
    assert [one.name for one in task.containers] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("depends", "says"),
    [
        ({"a": ["b", "START"], "b": ["a", "START"]}, "cycle"),
        ({"a": ["nobody", "START"], "b": ["a", "START"]}, "nobody"),
        ({"a": ["b", "HEALTHY"]}, "HEALTHY"),
    ],
)
def test_dependencies_that_cannot_be_met_are_told(depends: dict[str, list[str]], says: str) -> None:
    rows = [{"name": name, "dependsOn": [{"containerName": on[0], "condition": on[1]}]} for name, on in depends.items()]
    rows += [{"name": name, "dependsOn": []} for name in {"a", "b"} - depends.keys()]
    with pytest.raises(definitions.Impossible, match=says):
        definitions.planned(_definition(*rows), {})


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("123.dkr.ecr.us-east-1.amazonaws.com/production/runner:4", ("production/runner", "4")),
        ("localhost:5000/a", ("a", "")),
        ("library/nginx", ("library/nginx", "")),
        ("nginx", ("nginx", "")),
        ("nginx:1", ("nginx", "1")),
        ("registry.example.com/a/b@sha256:00", ("a/b", "")),
    ],
)
def test_the_registry_is_no_part_of_an_images_name(image: str, expected: tuple[str, str]) -> None:
    assert definitions.repository(image) == expected


def test_a_failing_task_is_replaced_later_and_later_up_to_a_minute() -> None:
    assert [services.pause(number) for number in (1, 2, 3, 7, 50)] == [1, 2, 4, 60, 60]


@pytest.mark.parametrize("name", ["x/../../etc", "..", "", "a b", "x" * 256])
def test_a_name_that_would_be_a_path_is_refused(name: str) -> None:
    """Folders of a task are called as its containers and volumes are."""
    with pytest.raises(definitions.Impossible, match="is no name"):
        definitions.planned(_definition({"name": name}), {})
    with pytest.raises(definitions.Impossible, match="is no name"):
        definitions.planned(_definition(volumes=[{"name": name}]), {})


def test_a_container_listens_where_its_mappings_say() -> None:
    (one,) = definitions.planned(
        _definition(
            {"portMappings": [{"containerPort": 8080, "hostPort": 80}, {"containerPort": 9000, "hostPort": 0}]}
        ),
        {},
    ).containers
    assert one.ports == (80, 8080, 9000)
