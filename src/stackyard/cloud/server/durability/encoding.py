"""Values to bytes and back. Long strings inside a value are kept once, by their digest, however often it changes."""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
import types
from collections.abc import Mapping
from typing import Any

_LONG = 4096  # bytes or characters: a body, a code package
_BIG = 16384  # bytes of an encoded value from which a search for long strings pays


class Encoder:
    """Turns values into bytes, and remembers which long strings it has met."""

    def __init__(self) -> None:
        self._met: dict[int, tuple[Any, bytes]] = {}
        self._big: set[Any] = set()
        self.fresh: list[tuple[bytes, Any]] = []
        """Long strings that no earlier call has returned, with their digests; the caller empties it."""

    def encode(self, path: Any, value: Any) -> bytes:
        """The bytes of `value`; `path` names it from call to call. What cannot be kept becomes None in it."""
        if path not in self._big:
            data = _pickled(_Pickler, value)
            if len(data) < _BIG:
                return data
            self._big.add(path)
        return _pickled(lambda stream, tolerant: _Dividing(stream, self, tolerant), value)

    def digest(self, value: Any) -> bytes:
        """The name of a long string; the string is held so that its identity stays its own."""
        found = self._met.get(id(value))
        if found is None:
            data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else bytes(value)
            found = value, hashlib.sha256(type(value).__name__.encode() + data).digest()
            self._met[id(value)] = found
            self.fresh.append((found[1], value))
        return found[1]

    def know(self, long: Mapping[bytes, Any]) -> None:
        """These strings are on disk already."""
        self._met.update({id(string): (string, digest) for digest, string in long.items()})

    def forget(self) -> None:
        """Start over: the next calls report every long string again, as a snapshot needs."""
        self._met.clear()
        self.fresh.clear()


def decode(data: bytes, long: Mapping[bytes, Any]) -> Any:
    """The value of `data`, given the long strings by their digests."""
    unpickler = _Unpickler(io.BytesIO(data))
    unpickler.long = long
    return unpickler.load()


def _pickled(kind: Any, value: Any) -> bytes:
    for tolerant in (False, True):
        stream = io.BytesIO()
        try:
            kind(stream, tolerant).dump(value)
        except (TypeError, AttributeError, pickle.PicklingError):
            if tolerant:
                raise
            continue
        break
    return stream.getvalue()


def _absent() -> None:
    """What stands for a lock, a process or a connection after a restart."""


def _private_key(pem: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization  # lazy: only clouds with asymmetric keys need it

    return serialization.load_pem_private_key(pem, None)


def _pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives import serialization  # lazy: as above

    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    pem: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return pem


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, tolerant: bool) -> None:
        super().__init__(stream, protocol=5)
        self._tolerant = tolerant

    def reducer_override(self, value: Any) -> Any:
        if hasattr(value, "private_bytes") and not isinstance(value, type):
            return _private_key, (_pem(value),)
        if self._tolerant and not _can_be_kept(value):
            return _absent, ()
        return NotImplemented


class _Dividing(_Pickler):
    def __init__(self, stream: io.BytesIO, encoder: Encoder, tolerant: bool) -> None:
        super().__init__(stream, tolerant)
        self._encoder = encoder

    def persistent_id(self, value: Any) -> bytes | None:
        if type(value) in (bytes, str) and len(value) >= _LONG:
            return self._encoder.digest(value)
        return None


class _Unpickler(pickle.Unpickler):
    long: Mapping[bytes, Any]

    def persistent_load(self, digest: Any) -> Any:
        return self.long[digest]


def _can_be_kept(value: Any) -> bool:
    if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
        place: Any = sys.modules.get(value.__module__ or "")
        for name in value.__qualname__.split("."):
            place = getattr(place, name, None)
        return place is value
    try:
        value.__reduce_ex__(5)
    except (TypeError, AttributeError, pickle.PicklingError):
        return False
    return True
