"""The reference platform, all of it, lives its life on the embedded cloud; each part goes on from the one before."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests.functional import running
from tests.functional.asking import Cloud

pytestmark = pytest.mark.cloud
PLATFORM = Path(__file__).parents[3] / "platform"
TENANTS = ("acme", "globex", "initech")
FABRIC = ("network", "identity", "registry", "storage", "compute", "observability", "control_api", "control_web", "dns")
STACKS = {f"{project}/{stage}" for project in FABRIC for stage in ("QA", "Production")} | {
    f"site_instances/{name}.Production" for name in TENANTS
}


HELLO = "environments/shop.prod/commits/1/hello"


@dataclasses.dataclass
class Estate:
    """The platform in a folder of its own; its account in its cloud, and each organization's account."""

    root: Path
    cloud: Cloud
    sites: dict[str, Cloud]

    def things(self) -> dict[str, set[str]]:
        """Everything in every account."""
        return {name: cloud.things() for name, cloud in {"": self.cloud, **self.sites}.items()}

    def run(self, *arguments: str) -> running.Result:
        """A verb over the estate that must end well."""
        return running.run(self.root, *arguments, "--json").done()

    def outputs(self, stack: str) -> dict[str, Any]:
        """What a stack has exported."""
        return running.outputs(self.root, stack)


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    with EmbeddedCloud.temporary() as server:
        root = running.copied(PLATFORM, tmp_path / "platform", server)

        def account(organization: str) -> Cloud:
            return Cloud(server.environ(account_of(organization), "us-east-1"))

        yield Estate(root, account(DEFAULT_ORGANIZATION), {name: account(name) for name in TENANTS})


def test_the_platform_lives_its_life(estate: Estate) -> None:
    untouched = estate.things()
    planned = _nothing_exists_yet_and_all_of_it_is_previewed(estate, untouched)
    _it_comes_up_and_then_there_is_nothing_to_do(estate, planned)
    _the_api_keeps_organizations(estate)
    _the_stages_do_not_share_a_table(estate)
    for group in ("owners", "analysts"):
        _an_organization_reaches_its_own_and_nothing_of_another(estate, group)
    _one_changed_property_is_exactly_one_change(estate)
    _it_goes_and_leaves_nothing(estate, untouched)


def _nothing_exists_yet_and_all_of_it_is_previewed(estate: Estate, untouched: dict[str, set[str]]) -> dict[str, int]:
    previewed = estate.run("preview")
    assert previewed.plans.keys() == STACKS
    assert set(previewed.counts) == {"create"}
    assert "[unknown]" in json.dumps(previewed.plans["control_api/Production"])
    assert estate.things() == untouched
    return previewed.counts


def _it_comes_up_and_then_there_is_nothing_to_do(estate: Estate, planned: dict[str, int]) -> None:
    assert estate.run("up", "--yes").counts == planned
    assert estate.run("preview").changes == []


def _the_api_keeps_organizations(estate: Estate) -> None:
    url, token = estate.outputs("control_api/Production")["url"], _token(estate, "Production")
    hooli = {"name": "hooli", "display_name": "Hooli", "contact": "ada@hooli.example"}

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        return _call(method, f"{url}{path}", token, body)

    assert _call("GET", f"{url}/organizations/hooli", "")[0] == 401
    assert call("GET", "/organizations/hooli")[0] == 404
    status, created = call("POST", "/organizations", hooli)
    assert (status, created["status"], created["version"]) == (201, "requested", 1)
    assert call("POST", "/organizations", hooli)[0] == 409
    assert call("POST", "/organizations", {"name": "A"})[0] == 400
    assert call("PUT", "/organizations/hooli", {"contact": "grace@hooli.example"})[1]["version"] == 2
    assert call("PUT", "/organizations/hooli", {"contact": "eve@hooli.example", "version": 1})[0] == 409
    assert call("PUT", "/organizations/nobody", {"contact": "eve@hooli.example"})[0] == 404
    assert call("GET", "/organizations/hooli")[1]["contact"] == "grace@hooli.example"
    assert "hooli" in [each["name"] for each in call("GET", "/organizations")[1]["organizations"]]


