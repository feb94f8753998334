"""The contract of a secrets manager: it turns text into ciphertext that the Pulumi CLI can open, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class SecretsManager(Protocol):
    """One unlocked key. Methods are cheap, may be called from any thread, and again."""

    type: str
    """`passphrase`, `cloud`, …: the type in a checkpoint's `secrets_providers`."""

    @property
    def state(self) -> Mapping[str, Any]:
        """The `state` object of `secrets_providers`: enough, with the passphrase, to unlock it again."""

    def encrypt(self, plaintext: str) -> str:
        """`v1:nonce:ciphertext`, different each time."""

    def decrypt(self, ciphertext: str) -> str:
        """Raises `errors.SecretsError` when it was not made with this key."""
