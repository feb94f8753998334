"""An embedded cloud for the session. `STACKYARD_TEST_CLOUD` names the URL of one that runs already."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

import boto3
import pytest

from stackyard.cloud.client import EmbeddedCloud
from stackyard.providers import base
from stackyard.providers.aws import lifecycle
from stackyard.providers.aws.provider import AwsProvider

pytest.register_assert_rewrite("tests.conformance.aws.suite")
ACCOUNT, REGION = "123456789012", "us-east-1"


@pytest.fixture(scope="session")
def cloud_environ() -> Iterator[dict[str, str]]:
    """The AWS variables with which the cloud is reached."""
    url = os.environ.get("STACKYARD_TEST_CLOUD")
    if url:
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_REGION": REGION,
        }
        return
    with EmbeddedCloud.temporary() as cloud:
        yield cloud.environ(ACCOUNT, REGION)


@pytest.fixture(scope="session")
def boto(cloud_environ: dict[str, str]) -> boto3.Session:
    """An independent client of the same cloud, for looking at what the provider did."""
    session = boto3.Session(cloud_environ["AWS_ACCESS_KEY_ID"], cloud_environ["AWS_SECRET_ACCESS_KEY"], None, REGION)
    session.endpoint = cloud_environ["AWS_ENDPOINT_URL"]
    return session


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator shows at once what was made: what it does not show, it lost."""
    monkeypatch.setattr(lifecycle, "SETTLING", 2.0)


@pytest.fixture
async def provider(cloud_environ: dict[str, str]) -> AsyncIterator[AwsProvider]:
    """A configured provider with one default tag."""
    made = AwsProvider()
    config = {"defaultTags": '{"tags": {"estate": "conformance"}}'}
    await made.configure(base.Settings(config=config, environ=cloud_environ))
    yield made
    await made.close()
