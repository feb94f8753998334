"""`config set`, `get` and `rm`: small changes to a stack's file that leave the rest as it was written.

Every edit is checked before it is saved: the new text must say what was asked for, and nothing else may have
changed. Values and `--path` follow pulumi/pulumi sdk/go/common/resource/config/object.go.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stackyard import errors
from stackyard.config import resolution, stack_files
from stackyard.config.stack_files import StackFile
from stackyard.estate import documents
from stackyard.estate import files as sources
from stackyard.estate.documents import Node
from stackyard.kit import files
from stackyard.model import paths
from stackyard.model.diagnostics import Severity
from stackyard.model.estates import Stack
from stackyard.secrets.opening import Opener

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_PLAIN: Final = re.compile(r"[A-Za-z/](?:[\w ./@%+=-]*[\w/=])?")
# Lines without control characters, the first one not indented: what a literal block can hold as it is.
_BLOCK: Final = re.compile(r"[^\s][^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]*")
_WORDS: Final = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_ABSENT: Final = object()


def set_value(
    stack: Stack, key: str, value: str, opener: Opener, *, secret: bool = False, is_path: bool = False
) -> str:
    """Set a key (with `is_path`, a place inside its value) and return its full name.

    A first secret gives the file its `encryptionsalt`. Inside a value, `true`, `false` and whole numbers are
    not text. Raises ConfigError, SecretsError, DiagnosedError for a file with faults; then nothing is changed.
    """
    full, inner = _address(stack, key, is_path)
    edit = _Edit(stack)
    plain: Any = _coerced(value) if is_path and not secret else value
    if secret:
        plain = {"secure": edit.manager(opener).encrypt(value)}
    edit.put(full, inner, plain)
    edit.save(full)
    return full


def remove(stack: Stack, key: str, *, is_path: bool = False) -> bool:
    """Remove a key, or a place inside its value; whether it was there. Raises as `set_value` does."""
    full, inner = _address(stack, key, is_path)
    edit = _Edit(stack)
    if not edit.drop(full, inner):
        return False
    edit.save(full)
    return True


def get_value(stack: Stack, key: str, opener: Opener, *, is_path: bool = False) -> tuple[str, bool]:
    """A value as the program would get it, and whether it is secret: from the file, the fleet or the project.

    Raises ConfigError when nobody sets it, and as `set_value` does.
    """
    full, inner = _address(stack, key, is_path)
    value, is_secret = resolution.look_up(stack, full, opener)
    try:
        return stack_files.text_of(paths.get(value, inner)), is_secret
    except KeyError:
        raise errors.ConfigError(f"stack {stack.name.short} has no configuration value `{key}`") from None


def _address(stack: Stack, key: str, is_path: bool) -> tuple[str, paths.Path]:
    try:
        head, *inner = paths.parse(key) if is_path else (key,)
        return stack_files.full_key(str(head), stack.project.name), tuple(inner)
    except ValueError as fault:
        raise errors.ConfigError(str(fault) or f"{key!r} is not a configuration key") from None


def _coerced(value: str) -> Any:
    if value in ("true", "false"):
        return value == "true"
    if re.fullmatch(r"-?[0-9]{1,19}", value) and not (len(value) > 1 and value[0] == "0"):
        return int(value)
    return value


class _Edit:
    """One change of one stack file, in memory until it is saved."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._path: Path = stack.config_path
        self._file = self._checked(stack_files.read(stack))
        self._text = sources.read(self._path) if self._path.exists() else ""
        self._yaml = _round_trip(self._text)
        self._root = self._yaml.load(self._text)
        if self._root is None:
            self._root = self._yaml.map()
        self._new: str | None = None

    def _checked(self, file: StackFile) -> StackFile:
        faults = [d for d in file.diagnostics if d.severity is Severity.ERROR]
        if faults:
            raise errors.DiagnosedError(faults)
        return file

    def manager(self, opener: Opener) -> Any:
        """The file's key; the estate's is put into a file that has none."""
        if not self._file.salt and not self._file.secrets_provider:
            manager = opener.new()
            self._root.insert(0, "encryptionsalt", manager.salt)
            return manager
        return resolution.manager_of(self._file, opener)

    def _config(self) -> Any:
        config = self._root.get("config")
        if config is None:
            config = self._root["config"] = self._yaml.map()
        return config

    def _written_as(self, full: str) -> str:
        """The key as the file spells it."""
        project = self._stack.project.name
        found = (text for text in self._config() if stack_files.full_key(str(text), project) == full)
        return next(found, full)

    def put(self, full: str, inner: paths.Path, value: Any) -> None:
        """Set what is at `inner` in the value of a key."""
        config, name = self._config(), self._written_as(full)
        if not inner:
            config[name] = self._styled(value)
            return
        old = config.get(name)
        if not isinstance(old, dict | list) or (isinstance(old, dict) and set(old) == {"secure"}):
            config[name] = old = self._container(inner[0])
        self._put_inside(old, inner, value, name)

    def _put_inside(self, container: Any, inner: paths.Path, value: Any, name: str) -> None:
        head, rest = inner[0], inner[1:]
        if isinstance(container, list) != isinstance(head, int):
            kind = "a list" if isinstance(container, list) else "a mapping"
            raise errors.ConfigError(f"`{name}` is {kind}: `{head}` cannot be set in it")
        if isinstance(container, dict) and not container and inner == ("secure",) and isinstance(value, str):
            raise errors.ConfigError(
                "a mapping with the one key `secure` means an encrypted value", hint="use --secret"
            )
        if isinstance(head, int):
            if head > len(container):
                raise errors.ConfigError(f"`{name}` has {len(container)} elements: [{head}] would leave a gap")
            if head == len(container):
                container.append(None)
        if not rest:
            container[head] = self._styled(value)
            return
        below = container.get(head) if isinstance(container, dict) else container[head]
        if below is None:
            below = container[head] = self._container(rest[0])
        if not isinstance(below, dict | list):
            raise errors.ConfigError(f"`{name}.{head}` is a plain value: nothing can be set in it")
        self._put_inside(below, rest, value, f"{name}.{head}")

    def _container(self, accessor: str | int) -> Any:
        return self._yaml.seq() if isinstance(accessor, int) else self._yaml.map()

    def _styled(self, value: Any) -> Any:
        if isinstance(value, dict):
            mapping = self._yaml.map()
            mapping.update(value)
            return mapping
        if not isinstance(value, str):
            return value
        return _scalar_string(value)

    def drop(self, full: str, inner: paths.Path) -> bool:
        """Take away what is at `inner`; whether it was there."""
        if not self._root.get("config"):
            return False
        config, name = self._config(), self._written_as(full)
        if name not in config:
            return False
        if not inner:
            self._new = self._without(name)
            del config[name]
            return True
        container = config[name]
        for part in inner[:-1]:
            container = _child(container, part)
        if _child(container, inner[-1]) is _ABSENT:
            return False
        del container[inner[-1]]
        return True

    def _without(self, name: str) -> str | None:
        """The text without the lines of a key: what is written about its neighbours stays. None: not by lines."""
        root = documents.parse(self._text, "").root
        config = root.fields["config"] if root and root.fields else None
        if root is None or config is None or config.fields is None or len(config.keys) < 2:
            return None
        lines = self._text.splitlines(keepends=True)
        start = config.keys[name].line - 1
        after = [p.line - 1 for p in (*config.keys.values(), *root.keys.values()) if p.line - 1 > start]
        end = min(after, default=len(lines))
        while end > start + 1 and re.match(r"\s*(#|$)", lines[end - 1]):
            end -= 1
        return "".join(lines[:start] + lines[end:])

    def save(self, full: str) -> None:
        """Check the new text and replace the file with it, atomically."""
        if not self._root.get("config", True):
            del self._root["config"]
        text = self._new
        if text is None or not self._says_the_same(text, self._dumped()):
            text = self._dumped()
        self._check_untouched(text, full)
        files.write(self._path, text.encode())

    def _dumped(self) -> str:
        if not self._root:
            return ""
        stream = io.StringIO()
        self._yaml.dump(self._root, stream)
        return stream.getvalue()

    def _says_the_same(self, left: str, right: str) -> bool:
        one, other = documents.parse(left, ""), documents.parse(right, "")
        return not one.diagnostics and _plain(one.root) == _plain(other.root)

    def _check_untouched(self, text: str, full: str) -> None:
        before, after = (self._others(source, full) for source in (self._text, text))
        if before != after:
            raise errors.ConfigError(
                f"{self._file.position.path} cannot be edited without changing other values in it",
                hint="edit it by hand",
            )

    def _others(self, text: str, full: str) -> Any:
        """What a text says of everything but one key and the salt."""
        document = documents.parse(text, "")
        plain = _plain(document.root)
        config = plain.pop("config", None) or {}
        plain.pop("encryptionsalt", None)
        project = self._stack.project.name
        rest = {key: value for key, value in config.items() if stack_files.full_key(key, project) != full}
        return plain, rest, document.diagnostics


