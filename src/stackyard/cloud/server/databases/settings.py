"""The configuration of one PostgreSQL: small, on the loopback address, safe against a crash; and what a parameter
group may change of it."""

from __future__ import annotations

import re
from collections.abc import Mapping

ADMIN = "rdsadmin"
# Each also bounds what one instance takes of the machine.
_MOST = {"max_connections": 300, "max_locks_per_transaction": 1024, "max_worker_processes": 8}
_OWN = {
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "16MB",
    "max_worker_processes": "4",
    "max_wal_senders": "4",
    "max_wal_size": "256MB",
    "min_wal_size": "32MB",
    "wal_level": "replica",
    "huge_pages": "off",
    "jit": "off",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "lc_messages": "C",
    "fsync": "on",
    "full_page_writes": "on",
}
_OPEN = frozenset({
    "autovacuum", "autovacuum_naptime", "autovacuum_vacuum_scale_factor", "bytea_output", "client_min_messages",
    "checkpoint_timeout", "cursor_tuple_fraction", "datestyle", "deadlock_timeout", "default_statistics_target",
    "default_transaction_isolation", "default_transaction_read_only", "effective_cache_size",
    "effective_io_concurrency", "extra_float_digits", "from_collapse_limit", "geqo", "hash_mem_multiplier",
    "idle_in_transaction_session_timeout", "idle_session_timeout", "intervalstyle", "jit", "join_collapse_limit",
    "lock_timeout", "log_autovacuum_min_duration", "log_connections", "log_disconnections", "log_duration",
    "log_lock_waits", "log_min_duration_statement", "log_min_messages", "log_statement", "log_temp_files",
    "logical_decoding_work_mem", "maintenance_work_mem", "max_connections", "max_locks_per_transaction",
    "max_parallel_workers", "max_parallel_workers_per_gather", "max_prepared_transactions", "max_replication_slots",
    "max_worker_processes", "plan_cache_mode", "random_page_cost", "row_security", "search_path", "seq_page_cost",
    "standard_conforming_strings", "statement_timeout", "synchronous_commit", "temp_buffers", "timezone",
    "track_activities", "track_counts", "track_functions", "track_io_timing", "transform_null_equals", "wal_level",
    "work_mem",
})  # fmt: skip
_VALUE = re.compile(r"[^\x00-\x1f']{0,500}")


def honoured(name: str, value: str) -> bool:
    """Whether a parameter of a group changes anything here. Formulas over the instance's memory do not, nor does
    what names files, programs or libraries."""
    return name.lower() in _OPEN and bool(_VALUE.fullmatch(value)) and not value.startswith("{")


def configuration(host: str, port: int, wanted: Mapping[str, str]) -> str:
    """The text of `postgresql.conf`: `wanted` are the values of a parameter group."""
    rows = {**_OWN, "listen_addresses": host, "port": str(port)}
    for name, value in wanted.items():
        if honoured(name, value):
            rows[name.lower()] = _bounded(name.lower(), value)
    if wanted.get("rds.logical_replication") == "1":
        rows["wal_level"] = "logical"
    return "".join(f"{name} = '{value}'\n" for name, value in rows.items())


# No line for sockets in the file system: there are none. Replication is for snapshots, which the cloud takes.
ACCESS = f"""\
host replication {ADMIN} 127.0.0.0/8 scram-sha-256
host all all 127.0.0.0/8 scram-sha-256
"""


def _bounded(name: str, value: str) -> str:
    most = _MOST.get(name)
    return str(min(int(value), most)) if most is not None and value.isdigit() else value
