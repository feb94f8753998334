"""Property values and their form in a checkpoint: signatures, ciphertexts, and what is left sealed.

The form is that of pulumi/pulumi pkg/resource/stack/deployment.go (SerializePropertyValue and back).
"""

from __future__ import annotations

import base64
import binascii
import collections
import dataclasses
import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from stackyard import errors
from stackyard.kit import jsontext
from stackyard.model import values
from stackyard.model.values import Archive, Asset, ResourceReference, Secret, Value
from stackyard.secrets.base import SecretsManager

BYTES_SIGNATURE: Final = "803fd3297a5875dc03ca845dda5d2a98"
_KEY: Final = values.SIGNATURE_KEY
_EXACT: Final = 2**53  # beyond it a number is a float, as in Go and on the wire: digits are not all kept


@dataclasses.dataclass(frozen=True, slots=True)
class Sealed:
    """What stands inside a `Secret` that nobody has opened: its ciphertext. It can be saved again as it is."""

    ciphertext: str

    def __repr__(self) -> str:
        return "Sealed()"


class Locked(Exception):
    """A key is needed that is not derived yet, by a caller that must not wait for it."""


class Vault:
    """Ciphertexts of one stack. What was read is written again as it was, so that files stay stable.

    `manager` is called at the first secret that must be opened or made, not before.
    """

    def __init__(self, manager: Callable[[], SecretsManager] | None = None) -> None:
        self._make = manager
        self._manager: SecretsManager | None = None
        self.is_hurried = False
        self._seen: dict[tuple[str, str], list[str]] = {}
        self._given: collections.Counter[tuple[str, str]] = collections.Counter()

    @property
    def used(self) -> SecretsManager | None:
        """The manager, once a secret has needed it."""
        return self._manager

    @property
    def locked(self) -> bool:
        """Whether nothing can be opened here: secrets stay sealed."""
        return self._make is None

    def manager(self) -> SecretsManager:
        """The manager. Raises `errors.SecretsError` when the vault was made without one; Locked when it is the
        first call and the caller is in a hurry (`is_hurried`), as the event loop is."""
        if self._manager is None:
            if self.is_hurried:
                raise Locked
            if self._make is None:
                raise errors.SecretsError("a secret must be encrypted, but the stack was opened without its key")
            self._manager = self._make()
        return self._manager

    def begin(self) -> None:
        """Start a new document: the ciphertexts that were seen may be given out again, each once."""
        self._given.clear()

    def open(self, owner: str, ciphertext: str) -> str:
        """The plaintext, remembered together with whose it is (a URN)."""
        plaintext = self.manager().decrypt(ciphertext)
        self._seen.setdefault((owner, plaintext), []).append(ciphertext)
        return plaintext

    def seal(self, owner: str, plaintext: str) -> str:
        """The ciphertext that `owner` had for this text before, or a new one."""
        name = (owner, plaintext)
        known = self._seen.setdefault(name, [])
        if self._given[name] == len(known):
            known.append(self.manager().encrypt(plaintext))
        self._given[name] += 1
        return known[self._given[name] - 1]


class Writer:
    """Values to their form, for one owner. Notes whether a string needed the byte string signature."""

    def __init__(self, vault: Vault, owner: str) -> None:
        self._vault = vault
        self._owner = owner
        self._depth = 0
        self.has_bytes = False

    def properties(self, properties: Mapping[str, Value]) -> dict[str, Any]:
        """A dict of values, keys sorted."""
        return {key: self.value(properties[key]) for key in sorted(properties)}

    def value(self, value: Value) -> Any:
        """Raises TypeError for what is not a value."""
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, str):
            return value if value.isascii() else self._text(value)
        if isinstance(value, dict):
            return self.properties(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, float):
            return jsontext.number(value) if math.isfinite(value) else _bits(value)
        return self._special(value)

    def _special(self, value: Value) -> Any:
        if isinstance(value, Secret):
            return self._secret(value.value)
        if value is values.UNKNOWN:
            return values.UNKNOWN_STRING
        if isinstance(value, Asset | Archive):
            return _blob(value)
        if isinstance(value, ResourceReference):
            return _reference(value)
        raise TypeError(f"a checkpoint cannot hold a {type(value).__name__}")

    def _text(self, value: str) -> Any:
        try:
            value.encode()
        except UnicodeEncodeError:
            raw = value.encode(errors="surrogateescape") if _escaped(value) else value.encode(errors="replace")
        else:
            return value
        self.has_bytes = True
        return {_KEY: BYTES_SIGNATURE, "value": base64.b64encode(raw).decode()}

    def _secret(self, inner: Value) -> dict[str, Any]:
        if isinstance(inner, Sealed):
            return {_KEY: values.SECRET_SIGNATURE, "ciphertext": inner.ciphertext}
        self._depth += 1
        plaintext = jsontext.dumps(self.value(inner), html=True)
        self._depth -= 1
        # Inside a secret, secrets are only marked: their "ciphertext" is the text itself.
        text = plaintext if self._depth else self._vault.seal(self._owner, plaintext)
        return {_KEY: values.SECRET_SIGNATURE, "ciphertext": text}


def _escaped(value: str) -> bool:
    return all(not 0xD800 <= ord(c) <= 0xDFFF or 0xDC80 <= ord(c) <= 0xDCFF for c in value)


def _bits(value: float) -> dict[str, Any]:
    return {_KEY: values.FLOAT_SIGNATURE, "value": struct.pack(">d", value).hex()}


