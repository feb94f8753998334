"""API Gateway answers in every account and region, to callers without a signature too."""

from __future__ import annotations

import http.client
import json

import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients

REGIONS = ("eu-west-1", "us-east-1")


def get(cloud: EmbeddedCloud, path: str, host: str = "") -> tuple[int, dict[str, str]]:
    """An unsigned GET: the status and the JSON of the body."""
    endpoint = cloud.environ("111122223333")["AWS_ENDPOINT_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(endpoint)
    connection.request("GET", path, headers={"Host": host} if host else {})
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return response.status, body


def http_api(client: Clients, region: str) -> str:
    """An HTTP API with `GET /x` and, for signed calls, `GET /iam`."""
    arn = lambdas.function(client, "echo", region=region)
    api = client("apigatewayv2", region_name=region)
    made: str = api.create_api(Name="h", ProtocolType="HTTP")["ApiId"]
    integration = api.create_integration(
        ApiId=made, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    target = f"integrations/{integration}"
    api.create_route(ApiId=made, RouteKey="GET /x", Target=target)
    api.create_route(ApiId=made, RouteKey="GET /iam", Target=target, AuthorizationType="AWS_IAM")
    api.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
    client("lambda", region_name=region).add_permission(
        FunctionName="echo", StatementId="a", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    return made


@pytest.mark.parametrize("region", REGIONS)
def test_an_http_api(client: Clients, embedded_cloud: EmbeddedCloud, region: str) -> None:
    api = http_api(client, region)
    assert get(embedded_cloud, f"/_aws/execute-api/{api}/x") == (200, {"path": "/x"})
    for host in (f"{api}.execute-api.localhost", f"{api}.execute-api.{region}.amazonaws.com"):
        assert get(embedded_cloud, "/x", host) == (200, {"path": "/x"})
    assert get(embedded_cloud, f"/_aws/execute-api/{api}/nothing")[0] == 404
    assert get(embedded_cloud, f"/_aws/execute-api/{api}/iam")[0] == 403


@pytest.mark.parametrize("region", REGIONS)
def test_a_rest_api(client: Clients, embedded_cloud: EmbeddedCloud, region: str) -> None:
    arn = lambdas.function(client, "echo", region=region)
    api = client("apigateway", region_name=region)
    made = api.create_rest_api(name="r")
    uri = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"
    for part, authorization in (("p", "NONE"), ("iam", "AWS_IAM")):
        resource = api.create_resource(restApiId=made["id"], parentId=made["rootResourceId"], pathPart=part)["id"]
        where = {"restApiId": made["id"], "resourceId": resource, "httpMethod": "GET"}
        api.put_method(**where, authorizationType=authorization)
        api.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    api.create_deployment(restApiId=made["id"], stageName="prod")
    client("lambda", region_name=region).add_permission(
        FunctionName="echo", StatementId="a", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    assert get(embedded_cloud, f"/_aws/execute-api/{made['id']}/prod/p") == (200, {"path": "/p"})
    assert get(embedded_cloud, f"/restapis/{made['id']}/prod/_user_request_/p") == (200, {"path": "/p"})
    assert get(embedded_cloud, f"/_aws/execute-api/{made['id']}/prod/iam")[0] == 403


def test_a_rest_api_from_a_definition(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    arn = lambdas.function(client, "echo")
    api = client("apigateway")
    made = api.create_rest_api(name="r")
    function = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {"default": {"statusCode": "200", "responseTemplates": {"application/json": '{"mock": true}'}}},
    }
    definition = {
        "swagger": "2.0",
        "info": {"title": "defined", "version": "1"},
        "paths": {
            "/mock": {"get": {"responses": {"200": {}}, "x-amazon-apigateway-integration": mock}},
            "/{any+}": {
                "x-amazon-apigateway-any-method": {
                    "x-amazon-apigateway-integration": {"type": "aws_proxy", "httpMethod": "POST", "uri": function}
                }
            },
        },
    }
    put = api.put_rest_api(restApiId=made["id"], mode="overwrite", body=json.dumps(definition).encode())
    assert (put["id"], put["name"], put["rootResourceId"]) == (made["id"], "defined", made["rootResourceId"])
    api.create_deployment(restApiId=made["id"], stageName="prod")
    client("lambda").add_permission(
        FunctionName="echo", StatementId="a", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    assert get(embedded_cloud, f"/_aws/execute-api/{made['id']}/prod/mock") == (200, {"mock": True})
    assert get(embedded_cloud, f"/_aws/execute-api/{made['id']}/prod/a/b") == (200, {"path": "/a/b"})
    del definition["paths"]["/mock"]  # type: ignore[attr-defined]
    api.put_rest_api(restApiId=made["id"], mode="overwrite", body=json.dumps(definition).encode())
    paths = {resource["path"] for resource in api.get_resources(restApiId=made["id"])["items"]}
    assert paths == {"/", "/{any+}"}


def test_patches_reach_keys_with_slashes_and_keep_types(client: Clients) -> None:
    api = client("apigateway")
    made = api.create_rest_api(name="r", binaryMediaTypes=["a/b"])
    where = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    api.put_method(**where, authorizationType="NONE")
    api.put_integration(**where, type="MOCK", requestTemplates={"a/b": "old"})
    patch = [
        {"op": "replace", "path": "/requestTemplates/a~1b", "value": "new"},
        {"op": "replace", "path": "/timeoutInMillis", "value": "5000"},
    ]
    patched = api.update_integration(**where, patchOperations=patch)
    assert (patched["requestTemplates"], patched["timeoutInMillis"]) == ({"a/b": "new"}, 5000)
    patch = [{"op": "add", "path": "/binaryMediaTypes/c~1d"}, {"op": "remove", "path": "/binaryMediaTypes/a~1b"}]
    assert api.update_rest_api(restApiId=made["id"], patchOperations=patch)["binaryMediaTypes"] == ["c/d"]


def test_an_api_made_with_a_target_answers(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    arn = lambdas.function(client, "echo")
    client("lambda").add_permission(
        FunctionName="echo", StatementId="a", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
    )
    made = client("apigatewayv2").create_api(Name="h", ProtocolType="HTTP", Target=arn)["ApiId"]
    assert get(embedded_cloud, f"/_aws/execute-api/{made}/any/thing") == (200, {"path": "/any/thing"})
    assert get(embedded_cloud, f"/_aws/execute-api/{made}") == (200, {"path": "/"})
    client("apigatewayv2").update_api(ApiId=made, Target=f"{arn}-other", RouteKey="GET /one")
    routes = client("apigatewayv2").get_routes(ApiId=made)["Items"]
    integrations = client("apigatewayv2").get_integrations(ApiId=made)["Items"]
    assert [route["RouteKey"] for route in routes] == ["GET /one"]
    assert [integration["IntegrationUri"] for integration in integrations] == [f"{arn}-other"]


@pytest.mark.parametrize("region", REGIONS)
def test_a_function_url(client: Clients, embedded_cloud: EmbeddedCloud, region: str) -> None:
    lambdas.function(client, "echo", region=region)
    functions = client("lambda", region_name=region)
    made = functions.create_function_url_config(FunctionName="echo", AuthType="NONE")["FunctionUrl"]
    functions.add_permission(
        FunctionName="echo",
        StatementId="a",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    url_id = made.partition("://")[2].partition(".")[0]
    assert get(embedded_cloud, f"/_aws/lambda-url/{url_id}/x") == (200, {"path": "/x"})


def test_a_load_balancer(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    balancers, network = client("elbv2"), client("ec2")
    vpc = network.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        network.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-west-1{'ab'[n]}")
        for n in range(2)
    ]
    made = balancers.create_load_balancer(Name="front", Subnets=[row["Subnet"]["SubnetId"] for row in subnets])
    answer = {"StatusCode": "200", "ContentType": "application/json", "MessageBody": '{"from": "balancer"}'}
    balancers.create_listener(
        LoadBalancerArn=made["LoadBalancers"][0]["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": answer}],
    )  # fmt: skip
    assert get(embedded_cloud, "/", made["LoadBalancers"][0]["DNSName"]) == (200, {"from": "balancer"})
