"""The resource types of our providers are those of the installed SDKs: same inputs, no output missing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

import pytest

from stackyard.providers import recorded, schemas
from stackyard.providers.command import provider as command
from stackyard.providers.random import provider as random
from stackyard.providers.schemas import Kind
from stackyard.providers.simulated import sdk
from stackyard.providers.tls import provider as tls

RECORDERS: Mapping[str, recorded.Recorder] = {**random._RECORDERS, **tls._RECORDERS}


def declared(token: str) -> sdk.ResourceType:
    package = sdk.find(token.split(":", 1)[0], tuple(sys.path))
    assert package is not None
    found = package.resource(token)
    assert found is not None
    return found


def shapes(schema: schemas.Schema, prefix: str = "") -> Iterator[tuple[str, Kind, bool]]:
    for name, field in schema.items():
        yield prefix + name, field.kind, field.required
        if field.kind is Kind.OBJECT and field.fields is not None:
            yield from shapes(field.fields(), f"{prefix}{name}.")


@pytest.mark.parametrize("token", sorted(RECORDERS))
def test_inputs_are_those_of_the_sdk(token: str) -> None:
    assert set(shapes(RECORDERS[token].schema)) == set(shapes(declared(token).inputs))


@pytest.mark.parametrize("token", sorted(RECORDERS))
def test_no_output_is_missing(token: str) -> None:
    recorder = RECORDERS[token]
    needed = {name for name, field in declared(token).outputs.items() if field.required}
    inputs = {name: "given" for name, field in recorder.schema.items() if field.required}
    given = recorder.derive(schemas.with_defaults(recorder.schema, inputs))
    assert needed <= {*given, *recorder.computed}


@pytest.mark.parametrize("token", sorted(RECORDERS))
def test_computed_outputs_exist_in_the_sdk(token: str) -> None:
    assert set(RECORDERS[token].computed) <= set(declared(token).outputs)


def test_the_inputs_of_a_command_are_those_of_the_sdk() -> None:
    ours = {name for name, _, _ in shapes(command._COMMAND)}
    assert ours == set(declared(command.COMMAND).inputs)


@pytest.mark.parametrize("package", ["random", "tls"])
def test_every_type_of_the_sdk_is_there(package: str) -> None:
    found = sdk.find(package, tuple(sys.path))
    assert found is not None
    text = (found.folder / "__init__.py").read_text()
    tokens = {part for part in text.split('"') if part.startswith(f"{package}:index/")}
    assert tokens == {token for token in RECORDERS if token.startswith(f"{package}:")}
