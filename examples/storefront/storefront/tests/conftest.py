"""Runs an application's own function without any cloud, and shows what it would make."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

PROGRAM = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(PROGRAM), str(PROGRAM.parent / "packages")]

from apps.registry import SetUp, Stage  # noqa: E402

Made = dict[str, list[dict[str, Any]]]


class Recorded(pulumi.runtime.Mocks):
    """Takes every resource down instead of making it."""

    def __init__(self) -> None:
        self.made: Made = {}

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """A resource with its inputs and an ARN."""
        self.made.setdefault(args.typ, []).append({"resource": args.name, **args.inputs})
        return f"{args.name}-id", {**args.inputs, "arn": f"arn:aws:test:::{args.name}", "repositoryUrl": "test"}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        """The account that is asked for."""
        return {"accountId": "111122223333"}


@pytest.fixture
def made() -> Callable[[SetUp], Made]:
    """`made(set_up)`: what an application makes in the stage qa, by type of resource."""

    def run(set_up: SetUp) -> Made:
        recorded = Recorded()
        pulumi.runtime.set_mocks(recorded, project="storefront", stack="QA")
        pulumi.runtime.test(lambda: _set_up(set_up))()
        return recorded.made

    return run


def _set_up(set_up: SetUp) -> None:
    """Run the program's part; whoever calls this waits for all that it asked for."""
    set_up(Stage("storefront", "qa", 5))
