"""What to tell the author of a program that failed: a message, the line of theirs where it happened, a traceback."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
import traceback
import urllib.parse
from collections.abc import Iterator
from types import FrameType, TracebackType
from typing import Any

import pulumi
from pulumi.runtime import settings

_SDK = os.path.dirname(os.path.abspath(pulumi.__file__)) + os.sep
# The guest's own package lies in languages/python/guest of the package that started it.
_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))) + os.sep


def _installed() -> tuple[str, ...]:
    paths = {*sysconfig.get_paths().values(), *site.getsitepackages(), site.getusersitepackages()}
    return tuple(os.path.join(path, "") for path in paths if path not in (sys.prefix, sys.base_prefix, "/usr"))


_INSTALLED = (*_installed(), _OURS)


def is_sdk(filename: str) -> bool:
    """Whether a file belongs to the `pulumi` SDK itself."""
    return filename.startswith(_SDK)


def is_own(filename: str) -> bool:
    """Whether a file is the user's: neither installed, nor the standard library, nor ours."""
    if filename.startswith("<"):
        return False
    return not os.path.abspath(filename).startswith(_INSTALLED)


def caller(frame: FrameType | None) -> tuple[str, int]:
    """The nearest line of the user's own files at or above a frame; ("", 0) when there is none."""
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return os.path.abspath(frame.f_code.co_filename), frame.f_lineno
        frame = frame.f_back
    return "", 0


def describe(error: BaseException, failures: dict[str, Any]) -> dict[str, Any]:
    """The fault as the parent is told it; `failures` are the requests that failed, by the text of their failure."""
    error = _first(error)
    path, line, column = _place(error, failures)
    if isinstance(error, SystemExit):
        message = _exit_message(error)
    elif isinstance(error, pulumi.RunError) or str(error) in failures or hasattr(error, "stackyard_position"):
        message = str(error)
    elif isinstance(error, SyntaxError):
        message = f"{type(error).__name__}: {error.msg}"
    else:
        message = "".join(traceback.format_exception_only(type(error), error)).strip()
    return {"ok": False, "message": message, "path": path, "line": line, "column": column, "traceback": _text(error)}


def exit_status(error: SystemExit) -> int:
    """The status with which a SystemExit would end the process."""
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1


def _exit_message(error: SystemExit) -> str:
    if isinstance(error.code, str):
        return error.code
    return f"the program ended itself with exit code {exit_status(error)}"


def _first(error: BaseException) -> BaseException:
    """The SDK raises a later failure from the first one that went unhandled: the first is the one to show."""
    frame = _frames(error)
    if frame and is_sdk(frame[-1].filename) and error.__cause__ is not None and not _own_frames(error):
        return error.__cause__
    return error


def _traceback(error: BaseException) -> TracebackType | None:
    """A future that is awaited twice loses where its exception arose; the SDK keeps that of the first failed call."""
    calls = settings._get_rpc_manager()
    kept = getattr(calls, "exception_traceback", None)
    return kept if kept is not None and error is calls.unhandled_exception else error.__traceback__


def _frames(error: BaseException) -> traceback.StackSummary:
    return traceback.extract_tb(_traceback(error))


def _own_frames(error: BaseException) -> list[traceback.FrameSummary]:
    return [frame for frame in _frames(error) if is_own(frame.filename)]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _place(error: BaseException, failures: dict[str, Any]) -> tuple[str, int, int]:
    position = getattr(error, "stackyard_position", None)
    if position:
        return position[0], position[1], 0
    if isinstance(error, SyntaxError) and error.filename:
        return os.path.abspath(error.filename), error.lineno or 0, error.offset or 0
    for link in _chain(error):
        own = _own_frames(link)
        if own:
            return os.path.abspath(own[-1].filename), own[-1].lineno or 0, 0
    source = failures.get(str(error))
    if source is not None and source.uri.startswith("file://"):
        filename = urllib.parse.unquote(source.uri[len("file://") :])
        return (filename, source.line, 0) if is_own(filename) else ("", 0, 0)
    return "", 0, 0


def _text(error: BaseException) -> str:
    """The traceback from the first line of the user's on; whole when it has none."""
    frames = _frames(error)
    skip = next((index for index, frame in enumerate(frames) if is_own(frame.filename)), 0)
    tb = _traceback(error)
    for _ in range(skip):
        tb = tb.tb_next if tb else None
    return "".join(traceback.format_exception(type(error), error, tb)).rstrip()
