"""What a parameter group may change of a database's configuration, and what it never may."""

from __future__ import annotations

import pytest

from stackyard.cloud.server.databases import settings


def rows(**wanted: str) -> dict[str, str]:
    """The configuration with a parameter group's values, as names and values."""
    text = settings.configuration("127.0.0.1", 31000, wanted)
    return {name: value.strip("'") for name, _, value in (line.partition(" = ") for line in text.splitlines())}


def test_it_is_on_the_loopback_address_and_safe_against_a_crash() -> None:
    found = rows()
    assert (found["listen_addresses"], found["port"], found["unix_socket_directories"]) == ("127.0.0.1", "31000", "")
    assert (found["fsync"], found["full_page_writes"]) == ("on", "on")


@pytest.mark.parametrize(("name", "value"), [("work_mem", "8192"), ("log_statement", "all"), ("TimeZone", "CET")])
def test_a_setting_is_taken(name: str, value: str) -> None:
    assert rows(**{name: value})[name.lower()] == value


@pytest.mark.parametrize(
    "given",
    [
        {"listen_addresses": "*"}, {"fsync": "off"}, {"archive_command": "id"}, {"shared_preload_libraries": "x"},
        {"data_directory": "/"}, {"port": "1"}, {"hba_file": "/tmp/x"},
        {"work_mem": "1'\nfsync = 'off"}, {"shared_buffers": "{DBInstanceClassMemory/32768}"},
    ],
    ids=str,
)  # fmt: skip
def test_what_reaches_beyond_the_database_is_not(given: dict[str, str]) -> None:
    assert rows(**given) == rows()


def test_what_costs_memory_is_bounded() -> None:
    assert rows(max_connections="5000")["max_connections"] == "300"
    assert rows(max_connections="12")["max_connections"] == "12"


def test_logical_replication_is_switched_as_on_rds() -> None:
    assert rows(**{"rds.logical_replication": "1"})["wal_level"] == "logical"
