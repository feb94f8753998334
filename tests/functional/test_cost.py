"""What an estate costs, from its real states and from what its cloud metered; previews say what they change."""

from __future__ import annotations

import asyncio
import csv
import datetime
import io
import json
import textwrap
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import StackName
from stackyard.state.diy import FileBackend
from tests.functional.asking import Cloud
from tests.functional.running import Result, run

pytestmark = pytest.mark.cloud
MANIFEST = """\
organization: hosting
layers:
  - {name: fabric, paths: [network]}
  - {name: sites, paths: [site_instances, activated_environments]}
fleets:
  - {project: site_instances, registry: tenants, stack: "{entry}.Production", accounts: own,
     config: {organization: "{entry}"}}
  - {project: activated_environments, registry: activations, stack: "{entry}.Production", accounts: own}
"""
NETWORK = """\
import pulumi
import pulumi_aws as aws

tags = {"Layer": "fabric", "Organization": "platform", "Project": "network", "CostOwner": "platform"}
aws.kms.Key("key", tags=tags)
aws.cloudwatch.Dashboard("board", dashboard_name="board", dashboard_body='{"widgets": []}')
costs = aws.dynamodb.Table("costs", billing_mode="PAY_PER_REQUEST", hash_key="organization", range_key="row",
    attributes=[{"name": "organization", "type": "S"}, {"name": "row", "type": "S"}], tags=tags)
pulumi.export("table_names", {"costs": costs.name})
for index in range(pulumi.Config().get_int("addresses") or 0):
    aws.ec2.Eip(f"address-{index}", domain="vpc", tags=tags)
"""
SITE = """\
import json

import pulumi
import pulumi_aws as aws

name = pulumi.Config().require("organization")
tags = {"Layer": "sites", "Organization": name, "Project": "site_instances", "CostOwner": f"{name}-finance"}
aws.kms.Key("key", tags=tags)
of_shop = tags | {"Layer": "environments", "Project": "shop", "HostedEnvironment": "prod"}
aws.secretsmanager.Secret("password", tags=of_shop)
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"AWS": aws.get_caller_identity().account_id}}]}
allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]}
role = aws.iam.Role("runner", name="runner", assume_role_policy=json.dumps(trust), tags=of_shop)
aws.iam.RolePolicy("runner", role=role.name, policy=json.dumps(allowed))
bucket = aws.s3.Bucket("data", tags=tags, force_destroy=True)
rows = aws.dynamodb.Table("rows", name="site-runs", billing_mode="PAY_PER_REQUEST", hash_key="environment",
    range_key="run", attributes=[{"name": "environment", "type": "S"}, {"name": "run", "type": "S"}], tags=tags)
pulumi.export("bucket", bucket.bucket)
pulumi.export("runs_table", rows.name)
pulumi.export("log_group", f"/site/production/{name}")
"""
TENANT = """\
display_name: {name}
contacts: {{owner: ada@{name}.example, billing: billing@{name}.example}}
groups:
  owners: {{access: administer, members: [ada@{name}.example]}}
budget: {{monthly: {budget}, warn_at: [50], action: suspend}}
"""


def _project(root: Path, name: str, program: str) -> None:
    (root / name).mkdir()
    (root / name / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
    (root / name / "__main__.py").write_text(textwrap.dedent(program))


def _tenant(root: Path, name: str, budget: float) -> None:
    (root / "tenants" / f"{name}.yaml").write_text(TENANT.format(name=name, budget=budget))


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, EmbeddedCloud]]:
    root = tmp_path_factory.mktemp("estate")
    with EmbeddedCloud.temporary() as cloud:
        (root / ".stackyard").mkdir()
        (root / ".stackyard" / "cloud").symlink_to(cloud.folder)
        (root / "stackyard.yaml").write_text(MANIFEST)
        (root / "tenants").mkdir()
        for name, budget in (("acme", 0.02), ("globex", 1000)):
            _tenant(root, name, budget)
        (root / "activations").mkdir()
        _project(root, "activated_environments", "")
        _project(root, "network", NETWORK)
        (root / "network" / "Pulumi.QA.yaml").write_text("config: {aws:region: us-east-1}\n")
        _project(root, "site_instances", SITE)
        run(root, "up", "--yes").done()
        yield root, cloud