def _blob(value: Asset | Archive) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    if isinstance(value, Archive) and value.assets is not None:
        raw["assets"] = {name: _blob(value.assets[name]) for name in sorted(value.assets)}
    parts = {"hash": value.hash, "path": value.path, "uri": value.uri}
    parts["text"] = value.text if isinstance(value, Asset) else None
    raw.update({key: part for key, part in parts.items() if part})
    raw[_KEY] = values.ASSET_SIGNATURE if isinstance(value, Asset) else values.ARCHIVE_SIGNATURE
    return dict(sorted(raw.items()))


def _reference(value: ResourceReference) -> dict[str, Any]:
    raw: dict[str, Any] = {_KEY: values.REFERENCE_SIGNATURE}
    if value.id is not None:
        raw["id"] = "" if value.id is values.UNKNOWN else value.id
    return {**raw, "packageVersion": value.package_version, "urn": value.urn}


class Reader:
    """Forms to values, for one owner. Secrets are opened unless the vault is locked."""

    def __init__(self, vault: Vault, owner: str) -> None:
        self._vault = vault
        self._owner = owner
        self._depth = 0

    def properties(self, raw: Mapping[str, Any]) -> dict[str, Value]:
        """A dict of values, in the order of the file."""
        return {key: self.value(item) for key, item in raw.items()}

    def value(self, raw: Any) -> Value:
        """Raises `errors.StateError` for a malformed form, SecretsError for a ciphertext of another key."""
        if isinstance(raw, str):
            return values.UNKNOWN if raw == values.UNKNOWN_STRING else raw
        if isinstance(raw, dict):
            return self._signed(raw) if _KEY in raw else self.properties(raw)
        if isinstance(raw, list):
            return [self.value(item) for item in raw]
        if type(raw) is int and abs(raw) > _EXACT:
            return float(raw)
        return raw

    def _signed(self, raw: dict[str, Any]) -> Value:
        signature = str(raw[_KEY])
        try:
            if signature == values.SECRET_SIGNATURE:
                return self._secret(raw)
            return _UNSIGNED[signature](raw)
        except (KeyError, TypeError, ValueError, struct.error, binascii.Error):
            known = signature in _UNSIGNED or signature == values.SECRET_SIGNATURE
            fault = "is malformed" if known else f"has the signature {signature!r}, which nobody here knows"
            raise errors.StateError(f"a value of {self._owner or 'the checkpoint'} {fault}") from None

    def _secret(self, raw: dict[str, Any]) -> Secret:
        plaintext, ciphertext = raw.get("plaintext"), raw.get("ciphertext")
        if bool(plaintext) == bool(ciphertext) or not isinstance(plaintext or ciphertext, str):
            raise ValueError("exactly one of plaintext and ciphertext is needed")
        if ciphertext and not self._depth:
            if self._vault.locked:
                return Secret(Sealed(ciphertext))
            plaintext = self._vault.open(self._owner, ciphertext)
        self._depth += 1
        try:
            return Secret(self.value(json.loads(plaintext or ciphertext or "")))
        finally:
            self._depth -= 1


def _read_asset(raw: dict[str, Any]) -> Asset:
    path, uri = raw.get("path") or None, raw.get("uri") or None
    text = None if path or uri else _string(raw.get("text", ""))
    return Asset(path=path, uri=uri, text=text, hash=_string(raw.get("hash", "")))


def _read_archive(raw: dict[str, Any]) -> Archive:
    path, uri = raw.get("path") or None, raw.get("uri") or None
    assets = None
    if not (path or uri):
        assets = {name: _read_blob(item) for name, item in (raw.get("assets") or {}).items()}
    return Archive(path=path, uri=uri, assets=assets, hash=_string(raw.get("hash", "")))


def _read_blob(raw: dict[str, Any]) -> Asset | Archive:
    return _read_asset(raw) if raw[_KEY] == values.ASSET_SIGNATURE else _read_archive(raw)


def _read_reference(raw: dict[str, Any]) -> ResourceReference:
    id_ = raw.get("id")
    if isinstance(id_, dict):  # an old engine wrote the id as {"V": ...}
        id_ = id_["V"] if not isinstance(id_["V"], dict) else ""
    known: Value = values.UNKNOWN if id_ == "" else id_
    return ResourceReference(_string(raw["urn"]), known, _string(raw.get("packageVersion", "")))


def _read_bytes(raw: dict[str, Any]) -> str:
    return base64.b64decode(raw["value"], validate=True).decode(errors="surrogateescape")


def _read_bits(raw: dict[str, Any]) -> float:
    return float(struct.unpack(">d", bytes.fromhex(raw["value"]))[0])


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a string is needed")
    return value


_UNSIGNED: Final[dict[str, Callable[[dict[str, Any]], Value]]] = {
    values.ASSET_SIGNATURE: _read_asset,
    values.ARCHIVE_SIGNATURE: _read_archive,
    values.REFERENCE_SIGNATURE: _read_reference,
    values.FLOAT_SIGNATURE: _read_bits,
    BYTES_SIGNATURE: _read_bytes,
}


def unseal(value: Value, manager: SecretsManager) -> Value:
    """The same value with every sealed secret opened. Raises `errors.SecretsError`."""
    reader = Reader(Vault(lambda: manager), "")

    def leaf(part: Value) -> Value:
        if isinstance(part, Secret) and isinstance(part.value, Sealed):
            return reader.value({_KEY: values.SECRET_SIGNATURE, "ciphertext": part.value.ciphertext})
        return part

    return values.transform(value, leaf)


def is_sealed(value: Value) -> bool:
    """Whether any secret in `value` has not been opened."""
    return any(isinstance(part, Sealed) for part in values.walk(value))
