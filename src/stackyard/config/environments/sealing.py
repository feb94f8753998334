"""Secrets of environments: the ciphertext that stands in a file, and encrypting what stands there in clear."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from stackyard import errors
from stackyard.config.environments import functions, syntax
from stackyard.errors import Position
from stackyard.estate import documents
from stackyard.estate import files as sources
from stackyard.estate.documents import Node
from stackyard.kit import files
from stackyard.secrets.opening import Opener

_MARK: Final = "|"
_SECRET: Final = "fn::secret"
_ONE_LINE: Final = re.compile(
    r"""(?P<key>["']?fn::secret["']?\s*:[ \t]+)"""
    r"""(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'\[\]{},#&*!|>%@`][^\n{},]*?)"""
    r"(?P<rest>[ \t]*(?:[},][^\n]*|[ \t]#[^\n]*)?)(?=\n|$)"
)


def open_with(opener: Opener, ciphertext: str) -> str:
    """The text behind a ciphertext, `SALT|TEXT`. Raises SecretsError. The first secret of a salt takes 0.2 seconds."""
    salt, mark, sealed = ciphertext.partition(_MARK)
    if not mark:
        raise errors.SecretsError(
            "this is no ciphertext of ours",
            hint="write the plain text after fn::secret and encrypt it with `stackyard config encrypt`",
        )
    return opener.from_salt(salt).decrypt(sealed)


@dataclasses.dataclass(frozen=True, slots=True)
class Encrypted:
    """An environment whose file was changed, and where its secrets stood."""

    name: str
    secrets: tuple[Position, ...]


def encrypt(root: Path, name: str, opener: Opener) -> Encrypted:
    """Encrypt every plain `fn::secret` of an environment in place. Comments and order stay.

    Raises ConfigError for a file that is not there, that has faults, or a secret that does not stand on one line;
    then nothing is changed. Raises SecretsError.
    """
    shown = syntax.shown(name)
    path = sources.inside(root, shown) if syntax.is_name(name) else None
    if path is None or not path.is_file():
        raise errors.ConfigError(f"there is no environment {name!r}", hint=f"it would be {shown}")
    try:
        text = sources.read(path)
    except sources.Refused as refusal:
        raise errors.ConfigError(refusal.message, hint=refusal.hint, position=Position(shown)) from None
    document = documents.parse(text, shown)
    if document.root is None or document.diagnostics:
        raise errors.DiagnosedError(document.diagnostics) if document.diagnostics else errors.ConfigError("is empty")
    plain = list(_plain(document.root))
    lines = text.splitlines(keepends=True)
    for key, node in sorted(plain, key=lambda found: found[0], reverse=True):
        manager = opener.new()
        sealed = f"{manager.salt}{_MARK}{manager.encrypt(_literal(node) or '')}"
        lines[key.line - 1] = _replaced(lines[key.line - 1], key, node, sealed)
    if plain:
        _check(document.root, "".join(lines), shown)
        files.write(path, "".join(lines).encode(), mode=path.stat().st_mode & 0o777)
    return Encrypted(name, tuple(key for key, _ in plain))


def _plain(node: Node) -> Iterator[tuple[Position, Node]]:
    """Every secret in clear: where its key stands, and its text."""
    if node.fields is not None:
        if functions.called(node) == _SECRET:
            inner = node.fields[_SECRET]
            if _literal(inner) is not None:
                yield node.keys.get(_SECRET, node.position), inner
            return
        for below in node.fields.values():
            yield from _plain(below)
    for below in node.items or ():
        yield from _plain(below)


def _literal(node: Node) -> str | None:
    """The text of a node that refers to nothing; None for any other."""
    if node.kind != "string":
        return None
    try:
        parts = syntax.parts_of(node.text)
    except syntax.Malformed:
        return None
    return "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else None


def _replaced(line: str, key: Position, node: Node, sealed: str) -> str:
    match = _ONE_LINE.match(line, key.column - 1)
    if match is None or node.position.line != key.line:
        hint = "put `fn::secret: TEXT` on one line, with \\n for a line's end in double quotes"
        raise errors.ConfigError("this secret cannot be encrypted in place", hint=hint, position=key)
    ciphertext = f"{{ {functions.CIPHERTEXT}: {json.dumps(sealed)} }}"
    return line[: match.start()] + match["key"] + ciphertext + match["rest"] + line[match.end() :]


def _check(before: Node, text: str, shown: str) -> None:
    """What is written must say the same but for the secrets."""
    after = documents.parse(text, shown)
    if after.root is None or after.diagnostics or _without_secrets(before) != _without_secrets(after.root):
        raise errors.ConfigError("cannot be edited without changing other values in it", position=Position(shown))


def _without_secrets(node: Node) -> object:
    if node.fields is not None:
        if functions.called(node) == _SECRET:
            return _SECRET
        return {key: _without_secrets(below) for key, below in node.fields.items()}
    return [_without_secrets(below) for below in node.items] if node.items is not None else node.scalar
