"""One bcrypt hash, from whatever this machine has: the `bcrypt` package, or the C library's crypt."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import importlib
import secrets
import string
from collections.abc import Callable
from typing import Final

COST: Final = 10
_ALPHABET: Final = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits
_LONGEST: Final = 72
_PREFIX: Final = f"$2b${COST}$"
_SIZE_OF_CRYPT_DATA: Final = 262_144


def hashed(password: str) -> str:
    """The hash of the first 72 bytes. Raises ValueError where nothing can compute it."""
    text = password.encode()[:_LONGEST]
    # 22 characters carry 132 bits, a salt has 128: the last one may only be one of four.
    salt = "".join(secrets.choice(_ALPHABET) for _ in range(21)) + secrets.choice(".Oeu")
    result = _implementation()(text, (_PREFIX + salt).encode())
    if not result or not result.startswith(_PREFIX.encode()):
        raise ValueError("this machine cannot compute bcrypt hashes: pip install bcrypt")
    return result.decode()


@functools.cache
def _implementation() -> Callable[[bytes, bytes], bytes | None]:
    try:
        found: Callable[[bytes, bytes], bytes] = importlib.import_module("bcrypt").hashpw
    except ImportError:
        return _from_libcrypt
    return found


def _from_libcrypt(text: bytes, setting: bytes) -> bytes | None:
    """crypt_r of libxcrypt (crypt(3)); `struct crypt_data` is 32 KiB there and 128 KiB in old glibc."""
    name = ctypes.util.find_library("crypt")
    if not name:
        return None
    crypt_r = ctypes.CDLL(name).crypt_r
    crypt_r.restype = ctypes.c_char_p
    crypt_r.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p]
    workspace = ctypes.create_string_buffer(_SIZE_OF_CRYPT_DATA)
    result = crypt_r(text, setting, workspace)
    return bytes(result) if result else None
