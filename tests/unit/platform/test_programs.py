"""Every program of the reference platform registers what its guide says, in both stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.platform.recording import Recording, record_folder

# The SDK warns about names of its own when its modules load.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_aws")
PLATFORM = Path(__file__).parents[3] / "platform"
TENANTS = sorted(path.stem for path in (PLATFORM / "tenants").glob("*.yaml"))
TAGS = {"Environment", "Layer", "Organization", "Project", "CostOwner"}

OUTPUTS: dict[str, dict[str, Any]] = {
    "identity": {
        "key_arns": {"storage": "arn:key:storage"},
        "boundary_arn": "arn:boundary",
        "broker_arn": "arn:broker",
    },
    "storage": {
        "table_names": {"organizations": "organizations-1"},
        "table_arns": {"organizations": "arn:table:organizations"},
    },
    "observability": {"alarm_topic_arn": "arn:topic"},
}


def run(project: str, stack: str, **config: str) -> Recording:
    return record_folder(PLATFORM / project, stack, config=config, outputs=OUTPUTS)


def site(organization: str) -> Recording:
    stack = f"{organization}.Production"
    return run("site_instances", stack, organization=organization, tenant=f"../tenants/{organization}.yaml")


@pytest.mark.parametrize("stage", ["QA", "Production"])
@pytest.mark.parametrize("project", ["network", "identity", "registry", "storage", "observability", "control_api"])
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
    recordings = [run("identity", "QA"), run("control_api", "QA"), site("acme")]
    roles = [role for recording in recordings for role in recording.of("iam/role")]
    assert len(roles) == 7 + 1 + 4 + 3
    assert [role.name for role in roles if not role.inputs.get("permissionsBoundary")] == []


def test_a_function_may_do_only_what_its_route_needs() -> None:
    recording = run("control_api", "QA")
    allowed = {role.name: recording.policy("iam/rolePolicy", role.name) for role in recording.of("iam/rolePolicy")}
    verbs = {name: statements[1]["Action"] for name, statements in allowed.items()}
    assert verbs == {
        "create-organization": ["dynamodb:PutItem"],
        "get-organization": ["dynamodb:GetItem"],
        "update-organization": ["dynamodb:UpdateItem"],
        "list-organizations": ["dynamodb:Scan"],
    }
    assert {statements[1]["Resource"] for statements in allowed.values()} == {"arn:table:organizations"}
    assert {route.inputs["routeKey"] for route in recording.of("apigatewayv2/route")} == {
        "POST /organizations",
        "GET /organizations",
        "GET /organizations/{name}",
        "PUT /organizations/{name}",
    }


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
            assert "*" not in statement["Action"]
            assert organization in str(statement["Resource"]), statement
            assert not [other for other in TENANTS if other != organization and other in str(statement)]


def test_there_are_three_organizations_at_least() -> None:
    assert len(TENANTS) >= 3


def test_readers_write_nothing_and_runs_look_nothing_up() -> None:
    recording = site("acme")
    actions = {
        role.name: {action for each in recording.policy("iam/rolePolicy", role.name) for action in each["Action"]}
        for role in recording.of("iam/rolePolicy")
    }
    assert not {"s3:PutObject", "kms:GenerateDataKey", "logs:PutLogEvents"} & actions["acme-viewer"]
    assert "logs:GetLogEvents" not in actions["acme-runner"]
    assert actions["acme-admin"] >= actions["acme-viewer"]
