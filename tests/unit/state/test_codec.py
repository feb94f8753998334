"""The checkpoint format: what is written, what is read, what is refused."""

from __future__ import annotations

import dataclasses
import gzip
import hashlib
import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stackyard import errors
from stackyard.kit import jsontext
from stackyard.model import values
from stackyard.model.checkpoints import Checkpoint, Pending, PendingOperation
from stackyard.model.resources import CustomTimeouts, Resource
from stackyard.model.values import UNKNOWN, Archive, Asset, ResourceReference, Secret
from stackyard.state import codec, properties

ROOT = "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev"


class Rot:
    """A key that shows in tests: ciphertexts are numbered and reversed."""

    type = "passphrase"
    state = {"salt": "v1:x:v1:y:z"}  # noqa: RUF012

    def __init__(self) -> None:
        self.made = 0

    def encrypt(self, plaintext: str) -> str:
        self.made += 1
        return f"v1:{self.made}:{plaintext[::-1]}"

    def decrypt(self, ciphertext: str) -> str:
        return ciphertext.split(":", 2)[2][::-1]


def one(**fields: Any) -> Checkpoint:
    resource = Resource(urn=ROOT, type="pulumi:pulumi:Stack", custom=False)
    return Checkpoint("organization/p/dev", (dataclasses.replace(resource, **fields),), time="2024-01-01T00:00:00Z")


def written(checkpoint: Checkpoint, manager: Rot | None = None) -> Any:
    return json.loads(codec.Codec((lambda: manager) if manager else None).encode(checkpoint))


def again(checkpoint: Checkpoint, manager: Rot | None = None) -> Checkpoint:
    coder = codec.Codec((lambda: manager) if manager else None)
    return coder.decode(codec.parse(coder.encode(checkpoint)))


def test_empty_fields_are_left_out() -> None:
    raw = written(one())
    assert raw["version"] == 3
    assert raw["checkpoint"]["latest"]["resources"] == [{"urn": ROOT, "custom": False, "type": "pulumi:pulumi:Stack"}]
    assert raw["checkpoint"]["latest"]["metadata"] == {}
    assert "secrets_providers" not in raw["checkpoint"]["latest"]


def test_the_magic_is_the_hash_of_the_version() -> None:
    raw = written(dataclasses.replace(one(), version="v1"))
    assert raw["checkpoint"]["latest"]["manifest"]["magic"] == hashlib.sha256(b"v1").hexdigest()
    raw["checkpoint"]["latest"]["manifest"]["version"] = "v2"
    with pytest.raises(errors.IntegrityError, match="magic"):
        codec.Codec().decode(codec.parse(json.dumps(raw).encode()))


EVERYTHING = {
    "none": None,
    "flag": True,
    "count": 12345678901,
    "text": "ä€ \u2028 <&>",
    "nan": math.inf,
    "list": [1, "two", [False]],
    "asset": Asset(text="x", hash="h"),
    "file": Asset(path="./a", hash="h"),
    "archive": Archive(assets={"b": Asset(uri="https://x"), "a": Archive(path="./d")}, hash="h"),
    "component": ResourceReference(ROOT, None, "1.0.0"),
    "custom": ResourceReference(ROOT, "id", ""),
    "planned": ResourceReference(ROOT, UNKNOWN, ""),
    "unknown": UNKNOWN,
    "bytes": b"\xff\x00a".decode(errors="surrogateescape"),
}


def test_every_kind_of_value_comes_back() -> None:
    checkpoint = one(inputs=EVERYTHING)
    assert again(checkpoint).resources[0].inputs == EVERYTHING
    raw = written(checkpoint)
    assert raw["version"] == 4
    assert raw["features"] == ["byteString"]


def test_every_kind_of_value_comes_back_out_of_a_secret() -> None:
    manager = Rot()
    inputs = {"all": Secret({**EVERYTHING, "inner": Secret(1)})}
    raw = codec.Codec(lambda: manager).encode(one(inputs=inputs))
    assert b"two" not in raw
    assert again(one(inputs=inputs), manager).resources[0].inputs == inputs


