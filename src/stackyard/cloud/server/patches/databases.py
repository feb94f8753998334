"""Faults: without Docker an RDS instance is `available` with nothing behind it; passwords are kept in the clear; a
managed password, a final snapshot and the filter by resource id are ignored. Cure: an instance of the engine
`postgres` is a PostgreSQL that runs (`databases`), is created when it answers, and stops, restarts, is copied and is
deleted with its record. Version 16.2 runs whatever version is asked for, which `cloud status` says. Other engines and
clusters stay refused (`refusals`).
"""

from __future__ import annotations

import importlib
import json
import logging
import re
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from xml.sax import saxutils

# Relative, since the server is loaded under another name.
from .. import endings, reports  # noqa: TID252
from ..databases import fleet, records, servers, verifiers  # noqa: TID252

if TYPE_CHECKING:
    from stackyard.cloud.server import arrivals, orders

Answer = tuple[int, dict[str, str], bytes]
Given = dict[str, Any]
_USER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
_PASSWORD = re.compile(r"""[^\s"/@\x80-\U0010ffff\x00-\x1f]{8,128}""")
_RESERVED = frozenset({"admin", "rdsadmin", "rds_superuser", "public", "none", "pg_monitor"})
_log = logging.getLogger("stackyard.databases")


def cures(order: orders.Order) -> dict[str, arrivals.Cure]:
    """RDS's table of actions, and what it does with the state that it restores."""
    running = fleet.Fleet(order.folder)
    endings.at_end(running.close)

    def in_rds(module: Any) -> None:
        kept = records.Records(module, running)
        reports.add("databases", kept.report)
        for action, wrapped in _Actions(module, kept).actions().items():
            module._ACTION_MAP[action] = wrapped
        module._start_rds_container_for_instance = kept.resume
        load, xml, filtered = module.load_persisted_state, module._instance_xml, module._apply_instance_filters

        def load_and_sweep(state: Any) -> None:
            load(state)
            kept.sweep()

        def instance_xml(instance: dict[str, Any]) -> str:
            return str(xml(instance)) + _secret_xml(instance)

        def filtered_by_resource(found: Any, filters: dict[str, Any]) -> Any:
            wanted = filters.get("dbi-resource-id")
            return filtered([row for row in found if wanted is None or row.get("DbiResourceId") in wanted], filters)

        module.load_persisted_state, module._instance_xml = load_and_sweep, instance_xml
        module._apply_instance_filters = filtered_by_resource

    return {"ministack.services.rds": in_rds}


