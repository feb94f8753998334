"""Secrets under a passphrase, byte for byte as the Pulumi CLI keeps them.

The format (pulumi/pulumi sdk/go/common/resource/config/crypt.go and pkg/secrets/passphrase): a key is
PBKDF2-HMAC-SHA256(passphrase, 8 bytes of salt, 1,000,000 rounds, 32 bytes); a ciphertext is
`v1:b64(12 bytes nonce):b64(AES-256-GCM text and tag)`; the salt is kept as `v1:b64(salt):` and the
ciphertext of `pulumi`, by which a wrong passphrase is recognised.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from stackyard import errors

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ROUNDS: Final = 1_000_000
_CHECK: Final = "pulumi"
_WRONG: Final = "the passphrase does not open these secrets"
_HINT: Final = "set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the one they were made with"

PassphraseSource = Callable[[], str]


class PassphraseManager:
    """One salt and, once it is needed, its key. Nothing is derived before the first secret.

    `source` gives the passphrase when it is asked for, and may raise `errors.SecretsError`.
    """

    type = "passphrase"

    def __init__(self, salt: str, source: PassphraseSource) -> None:
        self.salt = salt
        self._source = source
        self._cipher: AESGCM | None = None

    @classmethod
    def opened(cls, state: Mapping[str, Any], source: PassphraseSource) -> PassphraseManager:
        """The manager that a checkpoint's `secrets_providers.state` describes. Raises SecretsError."""
        salt = state.get("salt")
        if not isinstance(salt, str):
            raise errors.SecretsError("the checkpoint names a passphrase, but no salt")
        return cls(salt, source)

    @classmethod
    def made(cls, source: PassphraseSource) -> PassphraseManager:
        """A manager with a new random salt. Derives the key: 0.2 seconds."""
        salt = os.urandom(8)
        cipher = _derive(source(), salt)
        manager = cls(f"v1:{base64.b64encode(salt).decode()}:{_seal(cipher, _CHECK)}", source)
        manager._cipher = cipher
        return manager

    @property
    def state(self) -> Mapping[str, Any]:
        """The `state` object of `secrets_providers`."""
        return {"salt": self.salt}

    def unlock(self) -> AESGCM:
        """Derive the key, once per salt and process, and check it. Blocks: call it from a thread.

        Raises `errors.SecretsError` when the passphrase is absent or wrong.
        """
        if self._cipher is None:
            salt, check = _parse_salt(self.salt)
            cipher = _derive(self._source(), salt)
            if _unseal(cipher, check) != _CHECK:
                raise errors.SecretsError(_WRONG, hint=_HINT)
            self._cipher = cipher
        return self._cipher

    def encrypt(self, plaintext: str) -> str:
        """`v1:nonce:ciphertext`, different each time. Raises `errors.SecretsError` as `unlock` does."""
        return _seal(self.unlock(), plaintext)

    def decrypt(self, ciphertext: str) -> str:
        """The text back. Raises `errors.SecretsError` when it was not made with this key."""
        return _unseal(self.unlock(), ciphertext)


_keys: dict[tuple[bytes, bytes], AESGCM] = {}
_locks: dict[tuple[bytes, bytes], threading.Lock] = {}
_guard = threading.Lock()


def _derive(passphrase: str, salt: bytes) -> AESGCM:
    """The cipher of one salt; threads that want the same one wait for a single derivation."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # lazy: 30 ms, and most runs have no secret

    name = (salt, hashlib.sha256(passphrase.encode()).digest())
    with _guard:
        lock = _locks.setdefault(name, threading.Lock())
    with lock:
        if name not in _keys:
            _keys[name] = AESGCM(hashlib.pbkdf2_hmac("sha256", passphrase.encode(), salt, ROUNDS, 32))
        return _keys[name]


def _parse_salt(text: str) -> tuple[bytes, str]:
    version, separator, rest = text.partition(":")
    encoded, _, check = rest.partition(":")
    if version != "v1" or not separator or not check:
        raise errors.SecretsError("the encryption salt is malformed", hint="it reads v1:<salt>:v1:<nonce>:<text>")
    try:
        return base64.b64decode(encoded, validate=True), check
    except binascii.Error:
        raise errors.SecretsError("the encryption salt is not base64") from None


def _seal(cipher: AESGCM, plaintext: str) -> str:
    nonce = os.urandom(12)
    data = cipher.encrypt(nonce, plaintext.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(data).decode()}"


def _unseal(cipher: AESGCM, ciphertext: str) -> str:
    from cryptography.exceptions import InvalidTag  # lazy: as above

    version, _, rest = ciphertext.partition(":")
    nonce, separator, data = rest.partition(":")
    if version != "v1" or not separator:
        raise errors.SecretsError("a ciphertext is malformed", hint="it reads v1:<nonce>:<text>")
    try:
        return cipher.decrypt(
            base64.b64decode(nonce, validate=True), base64.b64decode(data, validate=True), None
        ).decode()
    except InvalidTag:
        raise errors.SecretsError(_WRONG, hint=_HINT) from None
    except ValueError:
        raise errors.SecretsError("a ciphertext is malformed", hint="it reads v1:<nonce>:<text>") from None
