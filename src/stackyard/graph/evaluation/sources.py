"""Python files of an estate: read and parsed once, and where an import leads."""

from __future__ import annotations

import ast
import dataclasses
import functools
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from stackyard.errors import Position
from stackyard.estate import files
from stackyard.kit import syntaxtrees

_WORD: Final = re.compile(r"[^\W\d]\w*")
_IMPORT: Final = re.compile(r"^[ \t]*(?:from[ \t]+([.\w]+)[ \t]+import\b|import[ \t]+([\w., \t]+))", re.MULTILINE)


@dataclasses.dataclass(eq=False)
class Source:
    """One file. `name` is its path relative to the estate's root; `package` the folder its submodules lie in."""

    path: Path
    name: str
    text: str
    package: Path | None = None

    @functools.cached_property
    def words(self) -> frozenset[str]:
        """Every identifier of the text, those in comments and strings too."""
        return frozenset(_WORD.findall(self.text))

    @functools.cached_property
    def imported(self) -> tuple[str, ...]:
        """Modules that the text seems to import, dots in front for relative ones; found without parsing."""
        found: dict[str, None] = {}
        for match in _IMPORT.finditer(self.text):
            for name in [match[1]] if match[1] else match[2].split(","):
                if parts := name.split():
                    found[parts[0]] = None
        return tuple(found)

    @functools.cached_property
    def tree(self) -> ast.Module | None:
        """The syntax tree; None when there is a `fault`."""
        return self._parsed[0]

    @functools.cached_property
    def fault(self) -> tuple[Position, str] | None:
        """Where and why it does not parse."""
        return self._parsed[1]

    @functools.cached_property
    def _parsed(self) -> tuple[ast.Module | None, tuple[Position, str] | None]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return syntaxtrees.parse(self.text), None
        except SyntaxError as fault:
            return None, (Position(self.name, fault.lineno or 0, fault.offset or 0), fault.msg)
        except (ValueError, RecursionError, MemoryError) as fault:
            return None, (Position(self.name), str(fault) or "the source is nested too deeply")

    def position(self, node: ast.AST) -> Position:
        """Where a node stands."""
        return Position(self.name, getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1)


@dataclasses.dataclass(frozen=True)
class Found:
    """A module on disk: its source (None for a folder without `__init__.py`) and its folder of submodules."""

    source: Source | None
    package: Path | None


class Sources:
    """All sources of one estate, shared by the evaluations of all its stacks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[Path, Source | None] = {}
        self._modules: dict[tuple[Path, str], Found | None] = {}
        self._found: dict[int, tuple[tuple[Path, ...], dict[str, Found | None]]] = {}

    def read(self, path: Path) -> Source | None:
        """The source at `path`; None when there is no such file or it is refused."""
        if path not in self._files:
            self._files[path] = self._read(path)
        return self._files[path]

    def _read(self, path: Path) -> Source | None:
        try:
            text = files.read(path)
        except files.Refused:
            return None
        name = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)
        return Source(path, name, text, path.parent if path.name == "__init__.py" else None)

    def find(self, roots: tuple[Path, ...], dotted: str) -> Found | None:
        """The module `dotted` in the first of `roots` that has it."""
        # By identity, since hashing ten paths for each import is what would take the time; kept, so it stays unique.
        _, known = self._found.setdefault(id(roots), (roots, {}))
        if dotted not in known:
            known[dotted] = next((found for root in roots if (found := self.below(root, dotted)) is not None), None)
        return known[dotted]

    def below(self, folder: Path, dotted: str) -> Found | None:
        """The module `dotted` below one folder."""
        key = (folder, dotted)
        if key not in self._modules:
            head, _, tail = dotted.partition(".")
            found = self._one(folder, head)
            if tail:
                found = self.below(found.package, tail) if found and found.package else None
            self._modules[key] = found
        return self._modules[key]

    def _one(self, folder: Path, name: str) -> Found | None:
        package = folder / name
        if package.is_dir() and not package.is_symlink():
            source = self.read(package / "__init__.py")
            if source is not None:
                return Found(source, package)
        source = self.read(folder / f"{name}.py")
        if source is not None:
            return Found(source, None)
        return Found(None, package) if package.is_dir() and not package.is_symlink() else None

    def resolve(self, source: Source, dotted: str, roots: tuple[Path, ...]) -> Found | None:
        """The module that `source` means by `dotted`, which begins with dots when it is relative."""
        name = dotted.lstrip(".")
        level = len(dotted) - len(name)
        if not level:
            return self.find(roots, name)
        folder = source.path.parent
        for _ in range(level - 1):
            folder = folder.parent
        if not folder.is_relative_to(self.root):
            return None
        return self.below(folder, name) if name else Found(self.read(folder / "__init__.py"), folder)

    def closure(self, start: Source, roots: tuple[Path, ...]) -> Mapping[Path, Source]:
        """Everything that `start` seems to import, itself included, without parsing anything."""
        found = {start.path: start}
        waiting = [start]
        while waiting:
            source = waiting.pop()
            for dotted in source.imported:
                for each in self._along(source, dotted, roots):
                    if each.path not in found:
                        found[each.path] = each
                        waiting.append(each)
        return found

    def _along(self, source: Source, dotted: str, roots: tuple[Path, ...]) -> list[Source]:
        """The module, the packages on the way to it, and submodules that may be meant by `from x import y`."""
        found = []
        parts = dotted.lstrip(".").split(".")
        dots = "." * (len(dotted) - len(dotted.lstrip(".")))
        for count in range(1, len(parts) + 1):
            module = self.resolve(source, dots + ".".join(parts[:count]), roots)
            if module is None:
                break
            found += [module.source] if module.source else []
            if count == len(parts) and module.package is not None:
                pattern = re.compile(rf"^[ \t]*from[ \t]+{re.escape(dotted)}[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)", re.M)
                for match in pattern.finditer(source.text):
                    for name in _WORD.findall(match[1]):
                        below = self.below(module.package, name)
                        found += [below.source] if below and below.source else []
        return found