def _plain(root: Node | None) -> dict[str, Any]:
    plain = root.plain() if root is not None else {}
    return plain if isinstance(plain, dict) else {}


def _child(container: Any, part: str | int) -> Any:
    if isinstance(container, dict):
        return container.get(part, _ABSENT)
    if isinstance(container, list) and isinstance(part, int) and part < len(container):
        return container[part]
    return _ABSENT


def _round_trip(text: str) -> YAML:
    """An editor that keeps comments, order, quotes and the indentation of `text`."""
    from ruamel.yaml import YAML  # lazy: 60 ms, and only edits need it

    editor = YAML()
    editor.preserve_quotes = True
    editor.width = 2**20
    step = re.search(r"^( +)[^\s#-]", text, re.MULTILINE)
    mapping = len(step[1]) if step else 2
    item = re.search(r"^( *)[^\s#][^\n]*:[ \t]*\n(?:[ \t]*(?:#[^\n]*)?\n)*( *)- ", text, re.MULTILINE)
    offset = max(0, len(item[2]) - len(item[1])) if item else 2
    editor.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    return editor


def _scalar_string(value: str) -> Any:
    """Text in a style that every YAML reader takes for text."""
    from ruamel.yaml import scalarstring  # lazy: as above

    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if _BLOCK.fullmatch(value) and "\n" in value:
        return scalarstring.LiteralScalarString(value)
    return scalarstring.DoubleQuotedScalarString(value)
