"""The image registry serves an account to who has its token, as far as the token's owner may."""

from __future__ import annotations

import hashlib
import http.client
import json
from typing import Any

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud.conftest import Clients, client_of

PULL = ("BatchGetImage", "GetDownloadUrlForLayer", "BatchCheckLayerAvailability")
PUSH = ("InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload", "PutImage", "BatchCheckLayerAvailability")
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


def test_a_role_does_what_its_policies_allow(
    client: Clients, embedded_cloud: EmbeddedCloud, fresh_account: str
) -> None:
    ecr, sts = client("ecr"), client("sts")
    arn = ecr.create_repository(repositoryName="images")["repository"]["repositoryArn"]
    tokens = {}
    for name, allowed in (("pull", PULL), ("push", PUSH)):
        role = role_of(client("iam"), fresh_account, name, [*allowed], arn)
        made = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        keys = {
            "aws_access_key_id": made["AccessKeyId"],
            "aws_secret_access_key": made["SecretAccessKey"],
            "aws_session_token": made["SessionToken"],
        }
        tokens[name] = token_of(client("ecr", **keys))
    upload, blob = f"/v2/images/blobs/uploads/?digest={DIGEST}", f"/v2/images/blobs/{DIGEST}"
    assert ask(embedded_cloud, "POST", upload, tokens["pull"], LAYER) == 403
    assert ask(embedded_cloud, "GET", blob, token_of(ecr)) == 404
    assert ask(embedded_cloud, "POST", upload, tokens["push"], LAYER) == 201
    assert ask(embedded_cloud, "GET", blob, tokens["push"]) == 403
    assert ask(embedded_cloud, "GET", blob, tokens["pull"]) == 200
    assert ask(embedded_cloud, "GET", blob.replace("images", "others"), tokens["pull"]) == 403


def role_of(iam: Any, account: str, name: str, actions: list[str], repository: str) -> str:
    """A role of the account that may do `actions` on a repository, and get a token."""
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}
    rights = [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": [f"ecr:{each}" for each in actions], "Resource": repository},
    ]
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]["Arn"]
    policy = json.dumps({"Version": "2012-10-17", "Statement": rights})
    iam.put_role_policy(RoleName=name, PolicyName="images", PolicyDocument=policy)
    return str(role)


def test_a_layer_is_mounted_from_where_one_may_read(
    client: Clients, embedded_cloud: EmbeddedCloud, fresh_account: str
) -> None:
    """Who may push to one repository does not get another's layers by naming them, nor another account's."""
    ecr, sts = client("ecr"), client("sts")
    arns = [ecr.create_repository(repositoryName=each)["repository"]["repositoryArn"] for each in ("mine", "images")]
    assert ask(embedded_cloud, "POST", f"/v2/images/blobs/uploads/?digest={DIGEST}", token_of(ecr), LAYER) == 201
    stranger = client_of(embedded_cloud.environ(account_of("a stranger")), "ecr")
    role = role_of(client("iam"), fresh_account, "push", [*PUSH, *PULL], arns[0])
    made = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
    keys = dict(
        zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), (made[n] for n in names), strict=True)
    )
    push, whole, blob = token_of(client("ecr", **keys)), token_of(ecr), f"/v2/mine/blobs/{DIGEST}"
    mount = f"/v2/mine/blobs/uploads/?mount={DIGEST}&from="
    for tried in ("images", "mine&from=images", "images&from=mine", "%69mages"):
        ask(embedded_cloud, "POST", f"{mount}{tried}", push)
        assert ask(embedded_cloud, "GET", blob, push) == 404, tried
    stranger.create_repository(repositoryName="mine")
    ask(
        embedded_cloud,
        "POST",
        f"{mount}images",
        token_of(stranger),
        host=f"{fresh_account}.dkr.ecr.eu-west-1.amazonaws.com",
    )
    assert ask(embedded_cloud, "GET", blob, token_of(stranger)) == 404
    stranger.delete_repository(repositoryName="mine", force=True)
    assert ask(embedded_cloud, "POST", f"{mount}images", whole) == 201
    assert ask(embedded_cloud, "GET", blob, push) == 200


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
