"""Files that the Pulumi CLI wrote load here, keep every rule, and come out again byte for byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.model.values import Secret
from stackyard.secrets.opening import Opener
from stackyard.state import codec, integrity, properties

HERE = Path(__file__).parent
FILES = sorted(HERE.glob("*.json"))
OPENER = Opener({"PULUMI_CONFIG_PASSPHRASE": "compatibility"})


def load(path: Path) -> codec.Document:
    return codec.parse(path.read_bytes(), path.name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_without_a_key_it_comes_out_as_it_was(path: Path) -> None:
    coder = codec.Codec()
    checkpoint = coder.decode(load(path))
    integrity.verify(checkpoint)
    assert coder.encode(checkpoint) == path.read_bytes()


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "fresh"], ids=lambda path: path.stem)
def test_with_its_key_it_comes_out_as_it_was(path: Path) -> None:
    document = load(path)
    coder = codec.Codec(lambda: OPENER.from_provider(document.provider))
    checkpoint = coder.decode(document)
    assert not any(properties.is_sealed(resource.inputs) for resource in checkpoint.resources)
    assert coder.encode(checkpoint) == path.read_bytes()


def test_the_outputs_of_a_program_are_read() -> None:
    document = load(HERE / "program.json")
    outputs = codec.Codec(lambda: OPENER.from_provider(document.provider)).outputs(document)
    assert outputs["greeting"] == "hello"
    assert outputs["password"] == Secret("p<w>&d")
    assert outputs["nested"]["list"][2]["token"] == Secret("t")
    assert outputs["part"]["secret"] == Secret({"n": 1, "user": "a<b>&c"})
    assert outputs["inf"] == float("-inf")


def test_plain_outputs_need_no_key() -> None:
    outputs = codec.Codec().outputs(load(HERE / "program.json"))
    assert outputs["greeting"] == "hello"
    assert isinstance(outputs["password"].value, properties.Sealed)
