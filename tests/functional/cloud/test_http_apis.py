"""HTTP APIs: authorizers of one's own, signed calls, stage variables, proxies, and the event that a function gets."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from stackyard.cloud.client import EmbeddedCloud
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients
from tests.functional.cloud.test_passing import allow

CODE = """
import json, os

def event(event, context):
    return {"statusCode": 200, "headers": {"x-seen": "yes"}, "cookies": ["a=1", "b=2"], "body": json.dumps(event)}

def guard(event, context):
    path = "/tmp/count"
    count = int(open(path).read()) + 1 if os.path.exists(path) else 1
    open(path, "w").write(str(count))
    who = (event.get("headers") or {}).get("authorization", "")
    return {"isAuthorized": who.startswith("Bearer good"),
            "context": {"who": who[7:], "count": count, "type": event["type"], "source": event["identitySource"]}}

def policy(event, context):
    effect = "Allow" if event["identitySource"][0] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["routeArn"]}
    return {"principalId": "me", "context": {"from": "policy"},
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""


class Api:
    """An HTTP API with functions behind it."""

    def __init__(self, client: Clients, cloud: EmbeddedCloud) -> None:
        self._client, self.api = client, client("apigatewayv2")
        self.account = str(client("sts").get_caller_identity()["Account"])
        self.endpoint = cloud.environ(self.account)["AWS_ENDPOINT_URL"].removeprefix("http://")
        self.id = str(self.api.create_api(Name="h", ProtocolType="HTTP")["ApiId"])
        self.api.create_stage(
            ApiId=self.id, StageName="$default", AutoDeploy=True, StageVariables={"colour": "green", "path": "b"}
        )

    def function(self, name: str) -> str:
        """A function that API Gateway may call; its ARN."""
        arn = lambdas.function(self._client, name, code=CODE)
        self._client("lambda").add_permission(
            FunctionName=name, StatementId="a", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com"
        )
        return arn

    def integration(self, uri: str, **given: Any) -> str:
        """The target of routes."""
        settings = {"IntegrationType": "AWS_PROXY", "PayloadFormatVersion": "2.0", **given}
        made = self.api.create_integration(ApiId=self.id, IntegrationUri=uri, **settings)
        return f"integrations/{made['IntegrationId']}"

    def authorizer(self, name: str, **given: Any) -> str:
        """An authorizer that asks a function; its id."""
        uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{self.function(name)}/invocations"
        settings = {"AuthorizerPayloadFormatVersion": "2.0", "EnableSimpleResponses": True,
                    "IdentitySource": ["$request.header.Authorization"], **given}  # fmt: skip
        made = self.api.create_authorizer(
            ApiId=self.id, AuthorizerType="REQUEST", Name=name, AuthorizerUri=uri, **settings
        )
        return str(made["AuthorizerId"])

    def route(self, key: str, target: str, **given: Any) -> None:
        self.api.create_route(ApiId=self.id, RouteKey=key, Target=target, **given)

    def call(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: str | None = None
    ) -> tuple[int, Any, list[tuple[str, str]]]:
        """Status, JSON of the body, headers."""
        connection = http.client.HTTPConnection(self.endpoint)
        connection.request(method, f"/_aws/execute-api/{self.id}{path}", body, headers or {})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        return response.status, json.loads(text) if text else None, response.getheaders()

    def signed(self, path: str, key: str, secret: str) -> int:
        """The status of a signed call."""
        url = f"http://{self.endpoint}/_aws/execute-api/{self.id}{path}"
        request = botocore.awsrequest.AWSRequest("GET", url)
        keys = botocore.credentials.Credentials(key, secret)
        botocore.auth.SigV4Auth(keys, "execute-api", "eu-west-1").add_auth(request)
        return self.call(path, dict(request.headers))[0]


@pytest.fixture
def api(client: Clients, embedded_cloud: EmbeddedCloud) -> Api:
    return Api(client, embedded_cloud)


def guarded(api: Api, path: str, function: str = "guard", **given: Any) -> None:
    """A route behind an authorizer."""
    target = api.integration(api.function("event"))
    api.route(f"GET {path}", target, AuthorizationType="CUSTOM", AuthorizerId=api.authorizer(function, **given))


def test_an_authorizer_lets_in_whom_it_knows(api: Api) -> None:
    guarded(api, "/x", AuthorizerResultTtlInSeconds=0)
    status, event, _ = api.call("/x", {"Authorization": "Bearer good-1"})
    assert status == 200
    told = event["requestContext"]["authorizer"]["lambda"]
    assert (told["who"], told["type"], told["source"]) == ("good-1", "REQUEST", ["Bearer good-1"])
    assert api.call("/x", {"Authorization": "Bearer bad"})[0] == 403
    # Without what it looks at, it is not even asked.
    assert api.call("/x")[0] == 401
    status, event, _ = api.call("/x", {"Authorization": "Bearer good-2"})
    assert event["requestContext"]["authorizer"]["lambda"]["count"] == 3


def test_its_answer_is_kept_for_a_while(api: Api) -> None:
    guarded(api, "/x", AuthorizerResultTtlInSeconds=300)
    counts = []
    for who in ("good-1", "good-1", "good-2", "good-1"):
        event = api.call("/x", {"Authorization": f"Bearer {who}"})[1]
        counts.append(event["requestContext"]["authorizer"]["lambda"]["count"])
    assert counts == [1, 1, 2, 1]


def test_an_authorizer_may_answer_with_a_policy(api: Api) -> None:
    guarded(
        api, "/x", "policy", EnableSimpleResponses=False, IdentitySource=["$request.querystring.key"],
        AuthorizerResultTtlInSeconds=0,
    )  # fmt: skip
    status, event, _ = api.call("/x?key=good")
    assert status == 200
    assert event["requestContext"]["authorizer"]["lambda"]["from"] == "policy"
    assert api.call("/x?key=bad")[0] == 403
    assert api.call("/x")[0] == 401


def test_the_event_is_the_second_format(api: Api, fresh_account: str) -> None:
    api.route("POST /things/{id}", api.integration(api.function("event")))
    status, event, headers = api.call(
        "/things/7?a=1&a=2&b=%20x",
        {"Cookie": "k=v; l=w", "X-Mine": "m", "Content-Type": "application/json"},
        "POST",
        '{"n": 1}',
    )
    assert status == 200
    assert event["version"] == "2.0"
    assert (event["routeKey"], event["rawPath"], event["rawQueryString"]) == (
        "POST /things/{id}", "/things/7", "a=1&a=2&b=%20x",
    )  # fmt: skip
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"a": "1,2", "b": " x"}
    assert event["cookies"] == ["k=v", "l=w"]
    assert event["headers"]["x-mine"] == "m"
    assert (event["body"], event["isBase64Encoded"]) == ('{"n": 1}', False)
    assert event["stageVariables"] == {"colour": "green", "path": "b"}
    context = event["requestContext"]
    assert (context["accountId"], context["apiId"], context["stage"]) == (fresh_account, api.id, "$default")
    assert (context["http"]["method"], context["http"]["path"]) == ("POST", "/things/7")
    assert ("x-seen", "yes") in [(name.lower(), value) for name, value in headers]
    assert [value for name, value in headers if name.lower() == "set-cookie"] == ["a=1", "b=2"]


