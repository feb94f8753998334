"""What everybody on the machine reaches, since there is one loopback address, gives nobody what is another's."""

from __future__ import annotations

import http.client
import io
import json
import stat
import urllib.error
import urllib.request
import zipfile
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.cloud.server import confinement, downloads
from tests.functional.cloud import lambdas
from tests.functional.cloud.conftest import Clients, client_of

BOOTSTRAP = """#!/usr/bin/env python3
import json, os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as asked:
        name, event = asked.headers["Lambda-Runtime-Aws-Request-Id"], json.load(asked)
    said = json.dumps({"api": os.environ["AWS_LAMBDA_RUNTIME_API"], "event": event}).encode()
    urllib.request.urlopen(urllib.request.Request(api + name + "/response", said, method="POST")).close()
"""


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_code_and_layers_are_read_by_those_who_were_handed_their_address(client: Clients) -> None:
    lambdas.function(client, "who")
    functions = client("lambda")
    layer = functions.publish_layer_version(LayerName="shared", Content={"ZipFile": _zipped("x", b"")})
    version = functions.get_layer_version(LayerName="shared", VersionNumber=layer["Version"])
    for url in (functions.get_function(FunctionName="who")["Code"]["Location"], version["Content"]["Location"]):
        assert _status(url) == 200
        assert _status(url.partition("?")[0]) == 403
        assert _status(url.replace("signature=", "signature=0")) == 403


def test_an_address_is_good_for_its_path_and_time_alone() -> None:
    url = downloads.signed(b"secret", "http://127.0.0.1:1/_ministack/lambda-code/1/r/f?X-Amz-Expires=600", 60)
    path, _, query = url.removeprefix("http://127.0.0.1:1").partition("?")
    assert downloads.is_signed(b"secret", path, query)
    assert not downloads.is_signed(b"secret", f"{path}x", query)
    assert not downloads.is_signed(b"other", path, query)
    old = downloads.signed(b"secret", f"http://127.0.0.1:1{path}", -1).partition("?")[2]
    assert not downloads.is_signed(b"secret", path, old)
    assert not downloads.is_signed(b"secret", path, "stackyard-until=never&stackyard-signature=é")


@pytest.mark.skipif(confinement.means() != "namespaces", reason="accounts have users of their own under root alone")
def test_events_of_a_function_are_taken_by_itself_alone(client: Clients) -> None:
    functions = client("lambda")
    functions.create_function(
        FunctionName="own", Runtime="provided.al2023", Handler="x", Timeout=20, Role=lambdas.role(client, "for-own"),
        Code={"ZipFile": _zipped("bootstrap", BOOTSTRAP.encode())},
    )  # fmt: skip
    told = json.loads(functions.invoke(FunctionName="own", Payload=b'{"a": 1}')["Payload"].read())
    assert told["event"] == {"a": 1}
    intruder = http.client.HTTPConnection(told["api"], timeout=20)
    intruder.request("GET", "/2018-06-01/runtime/invocation/next")
    with pytest.raises(http.client.RemoteDisconnected):
        intruder.getresponse()
    intruder.close()
    again = json.loads(functions.invoke(FunctionName="own", Payload=b'{"a": 2}')["Payload"].read())
    assert again["event"] == {"a": 2}


@pytest.mark.parametrize("means", ["no role", "a role", "a role that is admitted"])
def test_an_api_writes_to_another_accounts_queue_only_where_it_is_admitted(
    client: Clients, embedded_cloud: EmbeddedCloud, fresh_account: str, means: str
) -> None:
    theirs = account_of("the owner of a queue")
    sqs = client_of(embedded_cloud.environ(theirs), "sqs")
    queue = sqs.create_queue(QueueName=f"to-{means.replace(' ', '-')}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    role = lambdas.role(client, "for-api", "sqs:SendMessage")
    if "admitted" in means:
        who = {"AWS": f"arn:aws:iam::{fresh_account}:root"}
        said = {"Effect": "Allow", "Principal": who, "Action": "sqs:SendMessage", "Resource": arn}
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": lambdas.policy(said)})
    name = arn.rpartition(":")[2]
    url = _integrated(client, f"arn:aws:apigateway:eu-west-1:sqs:path/{theirs}/{name}",
                      **({} if means == "no role" else {"credentials": role}))  # fmt: skip
    _status(url)
    got = [each["Body"] for each in sqs.receive_message(QueueUrl=queue).get("Messages", [])]
    assert got == (["hello"] if "admitted" in means else [])


def _integrated(client: Clients, uri: str, **given: Any) -> str:
    """The address of a REST API whose only method sends a message through the integration `uri`."""
    apis = client("apigateway")
    api = apis.create_rest_api(name="q")["id"]
    place = {"restApiId": api, "resourceId": apis.get_resources(restApiId=api)["items"][0]["id"], "httpMethod": "GET"}
    apis.put_method(**place, authorizationType="NONE")
    apis.put_method_response(**place, statusCode="200")
    apis.put_integration(
        **place, integrationHttpMethod="POST", type="AWS", uri=uri,
        requestTemplates={"application/json": "Action=SendMessage&MessageBody=hello"}, **given,
    )  # fmt: skip
    apis.put_integration_response(**place, statusCode="200")
    apis.create_deployment(restApiId=api, stageName="s")
    return f"{apis.meta.endpoint_url}/_aws/execute-api/{api}/s/"


def _zipped(name: str, content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as stream:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (stat.S_IFREG | 0o755) << 16
        stream.writestr(entry, content)
    return archive.getvalue()
