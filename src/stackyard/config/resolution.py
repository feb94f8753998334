"""From a stack's files to the values its program gets, with where each came from.

The stack file wins over the fleet, the fleet over environments, those over the project's defaults; objects of stack
file and environments merge; types and required keys are the project file's (pulumi/pulumi pkg/workspace/config.go).
"""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stackyard import errors
from stackyard.config import stack_files, types
from stackyard.config.environments import consuming, sealing, values
from stackyard.config.environments.consuming import Consumed
from stackyard.config.environments.evaluation import Library
from stackyard.config.environments.values import Value
from stackyard.config.stack_files import StackFile
from stackyard.errors import Position
from stackyard.estate import documents, files
from stackyard.estate.documents import Node
from stackyard.model.diagnostics import Diagnostic, Severity, error
from stackyard.model.estates import Stack
from stackyard.model.resources import EMPTY
from stackyard.secrets.base import SecretsManager
from stackyard.secrets.opening import Opener

_PROJECT_FILES: Final = ("Pulumi.yaml", "Pulumi.yml")


@dataclasses.dataclass(frozen=True, slots=True)
class ResolvedConfig:
    """Full keys to values as text (structured ones as JSON), secrets in clear; and where each was written.

    tree       the same values in full: what each overrode, and where the parts of objects stand
    variables  environment variables of the program, from environments
    files      contents of temporary files, by the variable that is to hold the file's path
    notes      what does not stop, such as a secret in clear
    """

    values: Mapping[str, str] = EMPTY
    secret_keys: tuple[str, ...] = ()
    origins: Mapping[str, Position] = EMPTY
    tree: Mapping[str, Value] = EMPTY
    variables: Mapping[str, Value] = EMPTY
    files: Mapping[str, Value] = EMPTY
    notes: tuple[Diagnostic, ...] = ()


def resolve(stack: Stack, opener: Opener) -> ResolvedConfig:
    """The configuration of a stack. Blocks for 0.2 seconds at the first secret of a salt: call it in a thread.

    Raises DiagnosedError with all faults at once, and SecretsError when they are only of the passphrase.
    """
    resolving = _Resolving(stack, stack_files.read(stack), opener)
    resolving.take_stack_file()
    resolving.take_fleet()
    resolving.take_environments()
    resolving.take_project()
    return resolving.finished()


def look_up(stack: Stack, key: str, opener: Opener) -> tuple[Any, bool]:
    """One value by its full key, structured as it was written, and whether it is secret. Types are not checked.

    Raises ConfigError when nobody sets it, SecretsError, DiagnosedError for a stack file with faults.
    """
    file = stack_files.read(stack)
    if any(d.severity is Severity.ERROR for d in file.diagnostics):
        raise errors.DiagnosedError(file.diagnostics)
    one = dataclasses.replace(file, config=tuple(entry for entry in file.config if entry.key == key))
    resolving = _Resolving(stack, one, opener)
    resolving.take_stack_file()
    if resolving.locked:
        raise resolving.locked
    resolving.take_fleet()
    resolving.take_environments(key)
    if resolving.locked:
        raise resolving.locked
    resolving.take_project()
    if key not in resolving.tree:
        name = stack.name.short
        raise errors.ConfigError(
            f"stack {name} has no configuration value `{key}`",
            hint=f"set it with `stackyard config set --on {name} {key} VALUE`",
        )
    if resolving.tree[key].missing:
        raise errors.DiagnosedError(resolving.errors())
    return resolving.tree[key].plain(), key in resolving.secret


