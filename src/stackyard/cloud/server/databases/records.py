"""The records of instances and the servers behind them: a record's status says what its server does.

`_database` of a record is ours: its `host` and `port`, and the port `asked` for; `wanted`, running or stopped; the
last `fault`; and what its server is made from, the `verifier` of its master password or the `source`, the files of a
snapshot.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from . import binaries, fleet, servers, verifiers

VERSION = "16.2"
Instance = dict[str, Any]
_log = logging.getLogger("stackyard.databases")


class Records:
    """What RDS knows of its instances, kept true by what the fleet does."""

    def __init__(self, rds: Any, running: fleet.Fleet) -> None:
        self._rds, self.fleet = rds, running

    def ours(self) -> list[dict[str, Any]]:
        """The records of all accounts and regions that have a server."""
        return [row for row in self._rds._instances.all_values() if "_database" in row]

    def adopt(self, instance: dict[str, Any], asked: int, **more: str) -> None:
        """Give a fresh record a place, at the port `asked` for unless 0, and a server made from what `more` says."""
        instance.update(DBInstanceStatus="creating", _MasterUserPassword="", _docker_container_id=None)
        instance["_database"] = {"wanted": "running", "fault": "", "asked": asked, **more}
        self.place(instance)
        self.later(instance, self.bring_up)

    def place(self, instance: dict[str, Any]) -> None:
        """Give a record an address and port: the port that was asked for, where one was."""
        taken = [(row["_database"].get("host", ""), row["_database"].get("port", 0)) for row in self.ours()]
        host, port = self.fleet.free_place(instance["DBInstanceArn"], instance["_database"]["asked"], taken)
        instance["_database"].update(host=host, port=port)
        instance["Endpoint"] = {**instance.get("Endpoint", {}), "Address": host, "Port": port}

    def resume(self, _name: str, instance: dict[str, Any]) -> None:
        """What was available when the cloud ended is available again. In a thread of its account and region."""
        database = instance.get("_database")
        if database is None:
            instance["DBInstanceStatus"] = "failed"
        elif database["wanted"] == "stopped":
            instance["DBInstanceStatus"] = "stopped"
        else:
            instance["DBInstanceStatus"] = "starting"
            self.later(instance, self.bring_up)

    def bring_up(self, instance: dict[str, Any]) -> None:
        """Start the server of an instance, made first where it is not yet; sets the instance's status."""
        database = instance["_database"]
        try:
            if not fleet.is_free((database["host"], database["port"])):
                self.place(instance)
                _log.warning("%s is at %s:%d now: its place was taken", instance["DBInstanceArn"], database["host"],
                             database["port"])  # fmt: skip
            resource = instance["DbiResourceId"]
            home = self.fleet.home(
                instance["DBInstanceArn"].split(":")[4], resource, (database["host"], database["port"])
            )
            self.fleet.start(
                resource, lambda: self._server(instance, home), lambda: self._parameters(instance),
                lambda fault: self._failed(instance, fault),
            )  # fmt: skip
        except (servers.Broken, binaries.Unavailable, OSError) as error:
            self._failed(instance, str(error))
            return
        database["fault"] = ""
        for group in instance["DBParameterGroups"]:
            group["ParameterApplyStatus"] = "in-sync"
        instance["DBInstanceStatus"] = "available"
        self.note(instance)

    def _server(self, instance: dict[str, Any], home: servers.Home) -> servers.Server:
        database, parameters = instance["_database"], self._parameters(instance)
        if home.is_made:
            return servers.Server(home, parameters)
        if "source" in database:
            with self.fleet.alone(database["source"]):
                servers.take(home, self.fleet.folder(database["source"]))
            return servers.Server(home, parameters)
        return servers.make(home, parameters, _first_statements(instance))

    def _failed(self, instance: dict[str, Any], fault: str) -> None:
        _log.error("%s: %s", instance["DBInstanceArn"], fault)
        wrong = "configuration file" in fault or "invalid value for parameter" in fault
        instance["_database"]["fault"] = fault
        instance["DBInstanceStatus"] = "incompatible-parameters" if wrong else "failed"
        self.note(instance)

    def bring_down(self, instance: dict[str, Any]) -> None:
        """End the server of an instance; its files stay."""
        self.fleet.stop(instance["DbiResourceId"])
        instance["DBInstanceStatus"] = "stopped"
        self.note(instance)

    def later(self, instance: dict[str, Any], work: Callable[[dict[str, Any]], None]) -> None:
        """Do `work` on an instance in a thread, unless it has been deleted by then."""

        def unless_deleted() -> None:
            if self._rds._instances.get(instance["DBInstanceIdentifier"]) is instance:
                work(instance)

        self.fleet.later(instance["DbiResourceId"], unless_deleted)

    def set_password(self, instance: dict[str, Any], password: str) -> None:
        """Change the master password of an instance that runs. Raises servers.Broken."""
        server = self.fleet.running(instance["DbiResourceId"])
        if server is None:
            raise servers.Broken(f"{instance['DBInstanceIdentifier']} does not run")
        mark = verifiers.verifier(password)
        server.ask(f"""ALTER ROLE "{instance["MasterUsername"]}" PASSWORD '{mark}'""")
        if "verifier" in instance["_database"]:
            instance["_database"]["verifier"] = mark

    def read_again(self, instance: dict[str, Any]) -> None:
        """Have a server read its parameters, and tell whether some of them wait for a reboot."""
        server = self.fleet.running(instance["DbiResourceId"])
        if server is None:
            return
        servers.configure(server.home, self._parameters(instance))
        try:
            server.ask("SELECT pg_reload_conf()")
            left = server.ask("SELECT pg_sleep(0.05); SELECT count(*) FROM pg_settings WHERE pending_restart")
        except servers.Broken as error:
            _log.warning("%s did not read its parameters: %s", instance["DBInstanceArn"], error)
            return
        waits = left.splitlines()[-1:] != ["0"]
        instance["DBParameterGroups"][0]["ParameterApplyStatus"] = "pending-reboot" if waits else "in-sync"
        self.note(instance)

    def _parameters(self, instance: dict[str, Any]) -> dict[str, str]:
        group = (instance.get("DBParameterGroups") or [{}])[0].get("DBParameterGroupName", "")
        found = (self._rds._param_groups.get(group) or {}).get("Parameters") or {}
        return {name: str(row.get("ParameterValue", "") if isinstance(row, dict) else row)
                for name, row in found.items()}  # fmt: skip

    def sweep(self) -> None:
        """After a restart: files without a record go, and copies that were cut short are told as failed."""
        wanted = {row["DbiResourceId"] for row in self._rds._instances.all_values()}
        for snapshot in self._rds._snapshots.all_values():
            if snapshot.get("Status") == "creating":
                made = (self.fleet.folder(snapshot.get("_files", "-")) / "made").exists()
                snapshot["Status"] = "available" if made else "failed"
            wanted.add(snapshot.get("_files", ""))
        self.fleet.sweep(wanted)

    def report(self) -> list[dict[str, Any]]:
        """What `cloud status` shows."""
        pids = self.fleet.pids()
        return [
            {
                "account": row["DBInstanceArn"].split(":")[4], "region": row["DBInstanceArn"].split(":")[3],
                "id": row["DBInstanceIdentifier"], "host": row["_database"]["host"],
                "port": row["_database"]["port"], "status": row["DBInstanceStatus"],
                "runs": f"PostgreSQL {VERSION}", "pid": pids.get(row["DbiResourceId"], 0),
                "fault": row["_database"]["fault"],
            }
            for row in self.ours()
        ]  # fmt: skip

    def note(self, instance: dict[str, Any]) -> None:
        """Have the record written: a thread changed what it holds."""
        self._rds._instances.get(instance["DBInstanceIdentifier"])


def _first_statements(instance: dict[str, Any]) -> str:
    """The master user as on RDS: no superuser, but it may make roles and databases and see what goes on."""
    user, mark = instance["MasterUsername"], instance["_database"]["verifier"]
    rows = [
        "CREATE ROLE rds_superuser NOLOGIN",
        "GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION",
        f"CREATE ROLE \"{user}\" LOGIN CREATEDB CREATEROLE PASSWORD '{mark}' IN ROLE rds_superuser",
        f'ALTER DATABASE postgres OWNER TO "{user}"',
    ]
    if instance["DBName"] and instance["DBName"] != "postgres":
        rows.append(f'CREATE DATABASE "{instance["DBName"]}" OWNER "{user}"')
    return ";\n".join([*rows, ""])
