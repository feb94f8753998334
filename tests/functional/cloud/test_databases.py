"""A PostgreSQL instance of RDS is one: it answers when it is available, keeps every row, and ends with the cloud."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import botocore.exceptions
import psycopg
import psycopg.errors
import pytest
import pytest_asyncio

from stackyard.cloud.client import EmbeddedCloud, account_of
from tests.functional.cloud.conftest import Clients, client_of

PASSWORD = "sesame-open"
SETTINGS: dict[str, Any] = {
    "DBInstanceIdentifier": "main", "DBInstanceClass": "db.t3.micro", "Engine": "postgres", "AllocatedStorage": 20,
    "MasterUsername": "owner", "MasterUserPassword": PASSWORD, "DBName": "app",
}  # fmt: skip


def make(rds: Any, **more: Any) -> dict[str, Any]:
    """An instance that is available."""
    rds.create_db_instance(**{**SETTINGS, **more})
    return awaited(rds, more.get("DBInstanceIdentifier", "main"), "available")


def awaited(rds: Any, name: str, status: str) -> dict[str, Any]:
    """The instance once it has a status."""
    deadline = time.monotonic() + 60
    while True:
        found: dict[str, Any] = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        if found["DBInstanceStatus"] == status:
            return found
        assert found["DBInstanceStatus"] not in ("failed", "incompatible-parameters"), found["DBInstanceStatus"]
        assert time.monotonic() < deadline, found["DBInstanceStatus"]


def snapshot(rds: Any, name: str) -> None:
    """Wait until a snapshot is there."""
    deadline = time.monotonic() + 60
    while (found := rds.describe_db_snapshots(DBSnapshotIdentifier=name)["DBSnapshots"][0])["Status"] != "available":
        assert found["Status"] == "creating"
        assert time.monotonic() < deadline


def connect(instance: dict[str, Any], password: str = PASSWORD, database: str = "app") -> psycopg.Connection[Any]:
    """A connection as the master user; every statement is committed at once."""
    where = instance["Endpoint"]
    return psycopg.connect(
        host=where["Address"], port=where["Port"], user=instance["MasterUsername"], password=password,
        dbname=database, autocommit=True,
    )  # fmt: skip


def value(instance: dict[str, Any], statement: str, password: str = PASSWORD) -> Any:
    """The one value that a statement answers."""
    with connect(instance, password) as connection:
        row = connection.execute(statement).fetchone()
        return row[0] if row else None


@pytest.fixture(scope="module")
def shared(embedded_cloud: EmbeddedCloud) -> tuple[Any, dict[str, Any]]:
    """RDS in an account that has one instance, for tests that change little of it."""
    rds = client_of(embedded_cloud.environ(account_of("databases")), "rds")
    return rds, make(rds, Tags=[{"Key": "team", "Value": "a"}])


def test_an_available_instance_answers(shared: tuple[Any, dict[str, Any]]) -> None:
    _, instance = shared
    assert instance["Endpoint"]["Address"] == "127.0.0.1"
    assert instance["TagList"] == [{"Key": "team", "Value": "a"}]
    assert instance["EngineVersion"] == "16.2"
    with connect(instance) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT generate_series(1, 10) AS n")
    assert value(instance, "SELECT sum(n) FROM numbers") == 55
    assert value(instance, "SHOW server_version") == "16.2"
    assert value(instance, "SHOW fsync") == "on"


def test_creating_answers_at_once_and_with_creating(client: Clients) -> None:
    made = client("rds").create_db_instance(**SETTINGS)["DBInstance"]
    assert made["DBInstanceStatus"] == "creating"
    client("rds").delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)


def test_the_master_user_is_no_superuser(shared: tuple[Any, dict[str, Any]]) -> None:
    _, instance = shared
    row = "SELECT rolsuper::int * 100 + rolcreatedb::int * 10 + rolcreaterole::int FROM pg_roles WHERE rolname = "
    assert value(instance, row + "current_user") == 11
    for forbidden in (
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "SELECT pg_read_file('/etc/passwd')",
        "ALTER SYSTEM SET x = 1",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            value(instance, forbidden)


def test_a_wrong_password_and_the_cloud_s_own_user_are_refused(shared: tuple[Any, dict[str, Any]]) -> None:
    _, instance = shared
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(instance, "wrong-password")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect({**instance, "MasterUsername": "rdsadmin"})


def test_two_instances_are_two(shared: tuple[Any, dict[str, Any]], client: Clients) -> None:
    _, instance = shared
    other = make(client("rds"))
    assert other["Endpoint"]["Port"] != instance["Endpoint"]["Port"]
    with connect(other) as connection:
        connection.execute("CREATE TABLE here (n int)")
    assert value(instance, "SELECT to_regclass('here')") is None
    client("rds").delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.1 is the only loopback address here")
def test_a_port_that_is_asked_for_is_given_to_each(client: Clients) -> None:
    rds = client("rds")
    first, second = (make(rds, DBInstanceIdentifier=name, Port=5432) for name in ("first", "second"))
    assert first["Endpoint"]["Port"] == second["Endpoint"]["Port"] == 5432
    assert first["Endpoint"]["Address"] != second["Endpoint"]["Address"]
    assert ipaddress.ip_address(first["Endpoint"]["Address"]).is_loopback
    with connect(first) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    rds.modify_db_instance(DBInstanceIdentifier="first", DBPortNumber=5433, ApplyImmediately=True)
    assert value(awaited(rds, "first", "available"), "SELECT n FROM kept") == 1
    for name in ("first", "second"):
        rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)


def test_a_password_is_changed_in_place(client: Clients) -> None:
    rds = client("rds")
    instance = make(rds)
    rds.modify_db_instance(DBInstanceIdentifier="main", MasterUserPassword="another-one", ApplyImmediately=True)
    assert value(instance, "SELECT 1", "another-one") == 1
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(instance)
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)


def test_a_managed_password_is_a_secret_of_the_account(client: Clients) -> None:
    rds, secrets = client("rds"), client("secretsmanager")
    given = {name: given for name, given in SETTINGS.items() if name != "MasterUserPassword"}
    rds.create_db_instance(**given, ManageMasterUserPassword=True)
    instance = awaited(rds, "main", "available")
    arn = instance["MasterUserSecret"]["SecretArn"]

    def kept() -> dict[str, str]:
        found: dict[str, str] = json.loads(secrets.get_secret_value(SecretId=arn)["SecretString"])
        return found

    assert kept()["username"] == "owner"
    assert value(instance, "SELECT 1", kept()["password"]) == 1
    before = kept()["password"]
    rds.modify_db_instance(DBInstanceIdentifier="main", RotateMasterUserPassword=True, ApplyImmediately=True)
    assert kept()["password"] != before
    assert value(instance, "SELECT 1", kept()["password"]) == 1
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    with pytest.raises(secrets.exceptions.ResourceNotFoundException):
        kept()


def test_a_parameter_group_is_read(client: Clients) -> None:
    rds = client("rds")
    rds.create_db_parameter_group(DBParameterGroupName="g", DBParameterGroupFamily="postgres16", Description="g")

    def change(name: str, given: str) -> None:
        row = {"ParameterName": name, "ParameterValue": given, "ApplyMethod": "immediate"}
        rds.modify_db_parameter_group(DBParameterGroupName="g", Parameters=[row])

    change("max_connections", "23")
    instance = make(rds, DBParameterGroupName="g")
    assert value(instance, "SHOW max_connections") == "23"
    change("statement_timeout", "4321")
    deadline = time.monotonic() + 20
    while value(instance, "SHOW statement_timeout") != "4321ms":
        assert time.monotonic() < deadline
    change("max_connections", "29")
    while value(instance, "SELECT pending_restart FROM pg_settings WHERE name = 'max_connections'") is not True:
        assert time.monotonic() < deadline
    assert value(instance, "SHOW max_connections") == "23"
    rds.reboot_db_instance(DBInstanceIdentifier="main")
    assert value(awaited(rds, "main", "available"), "SHOW max_connections") == "29"
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)


def test_stopped_nobody_answers_and_started_all_rows_are_there(client: Clients) -> None:
    rds = client("rds")
    instance = make(rds)
    with connect(instance) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        rds.stop_db_instance(DBInstanceIdentifier="main")
        awaited(rds, "main", "stopped")
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="refused"):
        connect(instance)
    with pytest.raises(rds.exceptions.InvalidDBInstanceStateFault):
        rds.stop_db_instance(DBInstanceIdentifier="main")
    rds.start_db_instance(DBInstanceIdentifier="main")
    assert value(awaited(rds, "main", "available"), "SELECT n FROM kept") == 7
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)


def test_deleting_ends_it_and_removes_its_files(client: Clients, embedded_cloud: EmbeddedCloud) -> None:
    rds = client("rds")
    instance = make(rds)
    files = embedded_cloud.folder / "data" / "databases" / instance["DbiResourceId"]
    assert (files / "data" / "PG_VERSION").read_text() == "16\n"
    with pytest.raises(botocore.exceptions.ClientError, match="FinalDBSnapshotIdentifier is required"):
        rds.delete_db_instance(DBInstanceIdentifier="main")
    rds.delete_db_instance(DBInstanceIdentifier="main", SkipFinalSnapshot=True)
    deadline = time.monotonic() + 30
    while files.exists():
        assert time.monotonic() < deadline
    with pytest.raises(psycopg.OperationalError, match="refused"):
        connect(instance)


def test_snapshots_are_copies(client: Clients) -> None:
    rds = client("rds")
    instance = make(rds)
    with connect(instance) as connection:
        connection.execute("CREATE TABLE rows AS SELECT generate_series(1, 5000) AS n")
        rds.create_db_snapshot(DBInstanceIdentifier="main", DBSnapshotIdentifier="early")
        snapshot(rds, "early")
        connection.execute("INSERT INTO rows SELECT generate_series(1, 1000)")
    rds.delete_db_instance(DBInstanceIdentifier="main", FinalDBSnapshotIdentifier="last")
    snapshot(rds, "last")
    for name, count in (("early", 5000), ("last", 6000)):
        rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier=f"from-{name}", DBSnapshotIdentifier=name)
        assert value(awaited(rds, f"from-{name}", "available"), "SELECT count(*) FROM rows") == count
        rds.delete_db_instance(DBInstanceIdentifier=f"from-{name}", SkipFinalSnapshot=True)
        rds.delete_db_snapshot(DBSnapshotIdentifier=name)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"Engine": "mysql"}, "engine mysql are not emulated"),
        ({"MasterUserPassword": "short"}, "8 to 128"),
        ({"MasterUsername": "rdsadmin"}, "cannot be used"),
        ({"DBName": "1st"}, "must begin with a letter"),
        ({"ManageMasterUserPassword": True}, "cannot be given when it is managed"),
        ({"EnableIAMDatabaseAuthentication": True}, "logins by IAM are not emulated"),
        ({"DBParameterGroupName": "absent"}, "not found"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(client: Clients, given: dict[str, Any], says: str) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match=says):
        client("rds").create_db_instance(**{**SETTINGS, **given})
    assert client("rds").describe_db_instances()["DBInstances"] == []


async def test_the_status_shows_it(shared: tuple[Any, dict[str, Any]], embedded_cloud: EmbeddedCloud) -> None:
    _, instance = shared
    inside = await embedded_cloud.describe()
    rows = inside["databases"]
    assert isinstance(rows, list)
    (mine,) = [row for row in rows if row["account"] == account_of("databases")]
    assert (mine["id"], mine["port"], mine["status"]) == ("main", instance["Endpoint"]["Port"], "available")
    assert PASSWORD not in json.dumps(inside)


# ---- with a cloud of its own, which is ended


@pytest_asyncio.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[EmbeddedCloud]:
    """A durable cloud in a temporary folder."""
    made = EmbeddedCloud(tmp_path)
    await made.ensure()
    yield made
    await made.stop()


def postgres_of(cloud: EmbeddedCloud) -> set[int]:
    """The processes that were started with the cloud's files."""
    found = set()
    for name in os.listdir("/proc"):
        try:
            line = Path(f"/proc/{name}/cmdline").read_bytes() if name.isdigit() else b""
        except OSError:
            continue
        if str(cloud.folder).encode() in line and b"postgres" in line:
            found.add(int(name))
    return found