class _Resolving:
    def __init__(self, stack: Stack, file: StackFile, opener: Opener) -> None:
        self.stack = stack
        self.file = file
        self.opener = opener
        self.tree: dict[str, Value] = {}
        self.secret: set[str] = set()
        self.consumed = Consumed()
        self.in_file = {entry.key for entry in file.config}
        self.unread: set[str] = set()
        self.found: list[Diagnostic] = [dataclasses.replace(d, stack=stack.name.short) for d in file.diagnostics]
        self.locked: errors.SecretsError | None = None

    def fault(self, message: str, position: Position | None, hint: str = "") -> None:
        self.found.append(error(message, hint=hint, position=position, stack=self.stack.name.short))

    def put(self, key: str, value: Any, position: Position, *, secret: bool = False) -> None:
        """A value that all stands at one place, or what is below one that is there already."""
        self.lay(key, values.built(value, position, secret=secret))

    def lay(self, key: str, value: Value) -> None:
        """Put a value under what is there of its key."""
        top = self.tree.get(key)
        self.tree[key] = values.over(value, top) if top is not None else value
        if value.is_secret and (top is None or (top.fields is not None and value.fields is not None)):
            self.secret.add(key)

    def take_stack_file(self) -> None:
        """The values of `Pulumi.<stack>.yaml`, secrets opened."""
        for entry in self.file.config:
            try:
                self.lay(entry.key, self.opened(entry.node, entry.position))
            except errors.SecretsError as fault:
                self.locked = self.locked or errors.SecretsError(
                    f"`{entry.key}` cannot be decrypted: {fault.message}", hint=fault.hint, position=entry.position
                )
                self.unread.add(entry.key)

    def opened(self, node: Node, position: Position) -> Value:
        """A node of the stack file, whose key stands at `position`."""
        ciphertext = stack_files.ciphertext(node)
        if ciphertext is not None:
            return Value(self.manager.decrypt(ciphertext), position, secret=True)
        if node.fields is not None:
            below = {key: self.opened(each, node.keys.get(key, each.position)) for key, each in node.fields.items()}
            return Value(below, position)
        if node.items is not None:
            return Value([self.opened(each, each.position) for each in node.items], position)
        return Value(stack_files.scalar(node), position)

    def take_environments(self, only: str = "") -> None:
        """What the environments of the manifest and of the stack file give, where nothing above says otherwise."""
        library = Library(consuming.root_of(self.stack), functools.partial(sealing.open_with, self.opener))
        self.consumed = consuming.consume(self.stack, self.file, library)
        self.found += [dataclasses.replace(each, stack=self.stack.name.short) for each in library.found]
        for key, value in self.consumed.config.items():
            if key in self.unread or (only and key != only):
                continue
            if value.missing and library.locked:
                self.unread.add(key)
            elif value.fields is not None and key in self.in_file and key in self.tree:
                self.lay(key, _patched(value, self.tree[key]))
                self.tree[key] = _without_nulls(self.tree[key], value)
            else:
                self.lay(key, value)
        self.locked = self.locked or library.locked

    @functools.cached_property
    def manager(self) -> SecretsManager:
        """The key of the stack file. Raises SecretsError."""
        return manager_of(self.file, self.opener)

    def take_fleet(self) -> None:
        """What the fleet gives its stacks, where the stack file does not say otherwise."""
        position = self.stack.fleet_position or self.stack.project.position or self.file.position
        for text, value in self.stack.fleet_config.items():
            key = stack_files.full_key(text, self.stack.project.name)
            if key not in self.unread:
                self.put(key, value, position)

    def take_project(self) -> None:
        """The project file's `config:`: defaults, types, and what must be there."""
        project = self.stack.project
        for text in sorted(project.config):
            try:
                key = stack_files.full_key(text, project.name)
                declared = types.declared(project.config[text], is_own=key.startswith(f"{project.name}:"))
            except ValueError as fault:
                self.fault(f"config `{text}`: {fault}", self.declared_at(text))
                continue
            self.apply(text, key, declared)

    def apply(self, text: str, key: str, declared: types.Declared) -> None:
        """One declared key."""
        if key in self.unread:
            return
        if key not in self.tree:
            if declared.has_value:
                self.put(key, declared.value, self.declared_at(text), secret=declared.secret)
            elif declared.required:
                self.fault(
                    f"missing configuration value `{text}` (declared at {self.declared_at(text)})",
                    self.file.position,
                    f"set it with `stackyard config set --on {self.stack.name.short} {text} VALUE`",
                )
            return
        if self.tree[key].missing:
            return
        position = self.tree[key].position
        if declared.has_value and not isinstance(declared.value, dict):
            self.put(key, declared.value, self.declared_at(text), secret=declared.secret)
        if declared.type and not types.fits(self.tree[key].plain(), declared):
            self.fault(f"`{text}` must be of type {declared.type_name}", position, "the project file says so")
        if declared.secret and key not in self.secret and not (declared.type and key in self.in_file):
            self.secret.add(key)
        elif declared.secret and key not in self.secret:
            hint = f"encrypt it with `stackyard config set --on {self.stack.name.short} {text} --secret`"
            self.fault(f"`{text}` must be encrypted: the project says that it is secret", position, hint)

    def declared_at(self, text: str) -> Position:
        """Where the project file has a key."""
        return _declarations(self.stack).get(text) or self.stack.project.position or Position("Pulumi.yaml")

    def finished(self) -> ResolvedConfig:
        """The result, or every fault."""
        texts: dict[str, str] = {}
        for key in sorted(self.tree):
            if self.tree[key].missing:
                continue
            try:
                texts[key] = stack_files.text_of(self.tree[key].plain())
            except ValueError as fault:
                self.fault(f"`{key}`: {fault}", self.tree[key].position)
        if self.errors():
            if self.locked:
                self.fault(self.locked.message, self.locked.position, self.locked.hint)
            raise errors.DiagnosedError(self.errors())
        if self.locked:
            raise self.locked
        return ResolvedConfig(
            texts,
            tuple(sorted(self.secret)),
            {key: self.tree[key].position for key in texts},
            self.tree,
            self.consumed.variables,
            self.consumed.files,
            tuple(self.found),
        )

    def errors(self) -> list[Diagnostic]:
        """What stops."""
        return [each for each in self.found if each.severity is Severity.ERROR]


