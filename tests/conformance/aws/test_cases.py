"""Every case of `cases/` lives its life."""

from __future__ import annotations

import pathlib
from typing import Any

import boto3
import pytest
import yaml

from stackyard.providers.aws.provider import AwsProvider
from tests.conformance.aws.suite import Trial

CASES = pathlib.Path(__file__).parent / "cases"


def cases() -> list[Any]:
    """All cases, named `service-Class-title`."""
    found = []
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")) or ():
            name = "-".join(filter(None, (path.stem, case["type"].rpartition(":")[2], case.get("title"))))
            lacks = case.get("lacks")
            marks = [pytest.mark.xfail(strict=True, reason=f"the emulator: {lacks}")] if lacks else []
            found.append(pytest.param(case, id=name, marks=marks))
    return found


@pytest.mark.cloud
@pytest.mark.parametrize("case", cases())
async def test_lives(provider: AwsProvider, boto: boto3.Session, case: dict[str, Any]) -> None:
    await Trial(provider, boto, case).run()
