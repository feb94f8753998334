"""What a record says that its project can run."""

from __future__ import annotations

import dataclasses

import pytest

from stackyard.model.activations import Activation

RECORD = Activation(
    "acme", "shop", "prod", "refs/heads/main", "c" * 40, "https://git.example/shop.git",
    jobs=("orders", "to-bank"), blocks=("tap-shop", "dbt", "hide-names"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "unknown"),
    [
        (("orders", "to-bank"), ()),
        (("tap-shop", "hide-names", "dbt:test"), ()),
        (("orders", "nope", "tap-bank", "nope:test"), ("nope", "tap-bank", "nope:test")),
        (("orders:test",), ("orders:test",)),
        (("orders to-bank",), ("orders to-bank",)),
        ((), ()),
    ],
)
def test_jobs_plugins_and_mappings_are_run_by_name(words: tuple[str, ...], unknown: tuple[str, ...]) -> None:
    assert RECORD.unknown(words) == unknown


def test_an_older_record_knows_nothing_and_refuses_nothing() -> None:
    older = {name: value for name, value in RECORD.data().items() if name not in ("jobs", "blocks")}
    assert Activation.of(older) == dataclasses.replace(RECORD, jobs=(), blocks=())
    assert Activation.of(older).unknown(("nope",)) == ()
    assert Activation.of(RECORD.data()) == RECORD