def _patched(environment: Value, top: Value) -> Value:
    """An environment's object without what the stack file takes away by a null."""
    if environment.fields is None or top.fields is None:
        return environment
    gone = {key for key, value in top.fields.items() if value.data is None}
    kept = {
        key: _patched(value, top.fields[key]) if key in top.fields else value
        for key, value in environment.fields.items()
        if key not in gone
    }
    return dataclasses.replace(environment, data=kept)


def _without_nulls(merged: Value, environment: Value) -> Value:
    """The merged object without the nulls that took something away."""
    if merged.fields is None or environment.fields is None:
        return merged
    below = environment.fields
    kept = {
        key: _without_nulls(value, below[key]) if key in below else value
        for key, value in merged.fields.items()
        if value.data is not None or key not in below
    }
    return dataclasses.replace(merged, data=kept)


def manager_of(file: StackFile, opener: Opener) -> SecretsManager:
    """The key that a stack file names. Raises SecretsError when it names none, or one that is not known."""
    if file.secrets_provider not in ("", "passphrase", "default"):
        kind = file.secrets_provider.partition(":")[0]
        raise errors.SecretsError(f"secrets kept by {kind!r} cannot be opened here", hint="known is the passphrase")
    if not file.salt:
        raise errors.SecretsError(
            "the file has no `encryptionsalt`", hint="set the value again with `stackyard config set --secret`"
        )
    return opener.from_salt(file.salt)


def _declarations(stack: Stack) -> Mapping[str, Position]:
    """Where the project file declares each key; empty when that cannot be read any more."""
    project = stack.project
    shown = project.position.path if project.position else str(project.path / _PROJECT_FILES[0])
    for name in _PROJECT_FILES:
        path = project.path / name
        if path.is_file():
            status = os.stat(path)
            return _positions(path, shown, status.st_mtime_ns, status.st_size)
    return EMPTY


@functools.lru_cache(maxsize=256)
def _positions(path: Path, shown: str, _modified: int, _size: int) -> Mapping[str, Position]:
    try:
        root = documents.parse(files.read(path), shown).root
    except files.Refused:
        return EMPTY
    return dict(root.at("config").keys) if root and root.fields and "config" in root.fields else EMPTY
