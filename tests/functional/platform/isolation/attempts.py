"""What somebody may try on an organization's resources: one attempt a line, by the resource's true name.

An attempt is tried on another organization, where it must be denied, and on one's own, where it must succeed: so a
denial is never a mistake in the call. `admits` are the attempts' doors: resource policies that let an account in.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError

from tests.functional.asking import Cloud

DENIED = {
    "AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "403",
    "UnauthorizedOperation", "KMS.AccessDeniedException", "AWS.SimpleQueueService.AccessDenied",
}  # fmt: skip


@dataclasses.dataclass
class Target:
    """The resources of one organization, by their true names. `account` is the cloud as its own root sees it."""

    organization: str
    number: str
    account: Cloud
    bucket: str
    archive_bucket: str
    key_arn: str
    ciphertext: bytes
    table_arn: str
    secret_arn: str
    log_group_arn: str
    log_stream: str
    queue_url: str
    queue_arn: str
    topic_arn: str
    bus_arn: str
    parameter_arn: str
    repository_arn: str
    function_arn: str
    cluster_arn: str
    task_definition_arn: str
    task_arn: str
    schedule: tuple[str, str]
    alarm_arn: str
    role_arns: tuple[str, ...]
    external_id: str
    database_arn: str = ""

    @property
    def repository(self) -> str:
        return self.repository_arn.rpartition("repository/")[2]


Call = Callable[[Cloud, Target], object]


@dataclasses.dataclass(frozen=True)
class Attempt:
    """`kind` of resource, what is done, and the call. `once`: it changes what it is tried on, so own comes last."""

    kind: str
    what: str
    call: Call

    def __str__(self) -> str:
        return f"{self.kind}: {self.what}"


def outcome(cloud: Cloud, attempt: Attempt, target: Target) -> str:
    """The code of the answer; empty when it was let."""
    try:
        answer = attempt.call(cloud, target)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    for value in answer.values() if isinstance(answer, dict) else ():
        if hasattr(value, "close"):
            value.close()
    return ""


def _s3(operation: str, bucket: str = "bucket", **given: Any) -> Call:
    return lambda cloud, t: getattr(cloud.client("s3"), operation)(Bucket=getattr(t, bucket), **given)


OWN: Final = "environments/shop.prod/"


def _of(service: str, operation: str, given: Callable[[Target], Mapping[str, Any]]) -> Call:
    return lambda cloud, t: getattr(cloud.client(service), operation)(**given(t))


def _open_policy(t: Target) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": []})


EVENT = [{"timestamp": 1_700_000_000_000, "message": "intruder"}]
KEY = {"environment": {"S": "shop.prod"}, "run": {"S": "head"}}
MATERIAL = b"material"

ATTEMPTS: tuple[Attempt, ...] = (
    Attempt("object", "read", _s3("get_object", Key=f"{OWN}hello")),
    Attempt("object", "look", _s3("head_object", Key=f"{OWN}hello")),
    Attempt("object", "list", _s3("list_objects_v2", Prefix=OWN)),
    Attempt("object", "list versions", _s3("list_object_versions")),
    Attempt("object", "write", _s3("put_object", Key=f"{OWN}mine", Body=b"x")),
    Attempt("object", "overwrite", _s3("put_object", Key=f"{OWN}hello", Body=b"hello")),
    Attempt("object", "begin an upload", _s3("create_multipart_upload", Key=f"{OWN}big")),
    Attempt("object", "delete", _s3("delete_object", Key=f"{OWN}mine")),
    Attempt("object", "read from the archive", _s3("get_object", "archive_bucket", Key="hello")),
    Attempt("object", "list the archive", _s3("list_objects_v2", "archive_bucket")),
    Attempt("object", "delete from the archive", _s3("delete_object", "archive_bucket", Key="mine")),
    Attempt("bucket", "read its policy", _s3("get_bucket_policy")),
    Attempt("bucket", "read its lifecycle", _s3("get_bucket_lifecycle_configuration")),
    Attempt("bucket", "tag it", _s3("put_bucket_tagging", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})),
    Attempt("key", "decrypt", _of("kms", "decrypt", lambda t: {"KeyId": t.key_arn, "CiphertextBlob": t.ciphertext})),
    Attempt("key", "encrypt", _of("kms", "encrypt", lambda t: {"KeyId": t.key_arn, "Plaintext": MATERIAL})),
    Attempt("key", "make a data key", _of("kms", "generate_data_key", lambda t: {"KeyId": t.key_arn, "KeySpec": "AES_256"})),  # noqa: E501
    Attempt("key", "describe", _of("kms", "describe_key", lambda t: {"KeyId": t.key_arn})),
    Attempt("key", "read its policy", _of("kms", "get_key_policy", lambda t: {"KeyId": t.key_arn, "PolicyName": "default"})),  # noqa: E501
    Attempt("table", "get", _of("dynamodb", "get_item", lambda t: {"TableName": t.table_arn, "Key": KEY})),
    Attempt("table", "query", _of("dynamodb", "query", lambda t: {
        "TableName": t.table_arn, "KeyConditionExpression": "environment = :e",
        "ExpressionAttributeValues": {":e": {"S": "shop.prod"}}})),
    Attempt("table", "scan", _of("dynamodb", "scan", lambda t: {"TableName": t.table_arn})),
    Attempt("table", "put", _of("dynamodb", "put_item", lambda t: {"TableName": t.table_arn, "Item": KEY})),
    Attempt("table", "update", _of("dynamodb", "update_item", lambda t: {
        "TableName": t.table_arn, "Key": KEY, "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": {":a": {"S": "a"}}})),
    Attempt("table", "write many", _of("dynamodb", "batch_write_item", lambda t: {
        "RequestItems": {t.table_arn: [{"PutRequest": {"Item": KEY}}]}})),
    Attempt("table", "write in a transaction", _of("dynamodb", "transact_write_items", lambda t: {
        "TransactItems": [{"Put": {"TableName": t.table_arn, "Item": KEY}}]})),
    Attempt("table", "describe", _of("dynamodb", "describe_table", lambda t: {"TableName": t.table_arn})),
    Attempt("secret", "read", _of("secretsmanager", "get_secret_value", lambda t: {"SecretId": t.secret_arn})),
    Attempt("secret", "describe", _of("secretsmanager", "describe_secret", lambda t: {"SecretId": t.secret_arn})),
    Attempt("secret", "put", _of("secretsmanager", "put_secret_value", lambda t: {
        "SecretId": t.secret_arn, "SecretString": "mine"})),
    Attempt("secret", "tag", _of("secretsmanager", "tag_resource", lambda t: {
        "SecretId": t.secret_arn, "Tags": [{"Key": "a", "Value": "b"}]})),
    Attempt("log", "read a stream", _of("logs", "get_log_events", lambda t: {
        "logGroupIdentifier": t.log_group_arn, "logStreamName": t.log_stream})),
    Attempt("log", "search", _of("logs", "filter_log_events", lambda t: {"logGroupIdentifier": t.log_group_arn})),
    Attempt("log", "list streams", _of("logs", "describe_log_streams", lambda t: {"logGroupIdentifier": t.log_group_arn})),  # noqa: E501
    Attempt("queue", "send", _of("sqs", "send_message", lambda t: {"QueueUrl": t.queue_url, "MessageBody": "x"})),
    Attempt("queue", "receive", _of("sqs", "receive_message", lambda t: {"QueueUrl": t.queue_url})),
    Attempt("queue", "read attributes", _of("sqs", "get_queue_attributes", lambda t: {
        "QueueUrl": t.queue_url, "AttributeNames": ["All"]})),
    Attempt("queue", "purge", _of("sqs", "purge_queue", lambda t: {"QueueUrl": t.queue_url})),
    Attempt("topic", "publish", _of("sns", "publish", lambda t: {"TopicArn": t.topic_arn, "Message": "x"})),
    Attempt("topic", "read attributes", _of("sns", "get_topic_attributes", lambda t: {"TopicArn": t.topic_arn})),
    Attempt("topic", "subscribe", _of("sns", "subscribe", lambda t: {
        "TopicArn": t.topic_arn, "Protocol": "sqs", "Endpoint": t.queue_arn})),
    Attempt("bus", "put an event", lambda cloud, t: _put_event(cloud, t)),
    Attempt("parameter", "read", _of("ssm", "get_parameter", lambda t: {"Name": t.parameter_arn})),
    Attempt("function", "invoke", _of("lambda", "invoke", lambda t: {
        "FunctionName": t.function_arn, "Payload": b"{}"})),
    Attempt("function", "read its code", _of("lambda", "get_function", lambda t: {"FunctionName": t.function_arn})),
    Attempt("function", "read its settings", _of("lambda", "get_function_configuration", lambda t: {
        "FunctionName": t.function_arn})),
    Attempt("function", "change its settings", _of("lambda", "update_function_configuration", lambda t: {
        "FunctionName": t.function_arn, "Description": "mine"})),
    Attempt("run", "start", _of("ecs", "run_task", lambda t: {
        "cluster": t.cluster_arn, "taskDefinition": t.task_definition_arn, "launchType": "FARGATE"})),
    Attempt("run", "look", lambda cloud, t: _described(cloud, t)),
    Attempt("run", "list", _of("ecs", "list_tasks", lambda t: {"cluster": t.cluster_arn})),
    Attempt("run", "read its definition", _of("ecs", "describe_task_definition", lambda t: {
        "taskDefinition": t.task_definition_arn})),
    Attempt("run", "stop", _of("ecs", "stop_task", lambda t: {"cluster": t.cluster_arn, "task": t.task_arn})),
    Attempt("image", "list", _of("ecr", "describe_images", lambda t: {
        "registryId": t.number, "repositoryName": t.repository})),
    Attempt("image", "read", _of("ecr", "batch_get_image", lambda t: {
        "registryId": t.number, "repositoryName": t.repository, "imageIds": [{"imageTag": "1"}]})),
    Attempt("image", "begin a push", _of("ecr", "initiate_layer_upload", lambda t: {
        "registryId": t.number, "repositoryName": t.repository})),
    Attempt("schedule", "list its tags", lambda cloud, t: cloud.client("scheduler").list_tags_for_resource(
        ResourceArn=f"arn:aws:scheduler:us-east-1:{t.number}:schedule-group/{t.schedule[0]}")),
    Attempt("alarm", "list its tags", _of("cloudwatch", "list_tags_for_resource", lambda t: {"ResourceARN": t.alarm_arn})),  # noqa: E501
)  # fmt: skip


def becoming(role_arn: str) -> Attempt:
    """The attempt to become a role, with everything that its trust policy asks for but the right caller."""
    return Attempt("role", f"become {role_arn.rpartition('/')[2]}", lambda cloud, t: cloud.client("sts").assume_role(
        RoleArn=role_arn, RoleSessionName="intruder", ExternalId=t.external_id))  # fmt: skip


def _put_event(cloud: Cloud, target: Target) -> None:
    """The call answers 200 whatever becomes of its entries."""
    entry = {"Source": "intruder", "DetailType": "x", "Detail": "{}", "EventBusName": target.bus_arn}
    answer = cloud.client("events").put_events(Entries=[entry])
    failed = [each for each in answer["Entries"] if each.get("ErrorCode")]
    if failed:
        raise ClientError({"Error": {"Code": failed[0]["ErrorCode"], "Message": ""}}, "PutEvents")


def _described(cloud: Cloud, target: Target) -> None:
    answer = cloud.client("ecs").describe_tasks(cluster=target.cluster_arn, tasks=[target.task_arn])
    if not answer["tasks"]:
        raise ClientError({"Error": {"Code": "MISSING", "Message": ""}}, "DescribeTasks")


Admit = Callable[[Target, str], None]


def _statement(resources: Any, actions: Any, account: str) -> dict[str, Any]:
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    said = {"Sid": "Guest", "Effect": "Allow", "Principal": principal, "Action": actions}
    return said | ({"Resource": resources} if resources else {})


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _admit_bucket(bucket: str) -> Admit:
    def admit(t: Target, account: str) -> None:
        name = getattr(t, bucket)
        arns = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        t.account.client("s3").put_bucket_policy(Bucket=name, Policy=_policy(_statement(arns, "s3:*", account)))

    return admit


def _admit_key(t: Target, account: str) -> None:
    kms = t.account.client("kms")
    policy = _policy(_statement("*", "kms:*", t.number), _statement("*", "kms:*", account))
    kms.put_key_policy(KeyId=t.key_arn, PolicyName="default", Policy=policy)


def _admit_table(t: Target, account: str) -> None:
    policy = _policy(_statement(t.table_arn, "dynamodb:*", account))
    t.account.client("dynamodb").put_resource_policy(ResourceArn=t.table_arn, Policy=policy)


def _admit_secret(t: Target, account: str) -> None:
    policy = _policy(_statement("*", "secretsmanager:*", account))
    t.account.client("secretsmanager").put_resource_policy(SecretId=t.secret_arn, ResourcePolicy=policy)


def _admit_queue(t: Target, account: str) -> None:
    policy = _policy(_statement(t.queue_arn, "sqs:*", account))
    t.account.client("sqs").set_queue_attributes(QueueUrl=t.queue_url, Attributes={"Policy": policy})


def _admit_topic(t: Target, account: str) -> None:
    actions = ["sns:Publish", "sns:GetTopicAttributes", "sns:Subscribe"]
    policy = _policy(_statement(t.topic_arn, actions, account))
    t.account.client("sns").set_topic_attributes(TopicArn=t.topic_arn, AttributeName="Policy", AttributeValue=policy)


def _admit_bus(t: Target, account: str) -> None:
    policy = _policy(_statement(t.bus_arn, "events:PutEvents", account))
    t.account.client("events").put_permission(EventBusName=t.bus_arn.rpartition("/")[2], Policy=policy)


def _admit_function(t: Target, account: str) -> None:
    for action in ("InvokeFunction", "GetFunction", "GetFunctionConfiguration", "UpdateFunctionConfiguration"):
        t.account.client("lambda").add_permission(
            FunctionName=t.function_arn, StatementId=f"Guest{action}", Action=f"lambda:{action}", Principal=account
        )


def _admit_repository(t: Target, account: str) -> None:
    policy = _policy(_statement(None, "ecr:*", account))
    t.account.client("ecr").set_repository_policy(repositoryName=t.repository, policyText=policy)


ADMITS: dict[str, Admit] = {
    "object": lambda t, account: (_admit_bucket("bucket")(t, account), _admit_bucket("archive_bucket")(t, account))[0],
    "bucket": _admit_bucket("bucket"),
    "key": _admit_key,
    "table": _admit_table,
    "secret": _admit_secret,
    "queue": _admit_queue,
    "topic": _admit_topic,
    "bus": _admit_bus,
    "function": _admit_function,
    "image": _admit_repository,
}
