"""What a hosted project and an activated environment register: names, roles, schedules, services."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from stackyard.errors import ConfigError
from stackyard.model.activations import Activation, Phase, Schedule
from stackyard.model.tenants import HostedProject as Hosted
from stackyard.platform.activated_environments import (
    ActivatedEnvironment,
    ActivatedEnvironmentSettings,
    PluginsMount,
    SiteReach,
    read_activation,
)
from stackyard.platform.components import Tags
from stackyard.platform.hosted_projects import HostedProject, HostedProjectSettings
from tests.unit.platform.recording import ACCOUNT, Recording, record

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")
RECORD = Activation(
    organization="acme",
    project="shop",
    environment="dev-x",
    ref="refs/heads/feature/x",
    commit="c" * 40,
    repository="https://git.example/shop.git",
    meltano_environment="dev",
    schedules=(Schedule("hourly", "0 * * * *", ("orders",)), Schedule("either", "0 6 1 * 1", ("all",))),
    default_jobs=("orders",),
    plugins="key",
    source="projects/shop/sources/c.tar.gz",
    source_sha256="0" * 64,
)
SITE = {name: f"arn:{name}" for name in SiteReach.model_fields} | {"bucket": "data", "runs_table": "site-runs"}


def made(record_: Activation = RECORD, **given: Any) -> Recording:
    settings = {
        "activation": record_,
        "site": SiteReach(**SITE),
        "image": "registry/runner:1",
        "subnet_ids": ["subnet-1"],
        "security_group_ids": ["sg-1"],
        "alarm_topic_arn": "arn:topic",
        **given,
    }

    def program() -> None:
        tags = Tags.current("environments", organization="acme", project="shop", hosted_environment="dev-x")
        ActivatedEnvironment("shop.dev-x", ActivatedEnvironmentSettings(**settings), tags)

    return record(program, stack_name="acme.shop.dev-x.Production")


def container(recording: Recording) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(recording.one("ecs/taskDefinition")["containerDefinitions"])[0]
    return found


def told(recording: Recording) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(recording)["environment"]}


def test_a_run_is_told_its_environment_at_a_pinned_commit() -> None:
    variables = told(made(variables={"SHOP_HOST": "db.example"}, secrets={"SHOP_PASSWORD": "/site/acme/shop/P"}))
    assert variables["STACKYARD_COMMIT"] == "c" * 40
    assert variables["SHOP_HOST"] == "db.example"
    assert json.loads(variables["STACKYARD_SECRETS"]) == {"SHOP_PASSWORD": "/site/acme/shop/P"}
    assert json.loads(variables["STACKYARD_JOBS"]) == ["orders"]


def test_a_clock_beside_the_run_knows_its_limit_and_nothing_else() -> None:
    """What the project's code can reach could be stopped by it."""
    recording = made(run_minutes=7, secrets={"SHOP_PASSWORD": "/site/acme/shop/P"})
    _, beside = json.loads(recording.one("ecs/taskDefinition")["containerDefinitions"])
    assert (beside["command"], beside["essential"]) == (["clock"], True)
    assert beside["environment"] == [{"name": "STACKYARD_RUN_MINUTES", "value": "7"}]


def test_a_projects_variables_do_not_replace_the_platforms() -> None:
    assert told(made(variables={"STACKYARD_BUCKET": "theirs"}))["STACKYARD_BUCKET"] == "data"


def test_everything_carries_the_environments_tags() -> None:
    tagged = [each.inputs["tags"] for each in made().resources if "tags" in each.inputs]
    assert tagged
    assert {tags["HostedEnvironment"] for tags in tagged} == {"dev-x"}
    assert {(tags["Organization"], tags["Project"], tags["Layer"]) for tags in tagged} == {
        ("acme", "shop", "environments")
    }


def test_schedules_are_off_until_the_service_is_on() -> None:
    def states(recording: Recording) -> set[str]:
        return {each.inputs["state"] for each in recording.of("scheduler/schedule")}

    on = dataclasses.replace(RECORD, services=("schedules",))
    assert states(made()) == {"DISABLED"}
    assert states(made(on)) == {"ENABLED"}
    assert states(made(on, suspended=True)) == {"DISABLED"}
    assert states(made(dataclasses.replace(on, phase=Phase.STOPPING))) == {"DISABLED"}


@pytest.mark.parametrize(("jobs", "told"), [(("orders", "all"), ["orders", "all"]), (("x" * 2000,), [])])
def test_the_launch_function_knows_the_projects_jobs_as_far_as_its_variables_hold_them(
    jobs: tuple[str, ...], told: list[str]
) -> None:
    record_ = dataclasses.replace(RECORD, jobs=jobs, blocks=("tap-shop",))
    found = made(record_).one("lambda/function")["environment"]["variables"]
    assert json.loads(found["JOBS"]) == told
    assert json.loads(found["BLOCKS"]) == (["tap-shop"] if told else [])


