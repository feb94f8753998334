"""Records of environments: written whole, read with every fault located, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.errors import StateError
from stackyard.model.activations import Activation, Phase, Schedule
from stackyard.tenancy.records import Records

RECORD = Activation(
    "acme",
    "shop",
    "dev-a",
    "refs/heads/main",
    "a" * 40,
    "https://git.example/shop",
    services=("schedules",),
    schedules=(Schedule("daily", "0 0 * * *", ("tap target",)),),
    moved=7,
    phase=Phase.ARCHIVING,
    archive="archive/x/y",
)


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "activations", tmp_path)


def test_what_is_written_is_read(records: Records) -> None:
    assert records.read().active == ()
    records.write(RECORD)
    assert records.read().active == (RECORD,)
    assert records.one(RECORD.entry) == RECORD
    records.remove(RECORD.entry)
    assert records.read().active == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("phase: archiving", "phase: sleeping", "'sleeping' is not a valid Phase"),
        ("commit: ", "comit: ", "comit"),
        ("moved: 7", "moved: soon", "moved is not a whole number"),
        ("paused: false", "paused: perhaps", "paused is not true or false"),
        ("organization: acme", "organization: globex", "it is of globex.shop."),
        ("project: shop", "project: ../shop", "it is of acme.../shop."),
        ("ref: refs/heads/main", "ref: --upload-pack=x", "cannot be one"),
        ("services:", "services: {", "activations/acme.shop.dev-a.yaml"),
        ("organization", "[organization", "activations/acme.shop.dev-a.yaml"),
    ],
)
def test_what_is_no_record_is_told_with_its_place_and_blocks_its_name(
    records: Records, old: str, new: str, said: str
) -> None:
    path = records.file(records.write(RECORD).entry)
    path.write_text(path.read_text().replace(old, new, 1))
    reading = records.read()
    assert reading.active == ()
    assert reading.blocked == {RECORD.entry}
    assert said in str(reading.diagnostics[0])
    position = reading.diagnostics[0].position
    assert position is not None
    assert position.path == f"activations/{RECORD.entry}.yaml"
    with pytest.raises(StateError, match="cannot be read"):
        records.one(RECORD.entry)


def test_a_missing_and_a_linked_record_are_refused(records: Records, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        records.one("acme.shop.prod")
    path = records.file(records.write(RECORD).entry)
    path.rename(tmp_path / "elsewhere.yaml")
    path.symlink_to(tmp_path / "elsewhere.yaml")
    assert records.read().blocked == {RECORD.entry}


def test_a_good_record_beside_a_bad_one_is_read(records: Records) -> None:
    records.write(RECORD)
    records.file("acme.shop.prod").write_bytes(b"\xff\xfe")
    reading = records.read()
    assert reading.active == (RECORD,)
    assert reading.blocked == {"acme.shop.prod"}


def test_a_record_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "activations").write_text("a file where a folder should be")
    with pytest.raises(StateError, match="cannot be written"):
        Records(tmp_path / "activations", tmp_path).write(RECORD)
