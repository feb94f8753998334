"""Organizations as the command line handles them, on the platform's own programs; each part goes on from the last."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests import clients
from tests.functional import running

pytestmark = pytest.mark.cloud
PLATFORM = Path(__file__).parents[3] / "platform"
MELTANO = """
environments: [{name: prod}]
plugins:
  extractors: [{name: tap, namespace: tap, pip_url: tap==1}]
"""
PROJECTS = """projects:
  shop:
    repository: REPOSITORY
    secrets: [SHOP_PASSWORD]
    rules: [{branch: main, environment: prod}]
"""


class Estate:
    """The platform in a folder of its own with two organizations, acme and what the test writes."""

    def __init__(self, root: Path, cloud: EmbeddedCloud) -> None:
        self.root, self.cloud = root, cloud

    def run(self, *arguments: str) -> running.Result:
        """One command line."""
        return running.run(self.root, *arguments)

    def answer(self, *arguments: str) -> dict[str, Any]:
        """The last JSON document of a command line that must end well."""
        return self.run(*arguments, "--json").done().documents[-1]

    def client(self, service: str, organization: str = DEFAULT_ORGANIZATION) -> Any:
        """A boto3 client in an organization's account."""
        return clients.client(self.cloud.environ(account_of(organization), "us-east-1"), service)

    def table(self, name: str) -> str:
        """The name of one of the control plane's tables."""
        names: dict[str, str] = running.outputs(self.root, "storage/Production")["table_names"]
        return names[name]

    @property
    def statuses(self) -> dict[str, str]:
        """What `tenant ls` says of each organization."""
        return {row["name"]: row["status"] for row in self.answer("tenant", "ls")["tenants"]}


@pytest.fixture
def estate(tmp_path: Path) -> Iterator[Estate]:
    with EmbeddedCloud.temporary() as cloud:
        root = running.copied(PLATFORM, tmp_path / "platform", cloud)
        for path in (root / "tenants").glob("*.yaml"):
            if path.stem != "acme":
                path.unlink()
        for path in (root / "activations").glob("*.yaml"):
            path.unlink()
        yield Estate(root, cloud)


def _repository(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "meltano.yml").write_text(text)
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    for arguments in (("init", "-qb", "main"), ("add", "-A"), (*who, "commit", "-qm", "x")):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder


def test_an_organizations_life(estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _it_is_written_and_checked(estate, tmp_path)
    _it_comes_up(estate)
    _a_request_becomes_a_file(estate)
    _secrets_and_tokens_are_kept_and_never_shown(estate, monkeypatch)
    _it_is_suspended_and_resumed(estate)
    _a_wave_stops_at_the_first_bad_group_and_goes_on_there(estate)
    _it_does_not_go_while_an_environment_is_active(estate)
    _it_goes_and_its_archive_stays(estate)


def _it_is_written_and_checked(estate: Estate, tmp_path: Path) -> None:
    assert estate.run("tenant", "new", "umbrella", "--owner", "it@umbrella.example").exit_code == 0
    refused = estate.run("tenant", "new", "umbrella", "--owner", "it@umbrella.example")
    assert refused.exit_code == 1
    assert "there is a file for umbrella already" in refused.stderr
    assert estate.run("tenant", "new", "organization", "--owner", "a@b.example").exit_code == 1
    assert estate.run("tenant", "new", "wrong", "--owner", "nobody").exit_code == 1
    assert not (estate.root / "tenants" / "wrong.yaml").exists()
    file = estate.root / "tenants" / "umbrella.yaml"
    projects = PROJECTS.replace("REPOSITORY", str(_repository(tmp_path / "shop", MELTANO)))
    file.write_text(file.read_text().replace("projects: {}\n", projects.replace("prod}", "prd}")))
    checked = estate.run("tenant", "check")
    assert checked.exit_code == 1
    assert "umbrella/shop:meltano.yml has no environment 'prd'" in checked.stderr
    assert "tenants/umbrella.yaml:" in checked.stderr
    file.write_text(file.read_text().replace("prd}", "prod}"))
    assert estate.answer("tenant", "check")["sound"]
    file.write_text(file.read_text().replace(str(tmp_path / "shop"), str(tmp_path / "nowhere")))
    unreachable = estate.answer("tenant", "check", "umbrella")
    assert [each["severity"] for each in unreachable["diagnostics"]] == ["warning"]
    assert estate.statuses == {"acme": "file only", "umbrella": "file only"}


def test_a_file_does_not_go_without_consent_and_an_unknown_organization_is_no_empty_one(estate: Estate) -> None:
    estate.run("tenant", "new", "wayne", "--owner", "bruce@wayne.example").done()
    refused = estate.run("tenant", "remove", "wayne")
    assert refused.exit_code == 1
    assert "this needs your consent" in refused.stderr
    assert (estate.root / "tenants" / "wayne.yaml").exists()
    assert "no environment is active" in estate.run("environment", "ls", "wayne").stderr
    estate.run("tenant", "remove", "wayne", "--yes").done()
    assert not (estate.root / "tenants" / "wayne.yaml").exists()
    assert "there is no organization 'wayne'" in estate.run("environment", "ls", "wayne").stderr


def test_help_of_groups_tells_whole_sentences(tmp_path: Path) -> None:
    for group in ("tenant", "environment", "cloud"):
        assert "..." not in running.run(tmp_path, group, "--help").stdout.partition("Commands:")[2]


def _it_comes_up(estate: Estate) -> None:
    estate.run("up", "+tenant:umbrella", "+tenant:acme", "storage/Production", "--yes", "--json").done()
    assert estate.statuses == {"acme": "active", "umbrella": "active"}
    shown = estate.answer("tenant", "show", "umbrella")
    assert shown["stacks"] == {
        "hosted_projects/umbrella.shop.Production": True,
        "site_instances/umbrella.Production": True,
    }


def _a_request_becomes_a_file(estate: Estate) -> None:
    dynamodb, table = estate.client("dynamodb"), estate.table("organizations")
    row = {"name": "hooli", "display_name": "Hooli: XYZ", "contact": "g@hooli.example", "status": "requested"}
    dynamodb.put_item(TableName=table, Item={key: {"S": value} for key, value in row.items()})
    assert estate.statuses["hooli"] == "requested"
    assert "these have: hooli" in estate.run("tenant", "accept", "nobody").stderr
    assert estate.answer("tenant", "accept", "hooli")["path"] == "tenants/hooli.yaml"
    assert estate.answer("tenant", "show", "hooli")["tenant"]["display_name"] == "Hooli: XYZ"
    found = dynamodb.get_item(TableName=table, Key={"name": {"S": "hooli"}})["Item"]
    assert found["status"] == {"S": "accepted"}
    assert estate.statuses["hooli"] == "file only"
    (estate.root / "tenants" / "hooli.yaml").unlink()


def _secrets_and_tokens_are_kept_and_never_shown(estate: Estate, monkeypatch: pytest.MonkeyPatch) -> None:
    def kept(*arguments: str) -> running.Result:
        monkeypatch.setattr("sys.stdin", io.StringIO("hunter2 \n"))
        return estate.run("tenant", "secret", "set", *arguments)

    secrets = estate.client("secretsmanager", "umbrella")
    for owner, name in (("shop", "/site/umbrella/shop"), ("shop/dev-x", "/site/umbrella/shop.dev-x")):
        done = kept("umbrella", owner, "SHOP_PASSWORD")
        assert done.exit_code == 0, done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert secrets.get_secret_value(SecretId=f"{name}/SHOP_PASSWORD")["SecretString"] == "hunter2 "
    assert "is not a secret of umbrella/shop" in kept("umbrella", "shop", "OTHER").stderr
    assert "'Shop' is neither PROJECT nor" in kept("umbrella", "Shop", "OTHER").stderr

    user = ("--user", "it@umbrella.example")
    made = estate.answer("tenant", "token", "umbrella", *user, "--expires", "12h")
    dynamodb, table = estate.client("dynamodb"), estate.table("tokens")
    digest = hashlib.sha256(made["token"].encode()).hexdigest()
    row = dynamodb.get_item(TableName=table, Key={"digest": {"S": digest}})["Item"]
    assert row["organization"] == {"S": "umbrella"}
    assert row["expires"] == {"N": str(made["expires"])}
    assert made["token"] not in json.dumps(row)
    assert len(made["token"]) == 43
    assert estate.run("tenant", "token", "umbrella", "--user", "eve@umbrella.example").exit_code == 1
    assert estate.run("tenant", "token", "umbrella", *user, "--expires", "2y").exit_code == 1
    assert estate.answer("tenant", "token", "platform", "--user", "ops@example.com")["organization"] == "platform"
    assert estate.answer("tenant", "token", "umbrella", *user, "--revoke")["revoked"] == 1
    assert len(dynamodb.scan(TableName=table)["Items"]) == 1


def _it_is_suspended_and_resumed(estate: Estate) -> None:
    file = estate.root / "tenants" / "umbrella.yaml"
    before = file.read_text()
    estate.run("tenant", "suspend", "umbrella", "--yes", "--json").done()
    assert file.read_text() == before.replace("suspended: false", "suspended: true")
    assert running.outputs(estate.root, "site_instances/umbrella.Production")["suspended"] is True
    assert estate.statuses["umbrella"] == "suspended"
    assert estate.run("tenant", "resume", "umbrella").exit_code == 0
    assert file.read_text() == before
    estate.run("up", "tenant:umbrella", "--yes", "--json").done()


def _a_wave_stops_at_the_first_bad_group_and_goes_on_there(estate: Estate) -> None:
    cloudwatch = estate.client("cloudwatch", "acme")
    cloudwatch.put_metric_alarm(
        AlarmName="bad", MetricName="x", Namespace="y", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.put_metric_data(Namespace="y", MetricData=[{"MetricName": "x", "Value": 5.0}])
    stopped = estate.run("tenant", "wave", "--yes", "--size", "1", "--json")
    assert stopped.exit_code == 4
    told = stopped.documents[-1]
    assert (told["stopped_at"], told["good"], told["faults"]) == (0, [], {"acme": "in ALARM: bad"})
    assert not any("umbrella" in stack for stack in stopped.plans)
    groups = estate.root / "groups.yaml"
    groups.write_text("- [umbrella]\n- [acme]\n")
    again = estate.run("tenant", "wave", "--yes", "--groups", str(groups), "--json")
    assert (again.documents[-1]["good"], again.documents[-1]["stopped_at"]) == (["umbrella"], 1)
    cloudwatch.delete_alarms(AlarmNames=["bad"])
    done = estate.run("tenant", "wave", "--yes", "--groups", str(groups), "--json").done()
    assert done.documents[-1]["complete"]
    assert not any("umbrella" in stack for stack in done.plans)
    groups.write_text("- [umbrela]\n")
    assert "groups.yaml:1:4" in estate.run("tenant", "wave", "--yes", "--groups", str(groups)).stderr


def _it_does_not_go_while_an_environment_is_active(estate: Estate) -> None:
    record = estate.root / "activations" / "umbrella.shop.prod.yaml"
    record.write_text("damaged")
    refused = estate.run("tenant", "remove", "umbrella", "--yes")
    assert refused.exit_code == 1
    assert "umbrella has active environments: umbrella/shop/prod" in refused.stderr
    record.unlink()


def _it_goes_and_its_archive_stays(estate: Estate) -> None:
    site = running.outputs(estate.root, "site_instances/umbrella.Production")
    s3 = estate.client("s3", "umbrella")
    for bucket in (site["bucket"], site["archive_bucket"]):
        s3.put_object(Bucket=bucket, Key="archive/x", Body=b"kept")
    s3.delete_object(Bucket=site["bucket"], Key="archive/x")
    file, others = estate.root / "tenants" / "umbrella.yaml", (estate.root / "tenants" / "acme.yaml").read_bytes()
    whole = file.read_text()
    file.write_text(whole[: whole.index("projects:")] + whole[whole.index("#   shop:") :])
    assert estate.answer("tenant", "show", "umbrella")["orphans"] == ["hosted_projects/umbrella.shop.Production"]
    refused = estate.run("tenant", "remove", "umbrella", "--yes")
    assert refused.exit_code == 1
    assert "has 2 objects and versions" in refused.stderr
    removed = estate.run("tenant", "remove", "umbrella", "--yes", "--with-data")
    assert removed.exit_code == 0, removed.stderr + removed.stdout[-2000:]
    assert f"its archive stays: s3://{site['archive_bucket']}" in removed.stderr
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == [site["archive_bucket"]]
    assert s3.get_object(Bucket=site["archive_bucket"], Key="archive/x")["Body"].read() == b"kept"
    assert estate.client("secretsmanager", "umbrella").list_secrets()["SecretList"] == []
    assert estate.statuses == {"acme": "active", "hooli": "requested"}
    assert not file.exists()
    assert (estate.root / "tenants" / "acme.yaml").read_bytes() == others
    assert not any("umbrella" in row["name"] for row in estate.answer("ls")["stacks"])


def test_what_is_deployed_and_in_no_file_is_an_orphan_and_can_be_removed(estate: Estate) -> None:
    estate.run("up", "+tenant:acme", "--yes", "--json").done()
    (estate.root / "tenants" / "acme.yaml").unlink()
    assert estate.statuses == {"acme": "orphan"}
    estate.run("tenant", "remove", "acme", "--yes", "--json").done()
    assert estate.statuses == {}
