"""Branches of real repositories become environments of an embedded cloud, and go by way of the archive."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.model.activations import Phase
from stackyard.tenancy.records import Records
from tests.functional.reconciling import hosting
from tests.functional.reconciling.hosting import Hosted

pytestmark = pytest.mark.cloud


@pytest.fixture
def hosted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    with EmbeddedCloud.temporary() as cloud:  # of the machine's own cache; what follows has one of its own
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        yield Hosted.made(tmp_path, cloud)


def test_a_branch_lives_its_life(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    first = shop.push("main")
    done = hosted.reconcile()
    assert hosting.results(done) == {("acme.shop.prod", "activate"): ""}
    assert hosted.commits("acme") == {"shop_prod": first}
    record = hosted.records["acme.shop.prod"]
    assert record.deployed == record.shape
    assert (record.default_jobs, [each.interval for each in record.schedules]) == (("orders",), ["0 0 * * *"])
    source = hosted.objects("acme", "data")[record.source]
    assert hashlib.sha256(source).hexdigest() == record.source_sha256
    with tarfile.open(fileobj=io.BytesIO(source)) as bundle:
        assert sorted(bundle.getnames()) == ["meltano.yml", "number"]
    second = shop.push("main")
    assert hosting.decided(hosted.reconcile()) == {"acme.shop.prod": "move"}
    assert hosted.commits("acme") == {"shop_prod": second}
    done = hosted.reconcile()
    assert hosting.decided(done) == {}
    assert list(hosting.steps(done)) == []
    hosted.ran("acme", hosted.records["acme.shop.prod"])
    shop.copy("main", "feature/kept")
    shop.delete("main")
    done = hosted.reconcile()
    assert hosting.results(done) == {("acme.shop.prod", "retire"): "", ("acme.shop.feature-kept", "activate"): ""}
    _prod_is_archived_and_gone(hosted)
    hosted.tenant("acme", {})
    done = hosted.reconcile()
    assert hosting.results(done) == {("acme.shop.feature-kept", "retire"): "", ("acme.shop", "unhost"): ""}
    assert (hosted.commits("acme"), _projects(hosted)) == ({}, set())


def _prod_is_archived_and_gone(hosted: Hosted) -> None:
    assert set(hosted.records) == {"acme.shop.feature-kept"}
    assert set(hosted.commits("acme")) == {"shop_feature-kept"}
    assert hosted.groups("acme") == {"shop/feature-kept"}
    kept = hosted.records["acme.shop.feature-kept"]
    assert set(hosted.objects("acme", "data")) == {kept.source}
    assert hosted.client("acme", "secretsmanager").list_secrets()["SecretList"] == []
    assert hosted.client("acme", "dynamodb").scan(TableName="site-runs")["Items"] == []
    assert hosted.client("acme", "scheduler").list_schedules()["Schedules"] == []
    objects = hosted.objects("acme", "archive")
    index = hosting.index_of(objects)
    names = {key.split("/", 3)[3]: data for key, data in objects.items()}
    assert set(names) == {"index.json", *index["files"]}
    assert set(index["files"]) == {
        "activation.json", "source.tar.gz", "meltano.yml", "runs.jsonl", "state", "data/shop.duckdb",
        "logs/run/runner/1.jsonl",
    }  # fmt: skip
    for name, file in index["files"].items():
        assert file == {"size": len(names[name]), "sha256": hashlib.sha256(names[name]).hexdigest()}
    assert names["data/shop.duckdb"] == b"rows" * 1000
    assert b"7 rows" in names["logs/run/runner/1.jsonl"]
    listed = hosting.running.run(hosted.root, "environment", "archives", "acme", "--json").done()
    assert [each["environment"] for each in listed.documents[-1]["archives"]] == ["prod"]
    assert not list((hosted.root / ".stackyard/.pulumi/stacks/activated_environments").glob("acme.shop.prod*.json"))


def test_one_fault_stops_nothing_else(hosted: Hosted) -> None:
    shop, site = hosted.repository("shop"), hosted.repository("site")
    hosted.tenant("acme", {"shop": shop, "gone": {"repository": str(hosted.root / "nowhere"), "rules": hosting.RULES}})
    hosted.tenant("globex", {"site": site})
    (hosted.root / "tenants" / "initech.yaml").write_text("display_name: [Initech\n")
    for branch in ("main", "broken/x", "wrong/x", "feature/a", "feature/no-manifest"):
        shop.push(branch, {"meltano.yml": "environments: {"} if branch.endswith("manifest") else None)
    site.push("main")
    done = hosted.reconcile(exit_code=4)
    found = hosting.results(done)
    assert {entry for (entry, _), fault in found.items() if not fault} == {
        "acme.shop.prod", "acme.shop.feature-a", "globex.site.prod"
    }  # fmt: skip
    assert "this environment cannot be brought up" in found["acme.shop.broken-x", "activate"]
    assert "meltano.yml has no environment 'nowhere'" in found["acme.shop.wrong-x", "activate"]
    assert found["acme.shop.feature-no-manifest", "activate"]
    assert "acme/gone cannot be read" in hosting.told(done)
    assert any("initech.yaml" in str(each) for each in done.documents)
    assert set(hosted.records) == {"acme.shop.prod", "acme.shop.feature-a", "acme.shop.broken-x", "globex.site.prod"}
    again = hosted.reconcile(exit_code=4)
    assert set(hosting.decided(again).values()) == {"activate", "deploy"}
    assert list(hosting.steps(again)) == []


def test_nothing_goes_because_a_remote_is_down_or_empty(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    shop.push("main")
    hosted.reconcile()
    before = hosted.records
    away = shop.folder.with_name("away")
    shop.folder.rename(away)
    done = hosted.reconcile(exit_code=1)
    assert "its 1 environment stays" in hosting.told(done)
    shop.folder.mkdir()
    hosted.repository("shop")
    assert "no branch and no tag at all" in hosting.told(hosted.reconcile(exit_code=1))
    assert hosted.records == before
    (hosted.root / "tenants" / "acme.yaml").rename(hosted.root / "acme.yaml")
    assert "its organization has no file" in hosting.told(hosted.reconcile())
    assert hosted.records == before
    assert set(hosted.commits("acme")) == {"shop_prod"}


@pytest.mark.slow
def test_a_project_that_is_no_longer_hosted_goes_after_its_environments(hosted: Hosted) -> None:
    shop, site = hosted.repository("shop"), hosted.repository("site")
    hosted.tenant("acme", {"shop": shop, "site": site})
    for repository in (shop, site):
        repository.push("main")
    hosted.reconcile()
    hosted.ran("acme", hosted.records["acme.shop.prod"])
    hosted.tenant("acme", {"site": site})
    run, orphan = hosting.running.run, "hosted_projects/acme.shop.Production"
    checked = run(hosted.root, "tenant", "check", "--json").documents[-1]["diagnostics"]
    assert [(each["message"], each["position"]["path"]) for each in checked if "acme/shop" in each["message"]] == [
        (f"acme/shop is no longer hosted, and its stack {orphan} has resources", "tenants/acme.yaml")
    ]
    planned = hosted.reconcile("--dry-run")
    assert (hosting.decided(planned), hosting.unhosted(planned)) == ({"acme.shop.prod": "retire"}, ["acme.shop"])
    assert _projects(hosted) == {"shop", "site"}
    _its_stack_stays_without_an_archive(hosted)
    assert hosting.results(hosted.reconcile()) == {("acme.shop.prod", "retire"): "", ("acme.shop", "unhost"): ""}
    assert (set(hosted.commits("acme")), _projects(hosted)) == ({"site_prod"}, {"site"})
    index = hosting.index_of(hosted.objects("acme", "archive"))
    assert (index["project"], "state" in index["files"], hosted.groups("acme")) == ("shop", True, {"site/prod"})
    assert run(hosted.root, "tenant", "show", "acme", "--json").done().documents[-1]["orphans"] == []
    again = hosted.reconcile()
    assert (hosting.decided(again), hosting.unhosted(again)) == ({}, [])


def _its_stack_stays_without_an_archive(hosted: Hosted) -> None:
    """While an environment is still there, or is deployed with nobody knowing whether it was archived."""
    record = hosted.records["acme.shop.prod"]
    keep = Records(hosted.root / "activations", hosted.root)
    keep.write(dataclasses.replace(record, phase=Phase.ARCHIVED, archive="archive/shop.prod/20260101T000000Z"))
    found = hosting.results(hosted.reconcile(exit_code=4))
    assert "there is no archive/shop.prod" in found["acme.shop.prod", "retire"]
    assert found["acme.shop", "unhost"] == "environment acme/shop/prod is still there"
    keep.remove(record.entry)
    done = hosted.reconcile()
    assert "environment prod is deployed without a record, so nothing archived it" in hosting.told(done)
    assert _projects(hosted) == {"shop", "site"}
    keep.write(record)


def _projects(hosted: Hosted) -> set[str]:
    """The hosted projects that are up in the account."""
    found = hosted.client("acme", "ssm").get_parameters_by_path(Path="/projects")["Parameters"]
    return {each["Name"].removeprefix("/projects/") for each in found}


@pytest.mark.slow
def test_what_expired_is_not_activated_and_what_expires_goes(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    shop.push("short/old", date="2020-01-01T00:00:00Z")
    shop.push("short/young")
    shop.push("scratch/x")
    hosted.reconcile()
    assert set(hosted.records) == {"acme.shop.short-young", "acme.shop.scratch-x"}
    shop.push("short/young", date="2020-01-01T00:00:00Z")
    shop.delete("scratch/x")
    hosted.reconcile()
    assert hosted.records == {}
    assert hosting.index_of(hosted.objects("acme", "archive"))["environment"] == "short-young"


@pytest.mark.slow
def test_a_warehouse_is_kept_as_a_snapshot(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    rules = [{"branch": "main", "environment": "prod", "services": ["warehouse"], "archive": {"retention": "1d"}}]
    hosted.tenant("acme", {"shop": {"repository": str(shop.folder), "rules": rules}})
    shop.push("main")
    hosted.reconcile()
    rds = hosted.client("acme", "rds")
    rds.create_db_instance(
        DBInstanceIdentifier="shop-prod-warehouse", DBInstanceClass="db.t4g.micro", Engine="postgres",
        AllocatedStorage=20, MasterUsername="warehouse", MasterUserPassword="a-password-of-some-length",
    )  # fmt: skip
    rds.get_waiter("db_instance_available").wait(WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    shop.copy("main", "other")
    shop.delete("main")
    hosted.reconcile()
    (name,) = hosting.index_of(hosted.objects("acme", "archive"))["snapshots"]
    (snapshot,) = rds.describe_db_snapshots()["DBSnapshots"]
    assert (snapshot["DBSnapshotIdentifier"], snapshot["Status"]) == (name, "available")
    run = hosting.running.run
    assert "acme has no archives" not in run(hosted.root, "environment", "archives", "acme", "--expire").done().stderr
    monday = time.time() + 2 * 86400
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr("stackyard.operations.environments.time.time", lambda: monday)
        run(hosted.root, "environment", "archives", "acme", "--expire").done()
    assert rds.describe_db_snapshots()["DBSnapshots"] == []
    assert hosted.objects("acme", "archive") == {}


def test_nothing_is_destroyed_when_the_archive_is_gone_or_changed(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    commit = shop.push("main")
    hosted.reconcile()
    record = hosted.records["acme.shop.prod"]
    hosted.ran("acme", record)
    shop.copy("main", "other")
    shop.delete("main")
    keep = Records(hosted.root / "activations", hosted.root)
    lost = dataclasses.replace(record, phase=Phase.ARCHIVED, archive="archive/shop.prod/20260101T000000Z")
    keep.write(lost)
    missing = "there is no archive/shop.prod/20260101T000000Z/index.json in acme-archive"
    assert hosting.results(hosted.reconcile(exit_code=4)) == {("acme.shop.prod", "retire"): missing}
    keep.write(dataclasses.replace(lost, archive=""))
    none = "acme/shop/prod has no archive: nothing of it is destroyed"
    assert hosting.results(hosted.reconcile(exit_code=4)) == {("acme.shop.prod", "retire"): none}
    hosted.tenant("acme", {"shop": shop}, suspended=True)
    made = hosting.running.run(hosted.root, "environment", "archive", "acme/shop/prod", "--json").done()
    place = made.documents[-1]["archive"]["prefix"]
    keep.write(dataclasses.replace(lost, archive=place))
    hosted.client("acme", "s3").put_object(Bucket="acme-archive", Key=f"{place}/state", Body=b"less")
    hosted.tenant("acme", {"shop": shop})
    found = hosting.results(hosted.reconcile(exit_code=4))
    assert f"{place}/state is gone or changed" in found["acme.shop.prod", "retire"]
    assert hosted.commits("acme") == {"shop_prod": commit}
    assert len(hosted.objects("acme", "data", "environments/")) == 2
    hosted.client("acme", "s3").put_object(Bucket="acme-archive", Key=f"{place}/state", Body=b'{"orders": 7}')
    assert hosting.results(hosted.reconcile()) == {("acme.shop.prod", "retire"): ""}


@pytest.mark.slow
def test_a_suspended_organization_keeps_what_it_has_without_schedules(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    first = shop.push("main")
    hosted.reconcile()
    shop.push("main")
    hosted.tenant("acme", {"shop": shop}, suspended=True)
    assert hosting.decided(hosted.reconcile()) == {"acme.shop.prod": "pause"}
    assert hosted.commits("acme") == {"shop_prod": first}
    assert _states(hosted) == ["DISABLED"]
    shop.delete("main")
    shop.push("feature/x")
    assert hosting.decided(hosted.reconcile()) == {}
    hosted.tenant("acme", {"shop": shop})
    assert set(hosting.decided(hosted.reconcile()).values()) == {"retire", "activate"}


def _states(hosted: Hosted) -> list[str]:
    scheduler = hosted.client("acme", "scheduler")
    listed = scheduler.list_schedules()["Schedules"]
    return [scheduler.get_schedule(GroupName=each["GroupName"], Name=each["Name"])["State"] for each in listed]


@pytest.mark.slow
def test_a_name_made_from_a_ref_comes_up_afresh_for_another(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    rules = [{"branch": "**", "environment": "dev", "name": "dev-{slug}"}]
    hosted.tenant("acme", {"shop": {"repository": str(shop.folder), "rules": rules}})
    shop.push("feature/a")
    hosted.reconcile()
    shop.copy("feature/a", "feature-a")
    assert "would be environment 'dev-feature-a', too" in hosting.told(hosted.reconcile())
    shop.delete("feature/a")
    done = hosted.reconcile()
    assert hosting.results(done) == {
        ("acme.shop.dev-feature-a", "retire"): "",
        ("acme.shop.dev-feature-a", "activate"): "",
    }
    assert hosted.records["acme.shop.dev-feature-a"].ref == "refs/heads/feature-a"


@pytest.mark.slow
def test_a_stack_that_cannot_be_brought_up_any_more_goes_all_the_same(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    shop.push("main")
    hosted.reconcile()
    (hosted.root / "activated_environments" / "__main__.py").write_text("raise ValueError('it never works now')\n")
    shop.copy("main", "other")
    shop.delete("main")
    done = hosting.running.run(hosted.root, "environment", "reconcile", "--yes", "--no-install").done()
    assert "1 schedules switched off directly" in done.stdout + done.stderr
    assert (hosted.records, hosted.commits("acme")) == ({}, {})


@pytest.mark.slow
def test_the_repository_may_keep_its_own_rules(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": {"repository": str(shop.folder)}})
    shop.push("main")
    assert "it has no rules" in hosting.told(hosted.reconcile())
    shop.push("main", {".stackyard/rules.yaml": "rules: [{branch: main, environment: dev}]\n"})
    hosted.reconcile()
    assert set(hosted.records) == {"acme.shop.dev"}
    shop.push("main", {".stackyard/rules.yaml": "rules: [{branch: main}]\n"})
    assert "acme/shop: " in hosting.told(hosted.reconcile(exit_code=1))
    assert set(hosted.records) == {"acme.shop.dev"}


def test_by_hand(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    shop.push("trial")
    run = hosting.running.run
    refused = run(hosted.root, "environment", "activate", "acme/shop", "trial", "--yes")
    assert "no rule of acme/shop matches refs/heads/trial" in refused.stderr
    run(hosted.root, "environment", "activate", "acme/shop", "trial", "-e", "dev", "-n", "trial", "--yes").done()
    assert hosting.decided(hosted.reconcile()) == {}
    second = shop.push("trial")
    assert hosting.decided(hosted.reconcile()) == {"acme.shop.trial": "move"}
    assert hosted.commits("acme") == {"shop_trial": second}
    listed = run(hosted.root, "environment", "ls", "--json").done().documents[-1]["environments"]
    assert [(each["environment"], each["deployed"], each["run"]) for each in listed] == [("trial", "yes", None)]
    run(hosted.root, "environment", "archive", "acme/shop/trial").done()
    run(hosted.root, "environment", "retire", "acme/shop/trial", "--yes").done()
    assert hosted.records == {}
    assert len([key for key in hosted.objects("acme", "archive") if key.endswith("/index.json")]) == 2


def test_a_dry_run_and_no_terminal_change_nothing(hosted: Hosted) -> None:
    shop = hosted.repository("shop")
    hosted.tenant("acme", {"shop": shop})
    shop.push("main")
    shown = hosting.running.run(hosted.root, "environment", "reconcile", "--dry-run").done()
    assert "acme/shop/prod" in shown.stdout
    refused = hosting.running.run(hosted.root, "environment", "reconcile")
    assert (refused.exit_code, "pass --yes" in refused.stderr) == (1, True)
    assert hosted.records == {}
