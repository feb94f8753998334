"""A small estate that hosts tenants, their repositories, and what is in their accounts."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.activations import Activation
from stackyard.tenancy.records import Records
from tests import clients
from tests.functional import running

ESTATE = Path(__file__).with_name("estate")
MELTANO = """\
default_environment: dev
environments: [{name: prod}, {name: dev}, {name: broken}]
plugins:
  extractors: [{name: tap-shop, namespace: tap_shop, pip_url: tap-shop==1.0}]
  loaders: [{name: target-duckdb, namespace: target_duckdb, pip_url: target-duckdb==0.8.0}]
jobs: [{name: orders, tasks: [tap-shop target-duckdb]}, {name: bad, tasks: [tap-shop]}]
schedules: [{name: daily, interval: '@daily', job: orders}]
"""
RULES = [
    {"branch": "main", "environment": "prod", "services": ["schedules"]},
    {"branch": "feature/*", "environment": "dev", "name": "{slug}"},
    {"branch": "short/*", "environment": "dev", "name": "{slug}", "expires": "72h"},
    {"branch": "broken/*", "environment": "broken", "name": "{slug}"},
    {"branch": "wrong/*", "environment": "nowhere", "name": "{slug}"},
    {"branch": "scratch/*", "environment": "dev", "name": "{slug}", "archive": "off"},
]
_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": f"{who.lower()}@shop.example"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


class Repository:
    """A bare git repository on this machine whose refs are set directly; commits differ by their number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(folder), at=folder.parent)

    def push(self, branch: str, files: Mapping[str, str] | None = None, *, date: str = "") -> str:
        """A new commit without history, as after a force-push; its id. `date` as git reads it."""
        self._number += 1
        content = {"meltano.yml": MELTANO, "number": str(self._number), **(files or {})}
        tree = ""
        for path, text in sorted(content.items()):
            blob = self._git("hash-object", "-w", "--stdin", given=text)
            tree += f"100644 blob {blob}\t{path}\n"
        made = self._tree(content)
        dated = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
        commit = self._git("commit-tree", "-m", f"number {self._number}", made, environ=dated)
        self._git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def _tree(self, content: Mapping[str, str]) -> str:
        """A tree of files, folders included."""
        lines, folders = [], {}
        for path, text in content.items():
            first, _, rest = path.partition("/")
            if rest:
                folders.setdefault(first, {})[rest] = text
            else:
                lines.append(f"100644 blob {self._git('hash-object', '-w', '--stdin', given=text)}\t{path}\n")
        lines += [f"040000 tree {self._tree(inside)}\t{name}\n" for name, inside in folders.items()]
        return self._git("mktree", given="".join(lines))

    def copy(self, branch: str, new: str) -> None:
        """Another branch at the same commit."""
        self._git("update-ref", f"refs/heads/{new}", f"refs/heads/{branch}")

    def delete(self, branch: str) -> None:
        """Delete a branch."""
        self._git("update-ref", "-d", f"refs/heads/{branch}")

    def _git(
        self, *arguments: str, given: str = "", environ: Mapping[str, str] | None = None, at: Path | None = None
    ) -> str:
        done = subprocess.run(
            ["git", "-C", str(at or self.folder), *arguments], input=given, capture_output=True, text=True, check=True,
            env={**os.environ, **_GIT, **(environ or {})},
        )  # fmt: skip
        return done.stdout.strip()


