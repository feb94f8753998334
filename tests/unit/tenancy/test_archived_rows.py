"""Rows that a hostile run has written are archived as they are or refused; a head names the environment's own only."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from stackyard.errors import StateError
from stackyard.tenancy import archive, rows
from tests.unit.operations.test_isolated_faults import change


class Copying:
    """What would be put into the archive."""

    def __init__(self) -> None:
        self.site = SimpleNamespace(client=lambda _: None, runs_table="site-runs")
        self.files: dict[str, bytes] = {}

    def put(self, name: str, spool: Any) -> None:
        spool.seek(0)
        self.files[name] = spool.read()


def copied(monkeypatch: pytest.MonkeyPatch, *found: rows.Row) -> dict[str, bytes]:
    monkeypatch.setattr(rows, "of", lambda *_: iter(found))
    record, copying = change("acme").record, Copying()
    assert record is not None
    archive._copy_runs(copying, record, lambda _: None)  # type: ignore[arg-type]
    return copying.files


@pytest.mark.parametrize(
    "head",
    [{"data": "x"}, {"data": {"a": 5}}, {"state": {"S": "x"}}, {"data": ["x"]}, {"state": b"x"},
     {"state": "environments/shop.dev/commits/1/state.json"}, {"data": {"a": "projects/shop/sources/x"}}],
)  # fmt: skip
def test_a_malformed_head_is_refused(monkeypatch: pytest.MonkeyPatch, head: rows.Row) -> None:
    with pytest.raises(StateError, match=r"head of acme.shop.prod"):
        copied(monkeypatch, {"run": "head", **head})


def test_bytes_in_a_row_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    files = copied(monkeypatch, {"run": "20260101T000000.000000Z-00000001", "message": b"\x00\xff"})
    assert json.loads(files["runs.jsonl"])["message"] == "AP8="
