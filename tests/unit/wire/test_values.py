"""Property values survive the wire, and are what the SDK itself would write and read."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf import struct_pb2
from hypothesis import given
from hypothesis import strategies as st

from stackyard import errors
from stackyard.model import values
from stackyard.model.values import UNKNOWN, Archive, Asset, ResourceReference, Secret
from stackyard.wire import values as wire

TEXT = st.text(st.characters(codec="utf-8")).filter(lambda text: text not in values.UNKNOWN_SENTINELS)
NAMES = TEXT.filter(lambda text: text != values.SIGNATURE_KEY)
NUMBERS = st.integers(-(2**53), 2**53) | st.floats().map(lambda number: wire.number(number))
HASHES = st.just("") | st.text("0123456789abcdef", min_size=64, max_size=64)
ASSETS = st.one_of(
    st.builds(lambda path, hash_: Asset(path=path, hash=hash_), TEXT, HASHES),
    st.builds(lambda text, hash_: Asset(text=text, hash=hash_), TEXT, HASHES),
    st.builds(lambda uri, hash_: Asset(uri=uri, hash=hash_), TEXT, HASHES),
)
ARCHIVES = st.recursive(
    st.builds(lambda path: Archive(path=path), TEXT) | st.builds(lambda uri: Archive(uri=uri), TEXT),
    lambda inner: st.builds(lambda assets: Archive(assets=assets), st.dictionaries(NAMES, inner | ASSETS, max_size=3)),
    max_leaves=4,
)
REFERENCES = st.builds(
    ResourceReference, TEXT, st.none() | st.just(UNKNOWN) | TEXT.filter(bool), st.sampled_from(["", "1.2.3"])
)
LEAVES = st.one_of(
    st.none(), st.booleans(), NUMBERS, TEXT, st.just(UNKNOWN), ASSETS, ARCHIVES, REFERENCES,
)  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(NAMES, inner, max_size=4),
        inner.filter(lambda value: not isinstance(value, Secret)).map(Secret),
    ),
    max_leaves=12,
)


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types; NaN is NaN."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        alike = left == right and math.copysign(1, left) == math.copysign(1, right)
        return alike or (math.isnan(left) and math.isnan(right))
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, Secret):
        return same(left.value, right.value)
    return bool(left == right)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_a_round_trip_changes_nothing(properties: dict[str, Any]) -> None:
    data = wire.encode_struct(properties).SerializeToString()
    assert same(wire.decode_struct(struct_pb2.Struct.FromString(data)), properties)


@pytest.mark.parametrize("sentinel", sorted(values.UNKNOWN_SENTINELS))
def test_every_sentinel_is_unknown(sentinel: str) -> None:
    assert wire.decode(struct_pb2.Value(string_value=sentinel)) is UNKNOWN


@pytest.mark.parametrize(
    ("sent", "read"),
    [(1.0, 1), (-3.0, -3), (0.5, 0.5), (2.0**53, 2**53), (1e300, 1e300), (math.inf, math.inf), (-math.inf, -math.inf)],
)
def test_numbers(sent: float, read: float) -> None:
    found = wire.decode(struct_pb2.Value(number_value=sent))
    assert found == read
    assert type(found) is type(read)


def test_nan_and_negative_zero_stay_floats() -> None:
    assert math.isnan(wire.decode(struct_pb2.Value(number_value=math.nan)))
    assert str(wire.decode(struct_pb2.Value(number_value=-0.0))) == "-0.0"
    written = {values.SIGNATURE_KEY: values.FLOAT_SIGNATURE, "value": "7ff0000000000000"}
    assert wire.decode(wire.encode(written)) == math.inf


def signed(signature: str, **fields: Any) -> Any:
    return wire.encode({values.SIGNATURE_KEY: signature, **fields})


def test_output_values_are_unwrapped_and_their_dependencies_collected() -> None:
    known = signed(values.OUTPUT_SIGNATURE, value={"a": 1}, dependencies=["urn:a", "urn:b"])
    secret = signed(values.OUTPUT_SIGNATURE, value="x", secret=True, dependencies=["urn:c"])
    unknown = signed(values.OUTPUT_SIGNATURE, secret=False)
    message = struct_pb2.Struct()
    message.fields["in"].list_value.values.extend([known, secret])
    message.fields["out"].CopyFrom(unknown)
    dependencies: dict[str, set[str]] = {}
    assert wire.decode_struct(message, dependencies) == {"in": [{"a": 1}, Secret("x")], "out": UNKNOWN}
    assert dependencies == {"in": {"urn:a", "urn:b", "urn:c"}}


def test_secrets_are_not_doubled() -> None:
    assert wire.decode(signed(values.SECRET_SIGNATURE, value=Secret("x"))) == Secret("x")
    assert wire.decode(signed(values.OUTPUT_SIGNATURE, value=Secret("x"), secret=True)) == Secret("x")


def test_an_empty_id_is_one_that_is_not_known() -> None:
    reference = wire.decode(signed(values.REFERENCE_SIGNATURE, urn="urn:a", id=""))
    assert reference == ResourceReference("urn:a", UNKNOWN)
    assert "id" not in wire.encode(ResourceReference("urn:a", None)).struct_value.fields


@pytest.mark.parametrize("signature", ["803fd3297a5875dc03ca845dda5d2a98", "nobody knows this"])
def test_other_signatures_are_refused(signature: str) -> None:
    with pytest.raises(errors.Unsupported, match="which is not supported"):
        wire.decode(signed(signature, value="x"))


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="object is not a property value"):
        wire.encode({"a": object()})
