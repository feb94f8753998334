"""Programs written by tests, run for real against a monitor in memory."""

from __future__ import annotations

import asyncio
import textwrap
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from stackyard.languages.base import Exit, Program
from stackyard.languages.python import PythonLanguage
from stackyard.testing.monitors import EchoMonitor

ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def language() -> AsyncIterator[PythonLanguage]:
    made = PythonLanguage(remember=False, linger_seconds=1.0, grace_seconds=1.0)
    yield made
    await made.close()


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Program]:
    """Write a program (`files`: others beside it) and describe it; keyword arguments are fields of Program."""

    def build(text: str, files: dict[str, str] | None = None, **fields: Any) -> Program:
        folder = fields.pop("folder", tmp_path)
        for name, content in {"__main__.py": text, **(files or {})}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content), encoding="utf-8")
        described = {"project": "project", "stack": "dev", "organization": "org", "environ": ENVIRON, **fields}
        return Program(directory=folder, **described)

    return build


@pytest.fixture
def run(language: PythonLanguage, write: Callable[..., Program]) -> Callable[..., Any]:
    """Write a program and run it: its Exit and the monitor that answered it."""

    async def go(
        text: str, monitor: EchoMonitor | None = None, through: PythonLanguage | None = None, **fields: Any
    ) -> tuple[Exit, EchoMonitor]:
        monitor = monitor or EchoMonitor(preview=bool(fields.get("dry_run")))
        async with asyncio.timeout(60):
            return await (through or language).run(write(text, **fields), monitor), monitor

    return go
