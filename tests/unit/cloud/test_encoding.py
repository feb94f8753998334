"""Values to bytes and back."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from stackyard.cloud.server.durability import encoding


@pytest.mark.parametrize("value", [{"a": [1, b"x", None]}, "x" * 9999, {"body": b"y" * 50_000, "n": 1}])
def test_a_value_comes_back(value: Any) -> None:
    encoder = encoding.Encoder()
    data = encoder.encode("p", value)
    assert encoding.decode(data, dict(encoder.fresh)) == value


def test_a_long_string_is_told_once() -> None:
    encoder, body = encoding.Encoder(), b"y" * 50_000
    encoder.encode("p", {"body": body, "n": 1})
    assert [string for _, string in encoder.fresh] == [body]
    encoder.fresh.clear()
    assert len(encoder.encode("p", {"body": body, "n": 2})) < 200
    assert encoder.fresh == []
    encoder.forget()
    encoder.encode("p", {"body": body, "n": 3})
    assert len(encoder.fresh) == 1


def test_what_cannot_be_kept_becomes_nothing() -> None:
    value = {"lock": threading.Lock(), "f": lambda: 0, "kept": 1}
    assert encoding.decode(encoding.Encoder().encode("p", value), {}) == {"lock": None, "f": None, "kept": 1}


def test_a_private_key_is_kept() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    found = encoding.decode(encoding.Encoder().encode("p", {"key": key}), {})["key"]
    assert found.private_numbers() == key.private_numbers()
