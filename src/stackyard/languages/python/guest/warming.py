"""What one program makes a fresh interpreter load and work out, the zygote can have ready for the next.

A name is a module (`pulumi_aws.sqs`) or a class in one (`pulumi_aws.sqs.queue:Queue`), whose type hints the SDK
evaluates on first use: a third of a small program's time.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import operator
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pulumi._types as types

from . import faults

_used: set[type] = set()
_evaluate: Callable[[type], Any] | None = getattr(types, "_types_from_py_properties", None)


def _recording(cls: type) -> Any:
    _used.add(cls)
    assert _evaluate is not None
    return _evaluate(cls)


if _evaluate is not None:
    functools.update_wrapper(_recording, _evaluate)
    setattr(types, "_types_from_py_properties", _recording)  # noqa: B010 - private to the SDK


def warm(name: str) -> None:
    """Import a module, or evaluate the hints of a class; skip what cannot be.

    It is tried again, and fails where its author sees it, in the program that wants it.
    """
    module, _, path = name.partition(":")
    with contextlib.suppress(Exception):
        # A lazy parent must run first: later, its function of the same name would give way to this module.
        for parent in itertools.accumulate(module.split(".")[:-1], "{}.{}".format):
            hasattr(importlib.import_module(parent), "__all__")
        loaded = importlib.import_module(module)
        if path and _evaluate is not None:
            _evaluate(operator.attrgetter(path)(loaded))


def reads_configuration(package: str) -> bool:
    """Whether an SDK read the configuration while it was imported: then what it read is the zygote's, none's.

    Generated SDKs give this module a class whose properties read when they are asked; old ones read at once.
    """
    settings = sys.modules.get(f"{package}.config.vars")
    return settings is not None and type(settings) is ModuleType


def begin() -> int:
    """Forget which classes were used; how many modules are loaded."""
    _used.clear()
    return len(sys.modules)


def learnt(before: int, patterns: list[str]) -> list[str]:
    """The names worth warming after `begin` returned `before`: of installed packages that match `patterns` alone."""
    found: list[str] = []
    # From the newest back: looking at every name would copy the pages they lie in from the zygote.
    for name in reversed(sys.modules):
        if len(found) >= len(sys.modules) - before:
            break
        found.append(name)
    modules = [name for name in reversed(found) if _matches(name, patterns) and not _is_own(name)]
    classes = [f"{cls.__module__}:{cls.__qualname__}" for cls in _used if _matches(cls.__module__, patterns)]
    return modules + sorted(name for name in classes if not _is_own(name.partition(":")[0]))


def _matches(name: str, patterns: list[str]) -> bool:
    top = name.partition(".")[0]
    return any(top == pattern or (pattern[-1] == "*" and top.startswith(pattern[:-1])) for pattern in patterns)


def _is_own(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    origin = getattr(spec, "origin", None)
    return origin is None or faults.is_own(origin)
