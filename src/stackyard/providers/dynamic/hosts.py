"""The processes that dynamic providers run in."""

from __future__ import annotations

import asyncio
import collections
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.kit import commands
from stackyard.languages.nodejs import language as nodejs
from stackyard.languages.python import interpreters
from stackyard.providers import base
from stackyard.wire import serving

_NODE: Final = Path(__file__).with_name("host.cjs")
_PYTHON: Final = Path(__file__).with_name("host.py")
_ENGINE: Final = "127.0.0.1:0"
"""Where the hosts are told that the engine is; they never call it."""
_START_SECONDS: Final = 60.0
_LINES: Final = 20


def command(package: str, settings: base.Settings) -> tuple[Sequence[str], Mapping[str, str]]:
    """How the host for one project is started, and with which environment. Raises `errors.ConfigError`."""
    directory = Path(settings.directory)
    environ = {**settings.environ, "PULUMI_PROJECT": settings.project, "PULUMI_NODEJS_PROJECT": settings.project}
    if package == "pulumi-nodejs":
        node, runner = nodejs.found(directory, environ)
        host = runner.parents[1] / "dynamic-provider" / "index.js"
        return (node, "-r", str(_NODE), str(host), _ENGINE), environ
    interpreter = interpreters.resolve(directory, settings.options, environ)
    # Unbuffered: its first line is what we wait for.
    arguments = (interpreter or sys.executable, "-u", str(_PYTHON), _ENGINE)
    return arguments, interpreters.activated(environ, interpreter)


class Host:
    """A running host. It ends when its standard input does, which it does at the latest with us."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str) -> None:
        self._process = process
        self._folder = folder
        self._last: collections.deque[str] = collections.deque(maxlen=_LINES)
        self._serves: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.ensure_future(self._read(process.stdout, first=True)),
            asyncio.ensure_future(self._read(process.stderr, first=False)),
        ]

    @classmethod
    async def start(cls, arguments: Sequence[str], directory: str, environ: Mapping[str, str]) -> Host:
        """Start it. Raises ProviderError when there is no such program."""
        folder = serving.private_folder()
        try:
            process = await commands.start(
                arguments,
                cwd=directory,
                env={**environ, "STACKYARD_SOCKET": f"{folder}/s"},
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            reason = os.strerror(error.errno or 0)
            raise errors.ProviderError(f"the host of dynamic providers cannot be started: {reason}") from error
        return cls(process, folder)

    async def address(self) -> str:
        """Where it serves, as soon as it does. Raises ProviderError, with what it wrote, when it does not."""
        waited: set[asyncio.Future[Any]] = {self._serves, *self._readers}
        done, _ = await asyncio.wait(waited, timeout=_START_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if self._serves.done():
            return f"unix:{self._folder}/s"
        await asyncio.wait(self._readers, timeout=1)
        how = "ended" if done else f"did not serve within {_START_SECONDS:g} s"
        raise errors.ProviderError(f"the host of dynamic providers {how}: " + "\n".join(self._last))

    async def close(self) -> None:
        """End it and everything that it started."""
        await commands.end(self._process)
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _read(self, stream: asyncio.StreamReader, *, first: bool) -> None:
        """Its first line is a number, which says that it serves.

        The rest is kept for its end, and read so that it never waits for us.
        """
        rest = b""
        while data := await stream.read(65536):
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                text = line.decode(errors="replace").strip()
                if first and text.isdigit() and not self._serves.done():
                    self._serves.set_result(None)
                else:
                    self._last.append(text)
        self._last.extend([rest.decode(errors="replace")] if rest else [])
