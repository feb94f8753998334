"""An organization's resources, one of every kind, made by boto3."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.asking import Cloud
from tests.functional.platform.isolation.attempts import OWN, Target

REGION = "us-east-1"
HANDLER = "def handler(event, context):\n    return {'ok': True}\n"


def seeded(server: EmbeddedCloud, organization: str) -> Target:
    """Make what is not there yet, and say what all of it is called."""
    number = account_of(organization)
    cloud = Cloud(server.environ(number, REGION))
    arn = f"arn:aws:{{}}:{REGION}:{number}:{{}}".format
    bucket, archive = _buckets(cloud, organization)
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    role = _role(cloud, "site-runner")
    return Target(
        organization=organization,
        number=number,
        account=cloud,
        bucket=bucket,
        archive_bucket=archive,
        key_arn=key,
        ciphertext=cloud.client("kms").encrypt(KeyId=key, Plaintext=b"hello")["CiphertextBlob"],
        table_arn=_table(cloud),
        secret_arn=_secret(cloud),
        task_definition_arn=_definition(cloud, role),
        function_arn=_function(cloud, role),
        role_arns=(role,),
        task_arn=arn("ecs", "task/site/00000000000000000000000000000000"),
        cluster_arn=cloud.client("ecs").create_cluster(clusterName="site")["cluster"]["clusterArn"],
        external_id=organization,
        **beside(cloud, number),
    )


def beside(cloud: Cloud, number: str) -> dict[str, Any]:
    """The kinds of resources that the platform itself does not give an organization, made beside its own."""
    arn = f"arn:aws:{{}}:{REGION}:{number}:{{}}".format
    logs, sqs, ecr = (cloud.client(service) for service in ("logs", "sqs", "ecr"))
    _once(logs, "ResourceAlreadyExistsException", "create_log_group", logGroupName="/extra")
    _once(logs, "ResourceAlreadyExistsException", "create_log_stream", logGroupName="/extra", logStreamName="stream")
    queue = sqs.create_queue(QueueName="extra")["QueueUrl"]
    _once(cloud.client("events"), "ResourceAlreadyExistsException", "create_event_bus", Name="extra")
    cloud.client("ssm").put_parameter(Name="/extra", Value="x", Type="String", Overwrite=True)
    _once(ecr, "RepositoryAlreadyExistsException", "create_repository", repositoryName="extra")
    _once(cloud.client("scheduler"), "ConflictException", "create_schedule_group", Name="extra")
    cloud.client("cloudwatch").put_metric_alarm(
        AlarmName="extra", Namespace="x", MetricName="x", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    return {
        "log_group_arn": arn("logs", "log-group:/extra"),
        "log_stream": "stream",
        "queue_url": queue,
        "queue_arn": arn("sqs", "extra"),
        "topic_arn": cloud.client("sns").create_topic(Name="extra")["TopicArn"],
        "bus_arn": arn("events", "event-bus/extra"),
        "parameter_arn": arn("ssm", "parameter/extra"),
        "repository_arn": arn("ecr", "repository/extra"),
        "schedule": ("extra", "extra"),
        "alarm_arn": arn("cloudwatch", "alarm:extra"),
    }


def _once(client: Any, there: str, operation: str, **given: Any) -> None:
    try:
        getattr(client, operation)(**given)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != there:
            raise


def _buckets(cloud: Cloud, organization: str) -> tuple[str, str]:
    s3 = cloud.client("s3")
    names = (f"{organization}-data", f"{organization}-archive")
    rule = {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    for name in names:
        _once(s3, "BucketAlreadyOwnedByYou", "create_bucket", Bucket=name)
        for key in ("hello", f"{OWN}hello"):
            s3.put_object(Bucket=name, Key=key, Body=b"hello")
        s3.put_bucket_policy(Bucket=name, Policy=_closed(name))
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
    return names


def _closed(bucket: str) -> str:
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    said = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Condition": plain}
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    return json.dumps({"Version": "2012-10-17", "Statement": [{**said, "Resource": arns}]})


def _table(cloud: Cloud) -> str:
    dynamodb = cloud.client("dynamodb")
    names = ("environment", "run")
    _once(
        dynamodb, "ResourceInUseException", "create_table", TableName="site-runs", BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": n, "KeyType": k} for n, k in zip(names, ("HASH", "RANGE"), strict=True)],
    )  # fmt: skip
    return str(dynamodb.describe_table(TableName="site-runs")["Table"]["TableArn"])


def _secret(cloud: Cloud) -> str:
    secrets = cloud.client("secretsmanager")
    _once(secrets, "ResourceExistsException", "create_secret", Name="/site/shop/PASSWORD", SecretString="x")
    return str(secrets.describe_secret(SecretId="/site/shop/PASSWORD")["ARN"])


def _role(cloud: Cloud, name: str) -> str:
    services = ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com"]
    said = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [said]})
    iam = cloud.client("iam")
    _once(iam, "EntityAlreadyExists", "create_role", RoleName=name, AssumeRolePolicyDocument=trust)
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def _function(cloud: Cloud, role: str) -> str:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as code:
        code.writestr("main.py", HANDLER)
    functions = cloud.client("lambda")
    _once(
        functions, "ResourceConflictException", "create_function", FunctionName="launch_shop_prod", Role=role,
        Runtime="python3.12", Handler="main.handler", Code={"ZipFile": archive.getvalue()},
    )  # fmt: skip
    return str(functions.get_function(FunctionName="launch_shop_prod")["Configuration"]["FunctionArn"])


def _definition(cloud: Cloud, role: str) -> str:
    container = {"name": "runner", "image": "runner", "essential": True, "memory": 64}
    made = cloud.client("ecs").register_task_definition(
        family="shop_prod", containerDefinitions=[container], taskRoleArn=role, networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
    )  # fmt: skip
    return str(made["taskDefinition"]["taskDefinitionArn"])
