"""The handlers of the control API, imported as their functions import them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HANDLERS = Path(__file__).parents[3] / "platform" / "control_api" / "handlers"


@pytest.fixture
def handlers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """`handlers("runs")`: a module of the control API's code, fresh for each test."""
    monkeypatch.syspath_prepend(str(HANDLERS))
    monkeypatch.setenv("STAGE", "production")
    monkeypatch.setenv("ORGANIZATIONS_TABLE", "organizations")
    yield importlib.import_module
    for module in (path.stem for path in HANDLERS.glob("*.py")):
        sys.modules.pop(module, None)
