"""An environment of the sample project on a real cloud, with real databases, but no ECS: the runner alone."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import itertools
import json
import os
import signal
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any, Final

import duckdb
import psycopg

from stackyard.tenancy import images, meltano, plugins
from tests import clients

SAMPLE: Final = Path(__file__).parents[3] / "platform" / "samples" / "shop"
PASSWORD: Final = "Pa55-word.of.the.shop"
TABLE: Final = "site-runs"
KEY: Final = "shop.prod"
KEYS: Final = (("environment", "HASH"), ("run", "RANGE"))


@dataclasses.dataclass(frozen=True)
class Database:
    """A PostgreSQL of the embedded cloud."""

    host: str
    port: int

    def connect(self, name: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.host, port=self.port, user="owner", password=PASSWORD, dbname=name, autocommit=True
        )

    def rows(self, name: str, query: str) -> list[tuple[Any, ...]]:
        with self.connect(name) as connection:
            return connection.execute(query).fetchall()

    def script(self, name: str, file: str) -> None:
        with self.connect(name) as connection:
            connection.execute((SAMPLE / file).read_text())

    def fresh(self, name: str) -> str:
        with self.connect("postgres") as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return name


def made(rds: Any) -> Database:
    """A database server, once it answers."""
    rds.create_db_instance(
        DBInstanceIdentifier="shop", Engine="postgres", DBInstanceClass="db.t4g.micro", AllocatedStorage=20,
        MasterUsername="owner", MasterUserPassword=PASSWORD,
    )  # fmt: skip
    rds.get_waiter("db_instance_available").wait(
        DBInstanceIdentifier="shop", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
    )
    endpoint = rds.describe_db_instances(DBInstanceIdentifier="shop")["DBInstances"][0]["Endpoint"]
    return Database(endpoint["Address"], endpoint["Port"])


class Stage:
    """One activated environment: `shop.prod` of an organization with the account that `environ` reaches."""

    def __init__(self, environ: dict[str, str], database: Database, name: str, image: images.Runner) -> None:
        self.environ, self.database, self.image = environ, database, image
        self.shop, self.warehouse = database.fresh(f"shop_{name}"), database.fresh(f"warehouse_{name}")
        self.bucket = f"site-{name}"
        services = ("s3", "dynamodb", "secretsmanager")
        self.s3, self.rows, self.secrets = (clients.client(environ, each) for each in services)
        self.s3.create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": environ["AWS_REGION"]}
        )
        self.rows.create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name, _ in KEYS],
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in KEYS],
        )  # fmt: skip
        for variable in ("SHOP_PASSWORD", "WAREHOUSE_PASSWORD"):
            self.secrets.create_secret(Name=f"/site/acme/shop/{variable}", SecretString=PASSWORD)
        manifest, faults = meltano.read((SAMPLE / "meltano.yml").read_text(), "meltano.yml")
        assert manifest is not None, faults
        self.plugins = plugins.ensure(manifest)
        self.source = self.upload(packed(sample()))
        self._numbers = itertools.count(1)

    def upload(self, source: bytes) -> tuple[str, str]:
        """Put a packed project where runs fetch it; its key and SHA-256."""
        digest = hashlib.sha256(source).hexdigest()
        key = f"projects/shop/sources/{digest[:40]}.tar.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=source)
        return key, digest

    def take_lease(self) -> str:
        """Write the rows that the launch function writes; the new run's name."""
        run = f"20260101T0000{next(self._numbers):02}.000000Z-00000000"
        row = {"environment": {"S": KEY}, "run": {"S": run}, "status": {"S": "starting"}}
        self.rows.put_item(TableName=TABLE, Item=row)
        self.rows.put_item(TableName=TABLE, Item={**row, "run": {"S": "lease"}, "holder": {"S": run}})
        return run

    def order(self, run: str, *jobs: str) -> dict[str, str]:
        """What the task's definition and its override tell a run."""
        key, digest = self.source
        secrets = {each: f"/site/acme/shop/{each}" for each in ("SHOP_PASSWORD", "WAREHOUSE_PASSWORD")}
        return {
            "STACKYARD_ORGANIZATION": "acme", "STACKYARD_PROJECT": "shop", "STACKYARD_ENVIRONMENT": "prod",
            "MELTANO_ENVIRONMENT": "prod", "STACKYARD_COMMIT": "c" * 40, "STACKYARD_MANIFEST": "meltano.yml",
            "STACKYARD_BUCKET": self.bucket, "STACKYARD_SOURCE": key, "STACKYARD_SOURCE_SHA256": digest,
            "STACKYARD_PLUGINS": self.plugins, "STACKYARD_RUNS_TABLE": TABLE, "STACKYARD_RUN_MINUTES": "5",
            "STACKYARD_RUN": run, "STACKYARD_JOBS": json.dumps(list(jobs)), "STACKYARD_SECRETS": json.dumps(secrets),
            "SHOP_HOST": self.database.host, "SHOP_PORT": str(self.database.port), "SHOP_USER": "owner",
            "SHOP_DATABASE": self.shop, "WAREHOUSE_HOST": self.database.host,
            "WAREHOUSE_PORT": str(self.database.port), "WAREHOUSE_USER": "owner",
            "WAREHOUSE_DATABASE": self.warehouse,
        }  # fmt: skip

    def launch(self, *jobs: str, **variables: str) -> tuple[str, subprocess.Popen[str]]:
        """Take the lease for a new run and start its process, as the launch function and ECS would."""
        run = self.take_lease()
        environ = {"PATH": os.environ["PATH"], **self.environ, **self.image.environment, **self.order(run, *jobs)}
        process = subprocess.Popen(
            [*self.image.entrypoint, "run"], env={**environ, **variables}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
        return run, process

    def run(self, *jobs: str, **variables: str) -> tuple[str, int, str]:
        """A run to its end: its name, exit code and log."""
        run, process = self.launch(*jobs, **variables)
        log, _ = process.communicate(timeout=240)
        return run, process.returncode, log

    def row(self, run: str) -> dict[str, Any]:
        found = self.rows.get_item(
            TableName=TABLE, Key={"environment": {"S": KEY}, "run": {"S": run}}, ConsistentRead=True
        )
        item: dict[str, Any] = found.get("Item", {})
        return item

    def objects(self) -> list[str]:
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix="environments/")
        return [each["Key"] for each in listed.get("Contents", ())]

    def orders_in_shop(self) -> list[tuple[Any, ...]]:
        query = "SELECT id, amount::float8, note, extract(epoch FROM updated_at)::bigint FROM shop.orders ORDER BY id"
        return self.database.rows(self.shop, query)

    def orders_in_warehouse(self) -> list[tuple[Any, ...]]:
        query = "SELECT id, amount::float8, note, extract(epoch FROM updated_at)::bigint FROM shop.orders ORDER BY id"
        return self.database.rows(self.warehouse, query)

    def orders_in_duckdb(self, folder: Path) -> list[tuple[Any, ...]]:
        path = folder / f"{time.monotonic_ns()}.duckdb"
        key = self.row("head")["data"]["M"]["shop.duckdb"]["S"]
        self.s3.download_file(self.bucket, key, str(path))
        with duckdb.connect(str(path), read_only=True) as connection:
            (schema,) = connection.execute(
                "SELECT table_schema FROM information_schema.tables WHERE table_name = 'orders'"
            ).fetchone()  # type: ignore[misc]
            return connection.execute(
                f"SELECT id::bigint, amount::double, note, epoch(updated_at)::bigint FROM {schema}.orders ORDER BY id"
            ).fetchall()


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL to a run and all that it started, at one moment, as when its task's namespace ends."""
    stopped: list[int] = []
    while fresh := [each for each in _tree(process.pid) if each not in stopped]:
        for each in fresh:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        stopped += fresh
    for each in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)
    process.wait(timeout=30)


def _tree(root: int) -> list[int]:
    """A process and its descendants."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for each in found:
        found += children.get(each, [])
    return found


def sample() -> dict[str, bytes]:
    """The files of the sample project."""
    return {path.relative_to(SAMPLE).as_posix(): path.read_bytes() for path in SAMPLE.rglob("*") if path.is_file()}


def packed(files: dict[str, bytes]) -> bytes:
    """Files as the source of a run."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in sorted(files.items()):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()
