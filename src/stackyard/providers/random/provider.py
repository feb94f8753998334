"""Registers the resource types of the `random` package."""

from __future__ import annotations

from typing import Final

from stackyard.providers import recorded
from stackyard.providers.random import draws, texts

_RECORDERS: Final = {
    "random:index/randomBytes:RandomBytes": draws.BYTES,
    "random:index/randomId:RandomId": draws.ID,
    "random:index/randomInteger:RandomInteger": draws.INTEGER,
    "random:index/randomPassword:RandomPassword": texts.PASSWORD,
    "random:index/randomPet:RandomPet": texts.PET,
    "random:index/randomShuffle:RandomShuffle": draws.SHUFFLE,
    "random:index/randomString:RandomString": texts.STRING,
    "random:index/randomUuid4:RandomUuid4": draws.UUID4,
    "random:index/randomUuid7:RandomUuid7": draws.UUID7,
    "random:index/randomUuid:RandomUuid": draws.UUID4,
}


class RandomProvider(recorded.RecordedProvider):
    """Random values that stay the same until an input changes (every input, `keepers` above all, replaces)."""

    def __init__(self) -> None:
        super().__init__("random", _RECORDERS)