async def test_killed_it_leaves_no_process_and_comes_back_with_every_row(cloud: EmbeddedCloud) -> None:
    environ = cloud.environ(account_of("acme"))
    rds = client_of(environ, "rds")
    instance = await asyncio.to_thread(make, rds)
    await asyncio.to_thread(make, rds, DBInstanceIdentifier="idle")
    rds.stop_db_instance(DBInstanceIdentifier="idle")
    await asyncio.to_thread(awaited, rds, "idle", "stopped")
    with connect(instance) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        for number in range(200):
            connection.execute("INSERT INTO kept VALUES (%s)", (number,))
        assert postgres_of(cloud)
        info = await cloud.status()
        assert info is not None
        os.kill(info.pid, signal.SIGKILL)
        deadline = time.monotonic() + 20
        while postgres_of(cloud):
            assert time.monotonic() < deadline, "PostgreSQL outlived the cloud"
    await cloud.ensure()
    again = await asyncio.to_thread(awaited, rds, "main", "available")
    assert again["Endpoint"]["Port"] == instance["Endpoint"]["Port"]
    assert value(again, "SELECT count(*) FROM kept") == 200
    assert rds.describe_db_instances(DBInstanceIdentifier="idle")["DBInstances"][0]["DBInstanceStatus"] == "stopped"
    files = [path for path in cloud.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert any(b"MasterUsername" in path.read_bytes() for path in files)
    assert not [path for path in files if PASSWORD.encode() in path.read_bytes()]


async def test_stopping_the_cloud_stops_it_cleanly(cloud: EmbeddedCloud) -> None:
    instance = await asyncio.to_thread(make, client_of(cloud.environ(account_of("acme")), "rds"))
    assert await cloud.stop()
    assert not postgres_of(cloud)
    files = cloud.folder / "data" / "databases" / instance["DbiResourceId"]
    assert "database system is shut down" in (files / "postgresql.log").read_text().splitlines()[-1]


async def test_a_server_that_dies_is_started_again(cloud: EmbeddedCloud) -> None:
    instance = await asyncio.to_thread(make, client_of(cloud.environ(account_of("acme")), "rds"))
    with connect(instance) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 3 AS n")
    rows: Any = (await cloud.describe())["databases"]
    os.kill(rows[0]["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 20
    while True:
        try:
            assert value(instance, "SELECT n FROM kept") == 3
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
        else:
            return
