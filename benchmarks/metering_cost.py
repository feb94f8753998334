"""What counting adds to a call of the embedded cloud, in microseconds: the layer, the counts, and the units of a table.

    python -m benchmarks.metering_cost [calls]

The emulator's part is replaced by nothing, so that what is left is the counting alone. Processor time, the best of
five rounds: what else the machine does is not to be measured. One look-up in a dictionary compares machines.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
import types
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from stackyard.cloud.server.metering import counters, counting, passages, rounding, services

HEADERS = [
    (b"host", b"127.0.0.1:4566"),
    (b"x-amz-target", b"AmazonSQS.SendMessage"),
    (b"authorization", b"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261101/eu-west-1/sqs/aws4_request, Signature=0"),
]
BODY = b'{"QueueUrl": "http://127.0.0.1:4566/111122223333/orders", "MessageBody": "hello"}'
ANSWER: tuple[int, dict[str, str], bytes] = (200, {}, b'{"MessageId": "1", "MD5OfMessageBody": "2"}')


def emulator(module: types.ModuleType) -> Callable[..., Awaitable[None]]:
    """An application that hands every request to `module.handle_request`, and sends its answer."""

    async def application(scope: Any, receive: Any, send: Any) -> None:
        message = await receive()
        status, _headers, body = await module.handle_request("POST", "/", {}, message["body"], {})
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    return application


async def took(application: Callable[..., Awaitable[None]], calls: int) -> float:
    """Microseconds of a call."""

    async def receive() -> Any:
        return {"type": "http.request", "body": BODY}

    async def send(_message: Any) -> None:
        return None

    scope = {"type": "http", "headers": HEADERS, "query_string": b"", "path": "/"}
    rounds = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(calls):
            await application(scope, receive, send)
        rounds.append((time.thread_time() - began) / calls * 1e6)
    return min(rounds)


def queue() -> types.ModuleType:
    """A service that answers at once."""
    module = types.ModuleType("queue")

    async def handle_request(*_given: Any) -> Any:
        return ANSWER

    module.handle_request = handle_request  # type: ignore[attr-defined]
    return module


def main() -> None:
    """Measure and print."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    responses = types.ModuleType("ministack.core.responses")
    vars(responses).update(get_account_id=lambda: "111122223333", get_region=lambda: "eu-west-1")
    sys.modules["ministack.core.responses"] = responses
    with tempfile.TemporaryDirectory() as folder:
        counting.begin(Path(folder))
        plain, counted = queue(), queue()
        services.count_calls(counted, "queue_requests", services.queue, services.queue_chunks)
        before = asyncio.run(took(emulator(plain), calls))
        after = asyncio.run(took(passages.Meter(emulator(counted)), calls))
        print(f"a call that is counted and whose bytes are: {after - before:.1f} µs more")
        one = counters.Counters(Path(folder) / "one")
        print(f"one count: {_each(lambda: one.add('1', 'requests', 'arn', '', 1), calls):.2f} µs")
        print(f"units of a table: {_each(lambda: rounding.write_units(1500), calls):.2f} µs")
        known = {("1", "requests", "arn", ""): 1}
        print(f"a look-up in a dictionary: {_each(lambda: known.get(('1', 'requests', 'arn', '')), calls):.2f} µs")
        counting.end()


def _each(work: Callable[[], Any], calls: int) -> float:
    rounds = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(calls):
            work()
        rounds.append((time.thread_time() - began) / calls * 1e6)
    return min(rounds)


if __name__ == "__main__":
    main()
