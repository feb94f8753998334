"""Reading `meltano.yml`: what it says, and every fault where it stands."""

from __future__ import annotations

import pytest

from stackyard.model.diagnostics import Severity
from stackyard.tenancy import crontab, meltano

GOOD = """\
version: 1
default_environment: dev
include_paths: [./schedules/*.yml]
environments:
- name: dev
- name: prod
  config:
    plugins:
      extractors:
      - name: tap-orders
        config: {host: db.internal, port: 5432}
plugins:
  extractors:
  - name: tap-orders
    namespace: tap_postgres
    variant: meltanolabs
    pip_url: meltanolabs-tap-postgres==0.3.5
    executable: tap-postgres
    config: {default_replication_method: INCREMENTAL}
  - name: tap-customers
    inherit_from: tap-orders
  - name: tap-next
    inherit_from: tap-customers
    pip_url: meltanolabs-tap-postgres==0.4.0
  loaders:
  - name: target-duckdb
    namespace: target_duckdb
    pip_url: target-duckdb==0.8.0 duckdb==1.4.0
jobs:
- name: orders
  tasks:
  - tap-orders target-duckdb
  - [tap-customers, target-duckdb]
schedules:
- name: nightly
  interval: '@daily'
  job: orders
- name: pair
  interval: '*/5 8-18 * * mon-fri'
  extractor: tap-next
  loader: target-duckdb
- name: by-hand
  interval: '@once'
  job: orders
"""


def included(pattern: str) -> dict[str, str]:
    assert pattern == "./schedules/*.yml"
    return {"schedules/more.yml": "jobs:\n- name: more\n  tasks: [tap-orders target-duckdb]\n"}


def test_a_whole_manifest() -> None:
    manifest, faults = meltano.read(GOOD, "meltano.yml", included)
    assert not faults
    assert manifest is not None
    assert list(manifest.environments) == ["dev", "prod"]
    assert manifest.environments["prod"].overrides == {"tap-orders": {"host": "db.internal", "port": 5432}}
    assert manifest.default_environment == "dev"
    assert manifest.jobs["orders"].tasks == ("tap-orders target-duckdb", "tap-customers target-duckdb")
    assert manifest.includes == ("schedules/more.yml",)
    more = manifest.jobs["more"].position
    assert more is not None
    assert str(more) == "schedules/more.yml:2:3"
    schedules = {name: (each.cron, each.jobs) for name, each in manifest.schedules.items()}
    assert schedules == {
        "nightly": ("0 0 * * *", ("orders",)),
        "pair": ("*/5 8-18 * * 1-5", ("tap-next", "target-duckdb")),
        "by-hand": ("", ("orders",)),
    }


def test_heirs_share_a_folder_unless_they_install_something_else() -> None:
    manifest, _ = meltano.read(GOOD, "meltano.yml", included)
    assert manifest is not None
    heir, other = manifest.plugin("tap-customers"), manifest.plugin("tap-next")
    assert heir is not None
    assert (heir.home, heir.pip_url, heir.executable) == (
        "tap-orders", "meltanolabs-tap-postgres==0.3.5", "tap-postgres",
    )  # fmt: skip
    assert other is not None
    assert other.home == "tap-next"
    assert [each.home for each in meltano.installed(manifest)] == ["tap-next", "tap-orders", "target-duckdb"]


def test_the_key_follows_what_is_installed_and_nothing_else() -> None:
    def key(text: str, python: str = "3.11", version: str = "4.4.1") -> str:
        manifest, _ = meltano.read(text, "meltano.yml")
        assert manifest is not None
        return meltano.lock_key(manifest, python, version)

    first = key(GOOD)
    assert key(GOOD.replace("port: 5432", "port: 1").replace("@daily", "@hourly")) == first
    assert key(GOOD.replace("==0.8.0", "==0.8.1")) != first
    assert key(GOOD, python="3.12") != first
    assert key(GOOD, version="4.5.0") != first


