"""Waiting asks again until there is an answer, time is up, or nobody waits any more."""

from __future__ import annotations

import asyncio
import threading

import pytest
from botocore.exceptions import ClientError

from stackyard.errors import Cancelled, ProviderError
from stackyard.providers import base
from stackyard.providers.aws import connections, settings
from stackyard.providers.aws.connections import Aws
from stackyard.providers.aws.provider import AwsProvider

SETTINGS = settings.AwsSettings("eu-west-1", "AKIA", "hidden", endpoint="http://127.0.0.1:1")


@pytest.fixture
def aws() -> Aws:
    return Aws(connections.connect(SETTINGS), "eu-west-1")


def test_it_asks_until_there_is_an_answer(aws: Aws) -> None:
    answers = iter([None, False, 0])
    assert aws.wait("a thing", lambda: next(answers)) == 0


def test_time_is_up(aws: Aws) -> None:
    with pytest.raises(ProviderError, match="a thing: not there after 0 s"):
        aws.wait("a thing", lambda: None, timeout=1e-9)


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "later"}}, "Do")


def test_what_aws_learns_late_is_tried_again(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_rest", lambda seconds: None)
    outcomes = iter([refusal("TooEarly"), refusal("TooEarly"), None])

    def work() -> str:
        error = next(outcomes)
        if error:
            raise error
        return "done"

    assert aws.persist(work, "TooEarly") == "done"


def test_another_refusal_is_not_tried_again(aws: Aws) -> None:
    def work() -> None:
        raise refusal("Never")

    with pytest.raises(ClientError):
        aws.persist(work, "TooEarly")


async def test_a_cancelled_call_stops_waiting() -> None:
    provider, started, stopped = AwsProvider(), threading.Event(), threading.Event()
    environ = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "eu-west-1"}
    await provider.configure(base.Settings(environ=environ))

    def work() -> None:
        started.set()
        try:
            Aws(connections.connect(SETTINGS), "eu-west-1").wait("nothing", lambda: None)
        except Cancelled:
            stopped.set()

    task = asyncio.create_task(provider._run(work))
    assert await asyncio.to_thread(started.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(stopped.wait, 5)


async def test_a_search_that_ends_early_is_an_error_and_no_endless_wait() -> None:
    empty: list[int] = []
    with pytest.raises(RuntimeError, match="found nothing"):
        await asyncio.wait_for(AwsProvider()._run(lambda: next(iter(empty))), 10)
