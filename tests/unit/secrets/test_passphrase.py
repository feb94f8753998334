"""Passphrase secrets: Pulumi's own ciphertexts open, ours are shaped alike, nothing is derived early."""

from __future__ import annotations

import concurrent.futures
import hashlib

import pytest

from stackyard import errors
from stackyard.secrets import passphrase
from stackyard.secrets.passphrase import PassphraseManager

VECTORS = [
    ("abc123", "v1:4iF78gb0nF0=:v1:Co6IbTWYs/UdrjgY:FSrAWOFZnj9ealCUDdJL7LrUKXX9BA=="),
    ("password", "v1:fozI5u6B030=:v1:F+6ZduKKd8G0/V7L:PGMFeIzwobWRKmEAzUdaQHqC5mMRIQ=="),
]
SALT = VECTORS[0][1]


def never() -> str:
    raise AssertionError("the passphrase was asked for")


@pytest.mark.parametrize(("phrase", "salt"), VECTORS)
def test_salts_made_by_the_cli_open(phrase: str, salt: str) -> None:
    manager = PassphraseManager(salt, lambda: phrase)
    assert manager.decrypt(salt.split(":", 2)[2]) == "pulumi"
    assert manager.state == {"salt": salt}


def test_a_text_comes_back_and_two_ciphertexts_differ() -> None:
    manager = PassphraseManager(SALT, lambda: "abc123")
    first, second = manager.encrypt('"ä\u20ac"'), manager.encrypt('"ä\u20ac"')
    assert first != second
    assert manager.decrypt(first) == manager.decrypt(second) == '"ä\u20ac"'
    assert first.startswith("v1:")
    assert first.count(":") == 2


def test_nothing_is_asked_for_before_the_first_secret() -> None:
    manager = PassphraseManager(SALT, never)
    assert manager.state["salt"] == SALT
    with pytest.raises(AssertionError, match="asked for"):
        manager.encrypt("x")


def test_a_wrong_passphrase_is_said_without_telling_it() -> None:
    with pytest.raises(errors.SecretsError) as caught:
        PassphraseManager(SALT, lambda: "hunter2-canary").encrypt("plain-canary")
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert caught.value.exit_code == 3
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("salt", ["", "v1", "v2:4iF78gb0nF0=:v1:a:b", "v1:***:v1:a:b", "v1:4iF78gb0nF0="])
def test_malformed_salts_are_errors(salt: str) -> None:
    with pytest.raises(errors.SecretsError, match=r"malformed|base64"):
        PassphraseManager(salt, lambda: "abc123").encrypt("x")


@pytest.mark.parametrize("text", ["", "v1:x", "v2:a:b", "v1:****:b", "plain", "v1:AAAA:AAAAAAAAAAAAAAAAAAAAAAAA"])
def test_malformed_ciphertexts_are_errors(text: str) -> None:
    with pytest.raises(errors.SecretsError):
        PassphraseManager(SALT, lambda: "abc123").decrypt(text)


def test_threads_share_one_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    derivations = []
    original = hashlib.pbkdf2_hmac

    def counted(*arguments: object) -> bytes:
        derivations.append(1)
        return original("sha256", b"abc123", arguments[2], 1, 32)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", counted)
    monkeypatch.setattr(passphrase, "_keys", {})
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ciphers = list(pool.map(lambda _: passphrase._derive("abc123", b"12345678"), range(8)))
    assert len(derivations) == 1
    assert len(set(map(id, ciphers))) == 1


def test_a_new_salt_is_checked_by_the_same_rule() -> None:
    made = PassphraseManager.made(lambda: "new")
    assert PassphraseManager(made.salt, lambda: "new").decrypt(made.encrypt("x")) == "x"
    with pytest.raises(errors.SecretsError):
        PassphraseManager(made.salt, lambda: "other").encrypt("x")
