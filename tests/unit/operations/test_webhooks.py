"""Webhook secrets: nobody announces another organization's pushes, and a new secret does not shut the old one out."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

import pytest

from stackyard.errors import StateError
from stackyard.operations import webhooks
from stackyard.operations.webhooks import Keyring, Secrets

SECRET = "a secret of some length"


def signature(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("headers", "is_good"),
    [
        ({"x-hub-signature-256": signature(SECRET, b"{}")}, True),
        ({"x-hub-signature-256": signature(SECRET, b"[]")}, False),
        ({"x-hub-signature-256": signature("another", b"{}")}, False),
        ({"x-hub-signature-256": ""}, False),
        ({"x-hub-signature-256": "sha256=é"}, False),
        ({"x-hub-signature-256": "", "x-gitlab-token": SECRET}, False),
        ({"x-gitlab-token": SECRET}, True),
        ({"x-gitlab-token": SECRET[:-1]}, False),
        ({"x-gitlab-token": ""}, False),
        ({}, False),
    ],
)
def test_a_webhook_is_taken_from_who_knows_the_secret(headers: dict[str, str], is_good: bool) -> None:
    assert webhooks.is_signed(SECRET, headers, b"{}") is is_good
    assert not webhooks.is_signed("", headers, b"{}")
    assert not webhooks.is_signed("", {"x-gitlab-token": ""}, b"{}")


def test_the_example_of_githubs_documentation() -> None:
    headers = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert webhooks.is_signed("It's a Secret to Everybody", headers, b"Hello, World!")


def test_the_one_before_is_good_for_the_overlap_and_only_that() -> None:
    first = Secrets("first")
    second = first.renewed("second", now=100, overlap=10)
    assert (second.good(109.9), second.good(110)) == (("second", "first"), ("second",))
    assert second.renewed("third", now=105, overlap=10).good(106) == ("third", "second")
    assert second.renewed("third", now=105, overlap=0).good(105) == ("third",)
    assert "second" not in repr(second)


class _Store:
    """Secrets Manager as far as this needs it."""

    class exceptions:
        class ResourceNotFoundException(Exception):
            """There is no such secret."""

        class InvalidRequestException(Exception):
            """It is marked for deletion."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.leaving: set[str] = set()

    def _check(self, name: str) -> None:
        if name not in self.values:
            raise self.exceptions.ResourceNotFoundException
        if name in self.leaving:
            raise self.exceptions.InvalidRequestException

    def get_secret_value(self, SecretId: str) -> dict[str, str]:
        self._check(SecretId)
        return {"SecretString": self.values[SecretId]}

    def put_secret_value(self, SecretId: str, SecretString: str) -> None:
        self._check(SecretId)
        self.values[SecretId] = SecretString

    def create_secret(self, Name: str, SecretString: str, **_: Any) -> None:
        self.values[Name] = SecretString

    def restore_secret(self, SecretId: str) -> None:
        self.leaving.remove(SecretId)


def test_what_is_kept_is_read_again_and_a_name_that_comes_back_starts_afresh() -> None:
    store, kept = _Store(), Secrets("new", "old", 7.5)
    assert webhooks.read(store, "acme") is None
    webhooks.write(store, "acme", kept)
    assert (webhooks.read(store, "acme"), webhooks.read(store, "globex")) == (kept, None)
    store.leaving.add("/site/acme/webhooks")
    assert webhooks.read(store, "acme") is None
    webhooks.write(store, "acme", Secrets("newer"))
    assert webhooks.read(store, "acme") == Secrets("newer")
    store.values["/site/acme/webhooks"] = '{"current": 1}'
    with pytest.raises(StateError, match="/site/acme/webhooks is not of the form"):
        webhooks.read(store, "acme")


class _Ring:
    """A keyring over secrets that change, and its clock; `read` counts how often they were asked for."""

    def __init__(self, **known: Secrets) -> None:
        self.known, self.now, self.read = known, 0.0, 0
        self.ring = Keyring(self._load, lambda: self.now)

    async def _load(self, organization: str) -> Secrets | None:
        self.read += 1
        return self.known.get(organization)

    async def takes(self, organization: str, secret: str) -> bool:
        headers = {"x-hub-signature-256": signature(secret, b"{}")}
        return await self.ring.knows(organization, headers, b"{}")


async def test_nobody_forges_another_organizations_webhooks() -> None:
    held = _Ring(acme=Secrets("acme's own"), globex=Secrets("globex's own"))
    assert [await held.takes(name, "acme's own") for name in ("acme", "globex", "initech")] == [True, False, False]


async def test_old_and_new_are_good_while_one_is_replaced() -> None:
    held = _Ring(acme=Secrets("old"))
    assert await held.takes("acme", "old")
    held.known["acme"] = Secrets("old").renewed("new", time.time(), 3600)
    held.now += webhooks.AGAIN_SECONDS + 0.1
    assert [await held.takes("acme", each) for each in ("new", "old", "older")] == [True, True, False]
    held.known["acme"] = Secrets("old").renewed("new", time.time() - 3600, 3600)
    held.now += webhooks.KEPT_SECONDS + 0.1
    assert [await held.takes("acme", each) for each in ("new", "old")] == [True, False]


async def test_strangers_do_not_make_it_ask_more_often() -> None:
    held = _Ring(acme=Secrets("old"))
    for _ in range(50):
        assert not await held.takes("acme", "guess")
    assert held.read == 1
    held.now += webhooks.AGAIN_SECONDS + 0.1
    for _ in range(50):
        assert not await held.takes("acme", "guess")
    assert held.read == 2


async def test_what_cannot_be_read_is_told_and_not_asked_for_by_every_stranger() -> None:
    held = _Ring()
    fault = StateError("the cloud is away")

    async def load(_organization: str) -> Secrets | None:
        held.read += 1
        raise fault

    ring = Keyring(load, lambda: held.now)
    for _ in range(3):
        with pytest.raises(StateError) as told:
            await ring.knows("acme", {}, b"{}")
        assert told.value is fault
    assert held.read == 1
    held.now += webhooks.AGAIN_SECONDS + 0.1
    with pytest.raises(StateError):
        await ring.knows("acme", {}, b"{}")
    assert held.read == 2
