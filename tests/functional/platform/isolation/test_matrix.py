"""Every credential that one organization's people and runs can have, tried on every kind of resource of another.

The platform is brought up with two tenants; the resources are their own, by their true names. All is denied, while
the same calls on one's own succeed for whoever may make them.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.functional.asking import Cloud
from tests.functional.platform import living
from tests.functional.platform.isolation import attempts, seeding

pytestmark = pytest.mark.cloud
KEY = "shop.prod"
TELLS = "import os\ndef handler(event, context):\n    return {k: os.environ[k] for k in event}\n"
VARIABLES = {
    "AccessKeyId": "AWS_ACCESS_KEY_ID",
    "SecretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "SessionToken": "AWS_SESSION_TOKEN",
}
# What each credential may do on its own organization, and does: the matrix's positive controls.
OWN = {
    "owners": {"object: read", "key: decrypt", "table: get", "table: query", "log: search", "parameter: read",
               "function: invoke", "role: become nobody"},
    "operators": {"object: read", "table: get", "function: invoke"},
    "analysts": {"object: read", "table: get", "log: search"},
    "runs": {"object: read", "object: write", "table: get", "table: put", "secret: read", "key: decrypt"},
    "launch": {"table: get", "table: put"},
}  # fmt: skip


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[living.Estate]:
    with living.two_tenants(tmp_path_factory.mktemp("isolation")) as estate:
        yield estate


@pytest.fixture(scope="module")
def targets(estate: living.Estate) -> tuple[attempts.Target, attempts.Target]:
    """The resources of acme and of globex."""
    return _target(estate, "acme"), _target(estate, "globex")


@pytest.fixture(scope="module")
def credentials(estate: living.Estate) -> dict[str, Cloud]:
    """Every credential that acme's people and runs can have, and the one above them all: the account's owner."""
    roles = estate.outputs("site_instances/acme.Production")["role_arns"]
    people = {group: estate.session("acme", arn) for group, arn in roles.items()}
    own = estate.sites["acme"]
    runs = _through_a_function(own, estate.outputs("activated_environments/acme.shop.prod.Production")["task_role_arn"])
    return {**people, "runs": runs, "launch": _of_launch(own), "the account's owner": own}


def test_nothing_of_another_organization_is_reached(
    credentials: dict[str, Cloud], targets: tuple[attempts.Target, attempts.Target]
) -> None:
    other = targets[1]
    tried = [*attempts.ATTEMPTS, *map(attempts.becoming, other.role_arns)]
    let = [
        f"{who}: {attempt}"
        for (who, session), attempt in itertools.product(credentials.items(), tried)
        if not attempts.outcome(session, attempt, other)
    ]
    assert let == []
    assert len(credentials) * len(tried) >= 60
    assert len({attempt.kind for attempt in tried}) >= 12


@pytest.mark.parametrize("who", sorted(OWN))
def test_the_same_calls_on_ones_own_succeed(
    who: str, credentials: dict[str, Cloud], targets: tuple[attempts.Target, attempts.Target]
) -> None:
    tried = {str(attempt): attempts.outcome(credentials[who], attempt, targets[0]) for attempt in attempts.ATTEMPTS}
    assert {what: code for what, code in tried.items() if what in OWN[who] and code} == {}


def _target(estate: living.Estate, organization: str) -> attempts.Target:
    """An organization's resources, as its stacks say; kinds that the platform does not use stand beside them."""
    cloud = estate.sites[organization]
    site = estate.outputs(f"site_instances/{organization}.Production")
    environment = estate.outputs(f"activated_environments/{organization}.shop.prod.Production")
    number = site["key_arn"].split(":")[4]
    arn = f"arn:aws:{{}}:{living.REGION}:{number}:{{}}".format
    for bucket in (site["bucket"], site["archive_bucket"]):
        cloud.client("s3").put_object(Bucket=bucket, Key="hello", Body=b"hello")
    cloud.client("s3").put_object(Bucket=site["bucket"], Key=f"environments/{KEY}/hello", Body=b"hello")
    cloud.client("logs").create_log_stream(logGroupName=environment["log_group"], logStreamName="stream")
    secret = cloud.client("secretsmanager").describe_secret(SecretId=f"/site/{organization}/shop/SHOP_PASSWORD")["ARN"]
    cloud.client("secretsmanager").put_secret_value(SecretId=secret, SecretString="x")
    definition = cloud.client("ecs").describe_task_definition(taskDefinition="shop_prod")["taskDefinition"]
    plain = cloud.client("kms").encrypt(KeyId=site["key_arn"], Plaintext=b"hello")["CiphertextBlob"]
    roles = [role["Arn"] for role in cloud.client("iam").list_roles()["Roles"]]
    beside = seeding.beside(cloud, number) | {
        "log_group_arn": arn("logs", f"log-group:{environment['log_group']}"),
        "parameter_arn": arn("ssm", f"parameter/site/production/{organization}/access"),
        "schedule": ("shop_prod", "yearly"),
        "alarm_arn": arn("cloudwatch", "alarm:shop_prod"),
    }
    return attempts.Target(
        organization=organization,
        number=number,
        account=cloud,
        bucket=site["bucket"],
        archive_bucket=site["archive_bucket"],
        key_arn=site["key_arn"],
        ciphertext=plain,
        table_arn=site["runs_table_arn"],
        secret_arn=secret,
        task_definition_arn=definition["taskDefinitionArn"],
        function_arn=environment["launch_function_arn"],
        role_arns=tuple(roles),
        task_arn=arn("ecs", "task/site/00000000000000000000000000000000"),
        cluster_arn=site["cluster_arn"],
        external_id=organization,
        **beside,
    )


def _of_launch(cloud: Cloud) -> Cloud:
    role = cloud.client("lambda").get_function(FunctionName="launch_shop_prod")["Configuration"]["Role"]
    return _told(cloud, "tells-launch", role)


def _through_a_function(cloud: Cloud, role_arn: str) -> Cloud:
    """The keys of a task's role. A function may not have it, so for a moment its trust says that one may."""
    iam, name = cloud.client("iam"), role_arn.rpartition("/")[2]
    trusted = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    opened = json.loads(json.dumps(trusted).replace("ecs-tasks.amazonaws.com", "lambda.amazonaws.com"))
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(opened))
    try:
        return _told(cloud, "tells-runs", role_arn)
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusted))


def _told(cloud: Cloud, name: str, role_arn: str) -> Cloud:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("main.py", TELLS)
    functions = cloud.client("lambda")
    functions.create_function(
        FunctionName=name, Role=role_arn, Runtime="python3.12", Handler="main.handler",
        Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(list(VARIABLES.values())))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    return living.with_keys(cloud, {key: told[variable] for key, variable in VARIABLES.items()})
