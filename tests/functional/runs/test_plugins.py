"""The plugins' cache: built once, whole or not at all, and no row is lost by what is in it."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import json
import os
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

from stackyard.model.activations import Activation
from stackyard.tenancy import images, meltano, plugins
from tests.functional.runs.stage import SAMPLE
from tests.functional.test_sources import git

LOADER = """\
plugins:
  loaders:
  - name: target-small
    namespace: target_small
    executable: six
    pip_url: {url}
"""


def manifest(url: str) -> meltano.Manifest:
    found, faults = meltano.read(LOADER.format(url=url), "meltano.yml")
    assert found is not None, faults
    return found


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, image: images.Runner) -> Path:
    """A plugins' cache with nothing in it; the image is the machine's."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("STACKYARD_CACHE_DIR", str(cache))
    (cache / "images").mkdir(parents=True)
    (cache / "images" / image.folder.name).symlink_to(image.folder)
    return cache / "plugins"


def test_two_at_once_install_once_and_a_third_nothing(empty: Path) -> None:
    said: list[str] = []
    with concurrent.futures.ThreadPoolExecutor() as pool:
        keys = list(pool.map(lambda _: plugins.ensure(manifest("six==1.17.0"), said.append), range(2)))
    assert keys[0] == keys[1]
    assert len([line for line in said if line.startswith("installing target-small")]) == 1
    said.clear()
    assert plugins.ensure(manifest("six==1.17.0"), said.append) == keys[0]
    assert said == []
    home = empty / keys[0] / "loaders" / "target-small"
    assert (home / "lock").read_text() == "six==1.17.0\n"
    assert list(home.glob("venv/lib/python3.*/site-packages/__pycache__/six.*.pyc"))


def test_a_build_that_died_is_built_again(empty: Path) -> None:
    key = plugins.key(manifest("six==1.17.0"))
    (empty / key / "loaders" / "target-small" / "venv").mkdir(parents=True)
    (empty / key / "loaders" / "half").touch()
    plugins.ensure(manifest("six==1.17.0"))
    assert not (empty / key / "loaders" / "half").exists()
    assert (empty / key / "loaders" / "target-small" / "venv" / "bin" / "python").exists()


def test_what_has_no_wheel_is_told_and_not_built(empty: Path) -> None:
    with pytest.raises(images.ImageError, match="Only packages with wheels are installed") as told:
        plugins.ensure(manifest("docopt==0.6.2"))
    assert "target-small cannot be installed" in str(told.value)
    assert not list(empty.glob("*/.ready"))


def test_what_nobody_asked_for_is_pruned(empty: Path) -> None:
    old, new = (plugins.ensure(manifest(f"six=={version}")) for version in ("1.16.0", "1.17.0"))
    past = time.time() - 40 * 86_400
    for key in (old, new):
        os.utime(empty / key / ".ready", (past, past))
    plugins.ensure(manifest("six==1.17.0"))
    assert plugins.prune(days=30, keep=[old]) == []
    assert plugins.prune(days=30) == [old]
    assert plugins.is_ready(new)
    assert not (empty / old).exists()


def test_an_environments_plugins_are_read_from_its_commit(empty: Path, tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "meltano.yml").write_text(LOADER.format(url="six==1.17.0"))
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "first"]):
        git(repository, *words)
    record = Activation(
        "acme", "shop", "prod", "refs/heads/main", git(repository, "rev-parse", "HEAD"), str(repository),
        plugins=plugins.key(manifest("six==1.17.0")),
    )  # fmt: skip
    assert plugins.ensure_activated(record) == record.plugins
    assert (empty / record.plugins / ".ready").exists()
    repository.rename(tmp_path / "gone")
    assert plugins.ensure_activated(record) == record.plugins, "what is there needs no repository"
    with pytest.raises(images.ImageError, match="activated for another Meltano or Python"):
        plugins.ensure_activated(dataclasses.replace(record, plugins="0" * 32))


def test_duckdb_gets_every_row_of_every_batch(tmp_path: Path, image: images.Runner) -> None:
    """Values that its loader's CSV copy once took for a header, for other types, or for the end of a row."""
    found, _ = meltano.read((SAMPLE / "meltano.yml").read_text(), "meltano.yml")
    assert found is not None
    key = plugins.ensure(found)
    texts = ["plain", "a,b", 'say "x"', "two\nlines", "crlf\r\nx", "'", "\\", " lead", "NULL", "0012", "é\u2028", "-"]
    zone = datetime.timezone(datetime.timedelta(hours=2))
    start = datetime.datetime(2026, 1, 1, tzinfo=zone)
    rows = [
        {"id": n, "placed": (start + datetime.timedelta(hours=n)).isoformat(), "text": texts[n % len(texts)]}
        for n in range(100)
    ]
    properties = {
        "id": {"type": ["integer"]},
        "placed": {"type": ["string", "null"], "format": "date-time"},
        "text": {"type": ["string", "null"]},
    }
    schema = {"type": "SCHEMA", "stream": "orders", "key_properties": ["id"], "schema": {"properties": properties}}
    records = [{"type": "RECORD", "stream": "orders", "record": row} for row in rows]
    config = {"filepath": str(tmp_path / "shop.duckdb"), "default_target_schema": "main", "batch_size_rows": 10}
    (tmp_path / "config.json").write_text(json.dumps(config))
    target = image.plugins / key / "loaders" / "target-duckdb" / "venv" / "bin" / "target-duckdb"
    lines = "\n".join(json.dumps(each) for each in [schema, *records]) + "\n"
    done = subprocess.run(
        [str(target), "--config", str(tmp_path / "config.json")], input=lines, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with duckdb.connect(config["filepath"], read_only=True) as connection:
        stored = connection.execute("SELECT id::int, placed, text FROM main.orders ORDER BY id").fetchall()
    # DuckDB's timestamp has no zone, and the offset is left out: that much is the loader's own choice.
    local = [datetime.datetime.fromisoformat(row["placed"]).replace(tzinfo=None) for row in rows]
    assert stored == [(row["id"], at, row["text"]) for row, at in zip(rows, local, strict=True)]
