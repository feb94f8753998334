"""Rows move from a PostgreSQL into DuckDB and into another PostgreSQL, and what is committed is whole."""

from __future__ import annotations

import json
from pathlib import Path

from tests.functional.runs.stage import PASSWORD, Stage


def test_rows_arrive_in_duckdb_and_later_changes_too(stage: Stage, tmp_path: Path) -> None:
    run, code, log = stage.run("orders-to-duckdb")
    assert code == 0, log
    assert stage.orders_in_duckdb(tmp_path) == stage.orders_in_shop()
    assert stage.row(run)["rows"]["M"] == {"shop-customers": {"N": "500"}, "shop-orders": {"N": "5000"}}
    assert stage.row(run)["status"] == {"S": "running"}
    assert PASSWORD not in log

    stage.database.script(stage.shop, "update.sql")
    second, code, log = stage.run("orders-to-duckdb")
    assert code == 0, log
    assert stage.orders_in_duckdb(tmp_path) == stage.orders_in_shop()
    assert len(stage.orders_in_shop()) == 5250
    moved = int(stage.row(second)["rows"]["M"]["shop-orders"]["N"])
    assert 500 <= moved <= 502  # 250 changed, 250 new, and those at the bookmark once more
    assert f"it goes on from run {run}" in log
    assert {key.split("/")[3] for key in stage.objects()} == {run, second}
    state = json.loads(stage.s3.get_object(Bucket=stage.bucket, Key=stage.row("head")["state"]["S"])["Body"].read())
    assert list(state) == ["prod:tap-shop-to-target-duckdb/state.json"]


def test_rows_arrive_in_postgresql_and_replace_themselves(stage: Stage) -> None:
    for _ in range(2):
        _, code, log = stage.run("orders-to-warehouse")
        assert code == 0, log
        assert stage.orders_in_warehouse() == stage.orders_in_shop()
        stage.database.script(stage.shop, "update.sql")
