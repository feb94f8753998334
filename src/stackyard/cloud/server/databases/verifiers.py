"""A password as PostgreSQL keeps it, so that nobody here needs to keep it otherwise (RFC 5803, SCRAM-SHA-256)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_ROUNDS = 4096


def verifier(password: str) -> str:
    """What `CREATE ROLE … PASSWORD` takes in place of `password`, which must be printable ASCII."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ROUNDS)
    client, server = (hmac.digest(salted, name, "sha256") for name in (b"Client Key", b"Server Key"))
    stored = hashlib.sha256(client).digest()
    return f"SCRAM-SHA-256${_ROUNDS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
