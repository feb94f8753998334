"""A small platform with people in it: two organizations with environments, runs, logs and costs, and tokens for all.

The sites' own parts (roles, tables) are the platform's; what layers above would make is seeded through boto3, by the
names and rows of docs/design/0008-tenants.md.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import io
import json
import secrets
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests.functional import running
from tests.functional.asking import Cloud

PLATFORM = Path(__file__).parents[3] / "platform"
STACKS = ("identity/Production", "storage/Production", "observability/Production", "control_api/Production",
          "control_web/Production", "site_instances/acme.Production", "site_instances/globex.Production")  # fmt: skip
LAUNCH = """
import boto3, datetime, json, os, secrets
table = boto3.resource("dynamodb").Table("site-runs")

def handler(event, _context):
    key = os.environ["KEY"]
    if event["action"] == "stop":
        table.update_item(Key={"environment": key, "run": event["run"]}, UpdateExpression="SET #s = :s, #m = :m",
            ExpressionAttributeNames={"#s": "status", "#m": "message"},
            ExpressionAttributeValues={":s": "stopped", ":m": "stopped by " + event["by"]})
        return {"run": event["run"], "task_arn": ""}
    if event["jobs"] == ["break"]:
        raise RuntimeError("broken")
    if event["jobs"] == ["nope"]:
        return {"refused": "there is no job 'nope'", "faults": ["there is no job 'nope'"]}
    busy = [row for row in table.query(
        KeyConditionExpression=boto3.dynamodb.conditions.Key("environment").eq(key))["Items"]
        if row.get("status") == "running"]
    if busy:
        return {"refused": "a run of this environment is under way", "run": busy[0]["run"]}
    now = datetime.datetime.now(datetime.UTC)
    run = f"{now:%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}"
    table.put_item(Item={"environment": key, "run": run, "status": "running", "reason": event["reason"],
        "by": event["by"], "jobs": event["jobs"] or ["all"], "started": now.isoformat()})
    return {"run": run, "task_arn": "arn:task"}
"""
GROUPS = {
    "admins": {"members": ["ada@acme.example"], "grants": [{"may": "administer", "on": "*"}]},
    "analysts": {"members": ["vera@acme.example"], "grants": [{"may": "view", "on": "shop/*"}]},
    "operators": {"members": ["otto@acme.example"], "grants": [{"may": "run", "on": "shop/prod"}]},
}


@dataclasses.dataclass
class Inhabited:
    """The platform's API and page, the accounts behind them, and whose token is which."""

    url: str
    platform: Cloud
    sites: dict[str, Cloud]
    tables: dict[str, str]

    def token(self, organization: str, user: str, seconds: int = 3600) -> str:
        """A token that ends in so many seconds."""
        token = secrets.token_urlsafe(32)
        digest = hashlib.sha256(token.encode()).hexdigest()
        row = {"digest": digest, "organization": organization, "user": user, "expires": int(time.time()) + seconds}
        self.platform.client("dynamodb").put_item(TableName=self.tables["tokens"], Item=typed(row))
        return token

    def call(self, method: str, path: str, token: str = "", body: Any = None) -> tuple[int, Any]:
        """One call: the status, and the JSON of the answer."""
        status, _headers, raw = self.fetch(method, path, token, body)
        return status, json.loads(raw)

    def fetch(
        self, method: str, path: str, token: str = "", body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """One call: the status, the headers in lower case, and the bytes of the answer."""
        said = {"authorization": f"Bearer {token}"} if token else {}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        data = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.url}{path}", data=data, method=method, headers=said)
        try:
            with urllib.request.urlopen(asked, timeout=30) as found:
                return found.status, {name.lower(): value for name, value in found.headers.items()}, found.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, {name.lower(): value for name, value in refused.headers.items()}, refused.read()


@contextlib.contextmanager
def platform(folder: Path) -> Iterator[Inhabited]:
    """Bring the platform up in `folder`, in a cloud of its own, and let people in."""
    with EmbeddedCloud.temporary() as server:
        root = running.copied(PLATFORM, folder / "platform", server)
        for organization in ("acme", "globex"):
            _say(root / "tenants" / f"{organization}.yaml", organization)
        running.run(root, "up", *STACKS, "--yes", "--json").done()
        accounts = {name: Cloud(server.environ(account_of(name), "us-east-1")) for name in ("acme", "globex")}
        storage = running.outputs(root, "storage/Production")["table_names"]
        own = Cloud(server.environ(account_of(DEFAULT_ORGANIZATION), "us-east-1"))
        url = running.outputs(root, "control_api/Production")["url"]
        made = Inhabited(url, own, accounts, storage)
        for organization, cloud in accounts.items():
            _settle(organization, cloud)
            _charge(own, storage["costs"], organization)
        yield made


def typed(value: dict[str, Any]) -> dict[str, Any]:
    """Values as DynamoDB types them."""
    return {name: _typed(each) for name, each in value.items()}