def test_every_field_of_a_resource_comes_back() -> None:
    checkpoint = one(
        custom=True,
        id="i",
        delete=True,
        outputs={"a": 1},
        parent=ROOT,
        protect=True,
        taint=True,
        external=True,
        dependencies=(ROOT,),
        init_errors=("e",),
        provider=f"{ROOT}::id",
        property_dependencies={"a": (ROOT,), "b": ()},
        pending_replacement=True,
        additional_secret_outputs=("s",),
        aliases=(ROOT,),
        custom_timeouts=CustomTimeouts(create=330, read=0.5),
        import_id="i",
        retain_on_delete=True,
        deleted_with=ROOT,
        replace_with=(ROOT,),
        created="2024-01-01T00:00:00Z",
        modified="2024-01-01T00:00:00Z",
        source_position="project:///a.py#1",
        ignore_changes=("a.b",),
        hide_diff=("c",),
        replace_on_changes=("d",),
        replacement_trigger=[1, Secret("t")],
        extra={"viewOf": ROOT, "resourceHooks": {"beforeCreate": ["h"]}, "somethingNew": {"z": 1, "a": 2}},
    )
    pending = PendingOperation(Pending.CREATING, Resource(urn=ROOT, type="t", custom=True))
    checkpoint = dataclasses.replace(
        checkpoint,
        pending=(pending,),
        cloud="embedded",
        account="123456789012",
        metadata={"integrity_error": {"error": "e"}},
        extra={"extensions": {"x": 1}, "manifest": {"plugins": [{"name": "aws"}]}},
    )
    found = again(checkpoint, Rot())
    assert dataclasses.replace(found, secrets_provider={}) == dataclasses.replace(checkpoint, secrets_provider={})
    assert written(checkpoint, Rot())["features"] == ["hooks", "replaceWith", "taint", "views"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (2.5, "2.5"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-7, "1e-7"), (2e-5, "0.00002")],
)
def test_numbers_are_written_as_go_writes_them(value: float, text: str) -> None:
    assert jsontext.dumps([jsontext.number(value)]) == f"[{text}]"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_keep_their_value(value: float) -> None:
    assert float(json.loads(jsontext.dumps(jsontext.number(value)))) == value


def test_an_unchanged_secret_keeps_its_ciphertext() -> None:
    manager = Rot()
    first = codec.Codec(lambda: manager)
    data = first.encode(one(inputs={"a": Secret("x"), "b": Secret("x"), "c": Secret("y")}))
    assert manager.made == 3
    coder = codec.Codec(lambda: manager)
    checkpoint = coder.decode(codec.parse(data))
    assert coder.encode(checkpoint) == data
    changed = one(inputs={"a": Secret("x"), "b": Secret("x"), "c": Secret("z")})
    before, after = (
        json.loads(d)["checkpoint"]["latest"]["resources"][0]["inputs"] for d in (data, coder.encode(changed))
    )
    assert (before["a"], before["b"]) == (after["a"], after["b"])
    assert before["c"] != after["c"]
    assert manager.made == 4


def test_equal_secrets_do_not_show_that_they_are_equal() -> None:
    raw = written(one(inputs={"a": Secret("x"), "b": Secret("x")}), Rot())
    inputs = raw["checkpoint"]["latest"]["resources"][0]["inputs"]
    assert inputs["a"]["ciphertext"] != inputs["b"]["ciphertext"]


def test_without_a_key_secrets_stay_sealed_and_can_be_opened_later() -> None:
    manager = Rot()
    data = codec.Codec(lambda: manager).encode(one(inputs={"a": Secret([1, Secret(2)])}))
    coder = codec.Codec()
    checkpoint = coder.decode(codec.parse(data))
    inputs = checkpoint.resources[0].inputs
    assert properties.is_sealed(inputs)
    assert "Sealed" in repr(inputs["a"].value)
    assert coder.encode(checkpoint) == data
    assert properties.unseal(inputs, manager) == {"a": Secret([1, Secret(2)])}


