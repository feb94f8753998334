"""Parts of the fabric that stages or settings make differ: names, and who may ring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from stackyard.platform.components import Tags
from stackyard.platform.service_fabric import (
    Dns,
    DnsSettings,
    ImageRegistry,
    ImageRegistrySettings,
    Observability,
    ObservabilitySettings,
)
from tests.unit.platform.recording import ACCOUNT, Recording, record, record_folder

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")
PLATFORM = Path(__file__).parents[3] / "platform"


def named(**settings: Any) -> Recording:
    said = DnsSettings(domain="platform.example", api_id="api-1", **settings)
    return record(lambda: Dns("dns", said, Tags.current("fabric")), project="dns")


def ringing(**settings: Any) -> list[dict[str, Any]]:
    said = ObservabilitySettings(log_groups={"control": 30}, **settings)
    recording = record(lambda: Observability("watch", said, Tags.current("fabric")), project="observability")
    return recording.policy("sns/topicPolicy", "watch-alarms")


def test_each_name_leads_to_the_api_under_one_certificate() -> None:
    recording = named()
    domains = recording.of("apigatewayv2/domainName")
    assert [each.inputs["domainName"] for each in domains] == ["api.platform.example", "console.platform.example"]
    assert {each.inputs["domainNameConfiguration"]["certificateArn"] for each in domains} == {"arn:certificate:dns"}
    assert {each.inputs["apiId"] for each in recording.of("apigatewayv2/apiMapping")} == {"api-1"}
    assert recording.one("acm/certificate")["subjectAlternativeNames"] == ["*.platform.example"]
    kinds = [
        (each.inputs["name"], each.inputs["type"]) for each in recording.of("route53/record") if "api" in each.name
    ]
    assert kinds == [("api.platform.example", "A"), ("api.platform.example", "AAAA")]


def test_a_domain_that_is_not_delegated_yet_waits_for_no_certificate() -> None:
    recording = named(delegated=False)
    assert len(recording.of("route53/zone")) == 1
    assert recording.of("acm/certificateValidation") == recording.of("apigatewayv2/domainName") == []


@pytest.mark.parametrize("domain", ["platform", "-x.example", "platform.example.", "a_b.example", "Platform.example"])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        DnsSettings(domain=domain, api_id="api-1")


def test_the_stages_have_names_of_their_own() -> None:
    outputs = {"control_api": {"api_id": "api-1"}}
    urls = [record_folder(PLATFORM / "dns", stage, outputs=outputs).exports["urls"] for stage in ("QA", "Production")]
    assert urls[0]["api"] != urls[1]["api"]


@pytest.mark.parametrize(
    ("settings", "condition"),
    [
        ({}, {"StringEquals": {"aws:SourceAccount": [ACCOUNT]}}),
        ({"alarm_accounts": ["111122223333"]}, {"StringEquals": {"aws:SourceAccount": [ACCOUNT, "111122223333"]}}),
        ({"organization_id": "o-1234567890"}, {"StringEquals": {"aws:SourceOrgID": "o-1234567890"}}),
        ({"alarm_accounts": ["*"]}, None),
    ],
)
def test_whose_alarms_may_ring(settings: dict[str, Any], condition: Any) -> None:
    (statement,) = ringing(**settings)
    assert statement.get("Condition") == condition
    assert statement["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}


@pytest.mark.parametrize("settings", [{"alarm_accounts": ["1234"]}, {"organization_id": "example"}])
def test_what_is_no_account_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        ObservabilitySettings(log_groups={"control": 30}, **settings)


def test_what_rings_is_kept_in_a_queue_that_only_the_topic_fills() -> None:
    recording = record_folder(PLATFORM / "observability", "QA")
    assert recording.one("sqs/queue")["messageRetentionSeconds"] == 14 * 86400
    (statement,) = recording.policy("sqs/queuePolicy", "platform-alarms")
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": "arn:topic:platform-alarms"}}
    subscription = recording.one("sns/topicSubscription", "platform-alarms")
    assert (subscription["protocol"], subscription["endpoint"]) == ("sqs", "arn:queue:platform-alarms")
    shown = json.loads(recording.one("cloudwatch/dashboard")["dashboardBody"])["widgets"]
    assert shown[-1]["properties"]["title"] == "alarms not yet read"


def test_accounts_of_the_organization_may_pull_images_and_nobody_else_may() -> None:
    def registry(**settings: Any) -> Recording:
        said = ImageRegistrySettings(applications=("runner",), **settings)
        return record(lambda: ImageRegistry("registry", said, Tags.current("fabric")), project="registry")

    assert registry().of("ecr/repositoryPolicy") == []
    (statement,) = registry(organization_id="o-1234567890").policy("ecr/repositoryPolicy", "runner")
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1234567890"}}
    assert "ecr:PutImage" not in statement["Action"]