class _Actions:
    """RDS's actions on instances, their parameter groups and their snapshots."""

    def __init__(self, rds: Any, kept: records.Records) -> None:
        self._rds, self._records, self._fleet = rds, kept, kept.fleet
        self._do: dict[str, Callable[[Given], Answer]] = dict(rds._ACTION_MAP)

    def actions(self) -> dict[str, Callable[[Given], Answer]]:
        """What replaces ministack's."""
        return {
            "CreateDBInstance": self.create,
            "ModifyDBInstance": self.modify,
            "DeleteDBInstance": self.delete,
            "StartDBInstance": self.start,
            "StopDBInstance": self.stop,
            "RebootDBInstance": self.reboot,
            "ModifyDBParameterGroup": self.modify_group,
            "ResetDBParameterGroup": self.reset_group,
            "CreateDBSnapshot": self.create_snapshot,
            "DeleteDBSnapshot": self.delete_snapshot,
            "RestoreDBInstanceFromDBSnapshot": self.restore,
        }

    # ---- making

    def create(self, given: Given) -> Answer:
        """Record an instance as `creating`, and make its server in a thread."""
        fault = self._fault_of(given)
        if fault is not None:
            return fault
        managed = self._said(given, "ManageMasterUserPassword") == "true"
        password = self._rds._generate_master_user_password() if managed else self._said(given, "MasterUserPassword")
        name = self._said(given, "DBInstanceIdentifier").lower()
        answer = self._do["CreateDBInstance"]({
            **given, "DBInstanceIdentifier": [name], "MasterUserPassword": ["-"], "Engine": ["postgres"],
            "EngineVersion": [self._said(given, "EngineVersion") or records.VERSION],
        })  # fmt: skip
        if answer[0] >= 300:
            return answer
        instance = self._rds._instances[name]
        instance["DBName"] = self._said(given, "DBName")
        if managed:
            self._manage(instance, password, self._said(given, "MasterUserSecretKmsKeyId"))
        self._records.adopt(instance, int(self._said(given, "Port") or 0), verifier=verifiers.verifier(password))
        return self._answer("CreateDBInstance", instance)

    def restore(self, given: Given) -> Answer:
        """Make an instance from the files of a snapshot."""
        snapshot = self._rds._snapshots.get(self._said(given, "DBSnapshotIdentifier"))
        if snapshot is not None and (snapshot["Status"] != "available" or "_files" not in snapshot):
            return self._error("InvalidDBSnapshotState", f"The snapshot is {snapshot['Status']}.")
        refused = self._fleet.prepare()
        if refused:
            return self._error("NotEmulated", refused, 501)
        name = self._said(given, "DBInstanceIdentifier").lower()
        answer = self._do["RestoreDBInstanceFromDBSnapshot"]({**given, "DBInstanceIdentifier": [name]})
        if answer[0] >= 300 or snapshot is None:
            return answer
        instance = self._rds._instances[name]
        instance["TagList"] = self._rds._parse_tags(given)
        self._rds._tags[instance["DBInstanceArn"]] = instance["TagList"]
        self._records.adopt(instance, int(self._said(given, "Port") or 0), source=snapshot["_files"])
        return self._answer("RestoreDBInstanceFromDBSnapshot", instance)

    def _fault_of(self, given: Given) -> Answer | None:
        engine, user = self._said(given, "Engine"), self._said(given, "MasterUsername")
        managed, password = self._said(given, "ManageMasterUserPassword"), self._said(given, "MasterUserPassword")
        database, name = self._said(given, "DBName"), self._said(given, "DBInstanceIdentifier")
        if engine != "postgres" or self._said(given, "DBClusterIdentifier"):
            return self._error("NotEmulated", f"CreateDBInstance: databases of engine {engine} are not emulated, only "
                               "postgres is. Deploy this stack with `cloud: aws`.", 501)  # fmt: skip
        if self._said(given, "EnableIAMDatabaseAuthentication") == "true":
            return self._error("NotEmulated", "CreateDBInstance: logins by IAM are not emulated.", 501)
        if not _NAME.fullmatch(name.lower()) or len(name) > 63:
            return self._error("InvalidParameterValue", f"{name} is not a DB instance identifier.")
        if not _USER.fullmatch(user) or user.lower() in _RESERVED:
            return self._error("InvalidParameterValue", f"MasterUsername {user} cannot be used.")
        if database and not _USER.fullmatch(database):
            return self._error("InvalidParameterValue", f"DBName {database} must begin with a letter.")
        if int(self._said(given, "Port") or 5432) not in range(1150, 65536):
            return self._error("InvalidParameterValue", "Port must be from 1150 to 65535.")
        if managed == "true" and password:
            return self._error("InvalidParameterCombination", "MasterUserPassword cannot be given when it is managed.")
        if managed != "true" and not _PASSWORD.fullmatch(password):
            return self._bad_password()
        if len(self._records.ours()) >= fleet.MOST:
            return self._error("InstanceQuotaExceeded", f"The embedded cloud runs {fleet.MOST} databases at most.")
        refused = self._fleet.prepare()
        return self._error("NotEmulated", refused, 501) if refused else None

    def _manage(self, instance: dict[str, Any], password: str, key: str = "") -> None:
        """Keep a password as RDS does, in a secret of the account."""
        keeper: Any = importlib.import_module("ministack.services.secretsmanager")
        arn = keeper.create_secret_in_process(
            f"rds!{instance['DbiResourceId']}", self._secret(instance, password),
            description=f"Secret managed by RDS for DB instance {instance['DBInstanceIdentifier']}",
        )  # fmt: skip
        default = instance["DBInstanceArn"].replace(":rds:", ":kms:").partition(":db:")[0] + ":alias/aws/secretsmanager"
        instance["MasterUserSecret"] = {"SecretArn": arn, "SecretStatus": "active", "KmsKeyId": key or default}

    def _secret(self, instance: dict[str, Any], password: str) -> str:
        return json.dumps({"username": instance["MasterUsername"], "password": password})

    def stop(self, given: Given) -> Answer:
        """End the server; its files stay."""
        return self._turn(given, "StopDBInstance", ("available",), "stopping", "stopped", self._records.bring_down)

    def start(self, given: Given) -> Answer:
        """Start the server that was stopped."""
        return self._turn(given, "StartDBInstance", ("stopped",), "starting", "running", self._records.bring_up)

    def reboot(self, given: Given) -> Answer:
        """End the server and start it again, with the parameters as they are now."""

        states = ("available", "incompatible-parameters", "failed")
        return self._turn(given, "RebootDBInstance", states, "rebooting", "running", self._rebooted)

    def _rebooted(self, instance: dict[str, Any]) -> None:
        self._fleet.stop(instance["DbiResourceId"])
        self._records.bring_up(instance)

    def _turn(
        self, given: Given, action: str, states: tuple[str, ...], passing: str, wanted: str, work: Callable[[Any], None]
    ) -> Answer:
        instance = self._found(given)
        if instance is None or "_database" not in instance:
            return self._do[action](given)
        if instance["DBInstanceStatus"] not in states:
            return self._wrong_state(instance, states[0])
        instance["DBInstanceStatus"], instance["_database"]["wanted"] = passing, wanted
        answer = self._answer(action, instance)
        self._records.later(instance, work)
        return answer

    # ---- changing

    def modify(self, given: Given) -> Answer:
        """Change settings: the password at once, parameter groups at the next reboot, the rest in the record."""
        instance = self._found(given)
        if instance is None or "_database" not in instance:
            return self._do["ModifyDBInstance"](given)
        if self._said(given, "NewDBInstanceIdentifier"):
            return self._error("NotEmulated", "ModifyDBInstance: renaming an instance is not emulated.", 501)
        if self._said(given, "EnableIAMDatabaseAuthentication") == "true":
            return self._error("NotEmulated", "ModifyDBInstance: logins by IAM are not emulated.", 501)
        refused = self._change_password(instance, given)
        if refused is not None:
            return refused
        rest = {name: value for name, value in given.items() if name != "MasterUserPassword"}
        answer = self._do["ModifyDBInstance"](rest)
        if self._said(given, "DBParameterGroupName") and answer[0] < 300:
            instance["DBParameterGroups"][0]["ParameterApplyStatus"] = "pending-reboot"
        if answer[0] >= 300:
            return answer
        port = int(self._said(given, "DBPortNumber") or 0)
        if port and port != instance["_database"]["port"]:
            self._move(instance, port)
        return self._answer("ModifyDBInstance", instance)

    def _move(self, instance: dict[str, Any], port: int) -> None:
        """To another port, for which it restarts."""
        instance["_database"]["asked"] = port
        self._records.place(instance)
        if instance["_database"]["wanted"] == "running":
            instance["DBInstanceStatus"] = "rebooting"
            self._records.later(instance, self._rebooted)

    def _change_password(self, instance: dict[str, Any], given: Given) -> Answer | None:
        password = self._said(given, "MasterUserPassword")
        managed = self._said(given, "ManageMasterUserPassword")
        rotate = self._said(given, "RotateMasterUserPassword") == "true"
        secret = instance.get("MasterUserSecret")
        if password and secret and managed != "false":
            return self._error("InvalidParameterCombination", "The password is managed in Secrets Manager.")
        if not (password or rotate or (managed == "true" and not secret) or (managed == "false" and secret)):
            return None
        if instance["DBInstanceStatus"] != "available":
            return self._wrong_state(instance, "available")
        fresh = password or self._rds._generate_master_user_password()
        if password and not _PASSWORD.fullmatch(password):
            return self._bad_password()
        self._records.set_password(instance, fresh)
        keeper: Any = importlib.import_module("ministack.services.secretsmanager")
        if managed == "false" and secret:
            keeper.delete_secret_in_process(secret["SecretArn"])
            del instance["MasterUserSecret"]
        elif secret:
            keeper.put_secret_value_in_process(secret["SecretArn"], self._secret(instance, fresh))
        elif managed == "true":
            self._manage(instance, fresh, self._said(given, "MasterUserSecretKmsKeyId"))
        return None

    def modify_group(self, given: Given) -> Answer:
        """Change a group's parameters: what can be changed at once is, for instances that run."""
        return self._regrouped("ModifyDBParameterGroup", given)

    def reset_group(self, given: Given) -> Answer:
        """Put a group's parameters back."""
        return self._regrouped("ResetDBParameterGroup", given)

    def _regrouped(self, action: str, given: Given) -> Answer:
        answer = self._do[action](given)
        name = self._said(given, "DBParameterGroupName")
        for instance in self._rds._instances.values() if answer[0] < 300 else ():
            groups = [group["DBParameterGroupName"] for group in instance.get("DBParameterGroups") or ()]
            if "_database" in instance and groups[:1] == [name]:
                self._records.later(instance, self._records.read_again)
        return answer

    # ---- ending

    def delete(self, given: Given) -> Answer:
        """Delete an instance and its files, which become the final snapshot where one is wanted."""
        instance = self._found(given)
        if instance is None or "_database" not in instance:
            return self._do["DeleteDBInstance"](given)
        final = self._said(given, "FinalDBSnapshotIdentifier")
        if self._said(given, "SkipFinalSnapshot") != "true":
            if not final:
                return self._error("InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless "
                                   "SkipFinalSnapshot is specified.")  # fmt: skip
            if final in self._rds._snapshots:
                return self._error("DBSnapshotAlreadyExists", f"Snapshot {final} already exists.")
        answer = self._do["DeleteDBInstance"](given)
        if answer[0] >= 300:
            return answer
        secret, resource = instance.get("MasterUserSecret"), instance["DbiResourceId"]
        if secret:
            keeper: Any = importlib.import_module("ministack.services.secretsmanager")
            keeper.delete_secret_in_process(secret["SecretArn"])
        snapshot = self._rds._snapshots.get(final) if self._said(given, "SkipFinalSnapshot") != "true" else None
        if snapshot is not None:
            self._begin_snapshot(snapshot)
        self._fleet.later(resource, lambda: self._finish(resource, snapshot))
        return answer

    def _finish(self, resource: str, snapshot: dict[str, Any] | None) -> None:
        self._fleet.stop(resource)
        folder = self._fleet.folder(resource)
        if snapshot is not None and (folder / "made").exists():
            folder.rename(self._fleet.folder(snapshot["_files"]))
            snapshot["Status"] = "available"
        elif snapshot is not None:
            snapshot["Status"] = "failed"
        self._fleet.remove(resource)

    def _begin_snapshot(self, snapshot: dict[str, Any]) -> None:
        snapshot.update(Status="creating", _files=f"snapshot-{uuid.uuid4().hex}")

    def create_snapshot(self, given: Given) -> Answer:
        """Copy a running server."""
        instance = self._found(given)
        if instance is not None and "_database" in instance and instance["DBInstanceStatus"] != "available":
            return self._wrong_state(instance, "available")
        answer = self._do["CreateDBSnapshot"](given)
        if answer[0] >= 300 or instance is None or "_database" not in instance:
            return answer
        snapshot = self._rds._snapshots[self._said(given, "DBSnapshotIdentifier")]
        self._begin_snapshot(snapshot)
        self._records.later(instance, lambda found: self._copy(found, snapshot))
        shown = self._rds._snapshot_xml(snapshot)
        xml = f"<CreateDBSnapshotResult><DBSnapshot>{shown}</DBSnapshot></CreateDBSnapshotResult>"
        whole: Answer = self._rds._xml(200, "CreateDBSnapshotResponse", xml)
        return whole

    def _copy(self, instance: dict[str, Any], snapshot: dict[str, Any]) -> None:
        server = self._fleet.running(instance["DbiResourceId"])
        try:
            if server is None:
                raise servers.Broken("it does not run")
            servers.copy(server.home, self._fleet.folder(snapshot["_files"]))
        except (servers.Broken, OSError) as error:
            _log.error("no snapshot of %s: %s", instance["DBInstanceArn"], error)
            snapshot["Status"] = "failed"
        else:
            snapshot["Status"] = "available"

    def delete_snapshot(self, given: Given) -> Answer:
        """Delete a snapshot and its files."""
        snapshot = self._rds._snapshots.get(self._said(given, "DBSnapshotIdentifier")) or {}
        answer = self._do["DeleteDBSnapshot"](given)
        files = snapshot.get("_files")
        if files and answer[0] < 300:
            self._fleet.later(files, lambda: self._fleet.remove(files))
        return answer

    # ---- small things

    def _found(self, given: Given) -> dict[str, Any] | None:
        name = self._said(given, "DBInstanceIdentifier")
        found: dict[str, Any] | None = self._rds._resolve_instance(name) or self._rds._resolve_instance(name.lower())
        return found

    def _said(self, given: Given, name: str) -> str:
        return str(self._rds._p(given, name))

    def _answer(self, action: str, instance: dict[str, Any]) -> Answer:
        answer: Answer = self._rds._single_instance_response(f"{action}Response", f"{action}Result", instance)
        return answer

    def _error(self, code: str, message: str, status: int = 400) -> Answer:
        answer: Answer = self._rds._error(code, saxutils.escape(message), status)
        return answer

    def _wrong_state(self, instance: dict[str, Any], wanted: str) -> Answer:
        return self._error("InvalidDBInstanceState", f"Instance {instance['DBInstanceIdentifier']} is "
                           f"{instance['DBInstanceStatus']}, but should be {wanted}.")  # fmt: skip

    def _bad_password(self) -> Answer:
        return self._error("InvalidParameterValue", "MasterUserPassword must have 8 to 128 printable ASCII characters "
                           'and none of /, @, " and space.')  # fmt: skip


def _secret_xml(instance: dict[str, Any]) -> str:
    secret = instance.get("MasterUserSecret")
    if not secret:
        return ""
    rows = "".join(f"<{name}>{saxutils.escape(str(value))}</{name}>" for name, value in secret.items())
    return f"<MasterUserSecret>{rows}</MasterUserSecret>"
