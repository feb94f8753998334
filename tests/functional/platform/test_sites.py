"""Sites on the embedded cloud: who may do what, how runs are settled, where alarms are heard, what remains."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests.functional import running
from tests.functional.asking import Cloud

pytestmark = pytest.mark.cloud
PLATFORM = Path(__file__).parents[3] / "platform"
SITES = {name: f"site_instances/{name}.Production" for name in ("acme", "globex", "initech")}
STACKS = ("identity/Production", "observability/Production", *SITES.values())
RUN = "20261121T110000.000000Z-0a1b2c3d"
GROUPS = {
    "owners": {"access": "administer", "members": ["ada@acme.example"]},
    "developers": {
        "access": [{"may": "deploy", "on": "shop/dev-*"}, {"may": "view", "on": "shop"}],
        "members": ["grace@acme.example"],
    },
    "operators": {"access": [{"may": "run", "on": "shop/prod"}], "members": ["otto@acme.example"]},
}
LOGS = "/site/production/acme/shop/{}"


@dataclasses.dataclass
class Estate:
    """The platform with three sites; each account as its own root sees it, the platform's under no name."""

    root: Path
    accounts: dict[str, Cloud]
    untouched: dict[str, set[str]]

    def up(self, *stacks: str) -> running.Result:
        """Bring stacks up, which must succeed."""
        return running.run(self.root, "up", *stacks, "--yes", "--json").done()

    def outputs(self, organization: str) -> dict[str, Any]:
        """What an organization's site exports."""
        return running.outputs(self.root, SITES[organization])

    def say(self, organization: str, **changes: Any) -> None:
        """Change the organization's file."""
        file = self.root / "tenants" / f"{organization}.yaml"
        said = yaml.safe_load(file.read_text().replace(" on:", " 'on':"))
        file.write_text(yaml.safe_dump({**said, **changes}))

    def session(self, role_arn: str, organization: str = "acme") -> Cloud:
        """A session as a role of an organization, opened as people open theirs: through the broker."""
        broker = running.outputs(self.root, "identity/Production")["broker_arn"]
        return _as_role(_as_role(self.accounts[""], broker), role_arn, ExternalId=organization)


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    with EmbeddedCloud.temporary() as server:
        root = running.copied(PLATFORM, tmp_path_factory.mktemp("sites") / "platform", server)
        names = {"": DEFAULT_ORGANIZATION, **{name: name for name in SITES}}
        accounts = {name: Cloud(server.environ(account_of(of), "us-east-1")) for name, of in names.items()}
        estate = Estate(root, accounts, {name: cloud.things() for name, cloud in accounts.items()})
        estate.say("acme", groups=GROUPS, budget={"monthly": 100, "warn_at": [80], "action": "warn"})
        estate.say("initech", disposable=True)
        estate.up(*STACKS)
        yield estate


def _as_role(cloud: Cloud, role_arn: str, **given: str) -> Cloud:
    keys = cloud.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="somebody", **given)["Credentials"]
    own = {"AWS_ACCESS_KEY_ID": keys["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"]}
    return Cloud({**cloud.environ, **own, "AWS_SESSION_TOKEN": keys["SessionToken"]})


@pytest.fixture(scope="module")
def seeded(estate: Estate) -> dict[str, Any]:
    """What environments of acme would have made, by their true names; the site's outputs."""
    site, cloud = estate.outputs("acme"), estate.accounts["acme"]
    for key in ("shop.prod", "shop.dev-a", "crm.prod", "environments"):
        cloud.client("dynamodb").put_item(
            TableName=site["runs_table"],
            Item={"environment": {"S": key}, "run": {"S": RUN}, "status": {"S": "running"}},
        )
    for name in ("prod", "dev-a"):
        cloud.client("logs").create_log_group(logGroupName=LOGS.format(name))
        cloud.client("logs").create_log_stream(logGroupName=LOGS.format(name), logStreamName="run/runner/1")
        cloud.client("s3").put_object(Bucket=site["bucket"], Key=f"environments/shop.{name}/commits/1/x", Body=b"x")
        cloud.client("scheduler").create_schedule_group(Name=f"shop_{name}")
        cloud.client("scheduler").create_schedule(
            Name="nightly", GroupName=f"shop_{name}", **_schedule(site, "ENABLED")
        )
    cloud.client("s3").put_object(Bucket=site["archive_bucket"], Key="archive/shop.old/1/index.json", Body=b"{}")
    for owner in ("shop", "shop.dev-a", "shop.prod"):
        cloud.client("secretsmanager").create_secret(Name=f"/site/acme/{owner}/PASSWORD", KmsKeyId=site["key_arn"])
    return site