def _token(estate: Estate, stage: str) -> str:
    """An operator's token, entered as `tenant token` does."""
    token, table = secrets.token_urlsafe(32), estate.outputs(f"storage/{stage}")["table_names"]["tokens"]
    digest = hashlib.sha256(token.encode()).hexdigest()
    row = {"digest": {"S": digest}, "organization": {"S": "platform"}, "user": {"S": "operator@example.com"},
           "expires": {"N": str(int(time.time()) + 3600)}}  # fmt: skip
    estate.cloud.client("dynamodb").put_item(TableName=table, Item=row)
    return token


def _the_stages_do_not_share_a_table(estate: Estate) -> None:
    url, token = estate.outputs("control_api/QA")["url"], _token(estate, "QA")
    status, listed = _call("GET", f"{url}/organizations", token)
    assert status == 200
    assert "hooli" not in [each["name"] for each in listed["organizations"]]


def _an_organization_reaches_its_own_and_nothing_of_another(estate: Estate, group: str) -> None:
    sites = {name: estate.outputs(f"site_instances/{name}.Production") for name in TENANTS}
    for name, cloud in estate.sites.items():
        cloud.client("s3").put_object(Bucket=sites[name]["bucket"], Key=HELLO, Body=name.encode())
    session = _session(estate, "acme", sites["acme"]["role_arns"][group])
    own = session.client("s3").get_object(Bucket=sites["acme"]["bucket"], Key=HELLO)
    assert own["Body"].read() == b"acme"
    for other in ("globex", "initech"):
        reached = {
            what for what, code in _tried(session, sites[other], other).items() if not code.startswith("AccessDen")
        }
        assert reached == set()


def _one_changed_property_is_exactly_one_change(estate: Estate) -> None:
    estate.run("config", "set", "subscribers", '["somebody@example.com"]', "--stack", "observability/QA")
    planned = estate.run("preview")
    assert [(step["op"], step["type"]) for step in planned.changes] == [
        ("create", "aws:sns/topicSubscription:TopicSubscription")
    ]
    assert estate.run("up", "--yes").counts == {"create": 1}


def _it_goes_and_leaves_nothing(estate: Estate, untouched: dict[str, set[str]]) -> None:
    for name, cloud in estate.sites.items():
        _empty(cloud, estate.outputs(f"site_instances/{name}.Production")["bucket"])
    estate.run("destroy", "--yes")
    assert estate.things() == untouched


def _session(estate: Estate, organization: str, role_arn: str) -> Cloud:
    """A session as a role of an organization, opened as people open theirs: through the broker."""
    broker_arn = estate.outputs("identity/Production")["broker_arn"]
    broker = _as_role(estate.cloud, broker_arn, RoleSessionName="broker")
    return _as_role(broker, role_arn, RoleSessionName="ada", ExternalId=organization)


def _as_role(cloud: Cloud, role_arn: str, **given: str) -> Cloud:
    keys = cloud.client("sts").assume_role(RoleArn=role_arn, **given)["Credentials"]
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey"}
    environ = {**cloud.environ, **{name: keys[key] for name, key in names.items()}}
    return Cloud({**environ, "AWS_SESSION_TOKEN": keys["SessionToken"]})


def _tried(session: Cloud, site: dict[str, Any], organization: str) -> dict[str, str]:
    """What a session tries on somebody's site, and the code of the answer; empty when it was let."""
    s3, kms, logs, sts = (session.client(service) for service in ("s3", "kms", "logs", "sts"))
    bucket, owner = {"Bucket": site["bucket"]}, site["role_arns"]["owners"]
    attempts: dict[str, Callable[[], object]] = {
        "read": lambda: s3.get_object(**bucket, Key=HELLO),
        "list": lambda: s3.list_objects_v2(**bucket),
        "write": lambda: s3.put_object(**bucket, Key="x", Body=b"x"),
        "delete": lambda: s3.delete_object(**bucket, Key=HELLO),
        "use the key": lambda: kms.generate_data_key(KeyId=site["key_arn"], KeySpec="AES_256"),
        "read logs": lambda: logs.filter_log_events(logGroupName=site["log_group"]),
        "become": lambda: sts.assume_role(RoleArn=owner, RoleSessionName="intruder", ExternalId=organization),
    }
    return {what: _code(attempt) for what, attempt in attempts.items()}


def _code(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def _empty(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def _call(method: str, url: str, token: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    said = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, data=data, method=method, headers=said)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
