"""Runs one command to its end, or ends it and everything it started."""

from __future__ import annotations

import asyncio
import dataclasses
import signal
from collections.abc import Mapping, Sequence
from typing import Final

from stackyard import errors
from stackyard.kit import commands

_GRACE: Final = 2.0
_SHOWN_LINES: Final = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """What a command wrote, each without its last line break."""

    stdout: str
    stderr: str


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """`environ` is the whole environment; `timeout` is seconds, 0 = none; `quiet`: no output in error messages."""

    arguments: Sequence[str]
    directory: str
    environ: Mapping[str, str]
    stdin: str = ""
    timeout: float = 0
    quiet: bool = False


async def run(request: Request, what: str) -> Output:
    """Run it. Raises ProviderError, beginning with `what`, when it cannot start, fails or takes too long."""
    process = await _started(request, what)
    try:
        async with asyncio.timeout(request.timeout or None):
            stdout, stderr = await process.communicate(request.stdin.encode() if request.stdin else None)
    except TimeoutError:
        await commands.end(process, _GRACE)
        raise errors.ProviderError(f"{what} took longer than {request.timeout:g} s and was ended") from None
    except BaseException:
        await commands.end(process, _GRACE)
        raise
    output = Output(_text(stdout), _text(stderr))
    if process.returncode:
        raise errors.ProviderError(f"{what} {_ending(process.returncode)}{_tail(output, request.quiet)}")
    return output


async def _started(request: Request, what: str) -> asyncio.subprocess.Process:
    try:
        return await commands.start(
            request.arguments,
            cwd=request.directory,
            env=dict(request.environ),
            stdin=asyncio.subprocess.PIPE if request.stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except (OSError, ValueError) as error:
        raise errors.ProviderError(f"{what} could not start: {error}", hint="check dir and interpreter") from error


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace").removesuffix("\n")


def _ending(code: int) -> str:
    return f"exited with status {code}" if code > 0 else f"was ended by {signal.Signals(-code).name}"


def _tail(output: Output, quiet: bool) -> str:
    lines = [line for text in (output.stdout, output.stderr) for line in text.splitlines()]
    if quiet or not lines:
        return ""
    return ":\n" + "\n".join(lines[-_SHOWN_LINES:])
