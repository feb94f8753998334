"""The backends against their contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from stackyard.state.base import Backend
from stackyard.state.diy import FileBackend
from stackyard.state.memory import MemoryBackend
from stackyard.testing.backends import BackendConformance


class TestFile(BackendConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return FileBackend(f"file://{tmp_path}")


class TestMemory(BackendConformance):
    @pytest.fixture
    def backend(self) -> Backend:
        return MemoryBackend()