def test_a_schedule_starts_the_run_of_its_jobs_through_the_launch_function() -> None:
    schedules = made().of("scheduler/schedule")
    assert len(schedules) == 3, "either day is two of the Scheduler's expressions"
    target = schedules[-1].inputs["target"]
    assert json.loads(target["input"]) == {"action": "start", "reason": "schedule:hourly", "jobs": ["orders"]}
    assert target["roleArn"] == "arn:scheduler_role_arn"


def test_nothing_starts_while_an_environment_is_retired() -> None:
    def suspended(recording: Recording) -> str:
        found: str = recording.one("lambda/function")["environment"]["variables"]["SUSPENDED"]
        return found

    assert suspended(made()) == "false"
    assert suspended(made(dataclasses.replace(RECORD, phase=Phase.STOPPING))) == "true"
    assert suspended(made(suspended=True)) == "true"


def test_a_run_reaches_its_own_rows_objects_and_secrets_only() -> None:
    statements = made().policy("iam/rolePolicy", "shop.dev-x-run")
    resources = [resource for each in statements for resource in _listed(each["Resource"])]
    assert "*" not in resources
    objects = [resource for resource in resources if resource.startswith("arn:bucket_arn/")]
    assert {resource.split("/", 1)[1] for resource in objects} == {
        "environments/shop.dev-x/*",
        "projects/shop/sources/*",
    }
    rows = next(each for each in statements if "dynamodb:PutItem" in each["Action"])
    assert rows["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["shop.dev-x"]}}
    secrets = next(each for each in statements if "secretsmanager:GetSecretValue" in each["Action"])
    assert [resource.split(":secret:")[1] for resource in secrets["Resource"]] == [
        "/site/acme/shop/*",
        "/site/acme/shop.dev-x/*",
    ]


def test_the_launch_function_may_run_this_definition_in_the_site_and_no_other() -> None:
    statements = made().policy("iam/rolePolicy", "launch-shop.dev-x")
    run = next(each for each in statements if "ecs:RunTask" in each["Action"])
    assert run["Resource"] == f"arn:aws:ecs:us-east-1:{ACCOUNT}:task-definition/shop_dev-x:*"
    assert run["Condition"] == {"ArnEquals": {"ecs:cluster": "arn:cluster_arn"}}


def test_a_warehouse_is_a_database_whose_password_only_its_runs_read() -> None:
    recording = made(dataclasses.replace(RECORD, services=("warehouse",)))
    assert recording.one("rds/instance")["engine"] == "postgres"
    assert told(recording)["WAREHOUSE_HOST"]
    assert set(json.loads(told(recording)["STACKYARD_SECRETS"])) == {"WAREHOUSE_PASSWORD"}
    assert recording.one("secretsmanager/secret")["name"] == "/site/acme/shop.dev-x/WAREHOUSE_PASSWORD"


def test_on_aws_the_plugins_cache_is_mounted_for_reading() -> None:
    recording = made(plugins=PluginsMount(file_system_id="fs-1", root="/plugins"))
    assert container(recording)["mountPoints"] == [
        {"sourceVolume": "plugins", "containerPath": "/plugins", "readOnly": True}
    ]
    assert told(recording)["STACKYARD_PLUGINS_ROOT"] == "/plugins"
    assert container(made())["mountPoints"] == []


def test_an_unknown_service_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no service is called superset; there are schedules, warehouse"):
        made(dataclasses.replace(RECORD, services=("superset",)))


def test_schedules_without_a_schedule_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"acme\.shop\.dev-x: the service `schedules` is on"):
        made(dataclasses.replace(RECORD, services=("schedules",), schedules=()))


def test_a_hosted_project_keeps_a_place_for_each_secret_and_says_that_it_is_there() -> None:
    project = Hosted("shop", "https://git.example/shop.git", secrets=("A_TOKEN", "B_TOKEN"))

    def program() -> None:
        settings = HostedProjectSettings(
            organization="acme", project=project, runs_table="site-runs", key_arn="arn:key", recovery_days=0
        )
        HostedProject("shop", settings, Tags.current("projects", organization="acme", project="shop"))

    recording = record(program, stack_name="acme.shop.Production")
    names = [each.inputs["name"] for each in recording.of("secretsmanager/secret")]
    assert names == ["/site/acme/shop/A_TOKEN", "/site/acme/shop/B_TOKEN"]
    row = json.loads(recording.one("dynamodb/tableItem")["item"])
    assert row["environment"] == {"S": "projects"}
    assert row["run"] == {"S": "shop"}


@pytest.mark.parametrize("text", ["", "[]", "organization: acme", "{", "phase: gone"])
def test_what_is_no_record_is_refused_by_its_path(text: str, tmp_path: Any) -> None:
    path = tmp_path / "acme.shop.dev.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match="not a record") as caught:
        read_activation(path)
    assert caught.value.position is not None
    assert caught.value.position.path == str(path)


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