@pytest.mark.parametrize(
    ("old", "new", "place", "says"),
    [
        ("    pip_url: meltanolabs-tap-postgres==0.3.5\n", "", "14:5", "tap-orders has no pip_url"),
        ("    namespace: tap_postgres\n", "", "14:5", "tap-orders has no namespace"),
        ("target-duckdb==0.8.0 duckdb", "git+https://x/y duckdb", "28:14", "no requirement of the package index"),
        ("target-duckdb==0.8.0 duckdb", "-r/etc/passwd duckdb", "28:14", "no requirement of the package index"),
        ("target-duckdb==0.8.0 duckdb", "target-$V==1 duckdb", "28:14", "takes a variable"),
        ("    executable: tap-postgres\n", "    python: /bin/sh\n", "18:13", "a Python of its own"),
        ("inherit_from: tap-orders", "inherit_from: tap-gone", "20:5", "'tap-gone', which tap-customers inherits from"),
        ("inherit_from: tap-orders", "inherit_from: tap-next", "20:5", "inherits from itself"),
        ("  - tap-orders target-duckdb", "  - tap-gone target-duckdb", "30:3", "job orders runs 'tap-gone'"),
        ("  job: orders\n- name: pair", "  job: gone\n- name: pair", "35:3", "schedule nightly runs 'gone'"),
        ("'@daily'", "'@dayly'", "36:13", "is not an interval"),
        ("'@daily'", "'61 * * * *'", "36:13", "'61' is not a minute"),
        ("  extractor: tap-next\n", "", "38:3", "names no job"),
        ("default_environment: dev", "default_environment: gone", "2:22", "there is no environment 'gone'"),
        ("- name: prod", "- name: dev", "6:3", "declared twice: also at meltano.yml:5:3"),
        ("- name: prod", "- name: --config=x", "6:9", "cannot be the name"),
        ("./schedules/*.yml", "../*.yml", "3:17", "leaves the project"),
        ("  loaders:", "  loader:", "26:3", "no kind of plugin"),
    ],
)
def test_faults_stand_where_they_are(old: str, new: str, place: str, says: str) -> None:
    assert old in GOOD
    manifest, faults = meltano.read(GOOD.replace(old, new, 1), "meltano.yml", lambda pattern: {})
    assert manifest is None
    assert [str(each) for each in faults if says in each.message and str(each.position) == f"meltano.yml:{place}"], (
        faults
    )


def test_every_fault_is_told_at_once() -> None:
    text = "environments: {}\njobs:\n- tasks: []\nschedules:\n- name: s\nplugins: []\n"
    _, faults = meltano.read(text, "m.yml")
    assert len(faults) >= 4


def test_a_version_that_floats_is_a_warning() -> None:
    manifest, faults = meltano.read(GOOD.replace("target-duckdb==0.8.0", "target-duckdb"), "m.yml", included)
    assert manifest is not None
    assert [each.severity for each in faults] == [Severity.WARNING]
    assert "is not pinned" in faults[0].message


@pytest.mark.parametrize("text", ["", "- a", "{[", "a: b: c", "[" * 100_000, "plugins: {extractors: [1, {name: [x]}]}"])
def test_what_is_no_manifest_is_told(text: str) -> None:
    manifest, faults = meltano.read(text, "m.yml")
    assert manifest is None
    assert all(each.position for each in faults)


@pytest.mark.parametrize(
    ("interval", "cron"),
    [
        ("@hourly", "0 * * * *"),
        (" @Yearly ", "0 0 1 1 *"),
        ("@manual", ""),
        ("0 0 1,15 jan-mar *", "0 0 1,15 1-3 *"),
        ("0 0 * * 7", "0 0 * * 0"),
        ("0-30/10 * * * sun", "0-30/10 * * * 0"),
    ],
)
def test_intervals(interval: str, cron: str) -> None:
    assert crontab.cron(interval) == cron


@pytest.mark.parametrize(
    "interval", ["* * * *", "* * * * * *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "*-3 * * * *"]
)
def test_what_is_no_interval(interval: str) -> None:
    with pytest.raises(crontab.IntervalError):
        crontab.cron(interval)
