"""Run a function right after a module has been imported, before whoever asked for it can copy a name from it.

ministack imports its services on their first request and copies functions between modules with `from … import`;
a cure applied on arrival reaches every copy and costs nothing for services that are never used.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from collections.abc import Callable, Mapping, Sequence

Cure = Callable[[types.ModuleType], None]


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader, cures: Sequence[Cure]) -> None:
        self._loader = loader
        self._cures = cures

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        self._loader.exec_module(module)
        for cure in self._cures:
            cure(module)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, cures: Mapping[str, Sequence[Cure]]) -> None:
        self._cures = cures

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        cures = self._cures.get(fullname)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path) if cures else None
        if cures and spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, cures)
        return spec


def watch(cures: Mapping[str, Sequence[Cure]]) -> None:
    """Apply `cures`, a list of functions for each module name, as those modules arrive.

    Raises RuntimeError when one of them has arrived already, since its names may have been copied.
    """
    late = sorted(set(cures) & set(sys.modules))
    if late:
        raise RuntimeError(f"imported before it could be cured: {', '.join(late)}")
    sys.meta_path.insert(0, _Finder(cures))
