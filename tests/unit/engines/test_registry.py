"""Engines by name."""

from __future__ import annotations

import pytest

from stackyard import errors
from stackyard.engines import registry
from stackyard.engines.embedded.engine import EmbeddedEngine


def test_the_embedded_engine_is_registered() -> None:
    assert "embedded" in registry.names()
    assert registry.load("embedded") is EmbeddedEngine


def test_an_unknown_engine_names_those_there_are() -> None:
    with pytest.raises(errors.UsageError, match="no engine 'steam'") as told:
        registry.load("steam")
    assert "embedded" in told.value.hint
