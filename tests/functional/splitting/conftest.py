"""What tests of regrouping share: counted provider calls, and states as they are stored."""

from __future__ import annotations

import collections
import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import pytest

from stackyard.providers.aws.provider import AwsProvider
from stackyard.providers.random.provider import RandomProvider

CHANGING = ("create", "update", "delete")


@dataclasses.dataclass(frozen=True)
class Calls:
    """How often providers were told to change something, and not only to say what they would."""

    counts: collections.Counter[str]

    @property
    def none(self) -> bool:
        return not self.counts


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    counts: collections.Counter[str] = collections.Counter()

    def counted(owner: type, name: str) -> None:
        method = getattr(owner, name)

        @functools.wraps(method)
        async def wrapper(self: Any, request: Any, *rest: Any) -> Any:
            if not getattr(request, "preview", False):
                counts[name] += 1
            return await method(self, request, *rest)

        monkeypatch.setattr(owner, name, wrapper)

    for owner in (AwsProvider, RandomProvider):
        for name in CHANGING:
            counted(owner, name)
    return Calls(counts)


def stored(estate: Path) -> dict[str, list[dict[str, Any]]]:
    """The resources in every stack's checkpoint file, by `project/stack`."""
    found = {}
    for path in sorted((estate / ".stackyard/.pulumi/stacks").glob("*/*.json")):
        latest = json.loads(path.read_text())["checkpoint"].get("latest") or {}
        found[f"{path.parent.name}/{path.stem}"] = latest.get("resources") or []
    return found


def ids(estate: Path) -> list[tuple[str, str]]:
    """Type and id of every real resource of every stack, each as often as it is recorded."""
    return sorted(
        (each["type"], each["id"])
        for resources in stored(estate).values()
        for each in resources
        if each.get("id") and not each["type"].startswith("pulumi:") and not each.get("external")
    )
