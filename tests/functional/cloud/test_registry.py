"""The image registry serves an account to who has its token."""

from __future__ import annotations

import hashlib
import http.client

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud.conftest import Clients, client_of

LAYER = b"a layer"
DIGEST = f"sha256:{hashlib.sha256(LAYER).hexdigest()}"


def ask(cloud: EmbeddedCloud, method: str, path: str, token: str = "", body: bytes = b"", host: str = "") -> int:
    """The status of a registry call."""
    endpoint = cloud.environ("111122223333")["AWS_ENDPOINT_URL"].removeprefix("http://")
    connection = http.client.HTTPConnection(endpoint)
    headers = {"Authorization": f"Basic {token}"} if token else {}
    connection.request(method, path, body=body, headers={**headers, **({"Host": host} if host else {})})
    status = connection.getresponse().status
    connection.close()
    return status


def token_of(api: object) -> str:
    """A registry token of an account."""
    return str(api.get_authorization_token()["authorizationData"][0]["authorizationToken"])  # type: ignore[attr-defined]


def test_a_push_and_a_pull_need_the_account_s_token(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    ecr = client("ecr")
    ecr.create_repository(repositoryName="images")
    token = token_of(ecr)
    assert ask(embedded_cloud, "GET", "/v2/", token) == 200
    assert ask(embedded_cloud, "POST", f"/v2/images/blobs/uploads/?digest={DIGEST}", token, LAYER) == 201
    assert ask(embedded_cloud, "GET", f"/v2/images/blobs/{DIGEST}", token) == 200


def test_nobody_else_gets_in(client: Clients, embedded_cloud: EmbeddedCloud, fresh_account: str) -> None:
    ecr = client("ecr")
    ecr.create_repository(repositoryName="images")
    assert ask(embedded_cloud, "POST", f"/v2/images/blobs/uploads/?digest={DIGEST}", token_of(ecr), LAYER) == 201
    stranger = token_of(client_of(embedded_cloud.environ(account_of("a stranger")), "ecr"))
    constant = "QVdTOm1pbmlzdGFjay1hdXRoLXRva2Vu"  # the one that ministack gives to all
    for token in ("", constant, "rubbish"):
        assert ask(embedded_cloud, "GET", "/v2/", token) == 401
        assert ask(embedded_cloud, "GET", f"/v2/images/blobs/{DIGEST}", token) == 401
    host = f"{fresh_account}.dkr.ecr.eu-west-1.amazonaws.com"
    assert ask(embedded_cloud, "GET", f"/v2/images/blobs/{DIGEST}", stranger, host=host) == 404