def _schedule(site: dict[str, Any], state: str) -> dict[str, Any]:
    launch = f"arn:aws:lambda:us-east-1:{account_of('acme')}:function:launch_shop_prod"
    said = {"ScheduleExpression": "cron(0 3 * * ? *)", "FlexibleTimeWindow": {"Mode": "OFF"}, "State": state}
    return {**said, "Target": {"Arn": launch, "RoleArn": site["scheduler_role_arn"]}}


Call = Callable[[Cloud, dict[str, Any]], object]


def _rows(key: str) -> Call:
    return lambda cloud, site: cloud.client("dynamodb").query(
        TableName=site["runs_table"],
        KeyConditionExpression="environment = :key",
        ExpressionAttributeValues={":key": {"S": key}},
    )


def _lines(name: str) -> Call:
    return lambda cloud, site: cloud.client("logs").get_log_events(
        logGroupName=LOGS.format(name), logStreamName="run/runner/1"
    )


def _object(key: str, bucket: str = "bucket") -> Call:
    return lambda cloud, site: cloud.client("s3").get_object(Bucket=site[bucket], Key=key)


def _listing(prefix: str) -> Call:
    return lambda cloud, site: cloud.client("s3").list_objects_v2(Bucket=site["bucket"], Prefix=prefix)


def _secret(owner: str) -> Call:
    return lambda cloud, site: cloud.client("secretsmanager").put_secret_value(
        SecretId=f"/site/acme/{owner}/PASSWORD", SecretString="secret"
    )


def _switch(name: str) -> Call:
    return lambda cloud, site: cloud.client("scheduler").update_schedule(
        Name="nightly", GroupName=f"shop_{name}", **_schedule(site, "DISABLED")
    )


def _scan(cloud: Cloud, site: dict[str, Any]) -> object:
    return cloud.client("dynamodb").scan(TableName=site["runs_table"])


def _people(cloud: Cloud, site: dict[str, Any]) -> object:
    return cloud.client("ssm").get_parameter(Name="/site/production/acme/access")


CALLS: dict[str, Call] = {
    "rows of shop/prod": _rows("shop.prod"),
    "rows of shop/dev-a": _rows("shop.dev-a"),
    "rows of crm/prod": _rows("crm.prod"),
    "list of environments": _rows("environments"),
    "all rows": _scan,
    "log of shop/prod": _lines("prod"),
    "log of shop/dev-a": _lines("dev-a"),
    "files of shop/prod": _object("environments/shop.prod/commits/1/x"),
    "files of shop/dev-a": _object("environments/shop.dev-a/commits/1/x"),
    "list of files of shop/prod": _listing("environments/shop.prod/commits/"),
    "list of all files": _listing(""),
    "archive": _object("archive/shop.old/1/index.json", "archive_bucket"),
    "secret of shop": _secret("shop"),
    "secret of shop/dev-a": _secret("shop.dev-a"),
    "secret of shop/prod": _secret("shop.prod"),
    "schedule of shop/dev-a": _switch("dev-a"),
    "schedule of shop/prod": _switch("prod"),
    "list of people": _people,
}
MAY = {
    "owners": CALLS.keys() - {"all rows"},
    "developers": {
        "rows of shop/prod", "rows of shop/dev-a", "list of environments", "log of shop/prod", "log of shop/dev-a",
        "files of shop/prod", "files of shop/dev-a", "list of files of shop/prod", "secret of shop/dev-a",
    },
    "operators": {
        "rows of shop/prod", "list of environments", "log of shop/prod", "files of shop/prod",
        "list of files of shop/prod",
    },
}  # fmt: skip