def _client(cloud: EmbeddedCloud, organization: str, service: str) -> Any:
    return Cloud(cloud.environ(account_of(organization), "us-east-1")).client(service)


def _cost(root: Path, *arguments: str) -> dict[str, Any]:
    document = run(root, "cost", *arguments, "--json").done().documents[-1]
    assert document["kind"] == "cost"
    return document


def _lines(document: dict[str, Any]) -> dict[str, dict[str, Decimal]]:
    return {
        line["name"]: {key: Decimal(value) for key, value in line.items() if key != "name"}
        for line in document["lines"]
    }


def _ran(cloud: EmbeddedCloud, organization: str, environment: str, seconds: int, now: datetime.datetime) -> None:
    """A run of 1 vCPU and 2 GB that ended just now, as the runs table has it."""
    started = now - datetime.timedelta(seconds=seconds)
    item = {
        "environment": {"S": environment},
        "run": {"S": f"{started:%Y%m%dT%H%M%S}.000000Z-{'ab' * 4}"},
        "status": {"S": "succeeded"},
        "started": {"S": started.isoformat()},
        "ended": {"S": now.isoformat()},
        "cpu": {"N": "1024"},
        "memory_mb": {"N": "2048"},
    }
    table = _client(cloud, organization, "dynamodb")
    table.put_item(TableName="site-runs", Item=item)
    # Neither a lease nor what the table says of environments is a run.
    table.put_item(TableName="site-runs", Item={"environment": {"S": environment}, "run": {"S": "lease"}})


@pytest.fixture(scope="module")
def used(estate: tuple[Path, EmbeddedCloud]) -> tuple[Path, EmbeddedCloud]:
    root, cloud = estate
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    # Runs of the month's first hour would begin in the month before.
    seconds = 3600 if (now.day, now.hour) > (1, 1) else 60
    _ran(cloud, "acme", "shop.prod", seconds, now)
    _ran(cloud, "globex", "web.dev", 5, now)
    s3 = _client(cloud, "acme", "s3")
    bucket = next(each["Name"] for each in s3.list_buckets()["Buckets"] if each["Name"].startswith("data"))
    s3.put_object(Bucket=bucket, Key="environments/shop.prod/commits/r1/data.duckdb", Body=b"x" * 200_000)
    archived = {"environment": "old.dev", "run": f"{now:%Y%m%dT%H%M%S}.1Z-cd", "cpu": 256, "memory_mb": 512}
    line = json.dumps(archived | {"started": now.isoformat(), "ended": now.isoformat()})
    s3.put_object(Bucket=bucket, Key="archive/old.dev/20261101T000000Z/runs.jsonl", Body=line.encode() + b"\n")
    return root, cloud