def _typed(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"M": typed(value)}
    if isinstance(value, list):
        return {"L": [_typed(each) for each in value]}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _say(path: Path, organization: str) -> None:
    groups = json.dumps(GROUPS).replace("acme.example", f"{organization}.example")
    said = json.loads(groups)
    data = {
        "display_name": organization.title(),
        "contacts": {"owner": f"ada@{organization}.example", "billing": f"ada@{organization}.example"},
        "groups": {name: {"members": one["members"], "access": one["grants"]} for name, one in said.items()},
        "disposable": True,
    }
    path.write_text(json.dumps(data))


def _settle(organization: str, cloud: Cloud) -> None:
    """Two projects, three environments, runs and logs, and a launch function for each environment."""
    table, logs = cloud.client("dynamodb"), cloud.client("logs")
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    def put(**row: Any) -> None:
        table.put_item(TableName="site-runs", Item=typed(row))

    for project in ("shop", "crm"):
        put(environment="projects", run=project, repository=f"https://git.example/{organization}/{project}.git")
    _functions(cloud, ("shop.prod", "shop.dev-login", "crm.prod"))
    for key, ref, age in (("shop.prod", "refs/heads/main", 1), ("shop.dev-login", "refs/heads/feature/login", 4),
                          ("crm.prod", "refs/tags/v1.4.0", 30)):  # fmt: skip
        project, _, name = key.partition(".")
        group = f"/site/production/{organization}/{project}/{name}"
        commit = hashlib.sha1(f"{organization} {key}".encode()).hexdigest()
        services = ["schedules", "warehouse"] if name == "prod" else []
        schedules = ["hourly: 0 * * * *"] if name == "prod" else []
        put(environment="environments", run=key, project=project, name=name, ref=ref, commit=commit, services=services,
            schedules=schedules, jobs=["tap-postgres target-duckdb"], phase="active", log_group=group,
            expires=0 if name == "prod" else int(now.timestamp()) + 172800)  # fmt: skip
        logs.create_log_group(logGroupName=group)
        for index, status in enumerate(("failed", "succeeded", "succeeded")):
            started = now - datetime.timedelta(hours=age, minutes=30 * (3 - index))
            run = f"{started:%Y%m%dT%H%M%S.%fZ}-{index:08x}"
            logs.create_log_stream(logGroupName=group, logStreamName=f"run/{run}")
            lines = [f"{organization} line {number} of {key}" for number in range(1, 6)]
            lines += ["ERROR could not connect: <b>connection refused</b>"] if status == "failed" else ["done"]
            stamp = int(started.timestamp() * 1000)
            logs.put_log_events(logGroupName=group, logStreamName=f"run/{run}", logEvents=[
                {"timestamp": stamp + 700 * number, "message": line} for number, line in enumerate(lines)
            ])  # fmt: skip
            ended = started + datetime.timedelta(seconds=83 + 7 * index)
            put(environment=key, run=run, status=status, reason="schedule:hourly" if index else "manual",
                by="" if index else f"ada@{organization}.example", jobs=["tap-postgres target-duckdb"], commit=commit,
                started=started.isoformat(), ended=ended.isoformat(), exit_code=0 if status == "succeeded" else 1,
                cpu=1024, memory_mb=2048, log_stream=f"run/{run}", task_arn="arn:secret",
                message="" if status == "succeeded" else "the extractor failed",
                rows={"orders": 1200 + index, "customers": 87} if status == "succeeded" else {})  # fmt: skip
        put(environment=key, run="head", state="x", data={})
        put(environment=key, run="lease", holder="nobody")


def _functions(cloud: Cloud, keys: tuple[str, ...]) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    allowed = {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName="launching", AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="launching", PolicyName="allowed", PolicyDocument=_policy(allowed))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("launch.py", LAUNCH)
    for key in keys:
        cloud.client("lambda").create_function(
            FunctionName=f"launch_{key.replace('.', '_')}", Runtime="python3.12", Handler="launch.handler",
            Timeout=20, Role=role, Code={"ZipFile": archive.getvalue()}, Environment={"Variables": {"KEY": key}},
        )  # fmt: skip


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _charge(own: Cloud, table: str, organization: str) -> None:
    month = f"{datetime.datetime.now(datetime.UTC):%Y-%m}"
    for row, amount, quantity, unit in (
        ("shop#prod#AWS Fargate", "12.480000", "308.1", "vCPU-hours"),
        ("shop#prod#Amazon S3", "0.004100", "0.18", "GB-months"),
        ("shop#dev-login#AWS Fargate", "1.250000", "30.9", "vCPU-hours"),
        ("crm#prod#AWS Fargate", "4.031200", "99.5", "vCPU-hours"),
        ("##AWS Key Management Service", "1.000000", "1", "keys"),
    ):
        cost = {"organization": organization, "row": f"{month}#{row}", "amount": amount, "currency": "USD"}
        own.client("dynamodb").put_item(TableName=table, Item=typed({**cost, "quantity": quantity, "unit": unit}))