@pytest.mark.parametrize("group", sorted(MAY))
def test_a_group_may_do_what_its_grants_say_and_nothing_else(
    estate: Estate, seeded: dict[str, Any], group: str
) -> None:
    session = estate.session(seeded["role_arns"][group])
    assert {what for what, call in CALLS.items() if _let(call, session, seeded)} == MAY[group]


def test_the_directory_role_reads_the_list_of_people_and_nothing_else(estate: Estate, seeded: dict[str, Any]) -> None:
    session = estate.session(seeded["directory_role_arn"])
    assert {what for what, call in CALLS.items() if _let(call, session, seeded)} == {"list of people"}
    document = json.loads(_people(session, seeded)["Parameter"]["Value"])  # type: ignore[index]
    assert document["developers"]["grants"][0] == {"may": "deploy", "on": "shop/dev-*"}


def _let(call: Call, session: Cloud, site: dict[str, Any]) -> bool:
    """Whether the cloud lets it; any other failure than a denial is raised."""
    try:
        call(session, site)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
            raise
        return False
    return True


@pytest.mark.parametrize("organization", ["globex", ""])
def test_a_role_is_for_its_own_organization_and_through_the_broker_only(
    estate: Estate, seeded: dict[str, Any], organization: str
) -> None:
    """With another's external id, and by another account's root with the right one."""
    role = seeded["role_arns"]["owners"]
    with pytest.raises(ClientError, match="AccessDenied"):
        estate.session(role, "globex")
    with pytest.raises(ClientError, match="AccessDenied"):
        _as_role(estate.accounts[organization], role, ExternalId="acme")


def test_a_change_of_access_takes_effect_on_the_next_up(estate: Estate, seeded: dict[str, Any]) -> None:
    widened = {"members": ["otto@acme.example"], "access": [{"may": "run", "on": "shop/*"}]}
    estate.say("acme", groups={**GROUPS, "operators": widened})
    changed = estate.up(SITES["acme"]).executed
    assert {(op, urn.rpartition("::")[2]) for op, urn in changed} == {
        ("update", "acme-access"),
        ("update", "acme-production-operators"),
    }
    session = estate.session(seeded["role_arns"]["operators"])
    assert _let(CALLS["rows of shop/dev-a"], session, seeded)
    estate.say("acme", groups=GROUPS)
    estate.up(SITES["acme"])


def test_a_run_that_fails_is_settled_and_its_alarm_is_heard_by_the_platform(
    estate: Estate, seeded: dict[str, Any]
) -> None:
    cloud, heard = estate.accounts["acme"], running.outputs(estate.root, "observability/Production")
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="shop_prod", Namespace="site/shop/prod", MetricName="FailedRuns", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=0, ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching", AlarmActions=[heard["alarm_topic_arn"]],
    )  # fmt: skip
    table = cloud.client("dynamodb")
    lease = {"environment": {"S": "shop.prod"}, "run": {"S": "lease"}, "holder": {"S": RUN}}
    table.put_item(TableName="site-runs", Item=lease)
    _run_nothing(cloud.client("ecs"), seeded["cluster_arn"])
    message = _received(estate.accounts[""].client("sqs"), heard["alarm_queue_url"])
    assert (message["AlarmName"], message["NewStateValue"]) == ("shop_prod", "ALARM")
    assert message["AWSAccountId"] == account_of("acme")
    rows = table.query(
        TableName="site-runs",
        KeyConditionExpression="environment = :key",
        ExpressionAttributeValues={":key": {"S": "shop.prod"}},
    )["Items"]
    assert [(row["run"]["S"], row["status"]["S"]) for row in rows] == [(RUN, "failed")]
    assert "CannotPullContainer" in rows[0]["message"]["S"]


