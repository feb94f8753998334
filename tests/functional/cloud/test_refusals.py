"""What does not run fails, at once, with a reason; what is only a definition works."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from tests.functional.cloud.conftest import Clients

TASK: dict[str, Any] = {"family": "web", "containerDefinitions": [{"name": "c", "image": "nginx", "memory": 64}]}
RUNNING = [
    ("secretsmanager", "rotate_secret", {"SecretId": "s", "RotationRules": {"AutomaticallyAfterDays": 1}}),
    ("ecs", "execute_command", {"cluster": "c", "task": "t", "command": "sh", "interactive": True}),
    ("ecs", "create_service", {"cluster": "c", "serviceName": "s", "taskDefinition": "web",
                               "schedulingStrategy": "DAEMON"}),
    ("rds", "create_db_instance", {"DBInstanceIdentifier": "d", "DBInstanceClass": "db.t3.micro", "Engine": "mysql"}),
    ("rds", "create_db_cluster", {"DBClusterIdentifier": "d", "Engine": "aurora-postgresql"}),
    ("elasticache", "create_cache_cluster", {"CacheClusterId": "c", "Engine": "redis"}),
    ("elasticache", "create_replication_group", {"ReplicationGroupId": "r", "ReplicationGroupDescription": "r"}),
    ("eks", "create_cluster", {"name": "c", "roleArn": "arn:aws:iam::1:role/r", "resourcesVpcConfig": {}}),
    ("batch", "submit_job", {"jobName": "j", "jobQueue": "q", "jobDefinition": "d"}),
    ("athena", "start_query_execution", {"QueryString": "SELECT 1"}),
]  # fmt: skip
UNKNOWN = [
    ("service-quotas", "list_services", {}),
    ("ce", "get_anomalies", {"DateInterval": {"StartDate": "2026-01-01"}}),
    ("redshift", "describe_clusters", {}),
    ("ec2", "describe_local_gateways", {}),
    ("iam", "get_organizations_access_report", {"JobId": "1" * 36}),
    ("cloudfront", "get_anycast_ip_list", {"Id": "a"}),
]


@pytest.mark.parametrize(("service", "operation", "given"), RUNNING, ids=lambda value: str(value)[:24])
def test_what_would_have_to_run_is_refused(
    client: Clients, service: str, operation: str, given: dict[str, Any]
) -> None:
    ecs = client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(**TASK)
    _refused(client(service), operation, given, "not emulated")


@pytest.mark.parametrize(("service", "operation", "given"), UNKNOWN, ids=lambda value: str(value)[:24])
def test_what_is_not_there_is_refused(client: Clients, service: str, operation: str, given: dict[str, Any]) -> None:
    _refused(client(service), operation, given, "embedded cloud")


def _refused(api: Any, operation: str, given: dict[str, Any], says: str) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=says) as caught:
        getattr(api, operation)(**given)
    assert caught.value.response["Error"]["Code"] == "NotEmulated"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 0


def test_definitions_work(client: Clients) -> None:
    ecs, rds, caches, network = client("ecs"), client("rds"), client("elasticache"), client("ec2")
    assert ecs.create_cluster(clusterName="c")["cluster"]["status"] == "ACTIVE"
    ecs.register_task_definition(**TASK)
    service = ecs.create_service(cluster="c", serviceName="s", taskDefinition="web", desiredCount=0)["service"]
    assert service["runningCount"] == 0
    vpc = network.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [network.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in range(2)]
    rds.create_db_subnet_group(DBSubnetGroupName="g", DBSubnetGroupDescription="g", SubnetIds=subnets)
    rds.create_db_parameter_group(DBParameterGroupName="p", DBParameterGroupFamily="postgres16", Description="p")
    caches.create_cache_subnet_group(CacheSubnetGroupName="g", CacheSubnetGroupDescription="g", SubnetIds=subnets)
    batch = client("batch")
    definition = batch.register_job_definition(
        jobDefinitionName="d", type="container",
        containerProperties={"image": "x", "resourceRequirements": [{"type": "VCPU", "value": "1"}]},
    )  # fmt: skip
    assert definition["revision"] == 1


def test_metrics_and_alarms_speak_their_protocol(client: Clients) -> None:
    metrics = client("cloudwatch")
    metrics.put_metric_data(Namespace="n", MetricData=[{"MetricName": "m", "Value": 1.0}])
    metrics.put_metric_alarm(
        AlarmName="a", Namespace="n", MetricName="m", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=0.5,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    assert [row["AlarmName"] for row in metrics.describe_alarms()["MetricAlarms"]] == ["a"]
