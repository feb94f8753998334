"""Every program of the reference platform registers what its guide says, in both stages."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from stackyard.errors import ConfigError
from stackyard.model.tenants import Budget, Deed, Grant, Group
from stackyard.platform.components import Tags
from stackyard.platform.site_instances import SiteInstance, SiteInstanceSettings, read_tenant
from tests.unit.platform.recording import Recording, record, record_folder

# The SDK warns about names of its own when its modules load.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")
PLATFORM = Path(__file__).parents[3] / "platform"
TENANTS = sorted({path.stem for path in (PLATFORM / "tenants").glob("*.yaml")} - {"demo"})  # which `make demo` adds
TAGS = {"Environment", "Layer", "Organization", "Project", "CostOwner"}

OUTPUTS: dict[str, dict[str, Any]] = {
    "identity": {
        "key_arns": {"storage": "arn:key:storage"},
        "boundary_arn": "arn:boundary",
        "broker_arn": "arn:broker",
    },
    "network": {
        "vpc_id": "vpc-1",
        "public_subnet_ids": ["subnet-1", "subnet-2"],
        "private_subnet_ids": ["subnet-3", "subnet-4"],
    },
    "registry": {"repository_urls": {"runner": "registry/runner"}, "repository_arns": {"runner": "arn:runner"}},
    "storage": {
        "table_names": {name: f"{name}-1" for name in ("organizations", "tokens", "costs")},
        "table_arns": {name: f"arn:table:{name}" for name in ("organizations", "tokens", "costs")},
    },
    "control_api": {"url": "https://api.example", "api_id": "api-1", "execution_arn": "arn:execute"},
    "observability": {"alarm_topic_arn": "arn:topic"},
}


def run(project: str, stack: str, **config: str) -> Recording:
    return record_folder(PLATFORM / project, stack, config=config, outputs=OUTPUTS)


def site(organization: str) -> Recording:
    stack = f"{organization}.Production"
    return run("site_instances", stack, organization=organization, tenant=f"../tenants/{organization}.yaml")


@pytest.mark.parametrize("stage", ["QA", "Production"])
@pytest.mark.parametrize(
    "project", ["network", "identity", "registry", "storage", "compute", "observability", "control_api", "control_web"]
)
def test_everything_that_can_carry_tags_carries_those_of_its_stage(project: str, stage: str) -> None:
    recording = run(project, stage)
    tagged = [each for each in recording.resources if "tags" in each.inputs]
    assert tagged
    for each in tagged:
        assert set(each.inputs["tags"]) >= TAGS, each
        assert each.inputs["tags"]["Environment"] == stage
        assert each.inputs["tags"]["Project"] == project


@pytest.mark.parametrize(("stage", "gateways"), [("QA", 0), ("Production", 1)])
def test_only_production_pays_for_a_nat_gateway(stage: str, gateways: int) -> None:
    recording = run("network", stage)
    assert len(recording.of("ec2/natGateway")) == gateways
    assert len(recording.of("ec2/subnet")) == 4
    assert len(recording.of("ec2/route")) == 1 + gateways
    assert len(recording.of("ec2/vpcEndpoint")) == 2


def test_the_stages_have_distinct_networks() -> None:
    blocks = {run("network", stage).one("ec2/vpc")["cidrBlock"] for stage in ("QA", "Production")}
    assert len(blocks) == 2


def test_one_stage_makes_the_issuer_and_the_other_relies_on_it() -> None:
    production, qa = run("identity", "Production"), run("identity", "QA")
    assert len(production.of("iam/openIdConnectProvider")) == 1
    assert qa.of("iam/openIdConnectProvider") == []
    trust = qa.policy("iam/role", "deployers-network", "assumeRolePolicy")
    assert trust[0]["Principal"]["Federated"].endswith("oidc-provider/token.actions.githubusercontent.com")
    assert trust[0]["Condition"]["StringEquals"]["token.actions.githubusercontent.com:sub"].endswith("environment:QA")


def test_every_role_of_the_platform_is_bounded() -> None:
    recordings = [
        run("identity", "QA"),
        run("compute", "QA"),
        run("control_api", "QA"),
        run("control_web", "QA"),
        site("acme"),
    ]
    roles = [role for recording in recordings for role in recording.of("iam/role")]
    assert len({role.name for role in roles}) == len(roles) > 20
    assert [role.name for role in roles if not role.inputs.get("permissionsBoundary")] == []


def test_a_function_may_do_only_what_its_routes_need() -> None:
    recording = run("control_api", "QA")
    allowed: dict[str, set[tuple[str, str]]] = {}
    for role in recording.of("iam/rolePolicy"):
        _log, *statements = recording.policy("iam/rolePolicy", role.name)
        said = [(action, str(each["Resource"])) for each in statements for action in each["Action"]]
        allowed[role.name] = {(action.partition(":")[2], resource.rpartition(":")[2]) for action, resource in said}
    broker = ("AssumeRole", "broker")
    known = ("GetItem", "organizations")
    assert allowed == {
        "about": set(),
        "control-api-tokens": {("GetItem", "tokens")},
        "costs": {broker, known, ("Query", "costs")},
        "create-organization": {("PutItem", "organizations")},
        "get-organization": {broker, known, ("PutItem", "organizations"), ("UpdateItem", "organizations")},
        "list-organizations": {known, ("Scan", "organizations")},
        "sites": {broker, known},
        "update-organization": {broker, known, ("UpdateItem", "organizations")},
    }


def test_every_route_of_the_contract_is_there_and_only_four_are_open() -> None:
    recordings = [run("control_api", "QA"), run("control_web", "QA")]
    routes = [route.inputs for recording in recordings for route in recording.of("apigatewayv2/route")]
    unguarded = {route["routeKey"] for route in routes if route.get("authorizationType", "NONE") == "NONE"}
    assert unguarded == {"GET /", "GET /app/{file+}", "GET /health", "GET /openapi.json"}
    assert all(route["authorizationType"] == "CUSTOM" for route in routes if route["routeKey"] not in unguarded)
    assert len(routes) == 18


def test_the_page_is_private_files_and_a_function_that_may_read_them() -> None:
    recording = run("control_web", "Production")
    files = {each.inputs["key"]: each.inputs["contentType"] for each in recording.of("s3/bucketObjectv2")}
    assert files["index.html"] == "text/html"
    assert files["main.js"] == "text/javascript"
    assert files["app.css"] == "text/css"
    assert recording.one("s3/bucketPublicAccessBlock")["restrictPublicBuckets"] is True
    _log, reading = recording.policy("iam/rolePolicy", "control-web")
    assert (reading["Action"], reading["Resource"]) == (["s3:GetObject"], "arn:bucket:control-web/*")


def test_the_api_reads_other_stacks_of_its_own_stage_only() -> None:
    recording = run("control_api", "Production")
    assert sorted(recording.references) == [
        "organization/identity/Production",
        "organization/observability/Production",
        "organization/storage/Production",
    ]


@pytest.mark.parametrize("organization", TENANTS)
def test_an_organization_reaches_only_what_is_its_own(organization: str) -> None:
    recording = site(organization)
    assert recording.references == ["organization/identity/Production"]
    for role in recording.of("iam/rolePolicy"):
        for statement in recording.policy("iam/rolePolicy", role.name):
            assert not [each for each in statement["Action"] if each.endswith("*")], statement
            assert statement["Resource"] != "*" or statement["Condition"], statement
            assert not [other for other in TENANTS if other != organization and other in str(statement)]


def test_there_are_three_organizations_at_least() -> None:
    assert len(TENANTS) >= 3


def test_people_become_a_role_through_the_broker_with_their_organization_as_external_id() -> None:
    recording = site("acme")
    of_people = [each for each in recording.of("iam/role") if each.inputs.get("path") == "/site/"]
    assert {each.inputs["name"] for each in of_people} == {
        "acme-production",
        "acme-production-analysts",
        "acme-production-operators",
        "acme-production-owners",
    }
    for role in of_people:
        assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:broker"},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "acme"}},
            }
        ]


def test_the_access_parameter_says_who_is_in_which_group_and_what_it_may() -> None:
    parameter = site("acme").one("ssm/parameter")
    assert parameter["name"] == "/site/production/acme/access"
    # The SDK takes every parameter's value for a secret.
    assert json.loads(parameter["value"]["value"])["operators"] == {
        "members": ["runs@acme.example"],
        "grants": [{"may": "run", "on": "*"}],
    }


def test_the_archive_outlives_the_organization_under_a_key_that_does_not_go_with_it() -> None:
    recording = site("acme")
    rule = recording.one("s3/bucketServerSideEncryptionConfiguration", "acme-archive")["rules"][0]
    assert rule["applyServerSideEncryptionByDefault"] == {"sseAlgorithm": "AES256"}
    closing = recording.one("lambda/invocation")
    assert closing["lifecycleScope"] == "CRUD"
    allowed = recording.policy("iam/rolePolicy", "site-closing")[1]
    assert (allowed["Action"], allowed["Resource"]) == (["s3:DeleteBucket"], "arn:bucket:acme-archive")


def test_runs_are_settled_when_a_task_of_the_organizations_own_cluster_stops() -> None:
    recording = site("acme")
    pattern = json.loads(recording.one("cloudwatch/eventRule")["eventPattern"])
    assert pattern["source"] == ["aws.ecs"]
    assert pattern["detail"] == {"clusterArn": ["arn:cluster:site"], "lastStatus": ["STOPPED"]}
    assert recording.one("cloudwatch/eventTarget")["arn"] == "arn:function:site-settle"
    assert recording.exports["settle_function"] == "site-settle"


def test_a_budget_tells_whoever_pays() -> None:
    assert site("acme").of("budgets/budget") == []
    tenant = read_tenant(PLATFORM / "tenants" / "acme.yaml")
    paid = dataclasses.replace(tenant, budget=Budget(250.0, (50, 100)))
    settings = SiteInstanceSettings(tenant=paid, broker_arn="arn:broker")
    recording = record(
        lambda: SiteInstance("acme", settings, Tags.current("sites", organization="acme")), stack_name="acme.Production"
    )
    budget = recording.one("budgets/budget")
    assert (budget["limitAmount"], budget["timeUnit"]) == ("250", "MONTHLY")
    assert [(each["threshold"], each["subscriberEmailAddresses"]) for each in budget["notifications"]] == [
        (50, ["billing@acme.example"]),
        (100, ["billing@acme.example"]),
    ]


def test_grants_that_no_policy_can_hold_are_refused_by_name() -> None:
    tenant = read_tenant(PLATFORM / "tenants" / "acme.yaml")
    grants = tuple(Grant(Deed.DEPLOY, f"project-{number}/prod") for number in range(30))
    crowd = dataclasses.replace(tenant, groups={**tenant.groups, "crowd": Group("crowd", ("a@acme.example",), grants)})
    settings = SiteInstanceSettings(tenant=crowd, broker_arn="arn:broker")
    with pytest.raises(ConfigError, match=r"acme-production-crowd need .* characters"):
        record(
            lambda: SiteInstance("acme", settings, Tags.current("sites", organization="acme")),
            stack_name="acme.Production",
        )


@pytest.mark.parametrize("suspended", [True, False])
def test_a_suspended_organization_says_so(suspended: bool) -> None:
    tenant = dataclasses.replace(read_tenant(PLATFORM / "tenants" / "acme.yaml"), suspended=suspended)
    settings = SiteInstanceSettings(tenant=tenant, broker_arn="arn:broker")
    made: list[SiteInstance] = []
    tags = Tags(environment="QA", layer="sites", organization="acme", project="x", cost_owner="acme")
    record(lambda: made.append(SiteInstance("acme", settings, tags)), stack_name="acme.QA")
    assert made[0].outputs()["suspended"] is suspended


@pytest.mark.parametrize(("stage", "public"), [("QA", True), ("Production", False)])
def test_tasks_without_a_nat_gateway_have_addresses_of_their_own(stage: str, public: bool) -> None:
    recording = run("compute", stage)
    subnets = OUTPUTS["network"]["public_subnet_ids" if public else "private_subnet_ids"]
    assert recording.exports["subnet_ids"] == subnets
    assert recording.exports["assign_public_ip"] is public
    assert {each.inputs["subnetId"] for each in recording.of("efs/mountTarget")} == set(subnets)


def test_only_the_installer_writes_the_plugins_file_system() -> None:
    recording = run("compute", "QA")
    container = json.loads(recording.one("ecs/taskDefinition")["containerDefinitions"])[0]
    assert (container["image"], container["command"]) == ("registry/runner:1", ["install-plugins"])
    assert container["mountPoints"][0]["containerPath"] == recording.exports["plugins_root"]
    writers = {
        role.name
        for role in recording.of("iam/rolePolicy")
        for statement in recording.policy("iam/rolePolicy", role.name)
        if "elasticfilesystem:ClientWrite" in statement["Action"]
    }
    assert writers == {"compute-installer"}


def test_nobody_calls_a_run() -> None:
    recording = run("compute", "QA")
    rules = recording.of("vpc/securityGroupIngressRule")
    assert [(rule.name, rule.inputs["referencedSecurityGroupId"]) for rule in rules] == [
        ("compute-plugins", "compute-runs-id")
    ]