def test_a_new_secret_without_a_key_is_an_error_and_not_plain_text() -> None:
    with pytest.raises(errors.SecretsError):
        codec.Codec().encode(one(inputs={"a": Secret("x")}))


def test_gzip_and_indented_files_are_read() -> None:
    data = codec.Codec().encode(one(outputs={"a": 1}))
    pretty = json.dumps(json.loads(data), indent=4).encode()
    assert codec.parse(gzip.compress(pretty)) == codec.parse(data)


def test_old_versions_are_migrated() -> None:
    resource = {
        "urn": ROOT,
        "custom": True,
        "type": "t",
        "inputs": {"a": 1},
        "dependencies": [ROOT],
        "defaults": {"b": 1},
    }
    latest = {"manifest": {"time": "t", "magic": "", "version": ""}, "resources": [resource]}
    for raw in ({"stack": "s", "latest": latest}, {"version": 1, "checkpoint": {"stack": "s", "latest": latest}}):
        checkpoint = codec.Codec().decode(codec.parse(json.dumps(raw).encode()))
        assert checkpoint.stack == "s"
        assert checkpoint.resources[0].property_dependencies == {"a": (ROOT,)}
        assert "defaults" not in checkpoint.resources[0].extra


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a checkpoint"),
        (b"[1]", "holds no object"),
        (b'{"version":3,"checkpoint":', "not a checkpoint"),
        (b"\x1f\x8b\x08\x00", "not a checkpoint"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b'{"version":5,"checkpoint":{}}', "version 5"),
        (b'{"version":"3","checkpoint":{}}', "version '3'"),
        (b'{"version":4,"features":["taint","teleport"],"checkpoint":{}}', "teleport"),
        (b'{"version":3,"checkpoint":{"latest":{"resources":{"a":1}}}}', "list of objects"),
        (b'{"version":3,"checkpoint":{"latest":{"resources":[1]}}}', "list of objects"),
        (b"[" * 100_000, "not a checkpoint"),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(errors.StateError, match=message):
        codec.parse(data, "dev.json")


@pytest.mark.parametrize(
    "value",
    [
        {values.SIGNATURE_KEY: "who"},
        {values.SIGNATURE_KEY: values.SECRET_SIGNATURE},
        {values.SIGNATURE_KEY: values.SECRET_SIGNATURE, "plaintext": "1", "ciphertext": "x"},
        {values.SIGNATURE_KEY: values.FLOAT_SIGNATURE, "value": "zz"},
        {values.SIGNATURE_KEY: values.REFERENCE_SIGNATURE},
        {values.SIGNATURE_KEY: []},
    ],
)
def test_a_malformed_value_is_an_error_that_names_its_resource(value: Any) -> None:
    raw = written(one())
    raw["checkpoint"]["latest"]["resources"][0]["inputs"] = {"a": value}
    with pytest.raises(errors.StateError, match="p-dev"):
        codec.Codec().decode(codec.parse(json.dumps(raw).encode()))


def test_a_file_with_plain_text_secrets_is_read() -> None:
    raw = written(one())
    secret = {values.SIGNATURE_KEY: values.SECRET_SIGNATURE, "plaintext": '{"a":1}'}
    raw["checkpoint"]["latest"]["resources"][0]["outputs"] = {"s": secret}
    assert codec.Codec().decode(codec.parse(json.dumps(raw).encode())).outputs == {"s": Secret({"a": 1})}


LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | inner.map(Secret), max_leaves=20
)


@settings(max_examples=60)
@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_any_properties_come_back(inputs: dict[str, Any]) -> None:
    assert values.equal(again(one(inputs=inputs), Rot()).resources[0].inputs, inputs)