@dataclasses.dataclass
class Hosted:
    """The estate in a folder of its own, with its cloud."""

    root: Path
    cloud: EmbeddedCloud

    @classmethod
    def made(cls, folder: Path, cloud: EmbeddedCloud) -> Hosted:
        return cls(running.copied(ESTATE, folder / "estate", cloud), cloud)

    def repository(self, name: str) -> Repository:
        folder = self.root.parent / "repositories"
        folder.mkdir(exist_ok=True)
        return Repository(folder / name)

    def tenant(self, name: str, projects: Mapping[str, Any], **given: Any) -> None:
        """Write an organization's file; a project is its repository, or a whole mapping."""
        whole = {
            project: {"repository": str(said.folder), "rules": RULES} if isinstance(said, Repository) else said
            for project, said in projects.items()
        }
        mail = f"ada@{name}.example"
        groups = {"owners": {"members": [mail], "access": ["administer"]}}
        contacts = {"owner": mail, "billing": mail}
        document = {"display_name": name, "contacts": contacts, "groups": groups, "projects": whole, **given}
        (self.root / "tenants" / f"{name}.yaml").write_text(yaml.safe_dump(document))

    def reconcile(self, *arguments: str, exit_code: int = 0) -> running.Result:
        """Reconcile, which must end with that exit code."""
        done = running.run(
            self.root, "environment", "reconcile", "--yes", "--grace", "0", "--no-install", "--json", *arguments
        )
        assert done.exit_code == exit_code, f"{done.exit_code}: {done.stderr}\n{done.stdout[-4000:]}"
        return done

    @property
    def records(self) -> dict[str, Activation]:
        """The records by entry."""
        reading = Records(self.root / "activations", self.root).read()
        assert not reading.diagnostics
        return {each.entry: each for each in reading.active}

    def client(self, organization: str, service: str) -> Any:
        """A boto3 client of an organization's account."""
        return clients.client(self.cloud.environ(account_of(organization), "us-east-1"), service)

    def commits(self, organization: str) -> dict[str, str]:
        """The environments that are up in an account, and the commit of each."""
        pages = self.client(organization, "ssm").get_paginator("get_parameters_by_path").paginate(Path="/environments")
        return {
            each["Name"].removeprefix("/environments/"): each["Value"] for page in pages for each in page["Parameters"]
        }

    def groups(self, organization: str) -> set[str]:
        """The log groups of an account."""
        found = self.client(organization, "logs").describe_log_groups()["logGroups"]
        return {each["logGroupName"].removeprefix(f"/site/production/{organization}/") for each in found}

    def objects(self, organization: str, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """What is in a bucket (`data` or `archive`)."""
        s3, name = self.client(organization, "s3"), f"{organization}-{bucket}"
        listed = s3.list_objects_v2(Bucket=name, Prefix=prefix).get("Contents", [])
        return {each["Key"]: s3.get_object(Bucket=name, Key=each["Key"])["Body"].read() for each in listed}

    def put_row(self, organization: str, environment: str, run: str, **values: Any) -> None:
        """A row of the runs table; values are text or mappings of text."""
        item: dict[str, Any] = {"environment": {"S": environment}, "run": {"S": run}}
        for name, value in values.items():
            item[name] = (
                {"M": {key: {"S": each} for key, each in value.items()}} if isinstance(value, dict) else {"S": value}
            )
        self.client(organization, "dynamodb").put_item(TableName="site-runs", Item=item)

    def ran(self, organization: str, record: Activation) -> None:
        """What a good run leaves: its row, a head with state and data, a secret, and a log."""
        s3, run = self.client(organization, "s3"), "20260101T000000.000000Z-0a0b0c0d"
        state, data = (f"environments/{record.key}/commits/{run}/{name}" for name in ("state.json", "shop.duckdb"))
        s3.put_object(Bucket=f"{organization}-data", Key=state, Body=b'{"orders": 7}')
        s3.put_object(Bucket=f"{organization}-data", Key=data, Body=b"rows" * 1000)
        self.put_row(organization, record.key, run, status="succeeded", log_stream="run/runner/1")
        self.put_row(organization, record.key, "head", holder=run, state=state, data={"shop.duckdb": data})
        secret = f"/site/{organization}/{record.key}/PASSWORD"
        self.client(organization, "secretsmanager").create_secret(Name=secret, SecretString="hunter2")
        logs, group = (
            self.client(organization, "logs"),
            f"/site/production/{organization}/{record.project}/{record.environment}",
        )
        logs.create_log_stream(logGroupName=group, logStreamName="run/runner/1")
        event = {"timestamp": 1_700_000_000_000, "message": "7 rows"}
        logs.put_log_events(logGroupName=group, logStreamName="run/runner/1", logEvents=[event])


def results(done: running.Result) -> dict[tuple[str, str], str]:
    """What became of each change: (environment, act) to its fault."""
    found = [each for each in done.documents if each["kind"] == "reconciled"]
    return {(row["entry"], row["act"]): row["fault"] for each in found for row in each["results"]}


def decided(done: running.Result) -> dict[str, str]:
    """What was decided for each environment, those that stay left out."""
    found = [change for each in done.documents if each["kind"] == "decision" for change in each["changes"]]
    return {change["environment"]: change["act"] for change in found if change["act"] != "keep"}


def unhosted(done: running.Result) -> list[str]:
    """The projects whose stacks were decided to go."""
    return [left["project"] for each in done.documents if each["kind"] == "decision" for left in each["projects"]]


def told(done: running.Result) -> str:
    """All diagnostics."""
    found = [each for each in done.documents if each["kind"] in ("decision", "reconciled")]
    return "\n".join(row["message"] for each in found for row in each["diagnostics"])


def steps(done: running.Result) -> Iterator[tuple[str, str]]:
    """Stack and operation of every resource that a provider really changed."""
    for op, urn in done.executed:
        if "::pulumi:pulumi:Stack::" in urn:
            continue
        yield urn.split("::")[0].removeprefix("urn:pulumi:"), op


def index_of(objects: Mapping[str, bytes]) -> dict[str, Any]:
    """The only index among an archive's objects."""
    (found,) = (json.loads(data) for key, data in objects.items() if key.endswith("/index.json"))
    index: dict[str, Any] = found
    return index
