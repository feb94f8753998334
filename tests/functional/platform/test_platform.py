"""The reference platform, all of it, lives its life on the embedded cloud; each part goes on from the one before."""

from __future__ import annotations

import dataclasses
import json
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
STACKS = 2 * 6 + len(TENANTS)


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
    _nothing_exists_yet_and_all_of_it_is_previewed(estate, untouched)
    _it_comes_up_and_then_there_is_nothing_to_do(estate)
    _the_api_keeps_organizations(estate)
    _the_stages_do_not_share_a_table(estate)
    for access in ("admin", "viewer"):
        _an_organization_reaches_its_own_and_nothing_of_another(estate, access)
    _one_changed_property_is_exactly_one_change(estate)
    _it_goes_and_leaves_nothing(estate, untouched)


def _nothing_exists_yet_and_all_of_it_is_previewed(estate: Estate, untouched: dict[str, set[str]]) -> None:
    previewed = estate.run("preview")
    assert len(previewed.plans) == STACKS
    assert set(previewed.counts) == {"create"}
    assert "[unknown]" in json.dumps(previewed.plans["control_api/Production"])
    assert estate.things() == untouched


def _it_comes_up_and_then_there_is_nothing_to_do(estate: Estate) -> None:
    planned = estate.run("preview").counts
    assert estate.run("up", "--yes").counts == planned
    assert estate.run("preview").changes == []


def _the_api_keeps_organizations(estate: Estate) -> None:
    url = estate.outputs("control_api/Production")["url"]
    acme = {"name": "acme", "display_name": "Acme", "contact": "ada@acme.example"}
    assert _call("GET", f"{url}/organizations/acme")[0] == 404
    status, created = _call("POST", f"{url}/organizations", acme)
    assert (status, created["status"], created["version"]) == (201, "requested", 1)
    assert _call("POST", f"{url}/organizations", acme)[0] == 409
    assert _call("POST", f"{url}/organizations", {"name": "A"})[0] == 400
    assert _call("PUT", f"{url}/organizations/acme", {"contact": "grace@acme.example"})[1]["version"] == 2
    assert _call("PUT", f"{url}/organizations/acme", {"contact": "eve@acme.example", "version": 1})[0] == 409
    assert _call("PUT", f"{url}/organizations/nobody", {"contact": "eve@acme.example"})[0] == 404
    assert _call("GET", f"{url}/organizations/acme")[1]["contact"] == "grace@acme.example"
    assert [each["name"] for each in _call("GET", f"{url}/organizations")[1]["organizations"]] == ["acme"]


def _the_stages_do_not_share_a_table(estate: Estate) -> None:
    assert _call("GET", estate.outputs("control_api/QA")["url"] + "/organizations")[1] == {"organizations": []}


def _an_organization_reaches_its_own_and_nothing_of_another(estate: Estate, access: str) -> None:
    sites = {name: estate.outputs(f"site_instances/{name}.Production") for name in TENANTS}
    for name, cloud in estate.sites.items():
        cloud.client("s3").put_object(Bucket=sites[name]["bucket"], Key="hello", Body=name.encode())
    session = _session(estate, "acme", sites["acme"]["role_arns"][access])
    own = session.client("s3").get_object(Bucket=sites["acme"]["bucket"], Key="hello")
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
    bucket, admin = {"Bucket": site["bucket"]}, site["role_arns"]["admin"]
    attempts: dict[str, Callable[[], object]] = {
        "read": lambda: s3.get_object(**bucket, Key="hello"),
        "list": lambda: s3.list_objects_v2(**bucket),
        "write": lambda: s3.put_object(**bucket, Key="x", Body=b"x"),
        "delete": lambda: s3.delete_object(**bucket, Key="hello"),
        "use the key": lambda: kms.generate_data_key(KeyId=site["key_arn"], KeySpec="AES_256"),
        "read logs": lambda: logs.filter_log_events(logGroupName=site["log_group"]),
        "become": lambda: sts.assume_role(RoleArn=admin, RoleSessionName="intruder", ExternalId=organization),
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


def _call(method: str, url: str, body: Any = None) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)
