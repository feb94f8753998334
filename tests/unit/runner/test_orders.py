"""What a run is told, and every fault of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.runner import faults, orders

GOOD = {
    "STACKYARD_ORGANIZATION": "acme",
    "STACKYARD_PROJECT": "shop",
    "STACKYARD_ENVIRONMENT": "prod",
    "STACKYARD_RUN": "20260101T000000.000000Z-00000000",
    "MELTANO_ENVIRONMENT": "production",
    "STACKYARD_COMMIT": "c" * 40,
    "STACKYARD_MANIFEST": "data/meltano.yml",
    "STACKYARD_BUCKET": "bucket",
    "STACKYARD_SOURCE": "projects/shop/sources/c.tar.gz",
    "STACKYARD_SOURCE_SHA256": "0" * 64,
    "STACKYARD_RUNS_TABLE": "site-runs",
    "STACKYARD_PLUGINS": "abcdef0123456789",
    "STACKYARD_PLUGINS_ROOT": "/plugins",
    "STACKYARD_RUN_MINUTES": "1.5",
    "STACKYARD_JOBS": '["orders", "tap-x", "dbt:run"]',
    "STACKYARD_SECRETS": '{"PASSWORD": "/site/acme/shop/PASSWORD"}',
}


def test_an_order() -> None:
    order = orders.read(GOOD)
    assert order.key == "shop.prod"
    assert order.plugins == Path("/plugins/abcdef0123456789")
    assert order.seconds == 90
    assert order.jobs == ("orders", "tap-x", "dbt:run")
    assert order.secrets == {"PASSWORD": "/site/acme/shop/PASSWORD"}


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(faults.RunFault) as told:
        orders.read({})
    assert told.value.code == faults.USAGE
    assert all(name in str(told.value) for name in ("STACKYARD_RUN ", "STACKYARD_BUCKET", "STACKYARD_JOBS"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STACKYARD_JOBS", '["--config=/etc/passwd"]'),
        ("STACKYARD_JOBS", "orders"),
        ("STACKYARD_JOBS", "[]"),
        ("STACKYARD_JOBS", '["a b"]'),
        ("STACKYARD_RUN_MINUTES", "0"),
        ("STACKYARD_RUN_MINUTES", "nan"),
        ("STACKYARD_RUN_MINUTES", "soon"),
        ("STACKYARD_SECRETS", '["PASSWORD"]'),
        ("STACKYARD_SECRETS", '{"a=b": "x"}'),
        ("STACKYARD_SECRETS", '{"PATH": 1}'),
        ("STACKYARD_PLUGINS", "../../etc"),
        ("STACKYARD_MANIFEST", "../meltano.yml"),
        ("STACKYARD_MANIFEST", "/meltano.yml"),
    ],
)
def test_what_is_no_order_is_refused(name: str, value: str) -> None:
    with pytest.raises(faults.RunFault, match=name):
        orders.read({**GOOD, name: value})