def _run_nothing(ecs: Any, cluster: str) -> None:
    """Run a task that cannot start, for its image is nowhere, as a launch function would."""
    container = {"name": "runner", "image": "nowhere:1", "essential": True}
    ecs.register_task_definition(
        family="shop_prod", cpu="256", memory="512", networkMode="awsvpc", requiresCompatibilities=["FARGATE"],
        containerDefinitions=[container],
    )  # fmt: skip
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    ecs.run_task(
        cluster=cluster, taskDefinition="shop_prod", launchType="FARGATE", startedBy=RUN, group="shop.prod",
        networkConfiguration=network,
    )  # fmt: skip


def _received(sqs: Any, queue: str) -> dict[str, Any]:
    """The alarm in the queue's next message."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for message in sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5).get("Messages", []):
            told: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
            return told
    raise AssertionError("no alarm was heard")


def test_the_budget_is_the_organizations(estate: Estate) -> None:
    budgets = estate.accounts["acme"].client("budgets")
    (budget,) = budgets.describe_budgets(AccountId=account_of("acme"))["Budgets"]
    assert (budget["BudgetName"], budget["BudgetLimit"]["Amount"]) == ("site-acme", "100")


def test_there_is_nothing_to_do_afterwards(estate: Estate) -> None:
    assert running.run(estate.root, "preview", *STACKS, "--json").done().changes == []


def test_an_organization_goes_and_leaves_an_archive_only_if_something_is_in_it(
    estate: Estate, seeded: dict[str, Any]
) -> None:
    """Acme's archive has something in it, globex's has nothing, initech's is disposable."""
    others = {name: estate.accounts[name].things() for name in ("globex", "initech")}
    archive = seeded["archive_bucket"]
    estate.accounts["initech"].client("s3").put_object(
        Bucket=estate.outputs("initech")["archive_bucket"], Key="archive/a/1/index.json", Body=b"{}"
    )
    _forget(estate.accounts["acme"], seeded)
    running.run(estate.root, "destroy", SITES["acme"], "--yes", "--json").done()
    assert estate.accounts["acme"].things() == {*estate.untouched["acme"], f"s3 list_buckets {archive}"}
    assert {name: estate.accounts[name].things() for name in others} == others
    s3 = estate.accounts["acme"].client("s3")
    assert s3.get_object(Bucket=archive, Key="archive/shop.old/1/index.json")["Body"].read() == b"{}"
    assert all(s3.get_public_access_block(Bucket=archive)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_versioning(Bucket=archive)["Status"] == "Enabled"
    running.run(estate.root, "destroy", SITES["globex"], SITES["initech"], "--yes", "--json").done()
    assert {name: estate.accounts[name].things() for name in others} == {
        name: estate.untouched[name] for name in others
    }


def _forget(cloud: Cloud, site: dict[str, Any]) -> None:
    """Take away what was seeded besides the archive, as the environments' own stacks would."""
    s3 = cloud.client("s3")
    for version in s3.list_object_versions(Bucket=site["bucket"]).get("Versions", []):
        s3.delete_object(Bucket=site["bucket"], Key=version["Key"], VersionId=version["VersionId"])
    for name in ("prod", "dev-a"):
        cloud.client("logs").delete_log_group(logGroupName=LOGS.format(name))
        cloud.client("scheduler").delete_schedule_group(Name=f"shop_{name}")
    for owner in ("shop", "shop.dev-a", "shop.prod"):
        name = f"/site/acme/{owner}/PASSWORD"
        cloud.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    cloud.client("cloudwatch").delete_alarms(AlarmNames=["shop_prod"])
    cloud.client("ecs").deregister_task_definition(taskDefinition="shop_prod:1")
