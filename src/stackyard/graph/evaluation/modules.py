"""Modules: what an import runs, and what the names of a module are."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Final

from stackyard.graph.evaluation import values
from stackyard.graph.evaluation.frames import Frame, Module
from stackyard.graph.evaluation.objects import Objects
from stackyard.graph.evaluation.sources import Found, Source
from stackyard.graph.evaluation.statements import Leave
from stackyard.graph.evaluation.values import External, Imported, Unknown, Value

EMPTY: Final = ast.Module([], [])


class Modules(Objects):
    """Imports modules of the estate and looks up their names."""

    def module(self, dotted: str, source: Source) -> Module:
        """The module of a source."""
        found = self.modules.get(source.path)
        if found is None:
            tree = source.tree or EMPTY
            found = self.modules[source.path] = Module(dotted, source, self.shared.scope(tree))
            self.files.add(source.path)
        return found

    def enter(self, module: Module) -> None:
        """Import a module: those it imports first, then its own statements that lead to a reference."""
        if module.entered or module.source.tree is None:
            return
        module.entered = True
        module.conditional = self.conditional
        for node in module.scope.imports:
            for found in self.imported_by(node, module):
                if found.source is not None:
                    self.enter(self.module(found.source.path.stem, found.source))
        if self.shared.sinks.isdisjoint(module.source.words):
            return
        wanted = module.scope.slice(frozenset(module.scope.changers), self.shared.sinks)
        if wanted:
            with self.elsewhere((), self.conditional):
                self.run(Frame(module, module.names, wanted), module.source.tree.body)

    def imported_by(self, node: ast.Import | ast.ImportFrom, module: Module) -> list[Found]:
        """The modules of the estate that an import statement runs."""
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            found = [self.find(module, base)]
            if found[0] and found[0].package:
                found += [self.shared.sources.below(found[0].package, name) for name in names if name != "*"]
        else:
            found = [self.find(module, name) for name in names]
        return [each for each in found if each is not None]

    def find(self, module: Module, dotted: str) -> Found | None:
        """The module of the estate that `module` means by a name."""
        return self.shared.sources.resolve(module.source, dotted, self.subject.roots)

    def imported(self, node: ast.Import | ast.ImportFrom, frame: Frame) -> Leave | None:
        """An import statement: binds its names."""
        for found in self.imported_by(node, frame.module):
            if found.source is not None and frame.owner is not None:
                self.enter(self.module(found.source.path.stem, found.source))
        for alias in node.names:
            if alias.name == "*":
                continue
            if isinstance(node, ast.ImportFrom):
                base = "." * node.level + (node.module or "")
                value = self.member_of_module(self.find(frame.module, base), base, alias.name)
                frame.names[alias.asname or alias.name] = value
            elif alias.asname:
                frame.names[alias.asname] = self.imported_module(frame.module, alias.name)
            else:
                head = alias.name.partition(".")[0]
                frame.names[head] = self.imported_module(frame.module, head)
        return None

    def imported_module(self, module: Module, dotted: str) -> Value:
        """A module as a value."""
        found = self.find(module, dotted)
        return self.as_value(found, dotted) if found else External(dotted)

    def as_value(self, found: Found, dotted: str) -> Value:
        """A module of the estate as a value; a folder without `__init__.py` has nothing but its submodules."""
        if found.source is not None:
            return Imported(self.module(dotted, found.source))
        empty = Source((found.package or Path()) / "__init__.py", dotted, "", found.package)
        return Imported(Module(dotted, empty, self.shared.scope(EMPTY)))

    def member_of_module(self, found: Found | None, base: str, name: str) -> Value:
        """`from base import name`."""
        if found is None:
            return External(f"{base}.{name}")
        if found.source is not None:
            value = self.look_up(self.module(base.rpartition(".")[2] or base, found.source), name)
            if value != values.undefined(name):
                return value
        below = self.shared.sources.below(found.package, name) if found.package else None
        return self.as_value(below, f"{base}.{name}") if below else values.undefined(name)

    def look_up(self, module: Module, name: str) -> Value:
        """The value that a name of a module has in the end."""
        if "global" in module.source.words and name in module.scope.shared:
            return Unknown(f"the global variable {name}, which functions set")
        if name in module.names:
            return module.names[name]
        if name in module.asked:
            return module.asked[name]
        if name == "__name__":
            return module.dotted
        if name in module.asking:
            return Unknown(f"the name {name}, which is defined by itself")
        module.asking.add(name)
        try:
            value = self.asked(module, name)
        finally:
            module.asking.discard(name)
        module.asked[name] = value
        return value

    def asked(self, module: Module, name: str) -> Value:
        """Evaluate what a name of a module depends on, apart from the module's own run."""
        tree = module.source.tree
        if tree is None:
            return Unknown(f"{module.source.name}, which cannot be parsed")
        changers = module.scope.changers.get(name, frozenset())
        if not changers <= self.shared.sinks:
            return Unknown(f"the collection {name}, which functions change")
        if name in module.scope.bound:
            wanted = module.scope.slice(frozenset({name}), frozenset())
            frame = Frame(module, {}, wanted)
            with self.elsewhere((), module.conditional):
                self.run(frame, tree.body)
            if name in frame.names:
                return frame.names[name]
        for star in module.scope.stars:
            base = "." * star.level + (star.module or "")
            found = self.find(module, base)
            if found is None and base.partition(".")[0] == "pulumi":
                return External(f"{base}.{name}")
            if found is not None and not name.startswith("_"):
                value = self.member_of_module(found, base, name)
                if value != values.undefined(name):
                    return value
        below = self.shared.sources.below(module.source.package, name) if module.source.package else None
        return self.as_value(below, f"{module.dotted}.{name}") if below else values.undefined(name)