def test_a_preview_says_what_it_changes_of_a_months_cost(estate: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = estate
    assert "a month" not in run(root, "preview", "network/QA").done().stdout
    run(root, "config", "set", "--on", "network/QA", "network:addresses", "2").done()
    try:
        shown = run(root, "preview", "network/QA").done().stdout
        assert "Cost: network/QA: +7.30 USD a month: 2 public addresses" in shown
        [told] = [each for each in _preview(root).documents if each["kind"] == "cost-change"]
        assert (told["monthly"], told["currency"]) == ("7.3", "USD")
        assert told["stacks"][0]["what"] == {"public address": 2}
        assert "-4.00 USD a month: less 1 KMS key, less 1 dashboard" in run(root, "destroy", "network/QA").stdout
    finally:
        run(root, "config", "rm", "--on", "network/QA", "network:addresses").done()


def _preview(root: Path) -> Result:
    return run(root, "preview", "network/QA", "--json").done()


def _computed(document: dict[str, Any]) -> dict[tuple[str, ...], Decimal]:
    """Cost of metered compute by organization, project, environment and price, to nine digits."""
    return {
        (row["x_Organization"], row["x_Project"], row["x_Environment"], row["SkuId"]): round(
            Decimal(row["BilledCost"]), 9
        )
        for row in document["rows"]
        if row["SkuId"].startswith("fargate") and row["x_Origin"] == "metered"
    }


def test_layers_organizations_and_environments_come_to_the_same(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    found = [_cost(root, "--by", by) for by in ("layer", "organization", "environment")]
    # What stands and what is stored goes on while these run: the rate and the compute do not.
    assert {each["monthly"] for each in found} == {"6.8"}  # 3 keys, a dashboard, two secrets
    assert _computed(found[0]) == _computed(found[1]) == _computed(found[2]) != {}
    for each in found:
        assert Decimal(each["total"]) == sum(line["total"] for line in _lines(each).values())


def test_runs_are_charged_to_their_environment_as_fargate_bills_them(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    computed = _computed(_cost(root, "--by", "environment"))
    an_hour, a_minute = Decimal("0.04048"), Decimal("0.000674667")
    assert computed["acme", "shop", "prod", "fargate.vcpu"] in (an_hour, a_minute)
    assert computed["globex", "web", "dev", "fargate.vcpu"] == a_minute, "five seconds are billed as a minute"
    assert computed["globex", "web", "dev", "fargate.memory"] == Decimal("0.000148167")
    assert ("acme", "old", "dev", "fargate.vcpu") in computed, "runs of archived environments count"


def test_what_all_use_is_borne_by_those_who_use_it(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    lines = _lines(_cost(root, "--by", "organization"))
    assert set(lines) == {"acme", "globex"}
    assert lines["acme"]["allocated"] > lines["globex"]["allocated"] > 0
    assert _lines(_cost(root))["fabric"]["monthly"] == Decimal("4")
    acme = _cost(root, "--organization", "acme", "--by", "layer")
    assert [line["name"] for line in acme["lines"]] == ["fabric", "sites", "environments"]
    assert all(row["x_Organization"] == "acme" for row in acme["rows"])


def test_stored_bytes_are_charged_to_whose_they_are(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    stored = [row for row in _cost(root, "--by", "environment")["rows"] if row["SkuId"] == "s3.standard"]
    assert {(row["x_Organization"], row["x_Project"], row["x_Environment"]) for row in stored} == {
        ("acme", "shop", "prod"),
        ("acme", "old", "dev"),
    }
    assert "objects that were deleted" in stored[0]["x_Approximate"]


def _consumed(root: Path) -> dict[tuple[str, ...], Decimal]:
    """Consumed quantities by organization, project, environment, price and resource."""
    names = ("x_Organization", "x_Project", "x_Environment", "SkuId", "ResourceId")
    return {
        tuple(str(row[name] or "") for name in names): Decimal(row["ConsumedQuantity"])
        for row in _cost(root, "--by", "resource")["rows"]
        if row["x_Origin"] == "metered"
    }


def test_requests_are_charged_exactly_to_whose_the_resource_is_or_who_called(
    used: tuple[Path, EmbeddedCloud],
) -> None:
    root, cloud = used
    secrets, tables, keys = (_client(cloud, "acme", name) for name in ("secretsmanager", "dynamodb", "kms"))
    [password] = [each["ARN"] for each in secrets.list_secrets()["SecretList"]]
    secrets.put_secret_value(SecretId=password, SecretString="x")
    [key] = [each["KeyArn"] for each in keys.list_keys()["Keys"]]
    before = _consumed(root)
    for _ in range(7):
        secrets.get_secret_value(SecretId=password)
    for n in range(5):
        item = {"environment": {"S": "shop.prod"}, "run": {"S": f"note-{n}"}, "text": {"S": "x" * 1500}}
        tables.put_item(TableName="site-runs", Item=item)
    runner = f"arn:aws:iam::{account_of('acme')}:role/runner"
    taken = _client(cloud, "acme", "sts").assume_role(RoleArn=runner, RoleSessionName="test")["Credentials"]
    environ = cloud.environ(account_of("acme"), "us-east-1") | {
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }  # fmt: skip
    for _ in range(3):
        Cloud(environ).client("kms").encrypt(KeyId=key, Plaintext=b"x")
    keys.encrypt(KeyId=key, Plaintext=b"x")
    after = _consumed(root)
    changed = {name: amount - before.get(name, 0) for name, amount in after.items() if amount != before.get(name)}
    table = f"arn:aws:dynamodb:us-east-1:{account_of('acme')}:table/site-runs"
    expected = {
        ("acme", "shop", "prod", "secretsmanager.requests", password): 7,
        ("acme", "site_instances", "", "dynamodb.writes", table): 10,
        ("acme", "shop", "prod", "kms.requests", key): 3,  # by its role, though the key is the site's
        ("acme", "site_instances", "", "kms.requests", key): 1,
    }
    assert {name: changed.get(name) for name in expected} == expected
    # The report itself lists buckets and scans the table of runs, and time goes on; it writes nothing.
    others = {name[3] for name in changed.keys() - expected.keys()}
    of_the_report = {"s3.requests.write", "s3.requests.read", "dynamodb.reads", "transfer.internet"}
    assert others <= {*of_the_report, "cloudwatch.metric", "s3.standard"}


def test_rows_are_written_as_csv(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    rows = list(csv.DictReader(io.StringIO(run(root, "cost", "--csv").done().stdout)))
    key = next(row for row in rows if row["SkuId"] == "kms.key" and row["x_Organization"] == "acme")
    assert key["SubAccountId"] == account_of("acme")
    assert json.loads(key["Tags"])["CostOwner"] == "acme-finance"
    both = run(root, "cost", "--csv", "--json")
    assert (both.exit_code, "name one" in both.stdout + both.stderr) == (1, True)


def test_organizations_are_shown_what_was_published(used: tuple[Path, EmbeddedCloud]) -> None:
    root, cloud = used
    client = _client(cloud, "hosting", "dynamodb")
    [name] = [name for name in client.list_tables()["TableNames"] if name.startswith("costs")]
    month = f"{datetime.datetime.now(datetime.UTC):%Y-%m}"
    stale = {"organization": {"S": "acme"}, "row": {"S": f"{month}#gone#dev#x"}, "amount": {"N": "1"}}
    other = {"organization": {"S": "acme"}, "row": {"S": "2020-01#shop#prod#x"}, "amount": {"N": "1"}}
    for item in (stale, other):
        client.put_item(TableName=name, Item=item)
    published = run(root, "cost", "--publish", "--json").done()
    assert f"are in {name}" in published.stderr
    found = client.scan(TableName=name)["Items"]
    rows = {(each["organization"]["S"], each["row"]["S"]): Decimal(each["amount"]["N"]) for each in found}
    assert rows.pop(("acme", "2020-01#shop#prod#x")) == 1
    assert ("acme", stale["row"]["S"]) not in rows
    assert rows["acme", f"{month}#shop#prod#AWS Fargate"] > 0
    assert any(row.endswith("(shared)") for _, row in rows)
    assert {organization for organization, _ in rows} == {"acme", "globex"}
    assert sum(rows.values()) == Decimal(published.documents[-1]["total"])


def test_a_budget_that_is_exceeded_has_an_exit_code_and_names_what_to_call(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    checked = run(root, "cost", "--check-budgets")
    assert checked.exit_code == 5
    assert "budget exceeded: acme" in checked.stdout
    assert "stackyard tenant suspend acme" in checked.stdout
    assert "globex has spent" not in checked.stdout
    _tenant(root, "acme", 1000)
    try:
        assert run(root, "cost", "--check-budgets").exit_code == 0
    finally:
        _tenant(root, "acme", 0.02)


def test_a_budget_that_says_so_suspends_its_organization_and_no_other(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    globex = (root / "tenants" / "globex.yaml").read_text()
    enforced = run(root, "cost", "--enforce-budgets")
    try:
        assert enforced.exit_code == 5
        assert "acme has spent its budget and is suspended" in enforced.stderr
        assert "suspended: true" in (root / "tenants" / "acme.yaml").read_text()
        assert (root / "tenants" / "globex.yaml").read_text() == globex
        assert "is suspended" not in run(root, "cost", "--enforce-budgets").stderr, "nobody is suspended twice"
    finally:
        _tenant(root, "acme", 0.02)


def test_a_tenants_file_that_is_wrong_is_told_and_stops_nothing(used: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = used
    (root / "tenants" / "broken.yaml").write_text("display_name: Broken\n")
    try:
        found = _cost(root)
        assert any("tenants/broken.yaml" in note for note in found["notes"]), found["notes"]
        assert found["total"] != "0"
    finally:
        (root / "tenants" / "broken.yaml").unlink()


def test_what_was_destroyed_is_charged_for_until_then(tmp_path: Path, embedded_cloud: EmbeddedCloud) -> None:
    (tmp_path / ".stackyard").mkdir()
    (tmp_path / ".stackyard" / "cloud").symlink_to(embedded_cloud.folder)
    (tmp_path / "stackyard.yaml").write_text("organization: alone\n")
    _project(tmp_path, "network", NETWORK)
    (tmp_path / "network" / "Pulumi.dev.yaml").write_text("config: {aws:region: us-east-1}\n")
    run(tmp_path, "up", "--yes").done()
    run(tmp_path, "destroy", "--yes").done()
    first = _cost(tmp_path)
    assert Decimal(first["total"]) > 0
    assert first["monthly"] == "0"
    assert _cost(tmp_path)["total"] == first["total"]
    assert not first["approximate"]
    # Reconcile forgets the stack of a destroyed environment altogether.
    asyncio.run(_forget(tmp_path))
    assert [row["SkuId"] for row in _cost(tmp_path)["rows"]] == [row["SkuId"] for row in first["rows"]]


async def _forget(root: Path) -> None:
    backend, stack = FileBackend(root.joinpath(".stackyard").as_uri()), StackName("alone", "network", "dev")
    lock = await backend.lock(stack)
    await backend.delete(stack, lock)
    await backend.unlock(stack, lock)


def test_wrong_questions_are_answered_with_what_there_is(estate: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = estate
    for arguments, told in (
        (("--month", "2026-13"), "is not a month"),
        (("--month", "2999-01"), "has not begun"),
        (("--organization", "umbrella"), "acme, globex, platform"),
        (("--prices", "gold"), "aws-us-east-1"),
    ):
        result = run(root, "cost", *arguments)
        assert result.exit_code == 1
        assert told in result.stdout + result.stderr


def test_an_estates_own_price_book_is_used_and_refused_when_malformed(estate: tuple[Path, EmbeddedCloud]) -> None:
    root, _ = estate
    (root / "prices").mkdir()
    try:
        (root / "prices" / "ours.yaml").write_text("version: 1\nname: 7\n")
        refused = run(root, "cost", "--prices", "ours")
        assert refused.exit_code == 1
        assert "prices/ours.yaml:1" in refused.stderr
    finally:
        (root / "prices" / "ours.yaml").unlink()
        (root / "prices").rmdir()


def test_a_cloud_that_does_not_run_leaves_standing_cost_and_says_so(used: tuple[Path, EmbeddedCloud]) -> None:
    root, cloud = used
    here = root / ".stackyard" / "cloud"
    here.unlink()
    try:
        found = _cost(root)
        assert any("not running" in note for note in found["notes"])
        assert all(row["x_Origin"] == "standing" for row in found["rows"])
        assert found["rows"]
    finally:
        if here.is_dir():
            pytest.fail("a cloud was started")
        here.symlink_to(cloud.folder)