def test_a_signed_call_needs_the_right(api: Api, client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    for path in ("mine", "theirs"):
        target = api.integration(api.function("event")) if path == "mine" else target  # noqa: F821
        api.route(f"GET /{path}", target, AuthorizationType="AWS_IAM")
    iam = client("iam")
    iam.create_user(UserName="u")
    own = f"arn:aws:execute-api:eu-west-1:{api.account}:{api.id}/$default/GET/mine"
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=lambdas.policy(allow("execute-api:Invoke", own)))
    key = iam.create_access_key(UserName="u")["AccessKey"]
    given = (key["AccessKeyId"], key["SecretAccessKey"])
    assert api.signed("/mine", *given) == 200
    assert api.signed("/theirs", *given) == 403
    assert api.signed("/mine", given[0], "not the secret") == 403
    assert api.call("/mine")[0] == 403


@pytest.fixture
def backend() -> Iterator[str]:
    """An HTTP server that tells what it was asked; its URL."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"path": self.path, "mine": self.headers.get("x-mine")}).encode()
            self.send_response(207)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_given: Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_proxy_passes_on(api: Api, backend: str) -> None:
    target = api.integration(
        f"{backend}/in/{{proxy}}", IntegrationType="HTTP_PROXY", IntegrationMethod="GET", PayloadFormatVersion="1.0"
    )
    api.route("GET /out/{proxy+}", target)
    status, told, _ = api.call("/out/a/b?x=1", {"X-Mine": "m"})
    assert (status, told) == (207, {"path": "/in/a/b?x=1", "mine": "m"})
