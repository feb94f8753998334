"""Runs are started, refused, stopped, listed and read through the environment's launch function."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.operations import launching
from tests.functional import running
from tests.functional.reconciling.hosting import Hosted

pytestmark = pytest.mark.cloud
NAME = "acme/shop/prod"
OLD, NEW = "20260101T000000.000000Z-00000001", "20260102T000000.000000Z-00000002"
# As the real one answers: one run at a time, whose holder is in the lease; this one's runs end at once.
LAUNCH = f"""
import boto3
rows = boto3.resource("dynamodb").Table("site-runs")
def handler(event, context):
    lease = rows.get_item(Key={{"environment": "shop.prod", "run": "lease"}}).get("Item")
    if event["action"] == "stop":
        if not lease:
            return {{"refused": "the run has ended already"}}
        rows.delete_item(Key={{"environment": "shop.prod", "run": "lease"}})
        return {{"run": event["run"], "task_arn": ""}}
    if lease:
        return {{"refused": "a run of this environment is under way", "run": lease["holder"]}}
    status = "failed" if "bad" in event["jobs"] else "succeeded"
    rows.put_item(Item={{"environment": "shop.prod", "run": "{NEW}", "status": status, "jobs": event["jobs"],
        "by": event["by"], "reason": event["reason"], "exit_code": int(status == "failed"),
        "log_stream": "run/runner/2",
        "started": "2026-01-02T00:00:00+00:00", "ended": "2026-01-02T00:00:07+00:00", "rows": {{"orders": 7}}}})
    return {{"run": "{NEW}", "task_arn": ""}}
"""


@pytest.fixture
def hosted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hosted]:
    with EmbeddedCloud.temporary() as cloud:  # of the machine's own cache; what follows has one of its own
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        made = Hosted.made(tmp_path, cloud)
        shop = made.repository("shop")
        made.tenant("acme", {"shop": shop})
        shop.push("main")
        made.reconcile()
        made.ran("acme", made.records["acme.shop.prod"])
        _launched_by(made)
        yield made


def _launched_by(hosted: Hosted) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("launch.py", LAUNCH)
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    allowed = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    iam = hosted.client("acme", "iam")
    role = iam.create_role(RoleName="launch", AssumeRolePolicyDocument=json.dumps(_policy(trust)))["Role"]["Arn"]
    iam.put_role_policy(RoleName="launch", PolicyName="rows", PolicyDocument=json.dumps(_policy(allowed)))
    hosted.client("acme", "lambda").create_function(
        FunctionName="launch_shop_prod",
        Runtime="python3.11",
        Handler="launch.handler",
        Role=role,
        Code={"ZipFile": packed.getvalue()},
    )


def _policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_runs_are_started_listed_read_and_stopped(hosted: Hosted, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def equip(_hosts: Any, record: Any, _tell: Any) -> None:
        asked.append(record.entry)

    monkeypatch.setattr(launching, "equip", equip)  # it would install what this sample only pretends to need
    started = _run(hosted, "run", NAME, "orders", "--wait", "--json").done()
    assert asked == ["acme.shop.prod"]
    row = started.documents[-1]["run"]
    assert (row["run"], row["status"], row["jobs"], row["reason"]) == (NEW, "succeeded", ["orders"], "manual")
    assert _run(hosted, "run", NAME, "bad", "--wait").exit_code == 4
    unknown = _run(hosted, "run", NAME, "orders", "nope", "tap-bank:test")
    assert unknown.exit_code == 1
    assert "acme/shop:meltano.yml:6:1" in unknown.stderr
    assert "meltano.yml of acme/shop/prod has no job 'nope', 'tap-bank:test'" in unknown.stderr
    assert "it has: orders, bad" in unknown.stderr
    assert asked == ["acme.shop.prod"] * 2  # nothing was installed for it
    _they_are_listed_and_read(hosted)
    hosted.put_row("acme", "shop.prod", "lease", holder=NEW, taken="2099-01-01T00:00:00+00:00")
    refused = _run(hosted, "run", NAME)
    assert refused.exit_code == 4
    assert f"a run of this environment is under way ({NEW})" in refused.stderr
    assert NEW in _run(hosted, "stop", NAME).done().stdout
    assert "nothing runs in acme/shop/prod" in _run(hosted, "stop", NAME).stderr
    assert "the run has ended already" in _run(hosted, "stop", NAME, NEW).stderr


def _they_are_listed_and_read(hosted: Hosted) -> None:
    listed = _run(hosted, "runs", NAME, "--json").done().documents[-1]["runs"]
    assert [row["run"] for row in listed] == [NEW, "20260101T000000.000000Z-0a0b0c0d"]
    assert "orders 7" in _run(hosted, "runs", NAME).done().stdout
    assert _run(hosted, "ls", "--json").done().documents[-1]["environments"][0]["run"]["run"] == NEW
    old = _run(hosted, "logs", NAME, "20260101T000000.000000Z-0a0b0c0d").done()
    assert old.stdout == "22:13:20 7 rows\n"
    assert _run(hosted, "logs", NAME).done().stdout == ""  # the latest wrote nothing
    failed = _run(hosted, "logs", NAME, "-f")
    assert (failed.exit_code, failed.stderr) == (4, f"run {NEW} has failed: exit code 1: see its log\n")
    assert "has no run 'x'" in _run(hosted, "logs", NAME, "x").stderr


@pytest.mark.slow
def test_what_is_not_there_is_told(hosted: Hosted) -> None:
    assert "is not of the form ORG/PROJECT/ENV" in _run(hosted, "runs", "acme").stderr
    missing = _run(hosted, "runs", "acme/shop/dev")
    assert "environment acme/shop/dev is not active" in missing.stderr
    assert "acme/shop/prod" in missing.stderr
    hosted.client("acme", "lambda").delete_function(FunctionName="launch_shop_prod")
    assert "has no launch function launch_shop_prod" in _run(hosted, "stop", NAME, NEW).stderr


@pytest.mark.slow
def test_a_run_under_way_is_asked_to_end_before_its_environment_goes(hosted: Hosted) -> None:
    hosted.put_row("acme", "shop.prod", "lease", holder=NEW, taken="2099-01-01T00:00:00+00:00")
    (hosted.root / "tenants" / "acme.yaml").write_text(
        (hosted.root / "tenants" / "acme.yaml").read_text().replace("branch: main", "branch: trunk")
    )
    said = _run(hosted, "reconcile", "--yes", "--grace", "0").done()
    assert f"run {NEW} is asked to stop" in said.stdout + said.stderr
    assert hosted.records == {}


def _run(hosted: Hosted, *arguments: str) -> running.Result:
    return running.run(hosted.root, "environment", *arguments)
