"""A platform that lives: a copy of the estate in a folder and a cloud of its own, whose tenants have environments."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stackyard.cloud.client import EmbeddedCloud, account_of
from stackyard.model.activations import Activation, Schedule
from stackyard.model.names import DEFAULT_ORGANIZATION
from tests.functional import running
from tests.functional.asking import Cloud

PLATFORM = Path(__file__).parents[3] / "platform"
TENANTS = ("acme", "globex", "initech")
REGION = "us-east-1"
RULES = [
    {"branch": "main", "environment": "prod", "services": ["schedules"]},
    {"branch": "feature/*", "environment": "dev", "name": "dev-{slug}"},
]


@dataclasses.dataclass
class Estate:
    """The platform in a folder of its own; its account in its cloud, and each organization's account."""

    root: Path
    server: EmbeddedCloud
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

    def session(self, organization: str, role_arn: str) -> Cloud:
        """A session as a role of an organization, opened as people open theirs: through the broker."""
        broker_arn = self.outputs("identity/Production")["broker_arn"]
        broker = as_role(self.cloud, broker_arn, RoleSessionName="broker")
        return as_role(broker, role_arn, RoleSessionName="ada", ExternalId=organization)


@contextlib.contextmanager
def lived(folder: Path) -> Iterator[Estate]:
    """The platform, not yet brought up."""
    with EmbeddedCloud.temporary() as server:
        root = running.copied(PLATFORM, folder / "platform", server)

        def account(organization: str) -> Cloud:
            return Cloud(server.environ(account_of(organization), REGION))

        yield Estate(root, server, account(DEFAULT_ORGANIZATION), {name: account(name) for name in TENANTS})


@contextlib.contextmanager
def two_tenants(folder: Path) -> Iterator[Estate]:
    """Two tenants with a project and an environment each, and all that they need."""
    with lived(folder) as estate:
        for organization in ("acme", "globex"):
            host(estate, organization, "prod")
        estate.run("up", "+tenant:acme", "+tenant:globex", "--yes")
        yield estate


def host(
    estate: Estate, organization: str, *environments: str, repository: str = "https://git.example/shop.git"
) -> None:
    """Give an organization the project `shop`, and records of environments as reconcile would have written them."""
    path = estate.root / "tenants" / f"{organization}.yaml"
    project = {"repository": repository, "secrets": ["SHOP_PASSWORD"], "rules": RULES}
    path.write_text(path.read_text() + json.dumps({"projects": {"shop": project}})[1:-1] + "\n")
    for environment in environments:
        record = Activation(
            organization=organization,
            project="shop",
            environment=environment,
            ref="refs/heads/main",
            commit="c" * 40,
            repository=repository,
            meltano_environment="prod",
            services=("schedules",),
            schedules=(Schedule("yearly", "0 0 1 1 *", ("orders",)),),
            default_jobs=("orders",),
            source=f"projects/shop/sources/{'c' * 40}.tar.gz",
            source_sha256="0" * 64,
        )
        (estate.root / "activations" / f"{record.entry}.yaml").write_text(json.dumps(record.data()))


def as_role(cloud: Cloud, role_arn: str, **given: str) -> Cloud:
    """A session as a role, asked for by who `cloud` is."""
    return with_keys(cloud, cloud.client("sts").assume_role(RoleArn=role_arn, **given)["Credentials"])


def with_keys(cloud: Cloud, keys: dict[str, str]) -> Cloud:
    """The same cloud as another caller."""
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey"}
    environ = {**cloud.environ, **{name: keys[key] for name, key in names.items()}}
    return Cloud({**environ, "AWS_SESSION_TOKEN": keys["SessionToken"]})


def emptied(cloud: Cloud, bucket: str) -> None:
    """Delete every version of every object."""
    s3 = cloud.client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []) + page.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
